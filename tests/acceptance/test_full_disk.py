"""A full disk: nothing acknowledged is lost, who writes is told to try again, readers go on, and it recovers.

SQLite is told how many pages its file may have: beyond that it answers as it does when the disk is full.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import event, func, select

from bot.channels import NotKept
from bot.config import Settings
from bot.finishing import stop
from bot.house import House, listen, opened
from flows.messages import Incoming
from flows.questionnaires.file import read_file
from storage.database import Database
from storage.models import Heard
from tests.acceptance.town import MORNING, Town
from tests.acceptance.town import opened as opened_town

FILE = """\
consultation: centre-ville
languages: [fr]
title: Le centre-ville
topic: sur le centre-ville
why: Vos réponses comptent.
questions:
  - {id: idea, kind: long_text, text: Votre idée}
"""
EVERYTHING = 1_073_741_823
"""More pages than any disk has."""


class Disk:
    """A disk under a database, with so much room."""

    def __init__(self, database: Database) -> None:
        self.pages = EVERYTHING
        event.listen(database.engine.sync_engine, "begin", self._limit)

    def _limit(self, connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {self.pages}")

    def fill(self) -> None:
        self.pages = 1  # SQLite then takes the pages that are there already

    def empty(self) -> None:
        self.pages = EVERYTHING


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with opened_town(f"sqlite:///{tmp_path}/palabre.db", read_file(FILE).draft) as town:
        yield town


async def noted(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(Heard))).scalar_one()


def message(number: int) -> Incoming:
    return Incoming("web", "montaubry", f"person {number}", str(number), MORNING, text="é" * 2000, language="fr")


async def test_what_could_not_be_kept_is_not_acknowledged_and_the_rest_is_there(town: Town) -> None:
    disk = Disk(town.database)
    serving = asyncio.create_task(town.reception.run())
    for number in range(3):
        await town.reception.receive(message(number))
    disk.fill()
    kept, refused = 3, []
    for number in range(3, 60):
        try:
            await town.reception.receive(message(number))
            kept += 1
        except NotKept:
            refused.append(number)
    assert refused, "the disk never was full"
    assert await noted(town.database) == kept
    disk.empty()
    for number in refused:  # the platform sends them again
        await town.reception.receive(message(number))
    assert await noted(town.database) == 60
    await stop(serving)


async def test_the_pages_say_try_again_and_readers_go_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/palabre.db"
    async with opened_town(url, read_file(FILE).draft):
        pass
    with listen("127.0.0.1", 0) as listening:
        settings = Settings.model_construct(database_url=SecretStr(url), port=listening.getsockname()[1])
        async with opened(settings) as house:
            open_, closing = asyncio.Event(), asyncio.Event()
            serving = asyncio.create_task(house.serve(listening, closing, open_.set))
            await open_.wait()
            async with httpx.AsyncClient(base_url=settings.address) as client:
                await answers(house, Disk(house.database), client)
            closing.set()
            await serving  # which raises what ended it, had anything


async def answers(house: House, disk: Disk, client: httpx.AsyncClient) -> None:
    """Newcomers begin while the disk is full, one after the other, and one comes back when it is not."""
    assert (await client.get("/c/centre-ville")).status_code == 200
    before = await noted(house.database)
    disk.fill()
    codes = [await begin(client, number) for number in range(200)]
    assert set(codes) == {303, 503}
    assert await noted(house.database) == before + codes.count(303)
    assert (await client.get("/c/centre-ville")).status_code == 200
    assert (await client.get("/readyz")).status_code == 200
    disk.empty()
    assert await begin(client, codes.index(503)) == 303
    assert await noted(house.database) == before + codes.count(303) + 1


async def begin(client: httpx.AsyncClient, number: int) -> int:
    """Somebody new presses the one button; the status of what they get."""
    client.cookies.clear()
    headers = {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    form = {"begin": "1", "nonce": f"{number:040}"}
    response = await client.post("/c/centre-ville", data=form, headers=headers)
    if response.status_code == 503:
        assert "send it again" in response.text or "nvoyez" in response.text
    return response.status_code
