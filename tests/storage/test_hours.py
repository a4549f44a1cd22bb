"""When messages that nobody asked for may leave."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import hours
from storage.hours import USUAL, Hours

PARIS = ZoneInfo("Europe/Paris")
ZONES = ("Europe/Paris", "America/Miquelon", "Indian/Reunion", "UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2027-03-05T11:00", "2027-03-05T11:00"),
        ("2027-03-05T13:00", "2027-03-05T14:00"),
        ("2027-03-05T20:00", "2027-03-08T10:00"),  # the week-end is left in peace
        ("2027-03-08T03:00", "2027-03-08T10:00"),
        ("2027-03-27T12:00", "2027-03-29T10:00"),  # over the change to summer time
    ],
)
def test_what_nobody_asked_for_waits_for_the_usual_hours(now: str, opens: str) -> None:
    assert USUAL.opens("Europe/Paris", at(now)) == at(opens)


def test_what_was_kept_is_read_back_without_the_night() -> None:
    chosen = Hours((6, 7), ((time(9), time(12)),))
    assert hours.from_json(chosen.to_json()) == chosen
    assert hours.from_json({"days": [1], "spans": [["06:00", "23:30"]]}).spans == ((time(8), time(21)),)
    assert hours.from_json(None) == USUAL


minutes = st.integers(0, 23 * 60 + 59).map(lambda total: time(total // 60, total % 60))
chosen = st.builds(
    lambda days, spans: Hours(tuple(sorted(days)), hours.by_day(spans)),
    st.sets(st.integers(1, 7), min_size=1),
    st.lists(st.tuples(minutes, minutes), min_size=1, max_size=3),
).filter(lambda made: bool(made.spans))
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))


@given(made=chosen, zone=st.sampled_from(ZONES), now=moments)
def test_it_is_the_first_minute_that_a_clock_on_the_wall_finds_within_them(
    made: Hours, zone: str, now: datetime
) -> None:
    opens = made.opens(zone, now)
    assert opens >= now
    assert _within(made, opens.astimezone(ZoneInfo(zone)))
    looked = now
    while looked < min(opens, now + timedelta(hours=30)):
        assert not _within(made, looked.astimezone(ZoneInfo(zone)))
        looked += timedelta(minutes=17)


def _within(made: Hours, wall: datetime) -> bool:
    there = wall.time()
    return wall.isoweekday() in made.days and any(begins <= there < ends for begins, ends in made.spans)
