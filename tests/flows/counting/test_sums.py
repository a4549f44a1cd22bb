"""One of several, approval and points: the rules that only add, against adding voter by voter."""

from __future__ import annotations

from flows.counting import approval, one_of, points
from flows.counting.result import BLANK
from tests.flows.counting.elections import approved, at_random, chosen, many, placed, places, pointed


def test_the_candidate_that_most_voters_chose_is_first() -> None:
    result = one_of.count({"bench": 5, "trees": 9, BLANK: 3}, ["trees", "bench", "kiosk"])
    assert places(result) == {"trees": (1, 9), "bench": (2, 5), "kiosk": (3, 0)}
    assert (result.voters, result.blank, result.expressed, result.winners) == (17, 3, 14, ("trees",))


def test_a_tie_is_shown_as_a_tie_in_the_published_order() -> None:
    result = one_of.count({"kiosk": 4, "bench": 4, "trees": 1}, ["trees", "bench", "kiosk"])
    assert [(place.candidate, place.rank) for place in result.ranked] == [("bench", 1), ("kiosk", 1), ("trees", 3)]
    assert result.winners == ("bench", "kiosk")


def test_everybody_chosen_on_a_ballot_gets_a_whole_vote() -> None:
    ballots = {frozenset({"trees", "bench"}): 3, frozenset({"bench"}): 2, frozenset[str](): 1}
    result = approval.count(ballots, ["trees", "bench"])
    assert places(result) == {"bench": (1, 5), "trees": (2, 3)}
    assert result.expressed == 5


def test_points_are_added_and_recounted_from_how_many_gave_how_many() -> None:
    result = points.count({(("trees", 6), ("bench", 4)): 2, (("bench", 10),): 1, (): 4}, ["trees", "bench"])
    assert places(result) == {"bench": (1, 18), "trees": (2, 12)}
    assert [place.working for place in result.ranked] == [{4: 2, 10: 1}, {6: 2}]


@many
def test_votes_counted_one_by_one_make_the_same(elections: int) -> None:
    for election in at_random(elections, chosen):
        votes = election.voters()
        scores = {name: votes.count(name) for name in election.candidates}
        assert places(one_of.count(election.ballots, election.candidates)) == placed(election, scores), election


@many
def test_approvals_counted_one_by_one_make_the_same(elections: int) -> None:
    for election in at_random(elections, approved):
        scores = {name: len([1 for ballot in election.voters() if name in ballot]) for name in election.candidates}
        assert places(approval.count(election.ballots, election.candidates)) == placed(election, scores), election


@many
def test_points_added_voter_by_voter_make_the_same(elections: int) -> None:
    for election in at_random(elections, pointed):
        rows = [[dict(ballot).get(name, 0) for name in election.candidates] for ballot in election.voters()]
        scores = dict(zip(election.candidates, map(sum, zip(*rows, strict=True)), strict=False))
        assert places(points.count(election.ballots, election.candidates)) == placed(election, scores), election
