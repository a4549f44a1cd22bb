"""Random broadcasts to people who stop, block, answer and have themselves erased meanwhile, by houses that are killed:
against a plain model, the numbers add up at every moment, and nobody gets anything twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Part
from hypothesis import strategies as st
from sqlalchemy import select

from bot import broadcasting
from bot.channels import Outgoing, TryLater, Uncertain, Unreachable
from bot.courier import Courier
from storage import broadcast_figures, broadcast_rows, broadcasts, erasure
from storage.broadcasts import Broadcast, Content, NotNow
from storage.database import Database
from storage.models import Address
from tests.bot.test_broadcasts import MONDAY_NOON, now
from tests.bot.town import Town, furnish, one_question
from tests.flows.harness import Flow
from tests.tables import a_file, make_tables

PEOPLE = tuple(f"p{number}" for number in range(7))
STEPS = 24


@dataclass
class World:
    """What the people and the platform know. `certain` and `unsure` count what arrived, by (broadcast's text, person):
    of the latter the house was not told."""

    house: Town
    chance: random.Random
    ids: dict[str, int]
    made: dict[str, Broadcast] = field(default_factory=dict)
    shut: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    certain: Counter[tuple[str, str]] = field(default_factory=Counter)
    unsure: Counter[tuple[str, str]] = field(default_factory=Counter)
    called_off: set[str] = field(default_factory=set)
    calm: bool = False

    async def platform(self, outgoing: Outgoing) -> None:
        """Now and then it is in a hurry, or says nothing; who has shut it out gets nothing."""
        text = outgoing.message.lines[0].text
        if outgoing.sender in self.shut:
            raise Unreachable("blocked")
        if text not in self.made:
            return
        fate = 1.0 if self.calm else self.chance.random()
        if fate < 0.15:
            raise TryLater(timedelta())
        if fate < 0.3:
            self.unsure[text, outgoing.sender] += 1
            raise Uncertain
        self.certain[text, outgoing.sender] += 1

    # -- what happens ----------------------------------------------------------------------------------------------

    async def begins(self) -> None:
        if len(self.made) < 3:
            text = f"Number {len(self.made)}"
            async with self.house.database.write() as connection:
                content = Content({"en": text}, self.house.phase_id)
                one = await broadcasts.write(connection, self.house.space_id, content, None, self.house.now)
                await broadcasts.plan(connection, one.ref, None, "Europe/Paris", self.house.now)
            self.made[text] = one

    async def goes_on(self) -> None:
        await broadcasting.go_on(self.house.database, self.house.courier.channels, self.house.now)

    async def queues_a_little(self) -> None:
        for one in self.made.values():
            async with self.house.database.write() as connection:
                await broadcasts.begin(connection, [one.ref], self.house.now)
                await broadcast_rows.queue(connection, one, self.house.now, most=2)

    async def delivers(self) -> None:
        await self.house.courier.deliver()

    async def dies(self) -> None:
        """With what it has claimed; another house starts."""
        old = self.house.courier
        await old._write(claim=True)
        self.house.courier = Courier(self.house.database, old.channels, old.clock, old.name)
        await self.house.courier.recover(own=True)

    async def organiser(self) -> None:
        """Presses any button; perhaps it is too late for it."""
        if not self.made:
            return
        text, one = self.chance.choice(list(self.made.items()))
        verb = self.chance.choice(("pause", "resume", "cancel", "resume", "resume"))
        try:
            async with self.house.database.write() as connection:
                if verb == "cancel":
                    await broadcasts.cancel(connection, one.ref, self.house.now)
                    self.called_off.add(text)
                elif verb == "pause":
                    await broadcasts.pause(connection, one.ref)
                else:
                    await broadcasts.resume(connection, one.ref)
        except NotNow:
            return

    async def stops(self) -> None:
        await self.house.keep(self.house.incoming(self.someone(), "stop"))

    async def answers(self) -> None:
        await self.house.keep(self.house.incoming(self.someone(), "blue"))

    async def blocks(self) -> None:
        self.shut.add(self.someone())

    async def is_erased(self) -> None:
        name = self.someone()
        if len(self.erased) < 2 and name not in self.erased:
            async with self.house.database.write() as connection:
                at = self.house.now.isoformat()
                await erasure.erase(connection, [(self.house.space_id, self.ids[name], at)])
            self.erased.add(name)

    async def presses(self) -> None:
        sent = [one for one in self.house.street.sent if one.message.buttons]
        if sent:
            pressed = self.chance.choice(sent)
            await self.house.keep(self.house.incoming(pressed.sender, tap=pressed.message.buttons[0].data))

    def someone(self) -> str:
        return self.chance.choice([name for name in PEOPLE if name not in self.erased])

    # -- what must be true -----------------------------------------------------------------------------------------

    async def check(self) -> None:
        assert all(count == 1 for count in (self.certain + self.unsure).values()), "somebody got it twice"
        async with self.house.database.read() as connection:
            for text, made in self.made.items():
                one = await broadcasts.find(connection, made.ref)
                assert one is not None
                figures = await broadcast_figures.figures(connection, one)
                assert sum(figures.parts) == figures.recipients == one.queued
                assert min(figures.parts) >= 0
                assert figures.sent == sum(self.reached(text)), text
                assert figures.took_part <= figures.clicked <= figures.recipients

    def reached(self, text: str) -> list[int]:
        """Everybody who got it for sure and is still known."""
        return [1 for name in PEOPLE if self.certain[text, name] and name not in self.erased]

    async def ends(self) -> None:
        """All that can still happen does: whoever is left has it, or a reason not to."""
        for one in self.made.values():
            found = await now(self.house, one)
            if found.state == "paused":
                async with self.house.database.write() as connection:
                    await broadcasts.resume(connection, one.ref)
        self.calm = True
        for _ in range(4):
            self.house.later(minutes=10)
            await self.goes_on()
            await self.house.deliver()
        for text, one in self.made.items():
            found = await now(self.house, one)
            assert found.state == ("cancelled" if text in self.called_off else "sent")
            async with self.house.database.read() as connection:
                figures = await broadcast_figures.figures(connection, found)
            assert figures.waiting == 0
            if text not in self.called_off:
                left_out = sum(found.left_out.values())
                assert figures.recipients + left_out >= len(PEOPLE) - len(self.erased)


ACTS = (
    ("begins", 3), ("goes_on", 4), ("queues_a_little", 3), ("delivers", 5), ("dies", 2), ("organiser", 3), ("stops", 1),
    ("answers", 2), ("blocks", 1), ("is_erased", 1), ("presses", 2),
)  # fmt: skip


@asynccontextmanager
async def world(url: str, chance: random.Random) -> AsyncIterator[World]:
    database = Database(url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
        house = await furnish(database, Flow(one_question, False))
        await house.begin(*PEOPLE)
        house.now = MONDAY_NOON
        async with database.write() as connection:
            rows = await connection.execute(select(Address.sender, Address.participant_id))
            ids = {row.sender: row.participant_id for row in rows}
        found = World(house, chance, ids)
        house.street.trouble = found.platform
        yield found
    finally:
        await database.close()


async def live(url: str, chance: random.Random) -> None:
    async with world(url, chance) as found:
        names, weights = zip(*ACTS, strict=True)
        for act in ["begins", *chance.choices(names, weights, k=STEPS)]:
            await getattr(found, act)()
            found.house.later(minutes=1)
            await found.check()
        await found.ends()
        await found.check()


@settings(
    max_examples=8,
    phases=[Part.explicit, Part.reuse, Part.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_the_numbers_of_a_broadcast_add_up_whatever_happens(tmp_path: Path, seed: int) -> None:
    with a_file(tmp_path, seed) as url:
        asyncio.run(live(url, random.Random(seed)))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
async def test_the_same_often_and_on_both_databases(database_url: str, seed: int) -> None:
    await live(database_url, random.Random(seed))
