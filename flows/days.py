"""The reader of days: typed as people type them, kept as ISO days."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from flows.answers import Choice, Heard, Json, Misread
from flows.folding import clean, fold
from flows.messages import Wants
from flows.texts import Said, Text, _
from storage.value import value

MONTHS = (
    ("janvier", "january"),
    ("fevrier", "february"),
    ("mars", "march"),
    ("avril", "april"),
    ("mai", "may"),
    ("juin", "june"),
    ("juillet", "july"),
    ("aout", "august"),
    ("septembre", "september"),
    ("octobre", "october"),
    ("novembre", "november"),
    ("decembre", "december"),
)
RELATIVE = {
    "avant-hier": -2,
    "avant hier": -2,
    "hier": -1,
    "yesterday": -1,
    "aujourd'hui": 0,
    "today": 0,
    "demain": 1,
    "tomorrow": 1,
    "apres-demain": 2,
    "apres demain": 2,
}
PASSED_OVER = {
    *("le", "the", "of", "du", "de", "on", "er", "st", "nd", "rd", "th"),
    *("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
}


@value
class Day:
    """A day between `earliest` and `latest`, both included; `today` is the civil day the resident is in.

    Read day first (`19/03/2027`, `19 mars`, `March 19, 2027`), as ISO, or as `tomorrow`. A year left out is the
    one that fits the bounds and is nearest to today. Kept as `2027-03-19`; the echo says the day's name.
    """

    today: date
    earliest: date | None = None
    latest: date | None = None

    @property
    def wants(self) -> Wants:
        return "date"

    def choices(self) -> Sequence[Choice]:
        return ()

    def read(self, heard: Heard) -> str:
        possible = self._possible(fold(clean(heard.text or "")[:80]))
        if not possible:
            raise Misread(_("Please write a day, for example {day}.", day=f"{self._example():%d/%m/%Y}"))
        allowed = [day for day in possible if self._allows(day)]
        if not allowed:
            raise Misread(self._bounds())
        return min(allowed, key=lambda day: abs(day - self.today)).isoformat()

    def _example(self) -> date:
        return self.earliest or self.latest or self.today

    def _allows(self, day: date) -> bool:
        return (self.earliest or day) <= day <= (self.latest or day)

    def _bounds(self) -> Said:
        if self.earliest is None:
            return _("Please choose a day until {latest}.", latest=dated(self.latest or self.today))
        if self.latest is None:
            return _("Please choose a day from {earliest} on.", earliest=dated(self.earliest))
        return _(
            "Please choose a day from {earliest} to {latest}.", earliest=dated(self.earliest), latest=dated(self.latest)
        )

    def _possible(self, said: str) -> list[date]:
        if said in RELATIVE:
            return [self.today + timedelta(days=RELATIVE[said])]
        iso = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", said)
        if iso is not None:
            return _days([int(iso[1])], int(iso[2]), int(iso[3]))
        parts = _parts(said)
        if parts is None:
            return []
        day, month, year = parts
        return _days(self._years(year), month, day)

    def _years(self, written: str) -> list[int]:
        this = self.today.year
        if not written:
            bounds = [bound.year for bound in (self.earliest, self.latest) if bound is not None]
            return sorted({this - 1, this, this + 1, *bounds})
        if len(written) == 4:
            return [int(written)]
        near = this - this % 100 + int(written)
        return [near if near <= this + 20 else near - 100]

    def echo(self, value: Json) -> Said:
        return dated(date.fromisoformat(value))


def dated(day: date) -> Said:
    """A day with its name and its year: `vendredi 19 mars 2027`."""
    return Text("{day} {year}", {"day": day, "year": str(day.year)})


def _parts(said: str) -> tuple[int, int, str] | None:
    """(day, month, year as written or "") of a date in figures or with the month's name."""
    if not re.fullmatch(r"[a-z0-9 .,/-]*", said):
        return None
    words = [word for word in re.findall(r"[0-9]+|[a-z]+", said) if word not in PASSED_OVER]
    figures = [word for word in words if word.isdigit()]
    months = [month for word in words if not word.isdigit() for month in _months(word)]
    if len(figures) + len(months) != len(words) or any(len(figure) > 4 for figure in figures):
        return None
    if not months:
        return _in_figures(figures)
    if len(months) != 1 or not 1 <= len(figures) <= 2 or len(figures[0]) > 2:
        return None
    return int(figures[0]), months[0], _year(figures[1:])


def _in_figures(figures: Sequence[str]) -> tuple[int, int, str] | None:
    """Day first; month first only where it can't be otherwise."""
    if not 2 <= len(figures) <= 3 or any(len(figure) > 2 for figure in figures[:2]):
        return None
    day, month = int(figures[0]), int(figures[1])
    if month > 12 >= day:
        day, month = month, day
    return day, month, _year(figures[2:])


def _year(figures: Sequence[str]) -> str:
    return figures[0] if figures and len(figures[0]) in (2, 4) else "".join(figures) and "0000"


def _months(word: str) -> list[int]:
    """The months a word may begin: none or one, unless it is too short to tell (`jui`), which is none as well."""
    if len(word) < 3:
        return []
    found = [number for number, names in enumerate(MONTHS, 1) if any(name.startswith(word) for name in names)]
    return found if len(found) == 1 else []


def _days(years: Sequence[int], month: int, day: int) -> list[date]:
    """Those of these days that exist."""
    found = []
    for year in years:
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    return found
