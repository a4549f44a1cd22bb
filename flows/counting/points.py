"""Points: a voter gives points to candidates, and the candidate that received most is first.

How many points a voter has, and how many of them one candidate may get, are rules of casting, not of counting: whoever
accepts a ballot holds it to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flows.counting.result import Marks, Result, add


def count(ballots: Mapping[tuple[tuple[str, int], ...], int], candidates: Sequence[str]) -> Result[Marks]:
    """A ballot is (candidate, points) for each candidate that was given some, empty when blank. A score is a sum."""
    return add(ballots, candidates, lambda ballot: ballot)
