"""Bins: how numbers and days given by many people are grouped to be drawn, and what each group is called.

Bins have round ends (1, 2 or 5 with zeros; a day, a month, a year and multiples) and are all as wide as each other,
so that a drawing of them tells no lie; there are at most ten, the first and the last not being empty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Generic, TypeVar

from babel.dates import format_date
from babel.numbers import format_decimal

from flows.texts import LANGUAGES, Said, Words, _
from storage.value import value

MOST = 10

T = TypeVar("T", float, date)


@value
class Bins(Generic[T]):
    """`starts` is where each bin begins, in the unit of the question; `labels` what each is called."""

    starts: tuple[T, ...]
    labels: tuple[Said, ...]

    @property
    def ends(self) -> tuple[T, ...]:
        """Where each bin but the last gives way to the next."""
        return self.starts[1:]


def of_numbers(low: float, high: float, *, whole: bool) -> Bins[float]:
    """Bins for numbers from `low` to `high`; whole numbers are named one by one where they are few."""
    if low == high:
        return Bins((low,), (said_number(low),))
    width = next(width for width in _widths(high - low, whole=whole) if _count(low, high, width) <= MOST)
    first = math.floor(Fraction(low) / width)
    starts = [float((first + number) * width) for number in range(_count(low, high, width))]
    return Bins(tuple(starts), tuple(_named(start, float(width), whole=whole) for start in starts))


def _widths(range_: float, *, whole: bool) -> Iterator[Fraction]:
    """1, 2, 5, 10, 20, 50 ... from well below a tenth of the range on."""
    power = math.floor(math.log10(range_)) - 2
    for exponent in range(max(power, 0) if whole else power, power + 6):
        for digit in (1, 2, 5):
            yield digit * Fraction(10) ** exponent


def _count(low: float, high: float, width: Fraction) -> int:
    return math.floor(Fraction(high) / width) - math.floor(Fraction(low) / width) + 1


def _named(start: float, width: float, *, whole: bool) -> Said:
    if not whole:
        return _("{low} to under {high}", low=said_number(start), high=said_number(start + width))
    if width == 1:
        return said_number(start)
    return _("{low} to {high}", low=said_number(start), high=said_number(start + width - 1))


def of_days(first: date, last: date) -> Bins[date]:
    """Bins for days: days while they are few, then months, then years and their multiples."""
    count = (last - first).days + 1
    if count <= MOST:
        days = [first + timedelta(days=number) for number in range(count)]
        return Bins(tuple(days), tuple(said_date(day, "d MMMM yyyy") for day in days))
    begin, end = _month(first), _month(last)
    if end - begin < MOST:
        months = [date(month // 12, month % 12 + 1, 1) for month in range(begin, end + 1)]
        return Bins(tuple(months), tuple(said_date(month, "LLLL yyyy") for month in months))
    years = of_numbers(first.year, last.year, whole=True)
    return Bins(tuple(date(max(1, int(year)), 1, 1) for year in years.starts), _years(years))


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _years(years: Bins[float]) -> tuple[Said, ...]:
    """Years are written without the mark of thousands."""
    starts = [int(start) for start in years.starts]
    width = starts[1] - starts[0] if len(starts) > 1 else 1
    if width == 1:
        return tuple(str(start) for start in starts)
    return tuple(_("{low} to {high}", low=str(start), high=str(start + width - 1)) for start in starts)


def said_number(number: float) -> Words:
    """A number as each language writes it, with three decimals at most."""
    return _in_each_language(lambda language: format_decimal(number, locale=language))


def said_date(day: date, pattern: str) -> Words:
    return _in_each_language(
        lambda language: format_date(day, pattern, locale="en_GB" if language == "en" else language)
    )


def _in_each_language(write: Callable[[str], str]) -> Words:
    return Words({language: write(language) for language in LANGUAGES})
