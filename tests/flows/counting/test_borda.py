"""Borda's count: the capital of Tennessee, short ballots by hand, and against the average of all complete ballots."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import permutations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from flows.counting import borda
from tests.flows.counting.elections import Election, at_random, elect, many, placed, places, ranked, ranked_all

TENNESSEE: dict[tuple[str, ...], int] = {
    ("memphis", "nashville", "chattanooga", "knoxville"): 42,
    ("nashville", "chattanooga", "knoxville", "memphis"): 26,
    ("chattanooga", "knoxville", "nashville", "memphis"): 15,
    ("knoxville", "chattanooga", "nashville", "memphis"): 17,
}
"""Where the voters of Tennessee would have its capital, in hundredths: the example of many books."""
CITIES = ("memphis", "nashville", "chattanooga", "knoxville")


def test_the_capital_of_tennessee() -> None:
    result = borda.count(TENNESSEE, CITIES)
    assert places(result) == {
        "nashville": (1, 194),
        "chattanooga": (2, 173),
        "memphis": (3, 126),
        "knoxville": (4, 107),
    }
    assert result.ranked[0].working == {3: 26, 2: 42, 1: 32}


def test_those_who_are_not_ranked_share_the_points_that_are_left() -> None:
    result = borda.count({("trees",): 2, ("bench", "kiosk"): 1}, ["trees", "bench", "shelter", "kiosk"])
    half = Fraction(1, 2)
    assert places(result) == {
        "trees": (1, 2 * 3 + half),
        "bench": (2, 2 * 1 + 3),
        "kiosk": (3, 2 * 1 + 2),
        "shelter": (4, 2 * 1 + half),
    }


@given(st.randoms(use_true_random=False))
def test_every_ballot_hands_out_as_many_points(random: Random) -> None:
    election = elect(random, ranked)
    pairs = len(election.candidates) * (len(election.candidates) - 1) // 2
    result = borda.count(election.ballots, election.candidates)
    assert sum(place.score for place in result.ranked) == pairs * result.expressed


@given(st.randoms(use_true_random=False))
def test_ballots_turned_around_turn_the_ranking_around(random: Random) -> None:
    election = elect(random, ranked_all)
    most = (len(election.candidates) - 1) * len(election.voters())
    there = borda.count(election.ballots, election.candidates)
    back = borda.count({ballot[::-1]: voters for ballot, voters in election.ballots.items()}, election.candidates)
    assert {place.candidate: most - place.score for place in there.ranked} == {
        place.candidate: place.score for place in back.ranked
    }


@many
def test_a_short_ballot_is_the_average_of_all_complete_ones_that_begin_like_it(elections: int) -> None:
    for election in at_random(elections, ranked):
        assert places(borda.count(election.ballots, election.candidates)) == by_completions(election), election


def by_completions(election: Election[tuple[str, ...]]) -> dict[str, tuple[int, int | Fraction]]:
    scores = dict.fromkeys(election.candidates, Fraction(0))
    for ballot, voters in election.ballots.items():
        if ballot:
            for name, points in average(ballot, election.candidates).items():
                scores[name] += voters * points
    return placed(election, scores)


@cache
def average(ballot: tuple[str, ...], candidates: tuple[str, ...]) -> dict[str, Fraction]:
    """For each candidate, how many are below it, on average over the complete ballots."""
    left = [name for name in candidates if name not in ballot]
    complete = [(*ballot, *rest) for rest in permutations(left)]
    below = {name: [len(one) - 1 - one.index(name) for one in complete] for name in candidates}
    return {name: Fraction(sum(counts), len(complete)) for name, counts in below.items()}
