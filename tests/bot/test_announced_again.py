"""A phase that was over and is opened again is announced again, once, and so is its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from storage import broadcasts
from storage.models import Conversation, Entry, Participant, Space
from tests.bot.square import (
    FRIDAY_EVENING,
    OPEN_TODAY,
    TEN,
    close,
    reopen,
    rows,
    set_dates,
    settled,
    square,
    steps_in,
    ticks,
)
from tests.bot.town import Town

AGAIN, IN_3_DAYS = "Hello. “The square” is open again.", "Hello. “The square” closes in 3 days."


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with settled(database_url) as found:
        yield found


async def days(house: Town, count: int) -> list[str]:
    """What leaves in so many days, looked at four times a day."""
    said: list[str] = []
    for _look in range(count * 4):
        house.later(hours=6)
        said += await ticks(house)
    return said


async def test_who_has_not_taken_part_is_told_once_more_when_it_is_opened_again(house: Town) -> None:
    phase = await square(house)
    house.now = TEN
    assert await ticks(house) == [OPEN_TODAY] * 2
    await steps_in(house, "ada")
    await steps_in(house, "ben")
    [ada, *_others] = await house.rows(Participant.id)
    async with house.database.write() as connection:
        mine = (Conversation.phase_id == phase, Conversation.participant_id == ada)
        await connection.execute(update(Conversation).where(*mine).values(sent_at=TEN, state="closed"))
    house.street.sent.clear()
    await close(house)
    assert await days(house, 1) == []
    await reopen(house)
    assert await days(house, 2) == [AGAIN]
    assert [item.sender for item in house.street.sent] == ["ben"]
    assert await ticks(house) == []
    assert [row[:2] for row in await rows(house)] == [("opens", "sent")] * 2


async def test_it_is_opened_again_by_a_new_end_too_and_its_closing_is_told_with_that(house: Town) -> None:
    await square(house, closes=FRIDAY_EVENING)
    house.now = TEN
    await ticks(house)
    assert await days(house, 13) == [IN_3_DAYS] * 2
    await set_dates(house, closes_at=FRIDAY_EVENING + timedelta(days=14))
    assert await days(house, 14) == [AGAIN, AGAIN, IN_3_DAYS, IN_3_DAYS]
    assert await house.rows(Entry.action) == ["turned_open", "turned_over", "turned_open", "turned_over"]


async def test_an_end_that_moves_after_it_was_told_is_told_again_where_it_is_another(house: Town) -> None:
    await square(house, closes=FRIDAY_EVENING)
    house.now = TEN
    assert await days(house, 9) == [OPEN_TODAY, OPEN_TODAY, IN_3_DAYS, IN_3_DAYS]
    await set_dates(house, closes_at=FRIDAY_EVENING + timedelta(hours=2))
    assert await days(house, 1) == []
    await set_dates(house, closes_at=FRIDAY_EVENING + timedelta(days=7))
    assert await days(house, 8) == [IN_3_DAYS] * 2


async def test_what_still_waits_for_its_hour_when_it_is_opened_again_is_told_once(house: Town) -> None:
    friday = datetime(2027, 3, 12, 20, tzinfo=UTC)
    await square(house, opens=friday)
    house.now = friday
    assert await ticks(house) == []
    house.later(hours=5)
    await close(house)
    await ticks(house)
    house.later(hours=20)
    await reopen(house)
    assert await days(house, 3) == [AGAIN] * 2


async def test_what_was_called_off_comes_back_only_when_it_is_opened_again(house: Town) -> None:
    await square(house)
    await ticks(house)
    async with house.database.write() as connection:
        [one] = await broadcasts.listed(connection, house.space_id)
        await broadcasts.cancel(connection, one.ref, house.now)
    assert await days(house, 1) == []
    await close(house)
    assert await days(house, 1) == []
    await reopen(house)
    assert await days(house, 1) == [AGAIN] * 2


async def test_a_step_to_come_that_was_closed_with_the_others_is_told_of_when_it_opens_and_once(house: Town) -> None:
    await square(house, opens=TEN + timedelta(days=2))
    await ticks(house)
    await close(house)
    await ticks(house)
    async with house.database.write() as connection:
        await connection.execute(update(Space).values(cap=9))
    await set_dates(house, state="open", closes_at=None)
    assert await days(house, 4) == [OPEN_TODAY] * 2
