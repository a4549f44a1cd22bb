"""The result of a consultation is announced to who took part and asked for it, before or after it is out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bot import broadcasting
from storage import broadcast_figures, broadcasts, consultations, phases, wishes
from storage.broadcasts import Ref
from storage.models import Broadcast, Conversation, Participant
from storage.wishes import Wish
from tests.bot.square import (
    MONDAY,
    OUT,
    TEN,
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


NIGHT = datetime(2027, 3, 14, 22, tzinfo=UTC)


async def both_took_part_and_the_results_come_out(house: Town) -> None:
    """Ada and Ben have taken part; the results are out on Sunday night."""
    phase = await square(house, opens=MONDAY)
    await steps_in(house, "ada")
    await steps_in(house, "ben")
    async with house.database.write() as connection:
        mine = (Conversation.phase_id == phase,)
        await connection.execute(update(Conversation).where(*mine).values(sent_at=house.now))
        [made] = (await phases.load(connection, [phase])).values()
        whole = await consultations.find(connection, house.space_id, made.consultation_id)
        assert whole is not None
        await consultations.add_phase(connection, whole, "results", {}, title={"en": "What came of it"}, opens_at=NIGHT)
    house.street.sent.clear()


async def wish(house: Town, who: str, *, wanted: bool = True) -> None:
    ids = dict(zip(("ada", "ben", "cleo"), await house.rows(Participant.id), strict=True))
    async with house.database.write() as connection:
        whole = await consultations.find_by_slug(connection, house.space_id, "square")
        assert whole is not None
        await wishes.note(connection, [Wish(house.space_id, ids[who], whole.id, wanted, house.now)])


async def test_the_results_go_at_any_hour_to_those_who_took_part_and_asked_for_them(house: Town) -> None:
    await both_took_part_and_the_results_come_out(house)
    await wish(house, "ada")
    await wish(house, "ben", wanted=False)
    house.now = NIGHT
    assert await ticks(house) == [OUT]
    assert [item.sender for item in house.street.sent] == ["ada"]


async def test_who_asks_for_a_result_that_is_out_already_is_sent_it_at_once_and_once(house: Town) -> None:
    await both_took_part_and_the_results_come_out(house)
    await wish(house, "ada")
    await wish(house, "cleo")  # who has not taken part
    house.now = NIGHT
    await ticks(house)
    house.later(hours=9)
    await wish(house, "ben")
    said: list[str] = []
    for _tick in range(3 * 24):
        said += await ticks(house)
        house.later(hours=1)
    assert said == [OUT]
    assert [item.sender for item in house.street.sent] == ["ada", "ben"]
    async with house.database.read() as connection:
        [one] = [row for row in await broadcasts.listed(connection, house.space_id) if row.occasion == "results"]
        counted = await broadcast_figures.figures(connection, one)
    assert (counted.recipients, counted.sent, sum(counted.parts)) == (2, 2, 2)


async def test_while_the_announcement_of_a_result_stands_still_nobody_is_sent_it(house: Town) -> None:
    await both_took_part_and_the_results_come_out(house)
    await ticks(house)
    house.now = NIGHT
    await broadcasting.go_on(house.database, house.courier.channels, house.now)
    async with house.database.write() as connection:
        [one] = await house.rows(Broadcast.id, occasion="results")
        await connection.execute(update(Broadcast).where(Broadcast.id == one).values(state="sending", ended_at=None))
        await broadcasts.pause(connection, Ref(house.space_id, one))
    await wish(house, "ben")
    assert await ticks(house) == []
    async with house.database.write() as connection:
        await broadcasts.resume(connection, Ref(house.space_id, one))
    assert await ticks(house) == [OUT]
    async with house.database.write() as connection:
        await connection.execute(update(Broadcast).where(Broadcast.id == one).values(state="cancelled"))
    await wish(house, "ada")
    assert await ticks(house) == []


async def test_nobody_who_asked_for_nothing_hears_of_results(house: Town) -> None:
    await square(house, "results")
    house.now = TEN
    assert await ticks(house) == []
