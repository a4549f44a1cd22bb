"""One of several: a voter chooses one candidate, and the candidate that most voters chose is first.

For and against are two candidates; whether what they were asked is adopted, decision.py says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flows.counting.result import Marks, Result, add


def count(ballots: Mapping[str, int], candidates: Sequence[str]) -> Result[Marks]:
    """A ballot is the id of the candidate chosen, or BLANK. A score is a number of voters."""
    return add(ballots, candidates, lambda ballot: [(ballot, 1)])
