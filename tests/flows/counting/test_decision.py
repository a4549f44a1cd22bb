"""Quorum and threshold: cases by hand, and every small vote against fractions of the votes."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from flows.counting.decision import Outcome, Rule, decide

HALF, FIFTHS = Fraction(1, 2), Fraction(3, 5)


@pytest.mark.parametrize(
    ("rule", "votes", "outcome"),
    [
        (Rule(), (51, 49, 30), Outcome.ADOPTED),
        (Rule(), (50, 50, 30), Outcome.TIE),
        (Rule(), (49, 51, 30), Outcome.REJECTED),
        (Rule(), (0, 0, 30), Outcome.REJECTED),
        (Rule(blank_expressed=True), (51, 49, 30), Outcome.REJECTED),
        (Rule(blank_expressed=True), (50, 50, 0), Outcome.TIE),
        (Rule(blank_expressed=True), (50, 50, 1), Outcome.REJECTED),
        (Rule(blank_expressed=True), (65, 40, 25), Outcome.REJECTED),
        (Rule(threshold=FIFTHS), (6, 4, 9), Outcome.ADOPTED),
        (Rule(threshold=FIFTHS), (59, 41, 0), Outcome.REJECTED),
        (Rule(threshold=Fraction(2, 3)), (1, 1, 0), Outcome.REJECTED),
        (Rule(threshold=Fraction(2, 3)), (0, 0, 3), Outcome.REJECTED),
        (Rule(threshold=Fraction(1)), (9, 0, 1), Outcome.ADOPTED),
        (Rule(voters=100), (60, 20, 19), Outcome.NO_QUORUM),
        (Rule(voters=100), (60, 20, 20), Outcome.ADOPTED),
        (Rule(turnout=HALF), (60, 20, 19), Outcome.NO_QUORUM),
        (Rule(turnout=HALF), (60, 20, 20), Outcome.ADOPTED),
        (Rule(turnout=Fraction(1, 3), voters=90), (60, 20, 9), Outcome.NO_QUORUM),
    ],
)
def test_of_200_people_who_are_entitled_to_vote(rule: Rule, votes: tuple[int, int, int], outcome: Outcome) -> None:
    assert decide(rule, *votes, entitled=200).outcome == outcome


def test_a_decision_says_the_numbers_it_was_taken_on() -> None:
    decision = decide(Rule(turnout=HALF, threshold=FIFTHS), 70, 31, 12, entitled=201)
    assert (decision.voters, decision.quorum) == (113, 101)
    assert (decision.in_favour, decision.needed, decision.expressed) == (70, 61, 101)
    assert (decision.against, decision.blank) == (31, 12)


def test_every_small_vote_is_decided_as_fractions_of_its_votes_decide_it() -> None:
    rules = [
        Rule(threshold=share, blank_expressed=blank) for share in (HALF, FIFTHS, Fraction(1)) for blank in (False, True)
    ]
    for rule, *votes in product(rules, range(9), range(9), range(9)):
        in_favour, against, blank = votes
        expressed = in_favour + against + blank * rule.blank_expressed
        share = Fraction(in_favour, expressed or 1)
        adopted = share > HALF if rule.threshold == HALF else share >= rule.threshold
        tied = rule.threshold == HALF and share == HALF == Fraction(against, expressed)
        expected = Outcome.ADOPTED if adopted else Outcome.TIE if tied else Outcome.REJECTED
        assert decide(rule, in_favour, against, blank).outcome == expected, (rule, votes)


def test_a_share_of_those_entitled_needs_their_number() -> None:
    with pytest.raises(ValueError, match="needs their number"):
        decide(Rule(turnout=HALF), 3, 2)


@pytest.mark.parametrize(
    "settings", [{"threshold": Fraction(1, 3)}, {"threshold": Fraction(3, 2)}, {"turnout": Fraction(2)}]
)
def test_a_share_that_makes_no_sense_is_refused(settings: dict[str, Fraction]) -> None:
    with pytest.raises(ValueError, match="no vote can be held to this"):
        Rule(**settings)  # type: ignore[arg-type]
