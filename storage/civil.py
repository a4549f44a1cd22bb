"""Civil times: wall time where the town is, as the moment it stands for."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def moment(wall: datetime, zone: str) -> datetime:
    """Wall time in a zone, as UTC: the first of two, or the first instant after a gap."""
    place = ZoneInfo(zone)
    found = wall.replace(tzinfo=place).astimezone(UTC)
    if found.astimezone(place).replace(tzinfo=None) == wall:
        return found
    # In a gap: walk back from what the old offset gives, to the first minute whose wall time is past the gap.
    while (found - timedelta(minutes=1)).astimezone(place).replace(tzinfo=None) > wall:
        found -= timedelta(minutes=1)
    return found


def days_before(at: datetime, days: int, wall: time, zone: str) -> datetime:
    """That time on the wall, so many days before the day of this moment: the moment that is."""
    day = at.astimezone(ZoneInfo(zone)).date() - timedelta(days=days)
    return moment(datetime.combine(day, wall), zone)
