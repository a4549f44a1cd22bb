"""The channel as a house runs it, with the library that makes the calls, before the stub of the platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from starlette.applications import Starlette

from bot.channels import Receive
from bot.channels.telegram import Telegram
from bot.finishing import stop
from bot.telegram.api import Api
from bot.telegram.reading import CHANNEL
from storage import accounts, spaces
from storage.database import Database
from tests.serving import listen
from tests.telegram.drivers import AIOGRAM, DRIVERS
from tests.telegram_api import Bot, Limits, Platform, serve

NO_LIMITS = Limits(per_second=None, per_chat=None, per_group_minute=None)
"""For talks that are not about how fast they are carried."""
ROADS = ("polling", "webhook")


async def set_up(database: Database, bot: Bot, slug: str = "montaubry") -> None:
    """The bot as an account of this space, as the panel makes it."""
    async with database.write() as connection:
        [space] = [one for one in await spaces.listed(connection) if one.slug == slug]
        named = {"name": bot.username, "title": bot.name, "token": bot.token}
        await accounts.put(connection, space.id, CHANNEL, str(bot.id), **named, now=datetime.now(UTC))


@asynccontextmanager
async def carried(
    database: Database,
    platform: Platform,
    road: str,
    receive: Receive,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    driver: str = AIOGRAM,
) -> AsyncIterator[Telegram]:
    """The channel, hearing by this road through this library until the end."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serve(platform))

        async def api(token: str) -> Api:
            return DRIVERS[driver](token, url)

        telegram = Telegram(database, api, clock=clock)
        if road == "webhook":
            telegram.base_url = "http://127.0.0.1"
            pages = Starlette(routes=telegram.routes())
            telegram.base_url = await stack.enter_async_context(listen(pages))
        stack.push_async_callback(stop, asyncio.create_task(telegram.run(receive)))
        yield telegram
