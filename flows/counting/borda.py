"""Borda's count: a voter ranks the candidates, and each place is worth as many points as there are places below it.

The rule is Borda's (Histoire de l'Académie royale des sciences, 1781, pp. 657-665), for ballots that rank every
candidate. Where some are not ranked, they share the points that are left: each of them gets the average, as in the
*averaged* rule of Terzopoulou and Endriss (Journal of Mathematical Economics 92, 2021, pp. 31-40). So

- every ballot hands out the same number of points, whether it ranks one candidate or all;
- a short ballot counts as the average of all complete ballots that begin like it. Whatever a voter wants to bring
  about, one of those does it at least as well: nobody needs to leave places empty.

With no points for the unranked, naming a single candidate would weigh more than any complete ballot; with fewer points
for the ranked (Emerson's modified count), people who have an opinion on few would weigh less than others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from flows.counting.result import Marks, Result, Score, add


def count(ballots: Mapping[tuple[str, ...], int], candidates: Sequence[str]) -> Result[Marks]:
    """A ballot is the candidates that were ranked, the best first, empty when blank. A score is a sum of points."""
    return add(ballots, candidates, lambda ballot: _points(ballot, candidates))


def _points(ballot: tuple[str, ...], candidates: Sequence[str]) -> Iterator[tuple[str, Score]]:
    """With 4 candidates: 3 points for the first, 2 for the second, and 1/2 for each of the two that are left."""
    left = len(candidates) - len(ballot)
    for place, candidate in enumerate(ballot, start=1):
        yield candidate, len(candidates) - place
    for candidate in candidates:
        if candidate not in ballot:
            yield candidate, Fraction(left - 1, 2)
