"""Elections at random, so small that ties, circles and blank ballots are common; and how two ways of counting agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, Generic, TypeAlias, TypeVar

import pytest

from flows.counting.result import BLANK, Result, Score
from storage.value import value

CANDIDATES = ("trees", "bench", "shelter", "fountain", "kiosk")
GRADES = 4

B = TypeVar("B", bound=Hashable)
Draw: TypeAlias = Callable[[Random, Sequence[str]], B]
"""A ballot at random."""
Pairs: TypeAlias = tuple[tuple[str, int], ...]

many = pytest.mark.parametrize("elections", [300, pytest.param(10_000, marks=pytest.mark.long)])
"""How many elections two ways of counting are compared on."""


@value
class Election(Generic[B]):
    candidates: tuple[str, ...]
    ballots: Mapping[B, int]

    def voters(self) -> list[B]:
        """Everybody's ballot but the blank ones, one by one."""
        return [ballot for ballot, voters in self.ballots.items() if ballot for _ in range(voters)]


def elect(random: Random, draw: Draw[B]) -> Election[B]:
    candidates = CANDIDATES[: random.randint(1, 2 * len(CANDIDATES))]
    ballots: Counter[B] = Counter()
    for _ in range(random.randint(0, 12)):
        ballots[draw(random, candidates)] += random.randint(1, 3)
    return Election(candidates, dict(ballots))


def at_random(elections: int, draw: Draw[B]) -> Iterator[Election[B]]:
    """The same ones each time."""
    random = Random(elections)
    return (elect(random, draw) for _ in range(elections))


def chosen(random: Random, candidates: Sequence[str]) -> str:
    return random.choice([BLANK, *candidates])


def approved(random: Random, candidates: Sequence[str]) -> frozenset[str]:
    return frozenset(random.sample(candidates, random.randint(0, len(candidates))))


def ranked(random: Random, candidates: Sequence[str]) -> tuple[str, ...]:
    return tuple(random.sample(candidates, random.randint(0, len(candidates))))


def ranked_all(random: Random, candidates: Sequence[str]) -> tuple[str, ...]:
    return tuple(random.sample(candidates, len(candidates)))


def graded(random: Random, candidates: Sequence[str]) -> Pairs:
    return tuple((candidate, random.randrange(GRADES)) for candidate in ranked(random, candidates))


def pointed(random: Random, candidates: Sequence[str]) -> Pairs:
    return tuple((candidate, random.randint(0, 3)) for candidate in ranked(random, candidates))


def places(result: Result[Any]) -> dict[str, tuple[int, Score]]:
    """Each candidate's rank and score."""
    return {place.candidate: (place.rank, place.score) for place in result.ranked}


def placed(election: Election[Any], scores: Mapping[str, Score]) -> dict[str, tuple[int, Score]]:
    """The same from scores: the rank is one more than the number of those with more; without a vote nobody has one."""
    if not election.voters():
        return {}
    return {name: (1 + sum(other > score for other in scores.values()), score) for name, score in scores.items()}
