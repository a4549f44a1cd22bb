"""Schulze's method: a voter ranks the candidates, each two of them meet in a duel, and chains of won duels decide.

The rule is Schulze's (Social Choice and Welfare 36, 2011, pp. 267-303), with duels measured by winning votes:

- A duel is won by the candidate that more voters prefer to the other. The more prefer it the stronger the duel; of two
  duels won by as many, the one with fewer voters on the other side is the stronger.
- A path leads from one candidate to another over duels that are won, and is as strong as the weakest of them.
- A candidate is ahead of another when the strongest path to it is stronger than the strongest path back. Whoever wins
  all their duels is ahead of everybody.
- On a ballot every ranked candidate is preferred to every unranked one, and between two unranked ones the voter prefers
  neither.

Being ahead never goes in a circle, but two candidates can be tied with a third while one is ahead of the other. So a
candidate's rank is told by how many are ahead of it, and first are exactly those that nobody is ahead of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

from flows.counting.result import Result, check, conclude
from storage.value import value


class Strength(NamedTuple):
    """Of a duel that is won, or of a path: the voters for the winner, and how many they are more than the others."""

    votes: int
    lead: int


NONE = Strength(0, 0)
"""No path, or a duel that is lost or tied: weaker than any that is won."""


@value
class Duels:
    """By each other candidate's id: the voters who prefer this one to it, and the strongest path from here to it."""

    preferred: Mapping[str, int]
    paths: Mapping[str, Strength]


def count(ballots: Mapping[tuple[str, ...], int], candidates: Sequence[str]) -> Result[Duels]:
    """A ballot is the candidates that were ranked, the best first, empty when blank.

    A score is the number of the other candidates that are not ahead.
    """
    preferred = _preferred(ballots, candidates)
    paths = _strongest_paths(preferred)
    scored = {}
    for one in candidates:
        others = [other for other in candidates if other != one]
        score = sum(paths[one, other] >= paths[other, one] for other in others)
        duels = Duels({to: preferred[one, to] for to in others}, {to: paths[one, to] for to in others})
        scored[one] = (score, duels)
    return conclude(ballots, scored)


def _preferred(ballots: Mapping[tuple[str, ...], int], candidates: Sequence[str]) -> dict[tuple[str, str], int]:
    """For each two candidates, how many voters prefer the first to the second."""
    preferred = dict.fromkeys(permutations(candidates, 2), 0)
    for ballot, voters in ballots.items():
        check(ballot, voters, ballot, candidates)
        behind = list(candidates)
        for candidate in ballot:
            behind.remove(candidate)
            for other in behind:
                preferred[candidate, other] += voters
    return preferred


def _strongest_paths(preferred: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], Strength]:
    """Floyd and Warshall's algorithm: each candidate in turn is allowed as a stop on the way between two others."""
    paths = {
        (one, other): Strength(votes, votes - against) if votes > (against := preferred[other, one]) else NONE
        for (one, other), votes in preferred.items()
    }
    for stop in dict.fromkeys(one for one, _other in preferred):
        for one, other in paths:
            if stop not in (one, other):
                detour = min(paths[one, stop], paths[stop, other])
                paths[one, other] = max(paths[one, other], detour)
    return paths
