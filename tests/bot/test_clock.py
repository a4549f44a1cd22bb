"""The clock: what turns by itself, and reminders at their wall time, each exactly once whoever ticks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from bot.jobs import Jobs, all_jobs
from storage import consultations, turning
from storage.database import Database
from storage.hours import USUAL
from storage.models import Consultation, Delivery, Entry, Phase, Space
from storage.reminders import a_day_after
from tests.bot.town import Town, one_question, town
from tests.flows.harness import Flow

MONTH = timedelta(days=30)


@pytest.fixture(autouse=True, scope="module")
def _in_the_catalog() -> Iterator[None]:
    """The module of the town is the test's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.module.load", lambda _kind, _settings: Flow(one_question))
        yield


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url) as found:
        yield found


def jobs(house: Town, database: Database | None = None) -> Jobs:
    return Jobs(all_jobs(database or house.database, house.reception, house.courier, MONTH), lambda: house.now)


async def journal(house: Town) -> list[str]:
    return await house.rows(Entry.action)


async def date(house: Town, **dates: datetime) -> None:
    async with house.database.write() as connection:
        await connection.execute(update(Phase).values(**dates))
        await connection.execute(update(Consultation).values(opens_at=None, closes_at=None))


async def test_a_phase_opens_and_closes_on_its_dates_and_the_journal_says_so_once(house: Town) -> None:
    await date(house, opens_at=house.now + timedelta(hours=1), closes_at=house.now + timedelta(days=2))
    async with house.database.write() as connection:
        await connection.execute(update(Phase).values(seen=""))
    for hours in (0, 1, 1, 40, 10, 10):
        house.later(hours=hours)
        await jobs(house).tick(house.now)
    assert await journal(house) == ["turned_open", "turned_over"]


async def test_what_an_organiser_opens_or_closes_did_not_turn_by_itself(house: Town) -> None:
    async with house.database.write() as connection:
        [found] = [await consultations.find(connection, house.space_id, house.consultation_id)]
        assert found is not None
        await consultations.close_now(connection, found, house.now)
    await jobs(house).tick(house.now)
    assert await journal(house) == []


async def test_several_who_tick_at_once_notice_a_change_once(house: Town, database_url: str) -> None:
    await date(house, closes_at=house.now + timedelta(hours=1))
    house.later(hours=2)
    others = [Database(database_url) for _ in range(4)]
    try:
        for other in others:
            async with other.read() as connection:
                assert [turn.to for turn in await turning.turned(connection, house.now)] == ["over"]
        await asyncio.gather(*(jobs(house, other).tick(house.now) for other in others))
    finally:
        for other in others:
            await other.close()
    assert await journal(house) == ["turned_over"]


# -- reminders at their wall time ----------------------------------------------------------------------------------

CHANGES = (
    ("Europe/Paris", datetime(2027, 3, 27, tzinfo=UTC)),
    ("Europe/Paris", datetime(2027, 10, 30, tzinfo=UTC)),
    ("America/Miquelon", datetime(2027, 3, 13, tzinfo=UTC)),
    ("America/Miquelon", datetime(2027, 11, 6, tzinfo=UTC)),
)
"""The days around both changes of the clocks, in both zones."""


@pytest.mark.parametrize(("zone", "begins"), CHANGES, ids=lambda one: str(one)[:16])
def test_every_minute_around_a_change_of_clocks_leads_to_its_own_minute_of_the_next_day(
    zone: str, begins: datetime
) -> None:
    place = ZoneInfo(zone)
    for minute in range(3 * 24 * 60):
        heard = begins + timedelta(minutes=minute)
        wall, then = heard.astimezone(place), a_day_after(heard, zone).astimezone(place)
        expected = wall.replace(tzinfo=None) + timedelta(days=1)
        exists = expected.replace(tzinfo=place).astimezone(UTC).astimezone(place).replace(tzinfo=None) == expected
        if exists:
            assert then.replace(tzinfo=None) == expected
        else:  # a time that is skipped: the first instant after it
            assert then.replace(tzinfo=None) > expected
            before = (then.astimezone(UTC) - timedelta(minutes=1)).astimezone(place)
            assert before.replace(tzinfo=None) < expected


async def stop_in_the_middle(house: Town, who: str, at: datetime) -> None:
    house.now = at
    await house.begin(who)
    await house.hears(who, "answer one")


async def reminders(house: Town) -> list[tuple[str, datetime | None]]:
    async with house.database.read() as connection:
        rows = await connection.execute(
            select(Delivery.state, Delivery.sent_at).where(Delivery.cause.like("stopped:%")).order_by(Delivery.id)
        )
        return [(state, at) for state, at in rows]


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
async def test_a_clock_that_jumps_a_day_makes_a_reminder_late_or_early_by_that_and_never_double(
    house: Town, jump: timedelta
) -> None:
    await stop_in_the_middle(house, "ada", datetime(2027, 3, 9, 10, 0, tzinfo=UTC))  # a Tuesday
    for step in range(4 * 24):
        house.later(hours=1)
        if step == 10:
            house.now += jump
        await jobs(house).tick(house.now)
        await house.deliver()
    assert [state for state, _ in await reminders(house)] == ["sent"]


@pytest.mark.long
@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Miquelon"])
@settings(max_examples=4, deadline=None)
@given(stopped=st.integers(0, 4 * 24 * 4))
async def test_one_reminder_leaves_at_its_wall_time_within_the_hours_around_a_change_of_clocks(
    tmp_path_factory: pytest.TempPathFactory, zone: str, stopped: int
) -> None:
    """Ticked each quarter of an hour from Thursday on, over the Sunday on which the clocks change."""
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('clock')}/house.db"
    async with town(url) as house:
        async with house.database.write() as connection:
            await connection.execute(update(Space).values(zone=zone))
        thursday = datetime(2027, 3, 25, 10, 0, tzinfo=UTC)
        heard = thursday + timedelta(minutes=15 * stopped)
        await stop_in_the_middle(house, "ada", heard)
        expected = USUAL.opens(zone, a_day_after(heard, zone))
        while house.now < expected + timedelta(hours=3):
            house.later(minutes=15)
            await jobs(house).tick(house.now)
            await house.deliver()
        [(state, sent)] = await reminders(house)
        assert (state, sent is not None and timedelta() <= sent - expected < timedelta(minutes=16)) == ("sent", True)
