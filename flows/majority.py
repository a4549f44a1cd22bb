"""Majority judgment: voters grade each candidate in words, and the candidates are ranked by what a majority thinks.

The rule is Balinski and Laraki's (PNAS 104, 2007, pp. 8720-8725; Majority Judgment, MIT Press 2011):

- A candidate's *majority grade* is the median of its grades, the lower of the two in the middle when they are even
  in number: the best grade that more than half of the voters give or go beyond.
- Candidates with the same majority grade are told apart by the *majority gauge*: p is the share of the grades above
  it, q the share below. With p > q the grade has a plus, otherwise a minus. A plus is ahead of a minus; of two
  pluses the one with more above is ahead, of two minuses the one with fewer below. Equal gauges share their rank.

Shares and not numbers of voters are compared, because a voter may leave a candidate without a grade.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate

from storage.value import value


@value
class Judged:
    """What a majority thinks of a candidate: `grade` counts from 0, the best; `rank` from 1, shared when tied."""

    grade: int
    above: Fraction
    below: Fraction
    rank: int

    @property
    def plus(self) -> bool:
        return self.above > self.below


def judge(counts: Mapping[str, Sequence[int]]) -> dict[str, Judged]:
    """The candidates in the order of the ranking, from how many gave each of them every grade, the best grade first.

    A candidate nobody graded is not ranked.
    """
    gauges = {candidate: _gauge(given) for candidate, given in counts.items() if any(given)}
    ranking = sorted(gauges, key=lambda candidate: _order(*gauges[candidate]))
    judged: dict[str, Judged] = {}
    rank = 1
    for place, candidate in enumerate(ranking, start=1):
        if place > 1 and _order(*gauges[candidate]) != _order(*gauges[ranking[place - 2]]):
            rank = place
        judged[candidate] = Judged(*gauges[candidate], rank)
    return judged


def _gauge(given: Sequence[int]) -> tuple[int, Fraction, Fraction]:
    """The majority grade, and the shares above and below it."""
    total = sum(given)
    upto = list(accumulate(given))
    grade = next(number for number, reached in enumerate(upto) if 2 * reached > total)
    return grade, Fraction(upto[grade] - given[grade], total), Fraction(total - upto[grade], total)


def _order(grade: int, above: Fraction, below: Fraction) -> tuple[int, int, Fraction]:
    return (grade, 0, -above) if above > below else (grade, 1, below)
