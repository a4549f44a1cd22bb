"""Result: what every rule of counting hands back; and what the rules share on their way to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Generic, TypeAlias, TypeVar

from storage.value import value

BLANK = ""
"""A blank ballot where a ballot is one candidate's id; elsewhere it is an empty set or tuple."""

Score: TypeAlias = int | Fraction
Marks: TypeAlias = Mapping[Score, int]
"""How many voters gave a candidate each number of points; who gave none is not in it."""

B = TypeVar("B", bound=Hashable)
"""A ballot."""
M = TypeVar("M", bound=Hashable)
"""What a ballot gives a candidate: points or a grade."""
W = TypeVar("W")
"""What a candidate's score is recounted from."""


@value
class Place(Generic[W]):
    """A candidate in the ranking: the more `score` the better, `rank` from 1, shared when tied.

    `working` is what anybody needs to count the score again by hand.
    """

    candidate: str
    rank: int
    score: Score
    working: W


@value
class Result(Generic[W]):
    """The candidates in the order of the ranking, the tied ones in their published order.

    `voters` cast a ballot, `blank` of them a blank one. Where all are blank nobody is ranked.
    """

    ranked: tuple[Place[W], ...]
    voters: int
    blank: int

    @property
    def expressed(self) -> int:
        return self.voters - self.blank

    @property
    def winners(self) -> tuple[str, ...]:
        """One candidate, or all that are tied for the first place, or nobody."""
        return tuple(place.candidate for place in self.ranked if place.rank == 1)


def tally(
    ballots: Mapping[B, int], candidates: Sequence[str], given: Callable[[B], Iterable[tuple[str, M]]]
) -> dict[str, Counter[M]]:
    """How many voters gave each candidate each mark; `given` says which marks a ballot gives, if it is not blank."""
    marks: dict[str, Counter[M]] = {candidate: Counter() for candidate in candidates}
    for ballot, voters in ballots.items():
        pairs = list(given(ballot)) if ballot else []
        check(ballot, voters, [candidate for candidate, _mark in pairs], candidates)
        for candidate, mark in pairs:
            marks[candidate][mark] += voters
    return marks


def check(ballot: object, voters: int, named: Sequence[str], candidates: Sequence[str]) -> None:
    """A ballot that nobody cast, names somebody who is no candidate, or names a candidate twice is a ValueError.

    It should never have been accepted, and leaving it out here would make the totals wrong without a word.
    """
    once = set(named)
    if voters < 1 or len(once) < len(named) or not once <= set(candidates):
        raise ValueError(f"cast {voters} times, this is not a ballot: {ballot!r}")


def conclude(ballots: Mapping[B, int], scored: Mapping[str, tuple[Score, W]]) -> Result[W]:
    """The Result of these ballots, from each candidate's score and its working, in their published order."""
    voters = sum(ballots.values())
    blank = sum(voters for ballot, voters in ballots.items() if not ballot)
    return Result(rank(scored) if voters > blank else (), voters, blank)


def rank(scored: Mapping[str, tuple[Score, W]]) -> tuple[Place[W], ...]:
    """The most first. A rank is one more than the number of those who have more, so that equals share theirs."""
    scores = sorted((score for score, _working in scored.values()), reverse=True)
    places = [Place(name, scores.index(score) + 1, score, working) for name, (score, working) in scored.items()]
    return tuple(sorted(places, key=lambda place: place.rank))


def add(
    ballots: Mapping[B, int], candidates: Sequence[str], given: Callable[[B], Iterable[tuple[str, Score]]]
) -> Result[Marks]:
    """The Result where marks are points and a candidate's score is their sum."""
    marks = tally(ballots, candidates, given)
    return conclude(ballots, {name: (_sum(points), points) for name, points in marks.items()})


def _sum(marks: Marks) -> Score:
    return sum(points * voters for points, voters in marks.items())
