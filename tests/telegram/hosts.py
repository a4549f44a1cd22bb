"""Programs of a town, each with a bot and a handler of its own, in which Palabre lives: one on aiogram, one on
python-telegram-bot."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import aiogram
import telegram
import telegram.ext
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bot.channels.telegram import Telegram
from bot.config import Settings
from bot.embedding import Guest, Only, embedded
from bot.telegram import within_aiogram, within_ptb
from bot.telegram.reading import CHANNEL
from storage.database import Database
from tests.channels.little import build_town
from tests.telegram.served import NO_LIMITS
from tests.telegram_api import Bot, Platform, Resident, serve

Json: TypeAlias = "dict[str, Any]"


class Host(Protocol):
    """A town's program. It answers /ping, a button `page:2`, and notes what nobody took, also by its own handlers."""

    left: list[str]

    async def hear(self, update: Json) -> None:
        """Do with it what the library does with an update."""

    async def close(self) -> None: ...


@dataclass
class OnAiogram:
    bot: aiogram.Bot
    dispatcher: aiogram.Dispatcher
    left: list[str] = field(default_factory=list)

    async def hear(self, update: Json) -> None:
        await self.dispatcher.feed_raw_update(self.bot, update)

    async def close(self) -> None:
        await self.bot.session.close()


async def on_aiogram(palabre: Guest, token: str, url: str, only: Only | None) -> Host:
    bot = aiogram.Bot(token, AiohttpSession(api=TelegramAPIServer.from_base(url)))
    host = OnAiogram(bot, aiogram.Dispatcher())
    dispatcher, behind = host.dispatcher, aiogram.Router(name="behind")

    @dispatcher.message(aiogram.F.text == "/ping")
    async def ping(message: aiogram.types.Message) -> None:
        await message.answer("pong")

    @dispatcher.callback_query(aiogram.F.data == "page:2")
    async def turn(_query: aiogram.types.CallbackQuery) -> None:
        pass

    async def note(_event: Any, event_update: aiogram.types.Update) -> None:
        host.left.append(event_update.event_type)

    for kind in ("message", "edited_message", "callback_query", "my_chat_member"):
        behind.observers[kind].register(note)
    dispatcher.include_routers(within_aiogram.router(palabre, only), behind)
    return host


@dataclass
class OnPtb:
    application: telegram.ext.Application[Any, Any, Any, Any, Any, Any]
    left: list[str] = field(default_factory=list)

    async def hear(self, update: Json) -> None:
        await self.application.process_update(telegram.Update.de_json(update, self.application.bot))
        if trouble := self.application.bot_data.pop("trouble", None):
            raise trouble

    async def close(self) -> None:
        await self.application.shutdown()


async def on_ptb(palabre: Guest, token: str, url: str, only: Only | None) -> Host:
    application = telegram.ext.Application.builder().token(token).base_url(f"{url}/bot").updater(None).build()
    host = OnPtb(application)

    async def ping(update: telegram.Update, _context: within_ptb.Context) -> None:
        assert update.message is not None
        await update.message.reply_text("pong")
        raise telegram.ext.ApplicationHandlerStop

    async def turn(_update: telegram.Update, _context: within_ptb.Context) -> None:
        raise telegram.ext.ApplicationHandlerStop

    async def note(update: telegram.Update, _context: within_ptb.Context) -> None:
        host.left.append(next(kind for kind in update.to_dict() if kind != "update_id"))

    async def trouble(_update: object, context: within_ptb.Context) -> None:
        context.bot_data["trouble"] = context.error

    application.add_handler(telegram.ext.CommandHandler("ping", ping))
    application.add_handler(telegram.ext.CallbackQueryHandler(turn, pattern="^page:2$"))
    application.add_handler(within_ptb.handler(palabre, only), group=0 if only is None else -1)
    application.add_handler(telegram.ext.TypeHandler(telegram.Update, note), group=1)
    application.add_error_handler(trouble)
    await application.initialize()
    return host


HOSTS = {"aiogram": on_aiogram, "ptb": on_ptb}


@dataclass
class Inside:
    """Palabre inside a host, before the stub of the platform; updates are handed over when a test says so."""

    host: Host
    palabre: Guest
    platform: Platform
    bot: Bot
    resident: Resident
    seen: int = 0

    async def hears(self) -> None:
        """All that was done since the last time, in its order."""
        new = self.bot.mailbox.pushed[self.seen :]
        self.seen += len(new)
        for update in new:
            await self.host.hear(update.json())

    async def says(self, text: str) -> None:
        self.resident.writes(text)
        await self.hears()

    async def answered(self, part: str) -> None:
        """Wait until the last message holds this."""
        await self.platform.until(lambda: self.resident.heard and part in self.resident.heard[-1], 10)


def of(url: str, api_url: str, port: int = 0) -> Settings:
    telegram = {"api_url": api_url}
    return Settings.model_validate({"database_url": url, "port": port, "telegram": telegram})


@asynccontextmanager
async def inside(library: str, folder: Path, only: Any = None) -> AsyncIterator[Inside]:
    """`only` is called with the guest."""
    logging.getLogger("aiogram").setLevel(logging.CRITICAL)
    platform = Platform(limits=NO_LIMITS)
    bot = platform.bot("Montaubry", "montaubry_bot")
    url = await montaubry(folder)
    async with serve(platform) as api_url, embedded(of(url, api_url), {"montaubry": bot.token}) as palabre:
        door = palabre.house.channels[CHANNEL]
        assert isinstance(door, Telegram)
        door.capabilities = replace(door.capabilities, rates=None)  # nobody here reads as fast as a test
        host = await HOSTS[library](palabre, bot.token, api_url, only(palabre) if only is not None else None)
        try:
            yield Inside(host, palabre, platform, bot, platform.resident(bot, "Anna", "en"))
        finally:
            await host.close()


async def montaubry(folder: Path) -> str:
    """A database with a town in it."""
    url = f"sqlite:///{folder}/palabre.db"
    database = Database(url)
    await build_town(database)
    await database.close()
    return url
