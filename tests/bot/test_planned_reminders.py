"""Reminders for a date of the person, as docs/reminders.md makes them: at their wall time, once, and while true."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from flows import occasion
from flows.messages import Line, Message
from flows.occasion import Occasion
from flows.texts import _, translate
from storage import reminders
from storage.civil import days_before
from storage.leaving import Dropped, Due
from storage.models import Delivery, Participant
from storage.reminders import Planned
from tests.bot.town import Town, town

PAGE = Path(__file__).parents[2] / "docs" / "reminders.md"
[AN_OCCASION, A_PLAN] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
PARIS = "Europe/Paris"
MARCH = datetime(2027, 3, 10, 9, tzinfo=UTC)


@dataclass
class Diary:
    """The module of the page: what is agreed with whom, by the id of the appointment."""

    kept: dict[int, datetime] = field(default_factory=dict)

    async def look(self, connection: AsyncConnection, due: Sequence[Due], now: datetime) -> Sequence[Any]:
        return [Facts(self.kept[one.about]) if one.about in self.kept else Dropped() for one in due]


@dataclass
class Facts:
    at: datetime
    what: str = "the town hall"

    @property
    def moment(self) -> datetime:
        return self.at.astimezone(ZoneInfo(PARIS))


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url) as found:
        await found.begin("ada")
        found.now = MARCH
        yield found


@pytest.fixture
def diary(monkeypatch: pytest.MonkeyPatch) -> Diary:
    """With the occasion that stands on the page."""
    diary = Diary()
    named: dict[str, Any] = {"appointments": diary, "Occasion": Occasion, "Due": Due, "Message": Message, "Line": Line}
    named |= {"Any": Any, "datetime": datetime, "_": _, "translate": translate}
    exec(AN_OCCASION, named)
    monkeypatch.setattr(occasion, "catalog", lambda: {"appointment": named["Appointment"]()})
    return diary


async def plan(house: Town, diary: Diary, about: int, moment: datetime, *, asked: bool = True) -> datetime:
    """As the page does it; answers when it is to leave."""
    diary.kept[about] = moment
    [ada] = await house.rows(Participant.id)
    if not asked:
        async with house.database.write() as connection:
            at = days_before(moment, 1, time(18), PARIS)
            await reminders.plan(connection, [Planned(house.space_id, ada, "appointment", about, at)])
    else:
        await as_on_the_page(house, moment=moment, participant_id=ada, about=about)
    [due] = await house.rows(Delivery.due_at, cause=f"appointment:{about}")
    assert isinstance(due, datetime)
    return due


async def as_on_the_page(house: Town, **given: Any) -> None:
    named: dict[str, Any] = {"time": time, "days_before": days_before, "reminders": reminders, "Planned": Planned}
    lines = "".join(f"    {line}\n" for line in A_PLAN.splitlines())
    async with house.database.write() as connection:
        named |= {"connection": connection, "zone": PARIS, "space_id": house.space_id, **given}
        exec(f"async def run():\n{lines}", named)
        await named["run"]()


async def goes_by(house: Town, hours: int) -> list[tuple[datetime, str]]:
    """So many hours, looked at every quarter: what was said, and when."""
    said: list[tuple[datetime, str]] = []
    for _quarter in range(hours * 4):
        before = len(house.street.sent)
        await house.deliver()
        said += [(house.now, one.message.lines[0].text) for one in house.street.sent[before:]]
        house.later(minutes=15)
    return said


@pytest.mark.parametrize("sunday", [datetime(2027, 3, 28), datetime(2027, 10, 31)], ids=["spring", "autumn"])  # noqa: DTZ001
@pytest.mark.parametrize("days", [0, 1])
async def test_the_day_before_at_six_in_the_evening_over_both_changes_of_the_clocks(
    house: Town, diary: Diary, sunday: datetime, days: int
) -> None:
    """An appointment on the Sunday itself, and one on the Monday after: asked for, so no hours hold it back."""
    moment = (sunday + timedelta(days=days, hours=10)).replace(tzinfo=ZoneInfo(PARIS)).astimezone(UTC)
    due = await plan(house, diary, 1, moment)
    house.now = moment - timedelta(hours=40)
    [(at, said)] = await goes_by(house, 48)
    there = at.astimezone(ZoneInfo(PARIS))
    assert (there.date(), there.time()) == ((sunday + timedelta(days=days - 1)).date(), time(18))
    assert (due, said.endswith("10:00: the town hall.")) == (at, True)


async def test_one_that_was_moved_leaves_at_its_new_time_and_once(house: Town, diary: Diary) -> None:
    await plan(house, diary, 1, MARCH + timedelta(days=2))
    await plan(house, diary, 1, MARCH + timedelta(days=3))
    [(at, _said)] = await goes_by(house, 24 * 4)
    assert at == datetime(2027, 3, 12, 17, tzinfo=UTC)
    assert await house.rows(Delivery.state, cause="appointment:1") == ["sent"]


async def test_one_that_was_dropped_does_not_leave_and_may_be_planned_again(house: Town, diary: Diary) -> None:
    await plan(house, diary, 1, MARCH + timedelta(days=2))
    async with house.database.write() as connection:
        assert await reminders.drop(connection, [(house.space_id, "appointment:1"), (house.space_id, "x:1")]) == [1, 0]
    await plan(house, diary, 1, MARCH + timedelta(days=2))
    assert len(await goes_by(house, 72)) == 1


async def test_what_is_no_longer_true_does_not_leave(house: Town, diary: Diary) -> None:
    await plan(house, diary, 1, MARCH + timedelta(days=2))
    diary.kept.clear()
    assert await goes_by(house, 72) == []


async def test_whoever_said_stop_meanwhile_gets_none_that_was_waiting(house: Town, diary: Diary) -> None:
    await plan(house, diary, 1, MARCH + timedelta(days=2))
    await house.hears("ada", "/stop")
    assert await goes_by(house, 72) == []
    assert await house.rows(Delivery.error, cause="appointment:1") == ["stopped"]


async def test_one_that_nobody_chose_waits_for_the_hours(house: Town, diary: Diary) -> None:
    """On a Friday at six it leaves; on a Saturday it waits until Monday at ten."""
    await plan(house, diary, 1, datetime(2027, 3, 14, 10, tzinfo=UTC), asked=False)
    [(at, _said)] = await goes_by(house, 24 * 7)
    assert at == datetime(2027, 3, 15, 9, tzinfo=UTC)
