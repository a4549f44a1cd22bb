"""Residents who talk with a house over the stub of Telegram, and what must be true of it afterwards: whatever went
wrong on the way, each answer was kept once, and each question was put in its turn."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from bot.bench.memory import free_port
from tests.acceptance.process import START_WITHIN, palabre, start
from tests.telegram.drivers import AIOGRAM
from tests.telegram_api import Bot, Platform, Resident, serve

QUESTIONS = 5
PATIENCE = 180.0
"""Seconds in which an answer must come, kills and pauses included."""
HEAD = "consultation: centre\nlanguages: [en]\ntitle: The centre\ntopic: about the centre\nwhy: Yes.\nquestions:\n"
QUESTION = "  - {{id: q{0}, kind: short_text, text: Say something about {0}}}\n"
FILE = HEAD + "".join(QUESTION.format(number) for number in range(1, QUESTIONS + 1))
ASKED = re.compile(r"Question (\d) of")


@dataclass
class Talker:
    """Somebody who answers five questions, going back and sending a sticker now and then. `path` are the questions that
    must be put, `given` the answers that must be kept."""

    name: str
    resident: Resident
    platform: Platform
    chance: random.Random
    sent: int = 0
    path: list[int] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)

    async def talk(self) -> None:
        self._did(self.resident.starts("centre"))
        await self._until("Yes, begin")
        self._did(self.resident.taps("Yes, begin"))
        await self._asked(1)
        number = 1
        while number <= QUESTIONS:
            number = await self._answer(number)
        await self._until("It is sent")

    async def _answer(self, number: int) -> int:
        """Do something at this question; the one that follows."""
        whim = self.chance.random()
        if whim < 0.1:
            self._did(self.resident.sends_sticker())
            await self._asked(number)
        elif whim < 0.2 and number > 1:
            self._did(self.resident.taps("Back"))
            await self._asked(number - 1)
            return number - 1
        self.given[f"q{number}"] = f"{self.name} says {number}.{self.sent}"
        self._did(self.resident.writes(self.given[f"q{number}"]))
        if number < QUESTIONS:
            await self._asked(number + 1)
        else:
            await self._until("Send")
            self._did(self.resident.taps("Send"))
        return number + 1

    def _did(self, _something: object) -> None:
        self.sent += 1
        self.at = len(self.resident.sees)

    async def _asked(self, number: int) -> None:
        self.path.append(number)
        await self._until(f"Question {number} of")

    async def _until(self, words: str) -> None:
        """Words, or a button, in answer to what was done last."""

        def heard() -> bool:
            new = self.resident.sees[self.at :]
            return any(words in message.text or words in message.labels for message in new if not message.mine)

        await self.platform.until(heard, PATIENCE)

    @property
    def asked(self) -> list[int]:
        """The questions this person has read, one that was repeated being one."""
        said = [int(found[1]) for text in self.resident.heard if (found := ASKED.search(text))]
        return [number for number, _same in itertools.groupby(said)]

    @property
    def expected(self) -> list[int]:
        return [number for number, _same in itertools.groupby(self.path)]


@dataclass
class Crowd:
    """Talkers, so many at a time, who come as long as the town is `open`; with `most`, no more than so many."""

    platform: Platform
    bot: Bot
    chance: random.Random
    most: int | None = None
    open: bool = True
    talkers: list[Talker] = field(default_factory=list)

    async def talk(self, at_once: int) -> None:
        async with asyncio.TaskGroup() as side_by_side:
            for _place in range(at_once):
                side_by_side.create_task(self._one_after_the_other())

    async def _one_after_the_other(self) -> None:
        while self.open and (self.most is None or len(self.talkers) < self.most):
            name = f"r{len(self.talkers)}"
            resident = self.platform.resident(self.bot, name, "en")
            self.talkers.append(Talker(name, resident, self.platform, self.chance))
            await self.talkers[-1].talk()


@dataclass
class Town:
    """A house on the real program, with a bot at the platform."""

    folder: Path
    platform: Platform
    bot: Bot
    api_url: str
    road: str
    port: int
    driver: str = AIOGRAM
    log: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """One life of the house, until it is killed: given once it hears."""
        url = f"http://127.0.0.1:{self.port}"
        before = len(self._heard())
        process = await start(
            "run",
            folder=self.folder,
            environment={
                "PALABRE_PORT": str(self.port),
                "PALABRE_BASE_URL": url,
                "PALABRE_LOG_FORMAT": "json",
                "PALABRE_LOG_LEVEL": "debug",
                "PALABRE_TELEGRAM_API_URL": self.api_url,
                "PALABRE_TELEGRAM_DRIVER": self.driver,
                "PALABRE_TELEGRAM_BOTS": json.dumps({"palabre": self.bot.token}),
                "PALABRE_TELEGRAM_WEBHOOK": "true" if self.road == "webhook" else "false",
            },
        )
        reading = asyncio.create_task(process.communicate())
        try:
            await self._ready(url, process)
            await self.platform.until(lambda: len(self._heard()) > before, START_WITHIN)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            output, errors = await reading
            self.log.append((output + errors).decode())

    def _heard(self) -> list[object]:
        """How the house has let the platform know that it hears."""
        return [*self.platform.made("getUpdates" if self.road == "polling" else "setWebhook")]

    async def _ready(self, url: str, process: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(START_WITHIN), httpx.AsyncClient() as client:
            while True:
                assert process.returncode is None, "the house has ended"
                try:
                    if (await client.get(f"{url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    async def has_sent(self, more: int) -> None:
        """Returns once so many more messages were sent than before."""
        then = len(self.platform.made("sendMessage")) + more
        await self.platform.until(lambda: len(self.platform.made("sendMessage")) >= then, PATIENCE)

    async def all_delivered(self, heard: int = 0) -> None:
        """Returns once at least so many messages were heard, and all is said in answer."""
        query = "SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM deliveries WHERE state != 'sent')"
        async with asyncio.timeout(PATIENCE):
            done = False
            while not done:
                [(noted, waiting)] = self.rows(query)
                done = noted >= heard and not waiting
                await asyncio.sleep(0.05)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "palabre.db")
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def check(self, talkers: list[Talker]) -> None:
        """Every answer once and in its place, every message noted once, every question put in its turn."""
        given = [orjson.loads(str(row[0])) for row in self.rows("SELECT fields FROM contributions")]
        key = f"q{QUESTIONS}"
        assert sorted(given, key=lambda one: one[key]) == sorted(
            (talker.given for talker in talkers), key=lambda one: one[key]
        )
        sent = sum(talker.sent for talker in talkers)
        noted = self.rows("SELECT count(*), count(DISTINCT participant_id), sum(state = 'handled') FROM inbox")
        assert noted == [(sent, len(talkers), sent)]
        for talker in talkers:
            assert talker.asked == talker.expected, talker.name

    def check_secrets(self) -> None:
        """The token stands nowhere in what the house has written down, nor what residents said."""
        said = "".join(self.log)
        assert said, "nothing was logged at all"
        assert self.bot.token.partition(":")[2] not in said
        assert " says " not in said


@asynccontextmanager
async def town(
    folder: Path, platform: Platform, road: str, questionnaire: str = FILE, driver: str = AIOGRAM
) -> AsyncIterator[Town]:
    """The consultation, imported; the house is not running yet."""
    (folder / "questionnaire.yaml").write_text(questionnaire)
    ended = await palabre("import", "questionnaire.yaml", "--open", folder=folder)
    assert ended.code == 0, ended
    async with serve(platform) as api_url:
        yield Town(folder, platform, platform.bot("Palabre"), api_url, road, free_port(), driver)
