"""Random talks of several residents about ideas, through two Receptions at once, against a plain model."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.reception import Reception
from flows.figures import Filter, PhaseRef
from flows.messages import Incoming, Message
from flows.modules.ideas import Ideas
from storage import consultations
from storage.database import Database
from storage.models import Ballot, Contribution, Participant
from tests.bot.town import STREET, Town, furnish
from tests.tables import a_file, make_tables

PEOPLE = 6
BATCHES = 110

Acting: TypeAlias = Generator[str, Message, None]
"""What somebody types, each answered by the last message they are sent then."""


@dataclass
class Model:
    """What there should be: the ideas with their supporters, and the arguments for each."""

    author: dict[str, str] = field(default_factory=dict)
    support: dict[str, set[str]] = field(default_factory=dict)
    arguments: dict[str, int] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    """What somebody was told is no longer there, maybe before its author was heard to have withdrawn it."""
    open: bool = True
    number: int = 0

    def standing(self) -> dict[str, int]:
        return {text: len(voters) for text, voters in self.support.items() if text not in self.withdrawn}


@dataclass
class Resident:
    """One person, who does one thing after the other."""

    name: str
    model: Model
    chance: random.Random
    acting: Acting | None = None
    told: list[str] = field(default_factory=list)

    def speaks(self, shown: Message | None) -> str:
        if self.acting is not None and shown is not None:
            try:
                return self.acting.send(shown)
            except StopIteration:
                pass
        self.acting = self._next()
        return next(self.acting)

    def _next(self) -> Acting:
        """Few ideas, so that several people meet at each."""
        if len(self.model.standing()) < 4:
            return self.propose() if not self.model.author or self.chance.random() < 0.5 else self.reads()
        return self.withdraw() if self.chance.random() < 0.15 else self.reads()

    def propose(self) -> Acting:
        self.model.number += 1
        text = f"Poser zebre{self.model.number} sur la place"
        yield "code"
        yield "Propose an idea"
        shown = yield text
        if "No, it is different" in labels(shown):
            yield "No, it is different"
        shown = yield "/skip"
        assert not self.model.open or "Send" in labels(shown)
        yield "Send"
        if self.said("It is sent."):
            self.model.author[text], self.model.support[text], self.model.arguments[text] = self.name, set(), 0

    def reads(self) -> Acting:
        """Look for an idea by its word; support it, take that back, or argue."""
        text = self.chance.choice(list(self.model.author))
        yield "code"
        yield "Read the ideas"
        yield "Read in another way"
        yield "Search"
        shown = yield text.split()[1]
        if not any(text in line.text for line in shown.lines):
            self.gone(text)
            yield "I have finished"
            return
        shown = yield "1"
        mine, voters = self.model.author[text] == self.name, self.model.support[text]
        if not self.model.open or "I have finished" not in labels(shown):
            return
        if "Something else" not in labels(shown):
            self.gone(text)
        else:
            wanted = "Take back my support" if self.name in voters else "I support it"
            assert (wanted in labels(shown)) is not mine
        way = self.chance.choice(["I support it", "I support it", "Take back my support", "Read or give arguments"])
        if way == "Read or give arguments":
            yield way
            yield f"Give an argument {self.chance.choice(['for', 'against'])}"
            yield "Because."
            self.model.arguments[text] += self.said("Thank you.")
        elif way in labels(shown):
            yield way
            if self.said("It is done."):
                voters.add(self.name) if way == "I support it" else voters.discard(self.name)
            else:
                self.gone(text)
        yield "I have finished"

    def withdraw(self) -> Acting:
        yield "code"
        shown = yield "What I have given"
        found = [line.text for line in shown.lines if ". Idea: " in line.text]
        if not found:
            if "I have finished" in labels(shown):
                yield "I have finished"
            return
        line = self.chance.choice(found)
        yield line.split(".")[0]
        yield "Withdraw it"
        shown = yield "Yes, withdraw it"
        if self.said("It is withdrawn."):
            self.model.withdrawn.add(line.split("“")[1].split("”")[0])
        if "I have finished" in labels(shown):
            yield "I have finished"

    def gone(self, text: str) -> None:
        if self.model.open:
            self.model.gone.add(text)

    def said(self, words: str) -> bool:
        return any(line.startswith(words) for line in self.told)


def labels(message: Message) -> list[str]:
    return [button.label for button in message.buttons]


@settings(max_examples=1, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_what_residents_were_told_is_what_is_counted(tmp_path: Path, seed: int) -> None:
    with a_file(tmp_path, seed) as url:
        asyncio.run(crowd(url, random.Random(seed)))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
async def test_the_same_on_postgresql(postgres_url: str, seed: int) -> None:
    await crowd(postgres_url, random.Random(seed))


async def crowd(url: str, chance: random.Random) -> None:
    database = Database(url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
        house = await furnish(database, Ideas.load({"area": False}))
        second = Reception(database, house.reception.channels, house.reception.clock)
        second.around.modules.update(house.reception.around.modules)
        await live(house, [house.reception, second], chance)
    finally:
        await database.close()


async def live(house: Town, receptions: list[Reception], chance: random.Random) -> None:
    model = Model()
    names = [f"p{number}" for number in range(PEOPLE)]
    people = {name: Resident(name, model, chance) for name in names}
    await house.begin(*names)
    numbers = dict(zip(await house.rows(Participant.id), names, strict=True))
    closing = chance.randrange(BATCHES * 2)
    shown: dict[str, Message] = {}
    for batch in range(BATCHES):
        if batch == closing:
            await close(house)
            model.open = False
        who = chance.sample(names, chance.randint(1, PEOPLE))
        messages = [incoming(house, name, people[name].speaks(shown.get(name))) for name in who]
        halves = messages[::2], messages[1::2]
        await asyncio.gather(*(one.keep(half) for one, half in zip(receptions, halves, strict=True) if half))
        await hear(house, people, shown, who)
    model.open = False
    for resident in people.values():  # what was told last is taken in
        resident.speaks(shown.get(resident.name))
    assert set(await house.states()) == {"handled"}
    await check(house, model, numbers)


def incoming(house: Town, name: str, said: str) -> Incoming:
    return house.incoming(name, code="centre") if said == "code" else house.incoming(name, said)


async def hear(house: Town, people: dict[str, Resident], shown: dict[str, Message], who: list[str]) -> None:
    house.street.sent.clear()
    house.later(seconds=1)
    await house.deliver()
    for name in who:
        messages = [item.message for item in house.street.sent if item.sender == name]
        people[name].told = [line.text for message in messages for line in message.lines]
        shown[name] = messages[-1]


async def close(house: Town) -> None:
    async with house.database.write() as connection:
        found = await consultations.find(connection, house.space_id, house.consultation_id)
        assert found is not None
        await consultations.close_now(connection, found, house.now)


async def check(house: Town, model: Model, numbers: dict[int, str]) -> None:
    """The figures, the ballots and the export say what the model says."""
    module = Ideas.load({"area": False})
    phase = PhaseRef(house.space_id, house.phase_id)
    async with house.database.read() as connection:
        figures = await module.results(connection, phase, Filter())
        table = [row async for row in module.table(connection, phase, "en")]
    assert model.gone <= model.withdrawn
    standing = model.standing()
    authors = {author for text, author in model.author.items() if text in standing}
    assert figures.people == sum(people for _channel, people in figures.by_channel) == len(authors)
    support = figures.figures[1]
    assert support.people == len({voter for text in standing for voter in model.support[text]})
    assert sorted(row.people for row in support.rows) == sorted(standing.values())[-20:]
    place = table[0].index("Support")
    assert {row[place - 4]: row[place] for row in table[1:]} == standing
    arguments = {row[place - 4]: int(row[place + 1] or 0) + int(row[place + 2] or 0) for row in table[1:]}
    assert arguments == {text: model.arguments[text] for text in standing}
    ids = {str(id_): text for id_, text in await house.rows(Contribution.id, Contribution.text, kind="idea")}
    cast = [(ids[about], numbers[int(voter)]) for about, voter in await house.rows(Ballot.subject, Ballot.voter)]
    assert sorted(cast) == sorted((text, name) for text, voters in model.support.items() for name in voters)
    assert STREET.name in dict(figures.by_channel) or not authors
