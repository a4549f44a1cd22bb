"""Approval: a voter chooses as many candidates as they like, and the candidate that most voters chose is first.

The rule is Brams and Fishburn's (American Political Science Review 72, 1978, pp. 831-847). How many a voter may or has
to choose is a rule of casting, not of counting: whoever accepts a ballot holds it to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flows.counting.result import Marks, Result, add


def count(ballots: Mapping[frozenset[str], int], candidates: Sequence[str]) -> Result[Marks]:
    """A ballot is the set of the candidates chosen, empty when blank. A score is a number of voters."""
    return add(ballots, candidates, lambda ballot: [(candidate, 1) for candidate in ballot])
