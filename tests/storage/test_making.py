"""A copy of a consultation, and the archive: what comes along, what does not, and that nothing archived is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import codes, consultations, letters, making, models, phases
from storage.consultations import Consultation, Phase
from storage.letters import Known
from storage.making import AHEAD, Later
from storage.refusals import AlreadyExists, StillOpen
from storage.spaces import Space
from tests.storage.test_consultations import NOW, make, make_space, take_part

PARIS = ZoneInfo("Europe/Paris")
SETTINGS = {"question": {"fr": "Un banc ?"}, "options": [{"id": "o1", "label": {"fr": "Oui"}}]}
MARCH = [
    {"from": None, "who": {"group": "lettre"}},
    {"from": datetime(2027, 3, 22, 7, tzinfo=UTC).isoformat(), "who": None},
]


async def last_year(connection: AsyncConnection, space: Space) -> tuple[Consultation, list[Phase]]:
    """A consultation that ran in March 2027 in three steps, with a poster, codes of the letter, and an answer."""
    opens, closes = datetime(2027, 3, 15, 7, tzinfo=UTC), datetime(2027, 4, 2, 21, 59, tzinfo=UTC)
    made = await make(connection, space, opens_at=opens, closes_at=closes)
    ideas = {"title": {"fr": "Les idées"}, "moderation": "before", "per_day": 3, "stages": MARCH}
    await consultations.add_phase(connection, made, "ideas", {}, **ideas)
    await consultations.add_phase(connection, made, "vote", SETTINGS, opens_at=closes - timedelta(days=7))
    await consultations.add_phase(connection, made, "results", {}, state="waiting")
    added = await consultations.phases(connection, space.id, made.id)
    await codes.create(connection, made, NOW, place="La boulangerie", area="gare")
    await letters.write(connection, made, [Known()], NOW)
    await take_part(connection, added[0])
    await consultations.close_now(connection, made, closes)
    await making.close_now(connection, added[1], closes)
    found = await consultations.find(connection, space.id, made.id)
    assert found is not None
    return found, await consultations.phases(connection, space.id, made.id)


async def test_a_copy_has_the_words_settings_and_steps_and_nothing_that_residents_gave(
    connection: AsyncConnection,
) -> None:
    space = await make_space(connection)
    source, steps = await last_year(connection, space)
    made = await making.copy(connection, source, slug="centre-2", zone=space.zone, now=datetime(2028, 3, 1, tzinfo=UTC))
    assert (made.state, made.slug, made.title, made.archived_at) == ("draft", "centre-2", source.title, None)
    copied = await consultations.phases(connection, space.id, made.id)
    assert [(one.kind, one.settings, one.title, one.moderation, one.per_day) for one in copied] == [
        (one.kind, one.settings, one.title, one.moderation, one.per_day) for one in steps
    ]
    assert [one.state for one in copied] == ["dated", "dated", "waiting"], "what was closed by hand has dates again"
    assert await consultations.people(connection, made) == {}
    assert not any([await making.has_begun(connection, one) for one in copied])
    assert await letters.counted(connection, made) == (0, 0)
    [poster], [old] = [await codes.listed(connection, space.id, one.id) for one in (made, source)]
    assert (poster.place, poster.area) == ("La boulangerie", "gare")
    assert poster.code != old.code
    assert await consultations.phases(connection, space.id, source.id) == steps, "the source stays as it was"
    with pytest.raises(AlreadyExists):
        await making.copy(connection, source, slug="centre", zone=space.zone, now=NOW)


async def test_the_dates_of_a_copy_keep_their_weekdays_and_hours(connection: AsyncConnection) -> None:
    space = await make_space(connection)
    source, _steps = await last_year(connection, space)
    made = await making.copy(connection, source, slug="hiver", zone=space.zone, now=datetime(2027, 11, 22, tzinfo=UTC))
    assert made.opens_at == datetime(2027, 11, 29, 7, tzinfo=UTC), "a Monday at eight, in winter too"
    assert made.closes_at == datetime(2027, 12, 17, 22, 59, tzinfo=UTC), "a Friday until 23:59; it was summer time"
    assert made.answered_on == date(2027, 4, 8) + timedelta(weeks=37)
    first = (await consultations.phases(connection, space.id, made.id))[0]
    assert first.stages == [MARCH[0], {"from": datetime(2027, 12, 6, 7, tzinfo=UTC).isoformat(), "who": None}]


moments = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@given(moments, st.none() | moments, moments)
def test_dates_move_by_whole_weeks_to_a_week_ahead_and_no_further(
    opens: datetime, closes: datetime | None, now: datetime
) -> None:
    later = Later.of([replace(BLANK, opens_at=opens, closes_at=closes)], PARIS, now)
    first = min(at for at in (opens, closes) if at is not None)
    assert later.by >= timedelta(0)
    assert later.by % timedelta(weeks=1) == timedelta(0)
    assert first + later.by >= now + AHEAD
    assert later.by == timedelta(0) or first + later.by < now + AHEAD + timedelta(weeks=1)
    moved = later.moment(opens)
    assert moved is not None
    assert moved.astimezone(PARIS).weekday() == opens.astimezone(PARIS).weekday()
    assert later.moment(None) is None


BLANK = Phase(1, 1, 1, 1, "vote", {}, 1)


async def test_what_is_in_the_archive_keeps_its_figures_and_is_never_open(connection: AsyncConnection) -> None:
    space = await make_space(connection)
    source, steps = await last_year(connection, space)
    await consultations.archive(connection, source, NOW)
    [listed] = await consultations.listed(connection, space.id, NOW)
    assert (listed.consultation.archived_at, listed.people) == (NOW, 1)
    facts = (await phases.load(connection, [steps[0].id]))[steps[0].id]
    assert facts.is_over(NOW)
    await consultations.take_out(connection, source)
    found = await consultations.find(connection, space.id, source.id)
    assert found is not None
    assert (found.state, found.archived_at) == ("closed", None)


async def test_what_residents_can_still_answer_is_not_archived(connection: AsyncConnection) -> None:
    space = await make_space(connection)
    made = await make(connection, space, closes_at=NOW + timedelta(days=9))
    await consultations.open_now(connection, made, NOW)
    with pytest.raises(StillOpen):
        await consultations.archive(connection, made, NOW)
    await consultations.archive(connection, made, NOW + timedelta(days=9))
    found = await consultations.find(connection, space.id, made.id)
    assert found is not None
    assert (found.state, found.archived_at) == ("closed", NOW + timedelta(days=9)), "its date closed it"
    await consultations.open_now(connection, found, NOW + timedelta(days=10))
    again = await consultations.find(connection, space.id, made.id)
    assert again is not None
    assert (again.state, again.archived_at) == ("open", None), "whoever opens it takes it out"


async def test_a_draft_is_archived_and_comes_back_as_one(connection: AsyncConnection) -> None:
    made = await make(connection, await make_space(connection))
    await consultations.archive(connection, made, NOW)
    await consultations.take_out(connection, made)
    found = await consultations.find(connection, made.space_id, made.id)
    assert found == made


async def test_the_database_refuses_what_is_archived_and_open(connection: AsyncConnection) -> None:
    made = await make(connection, await make_space(connection))
    await consultations.archive(connection, made, NOW)
    table = models.Consultation
    with pytest.raises(IntegrityError):
        async with connection.begin_nested():
            await connection.execute(update(table).where(table.id == made.id).values(state="open"))
    assert await connection.scalar(select(func.count()).where(table.state == "open")) == 0
