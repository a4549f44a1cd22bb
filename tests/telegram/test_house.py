"""Telegram in a whole house: what it needs to start, and what it does without."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import house
from bot.bench.memory import free_port
from bot.config import Settings
from bot.house import House
from bot.mistakes import Mistake
from bot.telegram.webhook import HEADER, secret_of
from storage.database import Database
from storage.models import Heard
from tests.channels.little import build_town
from tests.channels.open_house import count
from tests.telegram.drivers import AIOGRAM, OTHER_IS_LONG, PTB
from tests.telegram.fakes import message
from tests.telegram_api import Platform, serve

ROOT = Path(__file__).parent.parent.parent
TOKEN = "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
NOWHERE = "http://127.0.0.1:9"
LOADED = """
import asyncio, sys
from bot import house
from bot.config import Settings
from bot.telegram.api import Away, Call

async def look(driver, bots):
    telegram = {"driver": driver, "bots": bots, "api_url": "http://127.0.0.1:9"}
    settings = Settings.model_validate({"database_url": "sqlite:///palabre.db", "telegram": telegram})
    async with house.opened(settings) as built:
        channel = built.channels["telegram"]
        await channel.look(built.reception.receive)
        for account in (token.partition(":")[0] for token in bots.values()):
            try:
                await channel.bot(account).api.call(Call("getMe", {}))
            except Away:
                pass
        await channel.close()
    print(*(name for name in ("aiogram", "aiohttp", "telegram", "telegram.ext", "httpx") if name in sys.modules))

asyncio.run(look(*%r))
"""


def loaded(folder: Path, driver: str, bots: dict[str, str]) -> str:
    """Which of their libraries stand in a house's memory once its bots have called."""
    program = LOADED % ((driver, bots),)
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done
    return done.stdout.splitlines()[-1]


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """A database with a town in it."""
    database = Database(f"sqlite:///{tmp_path}/palabre.db")
    await build_town(database)
    await database.close()
    return f"sqlite:///{tmp_path}/palabre.db"


@asynccontextmanager
async def running(url: str, **telegram: Any) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    """A house with these settings, open, and a client of its pages; stopped in order at the end."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = Settings.model_validate({"database_url": url, "base_url": address, "telegram": telegram})
    async with house.opened(settings) as built, httpx.AsyncClient(base_url=address) as client:
        stopping, ready = asyncio.Event(), asyncio.Event()
        with house.listen("127.0.0.1", port) as listening:
            serving = asyncio.create_task(built.serve(listening, stopping, ready.set))
            await ready.wait()
            yield built, client
            stopping.set()
            await asyncio.wait_for(serving, 30)


async def test_a_bot_for_a_space_that_is_not_there_is_a_mistake(url: str) -> None:
    settings = Settings.model_validate({"database_url": url, "telegram": {"bots": {"saint-cyr": TOKEN}}})
    with pytest.raises(Mistake, match="there is no space saint-cyr") as raised:
        async with house.opened(settings):
            pass
    assert TOKEN.partition(":")[2] not in str(raised.value)


@pytest.mark.parametrize("driver", OTHER_IS_LONG)
def test_without_a_bot_no_library_is_loaded(driver: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, driver, {}) == ""


@pytest.mark.usefixtures("url")
@pytest.mark.parametrize(
    ("driver", "its"),
    [pytest.param(AIOGRAM, "aiogram aiohttp", marks=pytest.mark.long), (PTB, "telegram httpx")],
)
def test_a_house_with_a_bot_loads_one_library_and_not_the_other(driver: str, its: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, driver, {"montaubry": TOKEN}) == its


@pytest.mark.parametrize("bots", [{}, {"montaubry": TOKEN}])
async def test_a_driver_that_is_not_installed_is_a_mistake_at_the_start(
    url: str, bots: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also without a bot: one may be added in the panel while the house runs."""

    def missing(package: str) -> None:
        raise PackageNotFoundError(package)

    monkeypatch.setattr("bot.house.distribution", missing)
    settings = Settings.model_validate({"database_url": url, "telegram": {"driver": PTB, "bots": bots}})
    with pytest.raises(Mistake, match=r"python-telegram-bot is not installed. `pip install 'palabre\[ptb\]'`"):
        async with house.opened(settings):
            pass


@pytest.mark.parametrize("driver", OTHER_IS_LONG)
async def test_a_house_opens_and_closes_though_telegram_can_not_be_reached(url: str, driver: str) -> None:
    async with running(url, bots={"montaubry": TOKEN}, api_url=NOWHERE, driver=driver) as (_built, client):
        assert (await client.get("/readyz")).status_code == 200


@pytest.mark.parametrize("driver", OTHER_IS_LONG)
async def test_a_post_is_heard_through_the_whole_house_and_a_forgery_is_not(url: str, driver: str) -> None:
    platform = Platform()
    bot = platform.bot("Montaubry")
    path = f"/telegram/{bot.id}"
    async with serve(platform) as api_url:
        settings = {"bots": {"montaubry": bot.token}, "api_url": api_url, "webhook": True, "driver": driver}
        async with running(url, **settings) as (built, client):
            await platform.until(lambda: bot.webhook, 60)
            assert bot.webhook is not None
            assert bot.webhook.url == built.settings.base_url + path
            forged = [await client.post(path, json=message(1), headers={HEADER: secret}) for secret in ("", "x" * 43)]
            assert [answer.status_code for answer in forged] == [403, 403]
            assert await count(built.database, Heard) == 0
            kept = await client.post(path, json=message(1), headers={HEADER: secret_of(bot.token)})
            assert (kept.status_code, await count(built.database, Heard)) == (200, 1)


async def test_a_house_that_polls_has_no_address_to_post_to(url: str) -> None:
    async with running(url) as (_built, client):
        posted = await client.post("/telegram/123456", json=message(1), headers={HEADER: ""})
        assert posted.status_code in (404, 405)
