"""A house that is killed again and again, and the platform before it, which remembers everything.

The platform works like Telegram's: messages stand in one order, are handed over from the first that was not
acknowledged, and one in ten comes twice. What it was sent it knows by the delivery's key, so that a repeat under the
same key shows nothing new. The house is the real Reception and Courier on one database, in a process of its own.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any, Self

from bot.channels import Outgoing, Receive
from bot.courier import Courier
from bot.reception import Reception
from flows.conversation import Ending, Talk
from flows.messages import Incoming
from flows.module import Module
from flows.rendering import Capabilities
from storage import contributions
from storage.contributions import NewContribution
from storage.database import Database
from tests.bot.town import NOON

QUESTIONS = 12
AT_ONCE = 30
"""People who are talking at the same time; whoever has finished makes room for somebody new."""
BATCH = 25
TWICE = 0.1
"""Of the messages handed over, those that come again."""
STREET = Capabilities("street", safe_again=True)
WAIT = 60.0
"""Seconds in which a house must show a sign of life."""


class Survey(Module):
    """A dozen questions, then one contribution with all the answers."""

    kind = "survey"

    @classmethod
    def load(cls, settings: Any) -> Self:
        return cls()

    async def converse(self, talk: Talk) -> Ending:
        keys = [f"q{number}" for number in range(1, QUESTIONS + 1)]
        answers = {key: await talk.ask(key, f"{key}?") for key in keys}
        phase = talk.scene.phase
        assert phase is not None
        where = (phase.space_id, phase.id, talk.person.id, talk.scene.conversation)
        given = NewContribution(*where, "response", "response", answers, (), "street", None, talk.now)
        await talk.do("sent", contributions.put, given)
        talk.say("Thank you.")
        return None


# -- the house, in its own process --------------------------------------------------------------------------


@dataclass
class Street:
    """The channel: hands over what it sends through the pipe, and then says that it did."""

    pipe: Connection
    capabilities: Capabilities = STREET

    async def send(self, outgoing: Outgoing) -> str | None:
        lines = [line.text for line in outgoing.message.lines]
        self.pipe.send(("sent", outgoing.key, outgoing.sender, lines))
        await asyncio.sleep(0)
        return outgoing.key

    async def run(self, receive: Receive) -> None:
        """Batches come through the pipe; each is acknowledged once all of it is kept."""
        while True:
            number, batch = await asyncio.to_thread(self.pipe.recv)
            by_person: dict[str, list[Incoming]] = {}
            for message in batch:
                by_person.setdefault(message.sender, []).append(message)
            await asyncio.gather(*(receive(*messages) for messages in by_person.values()))
            self.pipe.send(("kept", number))


def clock() -> datetime:
    """A time at which the town of the tests is open."""
    return NOON + timedelta(seconds=time.time() % 1_000_000)


def live(url: str, phase_id: int, pipe: Connection) -> None:
    """What runs in the process that is killed."""
    asyncio.run(_live(url, phase_id, pipe))


async def _live(url: str, phase_id: int, pipe: Connection) -> None:
    database, street = Database(url), Street(pipe)
    reception = Reception(database, {"street": STREET}, clock)
    reception.around.modules[phase_id, 1] = Survey()
    courier = Courier(database, {"street": street}, clock)
    reception.told = courier.wake
    pipe.send(("open",))
    await asyncio.gather(reception.run(), courier.run(), street.run(reception.receive))


# -- the platform -------------------------------------------------------------------------------------------


@dataclass
class Person:
    """Somebody who scans the code, agrees, and answers every question with words nobody else says."""

    name: str
    said: int = 0

    def script(self) -> list[str | None]:
        return [None, "yes", *(f"{self.name} answers {number}" for number in range(1, QUESTIONS + 1))]

    def next(self) -> Incoming | None:
        """The next message; None when all is said."""
        if self.said == len(self.script()):
            return None
        text = self.script()[self.said]
        self.said += 1
        code = "centre" if text is None else None
        key = f"{self.name}.{self.said}"
        return Incoming("street", "montaubry", self.name, key, clock(), text=text, code=code, language="en")


@dataclass
class Platform:
    """All messages in their order, how many were acknowledged, and all that was sent, by the delivery's key."""

    url: str
    phase_id: int
    chance: random.Random
    people: list[Person] = field(default_factory=list)
    messages: list[Incoming] = field(default_factory=list)
    kept: int = 0
    shown: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    repeated: int = 0
    closing: bool = False

    def _write(self) -> None:
        """Somebody writes; new people come as long as the town is open."""
        talking = [person for person in self.people if person.said < len(person.script())]
        while len(talking) < AT_ONCE and not self.closing:
            talking.append(Person(f"p{len(self.people)}"))
            self.people.append(talking[-1])
        if talking and (message := self.chance.choice(talking).next()) is not None:
            self.messages.append(message)

    def _batch(self) -> list[Incoming]:
        """What stands first and was not acknowledged, with some that come again."""
        while len(self.messages) < self.kept + BATCH and not (self.closing and self._all_said()):
            self._write()
        batch = list(self.messages[self.kept : self.kept + BATCH])
        again = [message for message in self.messages[: self.kept + len(batch)][-400:] if self.chance.random() < 0.0063]
        for message in again:
            first = next((index for index, other in enumerate(batch) if other is message), -1)
            batch.insert(self.chance.randint(first + 1, len(batch)), message)
        self.repeated += len(again)
        return batch

    def _all_said(self) -> bool:
        return all(person.said == len(person.script()) for person in self.people)

    def live(self, seconds: float | None) -> None:
        """One life of the house: killed after so long, or stopped when everything is kept and shown."""
        with self._house() as (pid, pipe):
            assert pipe.poll(WAIT)
            pipe.recv()
            began, handed = time.monotonic(), len(batch := self._batch())
            pipe.send((0, batch))
            while seconds is None or time.monotonic() - began < seconds:
                if not pipe.poll(WAIT if seconds is None else max(0.0, seconds - (time.monotonic() - began))):
                    assert seconds is not None, "the house has stopped answering"
                    break
                if self._hear(pipe.recv()):
                    self.kept = min(self.kept + BATCH, len(self.messages))
                    if (batch := self._batch()) or seconds is not None:
                        handed += len(batch)
                        pipe.send((handed, batch))
                if seconds is None and self.kept == len(self.messages) and self._all_shown():
                    break
            os.kill(pid, signal.SIGKILL)
            self._hear_the_rest(pipe)

    def _hear(self, said: tuple[Any, ...]) -> bool:
        """Note what the house says; True when it acknowledged a batch."""
        if said[0] == "sent":
            _sent, key, sender, lines = said
            assert self.shown.setdefault(key, (sender, lines)) == (sender, lines), "one key, two texts"
        return bool(said[0] == "kept")

    def _hear_the_rest(self, pipe: Connection) -> None:
        """What had left the house before it died was sent, and acknowledged."""
        try:
            while pipe.poll(0.5):
                if self._hear(pipe.recv()):
                    self.kept = min(self.kept + BATCH, len(self.messages))
        except (EOFError, ConnectionResetError):
            return

    def _all_shown(self) -> bool:
        thanked = sum("Thank you." in lines for _sender, lines in self.shown.values())
        return thanked == len(self.people)

    @contextmanager
    def _house(self) -> Iterator[tuple[int, Connection]]:
        """A new process of the house; forked from a server that has loaded the program already."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        ours, theirs = context.Pipe()
        process = context.Process(target=live, args=(self.url, self.phase_id, theirs), daemon=True)
        process.start()
        theirs.close()
        assert process.pid is not None
        try:
            yield process.pid, ours
        finally:
            process.kill()
            process.join()
            ours.close()
