"""Residents who talk with a house over a platform of the tests' own, and what must be true of it afterwards: whatever
went wrong on the way, each answer was kept once, and each question was put in its turn."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import sqlite3
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import orjson

from tests.acceptance.process import START_WITHIN, palabre, start

QUESTIONS = 5
PATIENCE = 180.0
"""Seconds in which an answer must come, kills and pauses included."""
HEAD = "consultation: centre\nlanguages: [en]\ntitle: The centre\ntopic: about the centre\nwhy: Yes.\nquestions:\n"
QUESTION = "  - {{id: q{0}, kind: short_text, text: Say something about {0}}}\n"
FILE = HEAD + "".join(QUESTION.format(number) for number in range(1, QUESTIONS + 1))
ASKED = re.compile(r"Question (\d) of")


class Hands(Protocol):
    """Somebody on a platform: what they do there, and what they see of the house."""

    def comes(self, code: str) -> None: ...
    def takes(self, choice: str) -> None:
        """Answer with one of the choices offered."""

    def says(self, text: str) -> None: ...
    def goes_back(self) -> None: ...
    def strays(self) -> None:
        """Send what is no answer."""

    @property
    def heard(self) -> list[str]:
        """The texts of the house, as they are now."""

    def sees(self, words: str) -> bool:
        """Whether these words, or this choice, came in answer to what was done last."""

    @property
    def lost(self) -> bool:
        """Whether what was done last never reached the house, and never will: it is done again."""


class Platform(Protocol):
    async def until(self, true: Callable[[], object], seconds: float = ...) -> None: ...


@dataclass
class Talker:
    """Somebody who answers five questions, going back and sending a sticker now and then. `path` are the questions that
    must be put, `given` the answers that must be kept."""

    name: str
    hands: Hands
    platform: Platform
    chance: random.Random
    sent: int = 0
    path: list[int] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)

    async def talk(self) -> None:
        await self._do(lambda: self.hands.comes("centre"), "Yes, begin")
        await self._do(lambda: self.hands.takes("Yes, begin"), self._asks(1))
        number = 1
        while number <= QUESTIONS:
            number = await self._answer(number)

    async def _answer(self, number: int) -> int:
        """Do something at this question; the one that follows."""
        whim = self.chance.random()
        if whim < 0.1:
            await self._do(self.hands.strays, self._asks(number))
        elif whim < 0.2 and number > 1:
            await self._do(self.hands.goes_back, self._asks(number - 1))
            return number - 1
        text = self.given[f"q{number}"] = f"{self.name} says {number}.{self.sent}"
        await self._do(lambda: self.hands.says(text), self._asks(number + 1) if number < QUESTIONS else "Send")
        if number == QUESTIONS:
            await self._do(lambda: self.hands.takes("Send"), "It is sent")
        return number + 1

    def _asks(self, number: int) -> str:
        """The words that must come next."""
        self.path.append(number)
        return f"Question {number} of"

    async def _do(self, something: Callable[[], object], words: str) -> None:
        """Do this, and wait for words, or a choice, in answer to it. What is lost is done again."""
        self.sent += 1
        while True:
            something()
            await self.platform.until(lambda: self.hands.lost or self.hands.sees(words), PATIENCE)
            if not self.hands.lost:
                return

    @property
    def asked(self) -> list[int]:
        """The questions this person has read, one that was repeated being one."""
        said = [int(found[1]) for text in self.hands.heard if (found := ASKED.search(text))]
        return [number for number, _same in itertools.groupby(said)]

    @property
    def expected(self) -> list[int]:
        return [number for number, _same in itertools.groupby(self.path)]


@dataclass
class Crowd:
    """Talkers, so many at a time, who come as long as the town is `open`; with `most`, no more than so many."""

    platform: Platform
    newcomer: Callable[[str], Hands]
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
            self.talkers.append(Talker(name, self.newcomer(name), self.platform, self.chance))
            await self.talkers[-1].talk()


class Town:
    """A house on the real program, before a platform. Those of each platform are dataclasses with these fields."""

    folder: Path
    port: int
    log: list[str]

    @property
    @abstractmethod
    def around(self) -> Platform:
        """The platform it stands before."""

    @abstractmethod
    def settings(self) -> Mapping[str, str]:
        """What leads the house to its platform, for its environment."""

    @abstractmethod
    def begun(self) -> int:
        """How often a house has let the platform know that it hears."""

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """One life of the house, until it is killed: given once it hears."""
        url = f"http://127.0.0.1:{self.port}"
        before = self.begun()
        process = await start(
            "run",
            folder=self.folder,
            environment={
                "PALABRE_PORT": str(self.port),
                "PALABRE_BASE_URL": url,
                "PALABRE_LOG_FORMAT": "json",
                "PALABRE_LOG_LEVEL": "debug",
                **self.settings(),
            },
        )
        reading = asyncio.create_task(process.communicate())
        try:
            await self._ready(url, process)
            await self.around.until(lambda: self.begun() > before, START_WITHIN)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            output, errors = await reading
            self.log.append((output + errors).decode())

    async def _ready(self, url: str, process: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(START_WITHIN), httpx.AsyncClient() as client:
            while True:
                assert process.returncode is None, "the house has ended"
                try:
                    if (await client.get(f"{url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

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

    def check_log(self, *secrets: str) -> None:
        """None of these stands in what the house has written down, nor what residents said."""
        said = "".join(self.log)
        assert said, "nothing was logged at all"
        for secret in [*secrets, " says "]:
            assert secret not in said


async def consult(folder: Path, *arguments: str, questionnaire: str = FILE) -> None:
    """Import the consultation, open; the house is not running yet."""
    (folder / "questionnaire.yaml").write_text(questionnaire)
    ended = await palabre("import", "questionnaire.yaml", "--open", *arguments, folder=folder)
    assert ended.code == 0, ended
