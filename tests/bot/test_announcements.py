"""What the program announces of a phase by itself: planned from its dates, told once, and only while it is true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot import broadcasting
from bot.jobs import announce
from storage import announcements, broadcasts, reminded
from storage.database import Database
from storage.models import Conversation, Delivery, Participant
from storage.reminded import Muting
from tests.bot.square import (
    FRIDAY_EVENING,
    MONDAY,
    OPEN_TODAY,
    TEN,
    rows,
    set_dates,
    settled,
    square,
    steps_in,
    ticks,
)
from tests.bot.town import Town


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with settled(database_url) as found:
        yield found


# -- it opens ------------------------------------------------------------------------------------------------------


async def test_an_opening_is_told_once_to_those_who_agreed_to_something_before(house: Town) -> None:
    await square(house)
    assert await ticks(house) == []
    assert await rows(house) == [("opens", "planned", "2027-03-08T10:00", TEN)]
    house.now = TEN + timedelta(minutes=1)
    assert await ticks(house) == [OPEN_TODAY] * 2
    assert {item.sender for item in house.street.sent} == {"ada", "ben"}
    house.later(hours=3)
    assert await ticks(house) == []
    assert [row[1] for row in await rows(house)] == ["sent"]


async def test_its_button_leads_into_the_phase(house: Town) -> None:
    phase = await square(house)
    house.now = TEN
    await ticks(house)
    await house.hears("ada", tap=house.tap("ada", "Take part"))
    assert await house.hears("ada", "yes") == ["Question 1?"]
    assert len(await house.rows(Conversation.id, phase_id=phase)) == 1


async def test_what_opened_more_than_a_day_ago_is_not_told(house: Town) -> None:
    await square(house, opens=MONDAY - timedelta(days=1, minutes=1))
    assert (await ticks(house), await rows(house)) == ([], [])


async def test_a_house_that_stood_still_for_days_tells_of_no_opening(house: Town) -> None:
    """Also where broadcasts are looked at before the plans are."""
    await square(house)
    await ticks(house)
    house.now = TEN + timedelta(days=1, hours=1)
    await broadcasting.go_on(house.database, house.courier.channels, house.now)
    await house.deliver()
    assert house.street.sent == []


@pytest.mark.parametrize("kind", ["presentation", "results", "unheard of"])
async def test_where_nothing_is_gathered_no_opening_is_told(house: Town, kind: str) -> None:
    await square(house, kind, closes=FRIDAY_EVENING)
    await ticks(house)
    assert [row[0] for row in await rows(house) if row[0] != "results"] == []


async def test_nobody_is_told_of_what_they_are_doing(house: Town) -> None:
    await square(house)
    house.now = TEN
    await steps_in(house, "ada")
    house.street.sent.clear()
    await ticks(house)
    assert [item.sender for item in house.street.sent] == ["ben"]


async def test_who_begins_between_the_queue_and_the_hour_is_not_told(house: Town) -> None:
    await square(house, opens=MONDAY)
    await ticks(house)
    await steps_in(house, "ada")
    house.street.sent.clear()
    house.now = TEN
    await ticks(house)
    assert [item.sender for item in house.street.sent] == ["ben"]
    assert sorted(await reasons(house, "opens")) == ["None", "no longer true"]


async def reasons(house: Town, occasion: str) -> list[str]:
    async with house.database.read() as connection:
        query = select(Delivery.error).where(Delivery.cause.startswith(f"{occasion}:"))
        return [str(error) for error in (await connection.execute(query)).scalars()]


async def test_only_those_are_told_whom_the_stage_in_force_is_for(house: Town) -> None:
    later = (TEN + timedelta(days=1)).isoformat()
    await square(house, stages=[{"from": None, "who": {"area": "gare"}}, {"from": later, "who": None}])
    async with house.database.write() as connection:
        [_ada, ben, _cleo] = (await connection.execute(select(Participant.id).order_by(Participant.id))).scalars()
        await connection.execute(update(Participant).where(Participant.id == ben).values(area="gare"))
    house.now = TEN
    await ticks(house)
    assert [item.sender for item in house.street.sent] == ["ben"]


async def test_what_is_closed_again_before_the_hour_is_not_told(house: Town) -> None:
    await square(house, opens=MONDAY)
    await ticks(house)
    await set_dates(house, state="closed")
    house.now = TEN
    assert await ticks(house) == []


async def test_after_a_weekend_it_says_that_it_is_open(house: Town) -> None:
    saturday = datetime(2027, 3, 13, 10, tzinfo=UTC)
    await square(house, opens=saturday)
    house.now = saturday
    assert await ticks(house) == []
    house.now = datetime(2027, 3, 15, 9, tzinfo=UTC)
    assert await ticks(house) == ["Hello. “The square” is open."] * 2


# -- it closes soon ------------------------------------------------------------------------------------------------


async def test_the_closing_is_told_three_days_before_at_ten_to_those_who_have_not_taken_part(house: Town) -> None:
    phase = await square(house, closes=FRIDAY_EVENING)
    house.now = TEN
    await ticks(house)
    await steps_in(house, "ada")
    async with house.database.write() as connection:
        mine = (Conversation.phase_id == phase,)
        await connection.execute(update(Conversation).where(*mine).values(sent_at=TEN, state="closed"))
    house.street.sent.clear()
    house.now = datetime(2027, 3, 16, 8, 59, tzinfo=UTC)
    assert await ticks(house) == []
    house.later(minutes=1)
    assert await ticks(house) == ["Hello. “The square” closes in 3 days."]
    assert [item.sender for item in house.street.sent] == ["ben"]


async def test_who_is_in_the_middle_is_told_unless_they_were_there_or_reminded_within_two_days(house: Town) -> None:
    await square(house, opens=MONDAY, closes=FRIDAY_EVENING)
    house.now = TEN
    await steps_in(house, "ada")
    house.now = datetime(2027, 3, 15, 10, tzinfo=UTC)
    await steps_in(house, "ben")
    await ticks(house)
    house.street.sent.clear()
    house.now = datetime(2027, 3, 16, 9, tzinfo=UTC)
    await ticks(house)
    assert [item.sender for item in house.street.sent] == ["ada"]


async def test_an_opening_that_waited_for_its_hour_is_not_followed_by_the_closing_at_once(house: Town) -> None:
    """It opens on Friday evening and closes on Thursday evening: both would leave on Monday at ten."""
    friday, thursday = datetime(2027, 3, 12, 20, tzinfo=UTC), datetime(2027, 3, 18, 19, tzinfo=UTC)
    await square(house, opens=friday, closes=thursday)
    said: list[str] = []
    for hours in range(6 * 24):
        house.now = friday + timedelta(hours=hours)
        said += await ticks(house)
    assert said == ["Hello. “The square” is open."] * 2


@pytest.mark.parametrize(
    ("closes", "due"),
    [
        (datetime(2027, 3, 31, 18, tzinfo=UTC), datetime(2027, 3, 28, 8, tzinfo=UTC)),  # the clocks have changed
        (datetime(2027, 3, 30, 18, tzinfo=UTC), datetime(2027, 3, 27, 9, tzinfo=UTC)),  # they change in between
        (datetime(2027, 11, 2, 18, tzinfo=UTC), datetime(2027, 10, 30, 8, tzinfo=UTC)),
    ],
)
async def test_it_is_ten_where_the_town_is_over_both_changes_of_the_clocks(
    house: Town, closes: datetime, due: datetime
) -> None:
    await square(house, closes=closes)
    await ticks(house)
    [(_closes, _planned, wall, at), _opens] = await rows(house)
    assert (str(wall)[10:], at) == ("T10:00", due)


async def test_what_is_not_open_for_longer_has_no_closing_told(house: Town) -> None:
    await square(house, closes=TEN + timedelta(days=3))
    await ticks(house)
    assert [row[0] for row in await rows(house)] == ["opens"]


async def test_plans_follow_the_dates_until_they_have_begun(house: Town) -> None:
    await square(house, closes=FRIDAY_EVENING)
    await ticks(house)
    await set_dates(house, closes_at=FRIDAY_EVENING + timedelta(days=7), opens_at=TEN + timedelta(hours=5))
    await ticks(house)
    assert [row[2] for row in await rows(house)] == ["2027-03-23T10:00", "2027-03-08T15:00"]
    await set_dates(house, closes_at=None)
    await ticks(house)
    assert [row[0] for row in await rows(house)] == ["opens"]
    house.now = TEN + timedelta(hours=5)
    assert len(await ticks(house)) == 2
    await set_dates(house, opens_at=TEN + timedelta(days=2))
    house.now = TEN + timedelta(days=2)
    assert await ticks(house) == []


async def test_one_that_was_called_off_is_never_planned_again(house: Town) -> None:
    await square(house)
    await ticks(house)
    async with house.database.write() as connection:
        [one] = await broadcasts.listed(connection, house.space_id)
        await broadcasts.cancel(connection, one.ref, house.now)
    for later in (timedelta(), timedelta(hours=1), timedelta(hours=5)):
        house.now = TEN + later
        assert await ticks(house) == []
    assert [row[1] for row in await rows(house)] == ["cancelled"]


async def test_whoever_wants_no_more_of_it_is_told_of_no_closing(house: Town) -> None:
    phase = await square(house, closes=FRIDAY_EVENING)
    house.now = TEN
    await ticks(house)
    said = await house.hears("ada", tap=house.tap("ada", "Do not remind me again"))
    assert said == [
        "It is noted. I will not remind you of “The square” again.",
        "You may take part all the same: write “menu”.",
    ]
    house.now = datetime(2027, 3, 16, 9, tzinfo=UTC)
    house.street.sent.clear()
    await announce(house.database, house.now)
    await broadcasting.go_on(house.database, house.courier.channels, house.now)
    [ben] = await house.rows(Delivery.participant_id, state="waiting")
    async with house.database.write() as connection:
        await reminded.mute(connection, [Muting(house.space_id, ben, phase, house.now)])
    await house.deliver()
    assert house.street.sent == []


# -- several processes ---------------------------------------------------------------------------------------------


async def test_several_who_look_at_once_plan_and_send_it_once(house: Town, database_url: str) -> None:
    await square(house)
    house.now = TEN
    others = [Database(database_url) for _ in range(4)]
    try:
        for _round in range(3):
            await asyncio.gather(*(announce(other, house.now) for other in others))
            await asyncio.gather(*(broadcasting.go_on(other, house.courier.channels, house.now) for other in others))
    finally:
        for other in others:
            await other.close()
    await house.deliver()
    assert [item.message.lines[0].text for item in house.street.sent] == [OPEN_TODAY] * 2


async def test_a_plan_made_from_an_old_look_changes_nothing_that_has_begun(house: Town) -> None:
    await square(house)
    async with house.database.read() as connection:
        before = await announcements.changes(connection, ["ideas"], house.now)
    house.now = TEN
    await ticks(house)
    async with house.database.write() as connection:
        await announcements.plan(connection, [*before, *(announcements.Change(one.key, None) for one in before)], TEN)
    assert [row[1] for row in await rows(house)] == ["sent"]
