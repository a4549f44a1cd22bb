"""The programs of docs/embedding.md, run as they stand there, by themselves, before the stub of the platform."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from telegram.ext import Application

from bot.bench.memory import free_port
from storage.database import Database
from storage.models import Contribution, Heard
from tests.channels.open_house import count
from tests.telegram.hosts import HOSTS, montaubry
from tests.telegram.served import NO_LIMITS
from tests.telegram_api import Bot, Platform, Resident, serve
from tests.telegram_api.conftest import picture

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "embedding.md").read_text("utf-8")
PROGRAMS = dict(zip(HOSTS, re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE), strict=True))
# What no town has: another platform, a way of taking part of the tests', and people who read as fast as a test.
ELSEWHERE = """
import dataclasses, runpy, sys
import tests.channels.little
from bot.telegram import writing

writing.CAPABILITIES = dataclasses.replace(writing.CAPABILITIES, rates=None)
if sys.argv[2] == "ptb":
    from telegram.ext import Application, ApplicationBuilder

    Application.builder = staticmethod(lambda: ApplicationBuilder().base_url(f"{sys.argv[3]}/bot"))
else:
    import aiogram, bot.telegram.with_aiogram
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer

    plain = aiogram.Bot
    aiogram.Bot = lambda token: plain(token, AiohttpSession(api=TelegramAPIServer.from_base(sys.argv[3])))
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@dataclass
class Town:
    """A folder with the program of a page in it, its settings and its database."""

    library: str
    folder: Path
    platform: Platform
    bot: Bot
    api_url: str
    database: Database

    @asynccontextmanager
    async def running(self, *, killed: bool = False) -> AsyncIterator[asyncio.subprocess.Process]:
        """The program, until the end: stopped as a service is, or killed."""
        command = [sys.executable, "-c", ELSEWHERE, "town_bot.py", self.library, self.api_url]
        named = {"TOWN_BOT_TOKEN": self.bot.token, "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
        with (self.folder / "log").open("ab") as log:
            program = await asyncio.create_subprocess_exec(*command, cwd=self.folder, env=named, stdout=log, stderr=log)
            try:
                yield program
            finally:
                program.kill() if killed else program.terminate()
                await asyncio.wait_for(program.wait(), 30)
        assert killed or program.returncode == 0, (self.folder / "log").read_text()

    async def has_heard(self, least: int) -> None:
        """Wait until it has kept so many messages."""
        async with asyncio.timeout(120):
            while await count(self.database, Heard) < least:
                await self.platform.called.heard(0.05)

    async def says(self, resident: Resident, part: str) -> None:
        """Wait until the last message of the bot holds this."""
        try:
            await self.platform.until(lambda: resident.heard and part in resident.heard[-1], 60)
        except AssertionError as error:
            raise AssertionError((self.folder / "log").read_text()) from error


@pytest.fixture
async def town(library: str, tmp_path: Path) -> AsyncIterator[Town]:
    platform = Platform(limits=NO_LIMITS)
    bot, url = platform.bot("Montaubry", "montaubry_bot"), await montaubry(tmp_path)
    database = Database(url)
    async with serve(platform) as api_url:
        settings = f'database_url = "{url}"\nport = {free_port()}\n[telegram]\napi_url = "{api_url}"\n'
        (tmp_path / "palabre.toml").write_text(settings, "utf-8")
        (tmp_path / "town_bot.py").write_text(PROGRAMS[library], "utf-8")
        yield Town(library, tmp_path, platform, bot, api_url, database)
    await database.close()


@pytest.mark.parametrize("library", HOSTS)
def test_the_program_of_the_page_finds_all_it_names(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to where it would serve."""
    served: list[Any] = []
    monkeypatch.setenv("TOWN_BOT_TOKEN", "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw")
    monkeypatch.setattr(asyncio, "run", served.append)
    monkeypatch.setattr(Application, "run_polling", lambda *_given, **_named: served.append(None))
    exec(PROGRAMS[library], {"__name__": "__main__"})
    assert len(served) == 1
    if served[0] is not None:
        served[0].close()


@pytest.mark.long
@pytest.mark.parametrize("library", HOSTS)
async def test_a_whole_talk_goes_through_the_program_of_the_page(town: Town) -> None:
    anna = town.platform.resident(town.bot, "Anna", "en")
    async with town.running():
        anna.starts("pain22")
        await town.says(anna, "Do you agree")
        anna.taps("Yes, begin")
        await town.says(anna, "How do you come?")
        anna.writes("/ping")
        await town.says(anna, "pong")
        anna.taps("By bicycle")
        await town.says(anna, "From how many kilometres?")
        anna.writes("3")
        await town.says(anna, "What should change?")
        anna.writes("skip")
        await town.says(anna, "A picture?")
        anna.sends_photo(picture())
        await town.says(anna, "Shall I send it?")
        await town.platform.until(lambda: town.platform.made("getFile"))
        anna.taps("Send")
        await town.says(anna, "Thank you")
        assert not [call for call in town.platform.calls if call.told == 409]
    assert (await count(town.database, Contribution), anna.heard.count("pong")) == (1, 1)
    hosts = {"ptb": {"deletewebhook"}, "aiogram": set[str]()}[town.library]
    ours = {"getme", "getupdates", "sendmessage", "answercallbackquery", "editmessagereplymarkup", "getfile"}
    assert {call.method for call in town.platform.calls} == ours | hosts


@pytest.mark.long
@pytest.mark.parametrize("library", ["aiogram"])
async def test_what_the_program_was_killed_with_comes_again(town: Town) -> None:
    """As the page promises of `handle_as_tasks=False`."""
    people = [town.platform.resident(town.bot, f"Anna {number}", "en") for number in range(8)]
    said = 0
    for _life in range(3):
        for one in people:
            for text in ("bonjour", "menu", "aide"):
                one.writes(text)
                said += 1
        before = await count(town.database, Heard)
        async with town.running(killed=True):
            await town.has_heard(before + 5)
    async with town.running():
        await town.has_heard(said)
    assert await count(town.database, Heard) == said
