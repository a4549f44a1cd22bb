"""What we begin ourselves is looked at once more when it leaves: is it still true, is this the hour?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from flows import occasion
from flows.messages import Line, Message
from flows.occasion import PHASE, Occasion, taking
from storage import spreading
from storage.leaving import Dropped, Due, Halted
from storage.models import Conversation, Delivery, Participant, Phase
from storage.spreading import Spread
from tests.bot.town import STREET, Town, town

MONDAY_NOON = datetime(2027, 3, 8, 11, tzinfo=UTC)
SUNDAY = datetime(2027, 3, 7, 11, tzinfo=UTC)
MONDAY_TEN = datetime(2027, 3, 8, 9, tzinfo=UTC)


@dataclass
class Weather:
    """What is true, as the test says it."""

    said: dict[int, Any] = field(default_factory=dict)
    broken: bool = False

    async def look(self, connection: AsyncConnection, due: Sequence[Due], now: datetime) -> Sequence[Any]:
        return [self.said.get(one.about, "Fine") for one in due]


class Forecast(Occasion):
    kind = "forecast"

    def __init__(self, weather: Weather, phase: int) -> None:
        self.look = weather.look  # type: ignore[misc]
        self.weather, self.phase = weather, phase

    def word(self, facts: Any, due: Due, language: str, now: datetime) -> Message:
        if self.weather.broken:
            raise RuntimeError("no words")
        return Message((Line(f"{facts} ({language})"),), (taking("Look", PHASE, self.phase, due, language),))


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url) as found:
        await found.begin("ada")
        await found.begin("ben")
        found.now = MONDAY_NOON
        yield found


@pytest.fixture
async def weather(house: Town, monkeypatch: pytest.MonkeyPatch) -> Weather:
    [phase] = await house.rows(Phase.id)
    weather = Weather()
    monkeypatch.setattr(occasion, "catalog", lambda: {"forecast": Forecast(weather, phase)})
    return weather


async def spread(house: Town, about: int = 1, **more: Any) -> int:
    audience = select(Participant.id).where(Participant.space_id == house.space_id)
    one = Spread(house.space_id, audience, house.now, cause=f"forecast:{about}", **more)
    async with house.database.write() as connection:
        [count] = await spreading.spread(connection, [one])
    return count


async def became(house: Town, about: int = 1) -> list[tuple[str, str | None]]:
    async with house.database.read() as connection:
        rows = await connection.execute(
            select(Delivery.state, Delivery.error).where(Delivery.cause == f"forecast:{about}").order_by(Delivery.id)
        )
        return [(state, error) for state, error in rows]


async def test_a_cause_reaches_each_person_once_however_often_it_is_spread(house: Town, weather: Weather) -> None:
    assert [await spread(house), await spread(house)] == [2, 0]
    await house.deliver()
    assert house.street.texts() == ["Fine (en)"] * 2


async def test_what_is_said_is_true_at_the_moment_of_leaving(house: Town, weather: Weather) -> None:
    await spread(house)
    weather.said[1] = "Rain"
    await house.deliver()
    assert house.street.texts() == ["Rain (en)"] * 2


async def test_what_is_no_longer_true_does_not_leave(house: Town, weather: Weather) -> None:
    await spread(house)
    weather.said[1] = Dropped()
    await house.deliver()
    assert (house.street.texts(), await became(house)) == ([], [("cancelled", "no longer true")] * 2)


async def test_by_a_door_where_nobody_is_written_to_first_only_what_was_asked_for_leaves(
    house: Town, weather: Weather
) -> None:
    house.street.capabilities = replace(STREET, writes_first=False)
    await spread(house, 1, unasked=True)
    await spread(house, 2)
    await house.deliver()
    assert house.street.texts() == ["Fine (en)"] * 2
    assert (await became(house, 1), await became(house, 2)) == ([("cancelled", "silent")] * 2, [("sent", None)] * 2)


async def test_what_stands_still_waits_until_it_goes_on(house: Town, weather: Weather) -> None:
    await spread(house)
    weather.said[1] = Halted()
    await house.deliver()
    assert (house.street.texts(), await became(house)) == ([], [("paused", None)] * 2)


async def test_one_that_nobody_can_word_holds_up_none_of_the_others(house: Town, weather: Weather) -> None:
    await spread(house)
    weather.broken = True
    await house.deliver()
    assert await became(house) == [("failed", "unreadable")] * 2


async def test_what_nobody_asked_for_waits_for_the_hours(house: Town, weather: Weather) -> None:
    house.now = SUNDAY
    await spread(house, unasked=True)
    await spread(house, 2)
    await house.deliver()
    assert house.street.texts() == ["Fine (en)"] * 2  # the one that was asked for
    assert await became(house) == [("waiting", None)] * 2
    assert set(await house.rows(Delivery.due_at, cause="forecast:1")) == {MONDAY_TEN}
    house.now = MONDAY_TEN
    await house.deliver()
    assert house.street.texts() == ["Fine (en)"] * 4


async def test_what_waits_for_its_hours_holds_back_nothing_that_was_asked_for(house: Town, weather: Weather) -> None:
    house.now = SUNDAY
    await spread(house, unasked=True)
    await house.deliver()
    await spread(house, 2)
    await house.deliver()
    assert (await became(house, 2), await became(house)) == ([("sent", None)] * 2, [("waiting", None)] * 2)


async def test_hours_of_ones_own_replace_those_of_the_space(house: Town, weather: Weather) -> None:
    house.now = SUNDAY
    own = {"days": [7], "spans": [["09:00", "21:00"]]}
    [ada, _ben] = await house.rows(Participant.id)
    async with house.database.write() as connection:
        await connection.execute(update(Participant).where(Participant.id == ada).values(hours=own))
    await spread(house, unasked=True)
    await house.deliver()
    assert [state for state, _ in await became(house)] == ["sent", "waiting"]


async def test_nobody_is_written_to_unasked_more_often_in_a_month_than_the_space_allows(
    house: Town, weather: Weather
) -> None:
    assert [await spread(house, about, unasked=True) for about in range(1, 7)] == [2, 2, 2, 2, 0, 0]
    assert await spread(house, 7) == 2  # what was asked for is never held back
    house.later(days=30, minutes=1)
    assert await spread(house, 6, unasked=True) == 2


async def test_what_never_left_does_not_count(house: Town, weather: Weather) -> None:
    weather.said[1] = Dropped()
    await spread(house, 1, unasked=True)
    await house.deliver()
    assert [await spread(house, about, unasked=True) for about in range(2, 7)] == [2, 2, 2, 2, 0]


async def test_each_may_be_written_to_about_something_of_their_own(house: Town, weather: Weather) -> None:
    theirs = select(Conversation.participant_id, func.max(Conversation.id)).group_by(Conversation.participant_id)
    one = Spread(house.space_id, theirs, house.now, cause="forecast", kind="reminder")
    async with house.database.write() as connection:
        assert await spreading.spread(connection, [one]) == [2]
        assert await spreading.spread(connection, [one]) == [0]
    await house.deliver()
    causes = {cause for cause in await house.rows(Delivery.cause) if cause is not None}
    assert causes == {f"forecast:{id_}" for id_ in await house.rows(Conversation.id)}


async def test_what_has_become_too_old_does_not_leave(house: Town, weather: Weather) -> None:
    house.now = SUNDAY
    await spread(house, unasked=True, expires_at=SUNDAY + timedelta(hours=3))
    await house.deliver()
    assert await became(house) == [("cancelled", "too old")] * 2


async def test_its_button_leads_into_the_phase_and_the_first_press_is_noted(house: Town, weather: Weather) -> None:
    await spread(house)
    await house.deliver()
    [ada, ben] = house.street.sent
    button = ada.message.buttons[0].data
    await house.hears("ada", tap=button)
    await house.hears("ada", tap=button)
    clicked = await house.rows(Delivery.clicked_at, cause="forecast:1")
    assert [at is not None for at in clicked] == [True, False]
    assert ben.message.buttons[0].data != button


@pytest.mark.parametrize("tap", [">phase:1:2", ">talk:1:2", ">phase:x:2", f">phase:{2**70}:1", ">", ">nothing:1:2"])
async def test_a_button_made_up_leads_nowhere(house: Town, weather: Weather, tap: str) -> None:
    assert "too old" in (await house.hears("ada", tap=tap))[0]
