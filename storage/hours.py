"""When messages that nobody asked for may leave: the hours of a space, or a person's own in their place.

They are wall times where the town (or the person) is. Whatever anybody chose, nothing leaves at night.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from storage.civil import moment
from storage.value import value

MORNING, NIGHT = time(8), time(21)
"""Nothing that nobody asked for leaves before the one or after the other."""
LONGEST_WAIT = 15
"""Days looked ahead: a week and a day are enough, whatever the zone does."""


@value
class Hours:
    """`days` as ISO numbers them (1 is Monday); `spans` of wall time, the earliest first, ends not included."""

    days: tuple[int, ...]
    spans: tuple[tuple[time, time], ...]

    def opens(self, zone: str, now: datetime) -> datetime:
        """The first moment from now on that lies within them."""
        today = now.astimezone(ZoneInfo(zone)).date()
        for begins, ends in self._ahead(zone, today):
            if now < ends:
                return max(now, begins)
        raise ValueError("these hours never open")

    def _ahead(self, zone: str, today: date) -> Iterator[tuple[datetime, datetime]]:
        for day in (today + timedelta(days=ahead) for ahead in range(LONGEST_WAIT)):
            if day.isoweekday() in self.days:
                for begins, ends in self.spans:
                    yield moment(datetime.combine(day, begins), zone), moment(datetime.combine(day, ends), zone)

    def to_json(self) -> dict[str, Any]:
        """As it is kept; `from_json` reads it back."""
        spans = [[begins.isoformat("minutes"), ends.isoformat("minutes")] for begins, ends in self.spans]
        return {"days": list(self.days), "spans": spans}


USUAL = Hours((1, 2, 3, 4, 5), ((time(10), time(13)), (time(14), time(20))))
"""Where a space has said nothing else."""


def from_json(kept: Mapping[str, Any] | None) -> Hours:
    """The hours that were kept, the night left out; the usual ones where there are none."""
    if kept is None:
        return USUAL
    spans = [(time.fromisoformat(begins), time.fromisoformat(ends)) for begins, ends in kept["spans"]]
    return Hours(tuple(kept["days"]), by_day(spans))


def by_day(spans: Sequence[tuple[time, time]]) -> tuple[tuple[time, time], ...]:
    """What of these spans does not lie at night."""
    clipped = sorted((max(begins, MORNING), min(ends, NIGHT)) for begins, ends in spans)
    return tuple((begins, ends) for begins, ends in clipped if begins < ends)


def zone_of(kept: Mapping[str, Any] | None, zone: str) -> str:
    """Where somebody's own hours are meant, else where the town is."""
    return str(kept["zone"]) if kept is not None and kept.get("zone") else zone
