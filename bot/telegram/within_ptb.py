"""Palabre as a handler of somebody's python-telegram-bot Application: the host hears, and what is left comes here.

    application.add_handler(within_ptb.handler(palabre))

docs/embedding.md has the whole of it. Nothing of ours imports this: a host does.
"""

from __future__ import annotations

from typing import Any

import orjson

try:
    from telegram import Update
    from telegram.ext import ApplicationHandlerStop, CallbackContext, TypeHandler
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError("python-telegram-bot is not installed; it comes with `palabre[ptb]`.") from missing

from bot.embedding import Guest, Only

Context = CallbackContext[Any, Any, Any, Any]


def handler(palabre: Guest, only: Only | None = None) -> TypeHandler[Update, Context, None]:
    """Takes what comes to it, of that `only` what this says yes to; what it takes goes to no handler behind it, in no
    group, and the rest to the next group. It is waited for, whatever the host's defaults are."""

    async def hear(update: Update, context: Context) -> None:
        if await palabre.take(str(context.bot.id), written(update), only):
            raise ApplicationHandlerStop

    return TypeHandler(Update, hear, block=True)


def written(update: Update) -> Any:
    """As the platform has sent it. What the library's own dictionary holds is no plain text everywhere."""
    return orjson.loads(update.to_json())
