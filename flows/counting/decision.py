"""Decision: whether enough people voted (quorum), and whether enough of them were in favour (threshold).

- The quorum is a number of voters, or a share of those entitled to vote, or both; to reach it is enough, and a blank
  ballot counts towards it, for whoever cast it took part. So it is with the local referendum in France, which half of
  those on the roll have to take part in (Code général des collectivités territoriales, article LO 1112-7).
- The threshold is a share of the votes expressed. A blank ballot is counted apart and is not expressed, as in French
  elections since 2014 (Code électoral, article L 65), unless the rule says otherwise.
- One half has to be gone beyond, or two opposites could both be adopted. Any greater share has to be reached: three
  fifths of 10 are 6.
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from math import ceil, floor

from storage.value import value

HALF = Fraction(1, 2)


class Outcome(StrEnum):
    """What became of what was put to the vote; only a quorum and votes enough adopt it."""

    ADOPTED = "adopted"
    REJECTED = "rejected"
    TIE = "tie"
    """As many against as in favour, where more than half was needed."""
    NO_QUORUM = "no quorum"
    """Too few took part, whatever they voted."""


@value
class Rule:
    """What a vote needs: `voters` and the share `turnout` of those entitled are its quorum, `threshold` is 1/2 to 1.

    `blank_expressed` makes a blank ballot count like one against.
    """

    voters: int = 0
    turnout: Fraction = Fraction(0)
    threshold: Fraction = HALF
    blank_expressed: bool = False

    def __post_init__(self) -> None:
        if not (self.voters >= 0 and 0 <= self.turnout <= 1 and HALF <= self.threshold <= 1):
            raise ValueError(f"no vote can be held to this: {self}")

    def quorum(self, entitled: int | None) -> int:
        """How many have to vote. `entitled` may be None, unknown, where the quorum is no share of it."""
        if entitled is None and self.turnout:
            raise ValueError("a share of those entitled to vote needs their number")
        return max(self.voters, ceil(self.turnout * (entitled or 0)))

    def needed(self, expressed: int) -> int:
        """How many have to be in favour, one at least."""
        share = self.threshold * expressed
        return floor(share) + 1 if self.threshold == HALF else max(1, ceil(share))


@value
class Decision:
    """The outcome with its numbers: `voters` of the `quorum`, `in_favour` of the votes `needed` among `expressed`."""

    outcome: Outcome
    voters: int
    quorum: int
    in_favour: int
    against: int
    blank: int
    expressed: int
    needed: int


def decide(rule: Rule, in_favour: int, against: int, blank: int = 0, *, entitled: int | None = None) -> Decision:
    """What became of what was put to the vote, from how many voted in favour, against and blank."""
    voters = in_favour + against + blank
    expressed = voters if rule.blank_expressed else in_favour + against
    quorum, needed = rule.quorum(entitled), rule.needed(expressed)
    balanced = rule.threshold == HALF and expressed == 2 * in_favour == 2 * against > 0
    if voters < quorum:
        outcome = Outcome.NO_QUORUM
    elif in_favour >= needed:
        outcome = Outcome.ADOPTED
    else:
        outcome = Outcome.TIE if balanced else Outcome.REJECTED
    return Decision(outcome, voters, quorum, in_favour, against, blank, expressed, needed)
