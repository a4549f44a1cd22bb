"""A day and an hour as an organiser types them, where the town is; and as they are shown back."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from admin_web.forms import Form
from flows.texts import Said, _
from storage.civil import moment
from storage.value import value


class NotADate(ValueError):
    """What was typed is no day, or no hour."""


NOT_A_DATE: Said = _("Write a day like 2027-03-19, and an hour like 20:00.")


@value
class Civil:
    """As it stands in two fields; both empty where nothing is set."""

    day: str = ""
    hour: str = ""

    def at(self, zone: str, *, end: bool = False) -> datetime | None:
        """The moment in UTC: the first of two, or the first after a gap (design: times). A day alone begins at its
        start, or lasts until its `end`. Raises NotADate."""
        if not self.day and not self.hour:
            return None
        try:
            hour = time.fromisoformat(self.hour) if self.hour else time(23, 59) if end else time(0)
            return moment(datetime.combine(date.fromisoformat(self.day), hour.replace(tzinfo=None)), zone)
        except (ValueError, OverflowError):
            raise NotADate from None

    @staticmethod
    def of(at: datetime | None, zone: str) -> Civil:
        if at is None:
            return Civil()
        there = at.astimezone(ZoneInfo(zone))
        return Civil(there.strftime("%Y-%m-%d"), there.strftime("%H:%M"))


def typed(form: Form, name: str) -> Civil:
    return Civil(form.text(f"{name}.day", 20), form.text(f"{name}.hour", 20))


def span(opens: Civil, closes: Civil, zone: str, faults: dict[str, Said]) -> tuple[datetime | None, datetime | None]:
    """From when until when; what is wrong is noted in `faults`, under `opens` or `closes`."""
    found: list[datetime | None] = []
    for name, civil in (("opens", opens), ("closes", closes)):
        try:
            found.append(civil.at(zone, end=name == "closes"))
        except NotADate:
            faults[name] = NOT_A_DATE
            found.append(None)
    begins, ends = found
    if begins and ends and ends <= begins:
        faults["closes"] = _("It closes before it opens.")
    return begins, ends
