"""Several processes of the real program on one PostgreSQL, before the stub of Telegram: they behave as one."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from bot.bench.memory import free_port
from tests.acceptance.crowd import FILE, PATIENCE, Crowd
from tests.acceptance.process import START_WITHIN, palabre, running, start
from tests.acceptance.telegram_crowd import TelegramTown
from tests.telegram_api import Clock, Limits, Platform, serve
from tests.telegram_api.mailbox import DAY

pytestmark = pytest.mark.long

SPLIT = ("receive", "receive", "courier", "courier,jobs")
POSTED_TO = ("receive", "courier", "courier,jobs")
"""The first of them is posted to, on a port that it keeps; the others send."""


@dataclass
class House(TelegramTown):
    """A house that is split. `running` are its processes by their place in `parts`."""

    database_url: str = ""
    parts: tuple[str, ...] = SPLIT
    running: dict[int, asyncio.subprocess.Process] = field(default_factory=dict)
    readers: list[asyncio.Task[tuple[bytes, bytes]]] = field(default_factory=list)

    async def begin(self, place: int) -> None:
        by_webhook = self.road == "webhook"
        port = self.port if by_webhook and place == 0 else free_port()
        process = await start(
            *("run", "--port", str(port), "--only", self.parts[place]),
            folder=self.folder,
            environment={
                "PALABRE_DATABASE_URL": self.database_url,
                "PALABRE_LOG_FORMAT": "json",
                "PALABRE_TELEGRAM_API_URL": self.api_url,
                "PALABRE_TELEGRAM_BOTS": json.dumps({"palabre": self.bot.token}),
                "PALABRE_TELEGRAM_WEBHOOK": str(by_webhook).lower(),
                "PALABRE_BASE_URL": f"http://127.0.0.1:{self.port}",
            },
        )
        self.running[place] = process
        self.readers.append(asyncio.create_task(process.communicate()))
        await self._ready(f"http://127.0.0.1:{port}", process)

    def kill(self, place: int) -> None:
        os.kill(self.running[place].pid, signal.SIGKILL)

    async def end(self) -> list[int | None]:
        """All of them in order; how each ended."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            await asyncio.wait_for(process.wait(), START_WITHIN)
        for output, errors in await asyncio.gather(*self.readers):
            self.log.append((output + errors).decode())
        return [process.returncode for process in self.running.values()]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        query = query.replace("sum(state = 'handled')", "sum((state = 'handled')::int)")
        with psycopg.connect(self.database_url.replace("+psycopg", "")) as connection:
            rows = connection.execute(query.encode()).fetchall()
        return [tuple(json.dumps(one) if isinstance(one, dict) else one for one in row) for row in rows]


@asynccontextmanager
async def split(folder: Path, url: str, platform: Platform, road: str = "polling") -> AsyncIterator[House]:
    """All of them, open; killed at the end if the test has not stopped them."""
    (folder / "questionnaire.yaml").write_text(FILE)
    known = {"PALABRE_DATABASE_URL": url}
    ended = await palabre("import", "questionnaire.yaml", "--open", folder=folder, environment=known)
    assert ended.code == 0, ended
    async with AsyncExitStack() as stack:
        api_url = await stack.enter_async_context(serve(platform))
        parts = POSTED_TO if road == "webhook" else SPLIT
        bot = platform.bot("Palabre")
        house = House(folder, platform, bot, api_url, road, free_port(), database_url=url, parts=parts)
        try:
            await asyncio.gather(*(house.begin(place) for place in range(len(parts))))
            yield house
        finally:
            for process in house.running.values():
                if process.returncode is None:
                    process.kill()


def strict() -> Platform:
    """It forgives not a millisecond, and notes who was too fast."""
    return Platform(clock=Clock(), limits=Limits(slack=0.0), taps_kept=DAY)


async def test_residents_notice_nothing_of_processes_that_are_killed(
    postgres_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chance, platform = random.Random(4), strict()
    async with split(tmp_path, postgres_url, platform) as house:
        crowd = Crowd(platform, house.newcomer, chance)
        talking = asyncio.create_task(crowd.talk(50))
        for _kill in range(request.config.getoption("--kills") // 5):
            await house.has_sent(chance.randrange(20, 60))
            assert not talking.done(), talking
            place = chance.randrange(len(SPLIT))
            house.kill(place)
            await house.begin(place)
        crowd.open = False
        await talking
        await house.all_delivered()
        house.check(crowd.talkers)
        assert platform.violations == []
        assert await house.end() == [0] * len(SPLIT)
    assert not [line for line in "".join(house.log).splitlines() if "Traceback" in line]


async def test_one_that_is_posted_to_and_others_that_send_are_killed_and_residents_notice_nothing(
    postgres_url: str, tmp_path: Path
) -> None:
    """The platform's time flies, so that it soon posts again what nobody took."""
    chance = random.Random(9)
    platform = Platform(clock=Clock(pace=20), limits=Limits(slack=0.0), taps_kept=DAY)
    async with split(tmp_path, postgres_url, platform, "webhook") as house:
        await platform.until(lambda: platform.made("setWebhook"), PATIENCE)
        crowd = Crowd(platform, house.newcomer, chance)
        talking = asyncio.create_task(crowd.talk(20))
        for place in range(len(POSTED_TO)):
            await house.has_sent(chance.randrange(20, 60))
            assert not talking.done(), talking
            house.kill(place)
            await house.begin(place)
        crowd.open = False
        await talking
        await house.all_delivered()
        house.check(crowd.talkers)
        assert platform.violations == []
        assert platform.posts
        assert not platform.made("getUpdates")
        assert await house.end() == [0] * len(POSTED_TO)
    assert not [line for line in "".join(house.log).splitlines() if "Traceback" in line]


async def test_only_one_polls_and_when_it_dies_another_takes_over(postgres_url: str, tmp_path: Path) -> None:
    platform = strict()
    async with split(tmp_path, postgres_url, platform) as house:
        await platform.until(lambda: platform.made("getUpdates"), PATIENCE)
        crowd = Crowd(platform, house.newcomer, random.Random(1), most=6)
        await crowd.talk(3)
        assert not [call for call in platform.made("getUpdates") if call.told == 409]
        for place in (0, 1):
            house.kill(place)
            crowd = Crowd(platform, house.newcomer, random.Random(2), most=3)
            await crowd.talk(3)
            await house.begin(place)


async def test_a_part_without_pages_answers_how_it_is_and_nothing_else(postgres_url: str, tmp_path: Path) -> None:
    async with running(postgres_url, tmp_path, "--only", "courier,jobs") as house:
        assert (await house.get("/readyz")).text == "ready\n"
        assert "palabre_deliveries_waiting" in (await house.get("/metrics")).text
        assert (await house.get("/panel")).status_code == 404
        assert await house.stop() == 0
    assert not [line for line in house.log if '"level": "error"' in line or "Traceback" in line]


async def test_a_chat_page_sees_at_once_what_another_process_sent(postgres_url: str, tmp_path: Path) -> None:
    """From one process's reception through another's courier back to the page."""
    (tmp_path / "questionnaire.yaml").write_text(FILE)
    environment = {"PALABRE_DATABASE_URL": postgres_url}
    ended = await palabre("import", "questionnaire.yaml", "--open", folder=tmp_path, environment=environment)
    assert ended.code == 0, ended
    async with (
        running(postgres_url, tmp_path, "--only", "receive") as pages,
        running(postgres_url, tmp_path, "--only", "courier"),
        httpx.AsyncClient(base_url=pages.url, headers={"Origin": pages.url}) as client,
    ):
        began = time.monotonic()
        assert (await client.post("/c/centre", data={"begin": "1", "nonce": "0" * 40})).status_code == 303
        seen = ""
        while "Yes, begin" not in seen:
            seen = (await client.get("/c/centre")).text
            await asyncio.sleep(0.02)
            assert time.monotonic() - began < 5, seen
