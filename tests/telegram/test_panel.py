"""A house before the stub of the platform: a robot is set up in the panel, answers, gets another key, is closed."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from bot import house
from bot.config import Settings
from storage import organisers, spaces
from storage.database import Database
from tests.channels.little import MORNING, build_town
from tests.telegram_api import Bot, Platform, faults, serve

EMAIL, PASSWORD = "claire@montaubry.example", "quatre mots sans rapport"
STEPS = "/panel/doors/telegram"
PATIENCE = 60.0
"""Seconds; a busy machine loads aiogram for ten of them."""


@pytest.fixture
def platform() -> Platform:
    return Platform(conflict_pause=0.1)


@pytest.fixture
def bot(platform: Platform) -> Bot:
    return platform.bot("Montaubry participe", "montaubry_bot")


@pytest.fixture
async def claire(platform: Platform, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in to a house that runs."""
    url = f"sqlite:///{tmp_path / 'palabre.db'}"
    await build(url)
    listening = house.listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with serve(platform) as api_url:
        settings = Settings.model_validate(
            {"database_url": url, "base_url": address, "telegram": {"api_url": api_url}}
        )  # fmt: skip
        async with house.opened(settings) as built:
            stopping, ready = asyncio.Event(), asyncio.Event()
            serving = asyncio.create_task(built.serve(listening, stopping, ready.set))
            await ready.wait()
            headers = {"Accept-Language": "en"}
            async with httpx.AsyncClient(base_url=address, headers=headers, timeout=PATIENCE) as client:
                await client.post("/panel/sign-in", data={"email": EMAIL, "password": PASSWORD})
                yield client
            stopping.set()
            await serving


async def build(url: str) -> None:
    """Montaubry with its consultation, and Claire."""
    database = Database(url)
    await build_town(database)
    protected = await organisers.protect(PASSWORD)
    async with database.write() as connection:
        [space] = await spaces.listed(connection)
        claire = await organisers.create(
            connection, space.id, email=EMAIL, name="Claire", role="organiser", protected=protected, now=MORNING
        )
        await organisers.change_password(connection, space.id, claire, protected)
    await database.close()


async def paste(claire: httpx.AsyncClient, token: str, path: str = STEPS) -> str:
    """What the panel answers to this key."""
    page = await claire.get(path)
    [key] = re.findall(r'name="key" value="([0-9a-f]+)"', page.text)[-1:]
    return (await claire.post(path, data={"key": key, "secret": token}, follow_redirects=True)).text


async def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.05)


async def until_doors(claire: httpx.AsyncClient, said: str) -> str:
    """The page of the doors once it says this."""
    end = time.monotonic() + PATIENCE
    while said not in (page := (await claire.get("/panel/doors")).text):
        assert time.monotonic() < end, page
        await asyncio.sleep(0.2)
    return page


async def test_a_robot_answers_once_its_key_was_pasted_and_no_more_once_its_door_is_closed(
    claire: httpx.AsyncClient, platform: Platform, bot: Bot, capfd: pytest.CaptureFixture[str]
) -> None:
    old = bot.token
    assert "Telegram refuses this key." in await paste(claire, f"{bot.token}x")
    assert "The robot is called Montaubry participe (@montaubry_bot). All is well." in await paste(claire, bot.token)

    [link] = set(re.findall(r'href="(https://t\.me/[^"]+)"', (await claire.get("/p/pain22")).text))
    anna = platform.resident(bot, "Anna")
    anna.opens(link)
    await until(lambda: len(anna.heard) > 0)
    assert any("Montaubry" in said for said in anna.heard)

    new = platform.new_token(bot)
    page = await until_doors(claire, "Telegram refuses the key of the robot")
    [change] = re.findall(r'href="(/panel/doors/\d+/key)"', page)
    assert "All is well." in await paste(claire, new, change)
    heard = len(anna.heard)
    anna.writes("menu")
    await until(lambda: len(anna.heard) > heard)

    [close] = re.findall(r'href="(/panel/doors/\d+/close)"', await until_doors(claire, "Telegram answered"))
    page = (await claire.get(close)).text
    assert "1 person came by it." in page
    [key] = re.findall(r'name="key" value="([0-9a-f]+)"', page)[-1:]
    assert "Not yet" in (await claire.post(close, data={"key": key}, follow_redirects=True)).text
    assert "t.me" not in (await claire.get("/p/pain22")).text
    logged = "".join(capfd.readouterr())
    assert "an account is not well" in logged
    assert not any(token.partition(":")[2] in logged for token in (old, new))


async def test_a_key_is_not_kept_while_telegram_is_away(
    claire: httpx.AsyncClient, platform: Platform, bot: Bot
) -> None:
    platform.faults.script(faults.broken(502, page=True), "getMe", times=None)
    assert "Telegram cannot be reached just now. The key was not kept" in await paste(claire, bot.token)
    assert "Not yet" in (await claire.get("/panel/doors")).text
