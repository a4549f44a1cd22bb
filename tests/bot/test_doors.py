"""By which door what is written to somebody arrives: a person's doors come and go, against a plain model."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from bot.channels import Outgoing, Receive, Unreachable
from bot.courier import Courier
from bot.jobs import move_on
from flows.messages import Line, Message
from flows.rendering import Capabilities
from storage import addresses, outbox, participants
from storage.addresses import Choosing
from storage.database import Database
from storage.models import Address, Delivery, Participant
from storage.outbox import LaneKey, Mover, NewDelivery
from storage.participants import AddressKey
from storage.types import new_id
from tests.bot.town import NOON
from tests.tables import make_tables

SPACE = 7
ACCOUNT = "montaubry"
BELL, RING = Capabilities("bell"), Capabilities("ring")
PAGE = Capabilities("page", reach="This page cannot write to you when it is closed.")
MUTE = Capabilities("mute", writes_first=False)
ON = {one.name: one for one in (BELL, RING, PAGE, MUTE)}
CHANNELS = (*ON, "off")


@dataclass
class Platform:
    """A channel whose doors may be shut."""

    capabilities: Capabilities
    shut: set[str]
    sent: list[tuple[str, str]]

    async def send(self, outgoing: Outgoing) -> str | None:
        if outgoing.sender in self.shut:
            raise Unreachable("blocked")
        self.sent.append((outgoing.sender, outgoing.message.lines[0].text))
        return outgoing.key

    async def run(self, receive: Receive) -> None:
        raise NotImplementedError


@dataclass
class Door:
    """As the model sees it: `shut` by its person, and whether we `know`."""

    sender: str
    channel: str
    address_id: int
    heard: int
    shut: bool = False
    known: bool = False


@dataclass
class Person:
    """The model: what waits, what arrived where, what nobody could deliver."""

    id: int
    doors: list[Door]
    last: Door
    chosen: Door | None = None
    waiting: list[tuple[str, str]] = field(default_factory=list)
    arrived: list[tuple[str, str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def order(self, kind: str) -> list[Door]:
        """The doors for what is of this kind, the best first; none that is known to be shut."""
        bulk = kind == "broadcast"

        def key(door: Door) -> tuple[int, bool, int]:
            if door.channel == "off":
                return 4, False, -door.heard
            if bulk and door.channel == "mute":
                return 3, False, -door.heard
            if bulk and door is self.chosen:
                return 0, False, 0
            return (2 if bulk and door.channel == "page" else 1), not bulk and door is not self.last, -door.heard

        return sorted((door for door in self.doors if not door.known), key=key)

    def delivered(self) -> None:
        """All that can leave has left: answers first, each kind in its order."""
        for kind, text in sorted(self.waiting, key=lambda one: one[0] == "broadcast"):
            while True:
                open_ = self.order(kind)
                if not open_:
                    self.failed.append(text)
                elif open_[0].channel == "off":
                    break  # it waits for that one
                elif open_[0].shut:
                    open_[0].known = True
                    continue
                else:
                    self.arrived.append((open_[0].sender, text))
                self.waiting.remove((kind, text))
                break


class Town:
    """The database and the courier, beside the model of one person at a time."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.shut: set[str] = set()
        self.sent: list[tuple[str, str]] = []
        self.now: datetime = NOON
        channels = {name: Platform(one, self.shut, self.sent) for name, one in ON.items()}
        self.courier = Courier(database, channels, lambda: self.now)
        self.moments = itertools.count(1)

    async def comes(self, channels: list[str]) -> Person:
        """Somebody with a door by each of these channels, heard at one after the other."""
        id_ = new_id()
        doors = [Door(f"{id_}.{at}", name, new_id(), next(self.moments)) for at, name in enumerate(channels)]
        known = {"space_id": SPACE, "created_at": NOON}
        async with self.database.write() as connection:
            person = {**known, "id": id_, "language": "en", "groups": [], "address_id": doors[-1].address_id}
            await connection.execute(insert(Participant).values(**person, channel=channels[0]))
            for door in doors:
                row = {**known, "id": door.address_id, "participant_id": id_, "channel": door.channel}
                await connection.execute(insert(Address).values(**row, account=ACCOUNT, sender=door.sender))
                await participants.arrive(connection, [(SPACE, door.address_id)], self.tick())
        return Person(id_, doors, doors[-1])

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    async def hears(self, person: Person, door: Door) -> None:
        """As reception does it (bot/batch.py)."""
        door.shut = door.known = False
        self.shut.discard(door.sender)
        moved = door is not person.last
        door.heard, person.last = next(self.moments), door
        async with self.database.write() as connection:
            await participants.find(connection, [AddressKey(door.channel, ACCOUNT, door.sender)])
            if moved:
                this = update(Participant).where(Participant.space_id == SPACE, Participant.id == person.id)
                await connection.execute(this.values(address_id=door.address_id))
                await participants.arrive(connection, [(SPACE, door.address_id)], self.tick())
                await outbox.follow(connection, [Mover(SPACE, person.id, LaneKey(door.channel, ACCOUNT))])

    async def chooses(self, person: Person, door: Door | None) -> None:
        person.chosen = door
        wanted = Choosing(SPACE, person.id, door.address_id if door is not None else None)
        async with self.database.write() as connection:
            assert await addresses.choose(connection, [wanted]) == [True]

    async def puts(self, person: Person, kind: str) -> None:
        text = f"{kind} {next(self.moments)}"
        person.waiting.append((kind, text))
        body = Message((Line(text),)).pack()
        async with self.database.write() as connection:
            await outbox.put(connection, [NewDelivery(SPACE, person.id, None, kind, body, self.tick())])

    async def delivers(self, person: Person) -> None:
        """All that can leave does; what waits for a channel that is off moves on after a while."""
        self.now += timedelta(minutes=2)
        await move_on(self.database, self.courier.channels, self.now)
        while await self.courier.deliver():
            pass
        person.delivered()

    async def check(self, person: Person) -> None:
        mine = [(sender, text) for sender, text in self.sent if sender.startswith(f"{person.id}.")]
        for answers in (True, False):
            wanted = [one for one in person.arrived if one[1].startswith("reply") == answers]
            assert [one for one in mine if one[1].startswith("reply") == answers] == wanted
        async with self.database.read() as connection:
            of = Delivery.participant_id == person.id
            states = list(await connection.scalars(select(Delivery.state).where(of)))
        counted = {"sent": len(person.arrived), "failed": len(person.failed), "waiting": len(person.waiting)}
        assert {state: states.count(state) for state in counted} == counted
        assert len(states) == sum(counted.values())


steps = st.lists(
    st.tuples(st.sampled_from(["hear", "shut", "choose", "reply", "broadcast", "deliver"]), st.integers(0, 3))
)


async def live(town: Town, channels: list[str], days: list[tuple[str, int]]) -> None:
    person = await town.comes(channels)
    for what, which in [*days, ("deliver", 0)]:
        door = person.doors[which % len(channels)]
        match what:
            case "hear":
                await town.hears(person, door)
            case "shut":
                door.shut = True
                town.shut.add(door.sender)
            case "choose":
                await town.chooses(person, door if which else None)
            case "deliver":
                await town.delivers(person)
                await town.check(person)
            case kind:
                await town.puts(person, kind)


def test_what_is_written_arrives_once_and_in_order_by_the_door_that_suits(database_url: str) -> None:
    with asyncio.Runner() as runner:
        database = Database(database_url)

        async def tables() -> None:
            async with database.write() as connection:
                await make_tables(connection)

        runner.run(tables())
        town = Town(database)

        @example(["bell", "mute"], [("choose", 1), ("broadcast", 0)])
        @example(["bell", "page"], [("reply", 0), ("broadcast", 0)])
        @example(["bell", "ring"], [("hear", 0), ("choose", 1), ("broadcast", 0), ("reply", 0)])
        @example(["bell", "ring", "page"], [("shut", 1), ("shut", 2), ("shut", 0), ("reply", 0), ("broadcast", 0)])
        @example(["bell", "off"], [("reply", 0), ("shut", 0), ("broadcast", 0), ("deliver", 0), ("hear", 0)])
        @settings(max_examples=60, deadline=None)
        @given(st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=4), steps)
        def whatever_happens(channels: list[str], days: list[tuple[str, int]]) -> None:
            runner.run(live(town, channels, days))

        try:
            whatever_happens()
        finally:
            runner.run(database.close())


async def test_a_notice_goes_to_its_own_door_alone_and_holds_nothing_up(database_url: str) -> None:
    database = Database(database_url)
    async with database.write() as connection:
        await make_tables(connection)
    town = Town(database)
    person = await town.comes(["off", "page", "bell"])
    away, page, bell = person.doors
    body = Message((Line("Linked."),)).pack()
    async with database.write() as connection:
        for door in (away, page):
            lane = LaneKey(door.channel, ACCOUNT)
            new = NewDelivery(SPACE, person.id, None, "notice", body, town.tick(), lane, address_id=door.address_id)
            await outbox.put(connection, [new])
    await town.puts(person, "reply")
    await town.delivers(person)
    assert sorted(town.sent) == sorted([(page.sender, "Linked."), (bell.sender, person.arrived[0][1])])
    await town.hears(person, bell)
    await town.delivers(person)
    async with database.read() as connection:
        waits = await connection.execute(select(Delivery.kind, Delivery.lane).where(Delivery.state == "waiting"))
        assert [tuple(row) for row in waits] == [("notice", f"off:{ACCOUNT}")]
    await database.close()
