"""The same random talks through the real Reception on a real file: many people in random batches, and restarts."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.reception import Reception
from flows.messages import Incoming
from storage.conversations import load
from storage.models import Contribution, Conversation, Delivery, Heard
from tests.bot.town import Town, town
from tests.flows.residents import Resident, everything
from tests.flows.test_random_talks import agrees
from tests.tables import a_file

PEOPLE = 12
BATCHES = 25


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_many_people_in_random_batches_are_each_understood(tmp_path: Path, seed: int) -> None:
    with a_file(tmp_path, seed) as url:
        asyncio.run(crowd(url, random.Random(seed)))


@pytest.mark.long
async def test_the_same_on_postgresql(postgres_url: str) -> None:
    await crowd(postgres_url, random.Random(7))


async def crowd(url: str, chance: random.Random) -> None:
    async with town(url, everything) as house:
        names = [f"p{number}" for number in range(PEOPLE)]
        people = {name: Resident(chance) for name in names}
        await house.keep(*(house.incoming(name, code="centre") for name in names))
        await house.keep(*(house.incoming(name, "yes") for name in names))
        talks = await conversations(house, names)
        kept: list[Incoming] = []
        for _batch in range(BATCHES):
            await deliver(house, people, talks)
            batch = [message for name in chance.sample(names, chance.randint(1, PEOPLE))
                     for message in says(house, name, people[name], chance)]  # fmt: skip
            await house.keep(*with_repeats(batch, kept, chance))
            kept += batch
            if chance.random() < 0.2:
                restart(house)
            await check(house, people, talks)
        assert await house.count(Heard) == 2 * PEOPLE + len(kept)
        assert set(await house.states()) == {"handled"}
        assert await house.count(Contribution) == 0
        assert set(await house.rows(Delivery.state)) <= {"sent", "waiting"}


def says(house: Town, name: str, resident: Resident, chance: random.Random) -> list[Incoming]:
    """One message, often two at once; nothing once the talk is over."""
    waits = (resident.model.waiting is not None for _message in range(chance.choice((1, 1, 2))))
    return [house.incoming(name, **resident.speaks()) for waiting in waits if waiting]


def with_repeats(batch: list[Incoming], kept: list[Incoming], chance: random.Random) -> list[Incoming]:
    """The batch as a platform may hand it over: older messages again anywhere, its own again behind themselves."""
    again = [message for message in kept[-40:] if chance.random() < 0.05]
    return [*again, *batch, *(message for message in batch if chance.random() < 0.1)]


async def conversations(house: Town, names: list[str]) -> dict[str, int]:
    """Everybody's conversation: they began in the order of their names."""
    return dict(zip(names, await house.rows(Conversation.id, phase_id=house.phase_id), strict=True))


async def deliver(house: Town, people: dict[str, Resident], talks: dict[str, int]) -> None:
    house.street.sent.clear()
    await house.deliver()
    for outgoing in house.street.sent:
        people[outgoing.sender].sees([outgoing.message], talks[outgoing.sender])


def restart(house: Town) -> None:
    """Nothing but the database is remembered."""
    modules = house.reception.around.modules
    house.reception = Reception(house.database, house.reception.channels, house.reception.clock)
    house.reception.around.modules.update(modules)


async def check(house: Town, people: dict[str, Resident], talks: dict[str, int]) -> None:
    async with house.database.read() as connection:
        records = await load(connection, [(house.space_id, talk) for talk in talks.values()])
    for name, resident in people.items():
        record = records[talks[name]]
        if resident.model.waiting is None:
            assert record.state == "ended"
        else:
            assert agrees(record, resident.model)
