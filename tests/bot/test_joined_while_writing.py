"""Two participants are made one while both of them write; on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.reception import Reception
from flows.messages import Line, Message
from storage import addresses, joining, linking, outbox, returning
from storage.addresses import Unlinking
from storage.joining import Joined
from storage.linking import NewLink, Typed
from storage.models import Address, Conversation, Delivery, Heard, Participant
from storage.outbox import NewDelivery
from storage.participants import AddressKey, Moved
from tests.bot.town import Town, answers, town
from tests.postgres import Cluster


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url) as found:
        yield found


async def behind(connection: AsyncConnection, sender: str) -> tuple[int, int]:
    """The participant and the address of who writes there."""
    row = await connection.execute(select(Address.participant_id, Address.id).where(Address.sender == sender))
    return tuple(row.one())  # type: ignore[return-value]


async def asked(house: Town, shown: str, typed: str) -> int:
    """The join of these two."""
    async with house.database.write() as connection:
        (into, _), (gone, _) = await behind(connection, shown), await behind(connection, typed)
        at = house.now.isoformat()
        [code] = await linking.issue(connection, [NewLink(house.space_id, into, at)])
        [found] = await linking.redeem(connection, [Typed(house.space_id, gone, str(code), at)])
    assert not isinstance(found, Exception)
    return found["join"]


async def join(house: Town, id_: int) -> Any:
    """In a transaction of its own, begun again when somebody else was quicker, as the job does it."""
    while True:
        try:
            async with house.database.write() as connection:
                return await joining.join(connection, house.space_id, id_, house.now)
        except (Moved, IntegrityError):
            await asyncio.sleep(0)


async def test_a_talk_begun_at_one_door_is_finished_at_the_other(house: Town) -> None:
    await house.begin("ada", "bob")
    await house.hears("ada", "benches")
    await house.hears("ada", "trees")
    await house.hears("bob", "nothing")
    await join(house, await asked(house, "ada", "bob"))
    assert await house.hears("bob", "lamps") == ["Noted: lamps.", "Question 4?"]
    assert await house.hears("ada", "grass") == ["Noted: grass.", "Question 5?"]
    assert await answers(house) == [["benches", "trees", "lamps", "grass"]]


async def test_what_is_heard_while_two_are_made_one_is_that_persons(house: Town) -> None:
    await house.begin("ada", "bob")
    await house.hears("ada", "benches")
    id_ = await asked(house, "ada", "bob")
    async with house.database.write() as connection:
        assert isinstance(await joining.join(connection, house.space_id, id_, house.now), Joined)
        heard = asyncio.create_task(house.keep(house.incoming("bob", "lamps"), house.incoming("ada", "grass")))
        assert not (await asyncio.wait([heard], timeout=0.1))[0]
    await heard
    assert sorted((await answers(house))[0]) == ["benches", "grass", "lamps"]
    assert await house.count(Participant) == 1


async def test_what_is_heard_while_its_door_is_taken_away_is_a_strangers(house: Town) -> None:
    await house.begin("ada", "bob")
    await house.hears("ada", "benches")
    await join(house, await asked(house, "ada", "bob"))
    async with house.database.write() as connection:
        (ada, here), (_, there) = await behind(connection, "ada"), await behind(connection, "bob")
        person = select(Participant.id).where(Participant.id == ada)
        await connection.execute(person.with_for_update(key_share=True))  # as in a turn of theirs
        assert await addresses.unlink(connection, [Unlinking(house.space_id, ada, there, here)]) == [True]
        heard = asyncio.create_task(house.keep(house.incoming("bob", "lamps")))
        assert not (await asyncio.wait([heard], timeout=0.1))[0]
    await heard
    async with house.database.read() as connection:
        assert (await behind(connection, "bob"))[0] != ada
    assert await answers(house) == [["benches"]]


async def test_nothing_of_a_person_leaves_by_a_door_that_became_somebody_elses(house: Town) -> None:
    await house.begin("ada", "bob")
    async with house.database.write() as connection:
        (ada, _), (bob, _) = await behind(connection, "ada"), await behind(connection, "bob")
        key = AddressKey("street", "montaubry", "bob")
        await returning.attach(connection, house.space_id, ada, key, house.now)
        for who, body in ((bob, "of bob"), (ada, "of ada")):
            packed = Message((Line(body),)).pack()
            await outbox.put(connection, [NewDelivery(house.space_id, who, None, "reminder", packed, house.now)])
    await house.deliver()
    assert house.street.texts() == ["of ada"]


WRITERS = st.lists(st.sampled_from(("p0", "p1", "p2", "p3")), min_size=4, max_size=24)


async def while_all_write(url: str, batches: list[list[str]]) -> None:
    """Four are made one in three joins, while each of these batches is received by a process of its own."""
    async with town(url) as house:
        people = ["p0", "p1", "p2", "p3"]
        await house.begin(*people)
        joins = [await asked(house, one, other) for one, other in pairwise(people)]
        before = await house.count(Heard)
        messages = [[house.incoming(sender, "lamps") for sender in batch] for batch in batches]
        others = [Reception(house.database, house.reception.channels, house.reception.clock) for _ in messages]
        for other in others:
            other.around = house.reception.around
        await asyncio.gather(
            *(other.keep(batch) for other, batch in zip(others, messages, strict=True)),
            *(join(house, id_) for id_ in joins),
        )
        assert await house.count(Participant) == await house.count(Conversation) == 1
        assert await house.count(Heard) == before + sum(map(len, batches))
        assert set(await house.states()) == {"handled"}
        [one] = await house.rows(Participant.id)
        assert set(await house.rows(Heard.participant_id)) == set(await house.rows(Delivery.participant_id)) == {one}


@pytest.mark.long
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WRITERS, min_size=2, max_size=5))
def test_whatever_four_people_write_while_they_are_made_one_is_heard_once(
    postgres_cluster: Cluster, batches: list[list[str]]
) -> None:
    name = postgres_cluster.create()
    try:
        asyncio.run(while_all_write(postgres_cluster.url(name), batches))
    finally:
        postgres_cluster.drop(name)
