"""Majority judgment: voters grade each candidate in words, and the candidates are ranked by what a majority thinks.

The rule is Balinski and Laraki's (PNAS 104, 2007, pp. 8720-8725; Majority Judgment, MIT Press 2011):

- A candidate's *majority grade* is the median of its grades, the lower of the two in the middle when they are even
  in number: the best grade that more than half of the voters give or go beyond.
- Candidates with the same majority grade are told apart by the *majority gauge*: p is the share of the grades above
  it, q the share below. With p > q the grade has a plus, otherwise a minus. A plus is ahead of a minus; of two
  pluses the one with more above is ahead, of two minuses the one with fewer below. Equal gauges share their rank.
- In a vote, not to grade a candidate is to reject it, as on the ballots of Orsay in 2007: otherwise somebody whom only
  their friends graded would win.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate

from flows.counting.result import Place, Result, conclude, rank, tally
from storage.value import value


@value
class Gauge:
    """What a majority thinks of a candidate: how many `given` each grade, the best first; `grade` is 0 for the best.

    `above` and `below` are shares of those who graded it.
    """

    given: tuple[int, ...]
    grade: int
    above: Fraction
    below: Fraction

    @property
    def plus(self) -> bool:
        return self.above > self.below

    @property
    def score(self) -> Fraction:
        """How many grades there are below, more by p or less by q: one number in the order of the gauges, since neither
        reaches over one half (Fabre, Social Choice and Welfare 56, 2021, pp. 101-124)."""
        worse = len(self.given) - 1 - self.grade
        return worse + self.above if self.plus else worse - self.below


def count(ballots: Mapping[tuple[tuple[str, int], ...], int], candidates: Sequence[str], grades: int) -> Result[Gauge]:
    """A ballot is (candidate, grade) for each candidate that was graded, empty when blank.

    `grades` is how many there are, 0 the best. A score is that of the gauge.
    """
    marks = tally(ballots, candidates, lambda ballot: _grades(ballot, candidates, grades))
    counts = {name: [given[grade] for grade in range(grades)] for name, given in marks.items()}
    return conclude(ballots, _scored(counts))


def judge(counts: Mapping[str, Sequence[int]]) -> tuple[Place[Gauge], ...]:
    """The ranking alone, from how many gave each candidate every grade, the best grade first.

    Here a candidate may be left without a grade, as in a questionnaire: shares and not numbers of voters are compared,
    and one that nobody graded is not ranked.
    """
    return rank(_scored(counts))


def _grades(ballot: tuple[tuple[str, int], ...], candidates: Sequence[str], grades: int) -> Iterator[tuple[str, int]]:
    """The grades on a ballot, and the worst for those it leaves out."""
    graded = {candidate for candidate, _grade in ballot}
    for candidate, grade in ballot:
        if not 0 <= grade < grades:
            raise ValueError(f"there is no grade {grade}: {ballot!r}")
        yield candidate, grade
    for candidate in candidates:
        if candidate not in graded:
            yield candidate, grades - 1


def _scored(counts: Mapping[str, Sequence[int]]) -> dict[str, tuple[Fraction, Gauge]]:
    gauges = {candidate: _gauge(given) for candidate, given in counts.items() if any(given)}
    return {candidate: (gauge.score, gauge) for candidate, gauge in gauges.items()}


def _gauge(given: Sequence[int]) -> Gauge:
    """The majority grade, and the shares above and below it."""
    total = sum(given)
    upto = list(accumulate(given))
    grade = next(number for number, reached in enumerate(upto) if 2 * reached > total)
    return Gauge(tuple(given), grade, Fraction(upto[grade] - given[grade], total), Fraction(total - upto[grade], total))
