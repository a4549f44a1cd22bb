"""What is paid for: only what we begin ourselves, and never more of it than the ceiling of its broadcast."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot import broadcasting
from bot.channels import Outgoing, TryLater, Uncertain, Unreachable
from bot.courier import Courier
from flows.messages import Line, Message
from flows.rendering import Rates
from storage import broadcasts, models, outbox
from storage.broadcasts import Broadcast, Ref
from storage.models import Delivery, Participant
from tests.bot.test_broadcasts import MONDAY_NOON, now, planned
from tests.bot.town import STREET, Street, Town, town

PEOPLE = [f"p{number}" for number in range(24)]


class Toll(Street):
    """A street whose pace is paid for."""

    def pays(self, account: str) -> bool:
        return True


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url) as found:
        await found.begin(*PEOPLE)
        found.now = MONDAY_NOON
        found.street = Toll(replace(STREET, rates=Rates(overall=30, person=1, group=20, paid=1_000)))
        found.courier = courier(found, "first")
        yield found


def courier(house: Town, name: str) -> Courier:
    return Courier(house.database, {"street": house.street}, lambda: house.now, name, shared=True)


async def with_ceiling(house: Town, most: int | None) -> Broadcast:
    one = await planned(house)
    await raise_to(house, one.ref, most)
    await broadcasting.go_on(house.database, house.courier.channels, house.now)
    return one


async def raise_to(house: Town, ref: Ref, most: int | None) -> None:
    async with house.database.write() as connection:
        await connection.execute(update(models.Broadcast).where(broadcasts.these(ref)).values(ceiling=most))


async def test_at_its_ceiling_a_broadcast_stands_still_and_goes_on_once_that_is_raised(house: Town) -> None:
    one = await with_ceiling(house, 7)
    await house.deliver()
    assert len(house.street.sent) == 7
    assert all(outgoing.paid for outgoing in house.street.sent)
    assert ((await now(house, one)).state, (await now(house, one)).paused_for) == ("paused", "ceiling")
    assert (await now(house, one)).spent == 7
    await raise_to(house, one.ref, 100)
    async with house.database.write() as connection:
        await broadcasts.resume(connection, one.ref)
    for _ in range(2):
        await broadcasting.go_on(house.database, house.courier.channels, house.now)
        await house.deliver()
    assert len(house.street.sent) == len(PEOPLE)
    assert ((await now(house, one)).spent, (await now(house, one)).paused_for) == (len(PEOPLE), None)


async def test_several_couriers_at_once_never_pass_it_whatever_goes_wrong(house: Town) -> None:
    """What was not sent is paid back; what is in doubt may have been."""
    one, chance, arrived = await with_ceiling(house, 9), random.Random(2), 0

    async def rough(outgoing: Outgoing) -> None:
        nonlocal arrived
        await asyncio.sleep(0)
        match chance.randrange(5):
            case 0:
                raise TryLater(timedelta(seconds=1))
            case 1:
                raise Unreachable("blocked")
            case 2:
                arrived += 1
                raise Uncertain
        arrived += 1

    house.street.trouble = rough
    couriers = [courier(house, f"c{number}") for number in range(3)]
    for _ in range(12):
        house.now += timedelta(minutes=1)
        await asyncio.gather(*(each.deliver() for each in couriers))
        await broadcasting.go_on(house.database, house.courier.channels, house.now)
        assert arrived <= 9
    states = await house.rows(Delivery.state, kind="broadcast")
    its = await now(house, one)
    assert arrived == 9, "all that may be paid for is used"
    assert (its.spent, its.paused_for) == (9, "ceiling")
    assert states.count("sent") + states.count("held") == 9


async def test_answers_are_never_paid_for(house: Town) -> None:
    await house.keep(house.incoming("p3", "An answer"))
    await house.deliver()
    assert [outgoing.paid for outgoing in house.street.sent] == [False]


async def test_what_belongs_to_no_broadcast_has_no_ceiling(house: Town) -> None:
    people = await house.rows(Participant.id)
    body = Message((Line("Remember"),)).pack()
    new = [outbox.NewDelivery(house.space_id, person, None, "reminder", body, house.now) for person in people]
    async with house.database.write() as connection:
        await outbox.put(connection, new)
    await house.deliver()
    assert house.street.texts() == ["Remember"] * len(PEOPLE)


async def test_what_has_no_ceiling_is_counted_all_the_same(house: Town) -> None:
    one = await with_ceiling(house, None)
    await house.deliver()
    assert (await now(house, one)).spent == len(PEOPLE) == len(house.street.sent)
