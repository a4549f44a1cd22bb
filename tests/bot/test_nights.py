"""What was kept long enough is forgotten at night where a town is, once, whoever ticks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from bot.jobs import forget_history
from storage import retention
from storage.database import Database
from storage.models import Space
from tests.bot.town import Town, town

MONTH = timedelta(days=30)
FIRST = datetime(2027, 3, 8, 12, tzinfo=UTC)


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    """It was done last night."""
    async with town(database_url) as found:
        found.now = FIRST
        await forget_history(found.database, MONTH, found.now)
        yield found


@pytest.fixture
def done(house: Town, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """When it was done."""
    times: list[datetime] = []

    async def forget(_connection: object, *, texts_before: datetime, now: datetime) -> None:
        times.append(now)

    monkeypatch.setattr(retention, "forget", forget)
    return times


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Miquelon"])
async def test_once_a_night_between_two_and_five_also_where_the_clocks_change(
    house: Town, done: list[datetime], zone: str
) -> None:
    async with house.database.write() as connection:
        await connection.execute(update(Space).values(zone=zone))
    for _hour in range(30 * 24):
        house.later(hours=1)
        await forget_history(house.database, MONTH, house.now)
    there = [at.astimezone(ZoneInfo(zone)) for at in done]
    assert {at.hour for at in there} <= {2, 3}
    assert [at.date() for at in there] == [there[0].date() + timedelta(days=day) for day in range(30)]


async def test_several_who_tick_at_once_do_it_once(house: Town, done: list[datetime], database_url: str) -> None:
    others = [Database(database_url) for _ in range(4)]
    house.now = datetime(2027, 3, 9, 2, tzinfo=UTC)
    try:
        await asyncio.gather(*(forget_history(other, MONTH, house.now) for other in others))
    finally:
        for other in others:
            await other.close()
    assert done == [house.now]


async def test_one_that_fails_is_done_again(house: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_given: object, **_named: object) -> None:
        raise RuntimeError("the disk is full")

    house.now = datetime(2027, 3, 9, 2, tzinfo=UTC)
    with monkeypatch.context() as patch:
        patch.setattr(retention, "forget", fails)
        with pytest.raises(RuntimeError):
            await forget_history(house.database, MONTH, house.now)
    async with house.database.read() as connection:
        assert await retention.night(connection, house.now) is not None


async def test_a_machine_that_is_off_at_night_does_it_by_day_every_few_days(house: Town, done: list[datetime]) -> None:
    for _day in range(9):
        house.later(days=1)
        await forget_history(house.database, MONTH, house.now)
    assert [at.day for at in done] == [11, 14, 17]
