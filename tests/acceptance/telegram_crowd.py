"""A house before the stub of Telegram, and how residents talk with it there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.bench.memory import free_port
from tests.acceptance.crowd import FILE, PATIENCE, Hands, Town, consult
from tests.telegram.drivers import AIOGRAM
from tests.telegram_api import Bot, Platform, Resident, serve

HEARD_WITHIN = 0.5
"""Seconds after a 429 within which a house, which is a process of its own on a busy machine, may not have heard of it.
It lasts a second: who does not care for it is still seen."""


@dataclass
class Thumbs(Hands):
    """They tap, and lose nothing: what is not acknowledged is handed over again."""

    resident: Resident
    lost = False
    _at: int = 0

    def comes(self, code: str) -> None:
        self._looks()
        self.resident.starts(code)

    def takes(self, choice: str) -> None:
        self.resident.taps(choice)
        self._looks()

    def says(self, text: str) -> None:
        self.resident.writes(text)
        self._looks()

    def goes_back(self) -> None:
        self.takes("Back")

    def strays(self) -> None:
        self.resident.sends_sticker()
        self._looks()

    def _looks(self) -> None:
        self._at = len(self.resident.sees)

    @property
    def heard(self) -> list[str]:
        return self.resident.heard

    def sees(self, words: str) -> bool:
        new = self.resident.sees[self._at :]
        return any(words in message.text or words in message.labels for message in new if not message.mine)


@dataclass
class TelegramTown(Town):
    """With a bot at the platform."""

    folder: Path
    platform: Platform
    bot: Bot
    api_url: str
    road: str
    port: int
    driver: str = AIOGRAM
    log: list[str] = field(default_factory=list)

    @property
    def around(self) -> Platform:
        return self.platform

    def settings(self) -> Mapping[str, str]:
        return {
            "PALABRE_TELEGRAM_API_URL": self.api_url,
            "PALABRE_TELEGRAM_DRIVER": self.driver,
            "PALABRE_TELEGRAM_BOTS": json.dumps({"palabre": self.bot.token}),
            "PALABRE_TELEGRAM_WEBHOOK": "true" if self.road == "webhook" else "false",
        }

    def begun(self) -> int:
        return len(self.platform.made("getUpdates" if self.road == "polling" else "setWebhook"))

    def newcomer(self, name: str) -> Thumbs:
        return Thumbs(self.platform.resident(self.bot, name, "en"))

    async def has_sent(self, more: int) -> None:
        """Returns once so many more messages were sent than before."""
        then = len(self.platform.made("sendMessage")) + more
        await self.platform.until(lambda: len(self.platform.made("sendMessage")) >= then, PATIENCE)

    def check_secrets(self) -> None:
        self.check_log(self.bot.token.partition(":")[2])


@asynccontextmanager
async def town(
    folder: Path, platform: Platform, road: str, questionnaire: str = FILE, driver: str = AIOGRAM
) -> AsyncIterator[TelegramTown]:
    """The consultation, imported; the house is not running yet."""
    await consult(folder, questionnaire=questionnaire)
    async with serve(platform) as api_url:
        yield TelegramTown(folder, platform, platform.bot("Palabre"), api_url, road, free_port(), driver)
