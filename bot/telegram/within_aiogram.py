"""Palabre as a router of somebody's aiogram Dispatcher: the host hears, and what its own handlers leave comes here.

    dispatcher.include_router(within_aiogram.router(palabre))

docs/embedding.md has the whole of it. Nothing of ours imports this: a host does.
"""

from __future__ import annotations

from typing import Any

from aiogram import Bot, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.types import TelegramObject, Update

from bot.embedding import Guest, Only
from bot.telegram.reading import UPDATES


def router(palabre: Guest, only: Only | None = None) -> Router:
    """Takes what comes to it, of that `only` what this says yes to, and leaves the rest to the routers behind it."""

    async def hear(_event: TelegramObject, event_update: Update, bot: Bot) -> None:
        if not await palabre.take(str(bot.id), written(event_update), only):
            raise SkipHandler

    made = Router(name="palabre")
    for kind in UPDATES:
        made.observers[kind].register(hear)
    return made


def written(update: Update) -> dict[str, Any]:
    """As the platform has sent it: what was set, without aiogram's own defaults for all that was not."""
    return update.model_dump(mode="json", by_alias=True, exclude_unset=True)
