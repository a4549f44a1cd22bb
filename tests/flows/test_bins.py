"""Bins: round, as wide as each other, ten at most, and everything falls in one."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from flows.questionnaires.bins import MOST, Bins, of_days, of_numbers
from flows.texts import translate


def labels(bins: Bins[float] | Bins[date], language: str = "en") -> list[str]:
    return [translate(label, language) for label in bins.labels]


def test_few_whole_numbers_are_named_one_by_one() -> None:
    assert labels(of_numbers(2, 5, whole=True)) == ["2", "3", "4", "5"]
    assert labels(of_numbers(7, 7, whole=True)) == ["7"]


def test_many_are_grouped_by_round_numbers() -> None:
    assert labels(of_numbers(0, 42, whole=True)) == [f"{low} to {low + 4}" for low in range(0, 45, 5)]
    assert labels(of_numbers(1200, 4100, whole=True), "fr")[0] == "1\u202f000 à 1\u202f499"
    assert labels(of_numbers(0.5, 3.2, whole=False))[:2] == ["0.5 to under 1", "1 to under 1.5"]


def test_days_are_grouped_by_days_months_or_years() -> None:
    assert labels(of_days(date(2027, 3, 6), date(2027, 3, 7)), "fr") == ["6 mars 2027", "7 mars 2027"]
    assert labels(of_days(date(2026, 12, 20), date(2027, 2, 1)), "fr") == [
        "décembre 2026",
        "janvier 2027",
        "février 2027",
    ]
    assert labels(of_days(date(2024, 5, 1), date(2027, 2, 1))) == ["2024", "2025", "2026", "2027"]
    assert labels(of_days(date(1950, 5, 1), date(2027, 2, 1)))[0] == "1950 to 1959"


decimals = st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 3))


@given(st.lists(decimals, min_size=1, max_size=20))
def test_every_number_falls_in_one_of_at_most_ten_bins(numbers: list[float]) -> None:
    check(of_numbers(min(numbers), max(numbers), whole=False), numbers)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20))
def test_so_does_every_whole_number(numbers: list[int]) -> None:
    bins = of_numbers(min(numbers), max(numbers), whole=True)
    check(bins, [float(number) for number in numbers])
    assert all(start == int(start) for start in bins.starts)


@given(st.lists(st.dates(date(1800, 1, 1), date(2100, 1, 1)), min_size=1, max_size=20))
def test_so_does_every_day(days: list[date]) -> None:
    bins = of_days(min(days), max(days))
    assert 1 <= len(bins.starts) == len(bins.labels) <= MOST
    found = [bisect_right(bins.ends, day) for day in days]
    assert all(bins.starts[number] <= day for number, day in zip(found, days, strict=True))
    assert {0, len(bins.starts) - 1} <= set(found)


@given(st.dates(date(1800, 1, 1), date(2100, 1, 1)), st.integers(0, 40_000))
def test_bins_of_days_never_overlap(first: date, length: int) -> None:
    starts = of_days(first, first + timedelta(days=length)).starts
    assert list(starts) == sorted(set(starts))


def check(bins: Bins[float], numbers: list[float]) -> None:
    assert 1 <= len(bins.starts) == len(bins.labels) <= MOST
    found = [bisect_right(bins.ends, number) for number in numbers]
    assert all(bins.starts[number] <= value for number, value in zip(found, numbers, strict=True))
    assert {0, len(bins.starts) - 1} <= set(found)
