"""Schulze's method: his own example, what it promises, and against searching paths level by level."""

from __future__ import annotations

from collections.abc import Set
from itertools import combinations, permutations
from random import Random
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from flows.counting import schulze
from flows.counting.schulze import NONE, Strength
from tests.flows.counting.elections import Election, at_random, elect, many, placed, places, ranked, ranked_all
from tests.flows.counting.test_borda import CITIES, TENNESSEE

Ranked: TypeAlias = Election[tuple[str, ...]]

SCHULZE = {
    tuple("ACBED"): 5,
    tuple("ADECB"): 5,
    tuple("BEDAC"): 8,
    tuple("CABED"): 3,
    tuple("CAEBD"): 7,
    tuple("CBADE"): 2,
    tuple("DCEBA"): 7,
    tuple("EBADC"): 8,
}
"""The 45 voters of his paper."""


def test_the_example_of_schulzes_paper() -> None:
    result = schulze.count(SCHULZE, "ABCDE")
    assert [place.candidate for place in result.ranked] == list("EACBD")
    assert [place.rank for place in result.ranked] == [1, 2, 3, 4, 5]
    working = {place.candidate: place.working for place in result.ranked}
    assert [list(working[name].preferred.values()) for name in "ABCDE"] == [
        [20, 26, 30, 22],
        [25, 16, 33, 18],
        [19, 29, 17, 24],
        [15, 12, 28, 14],
        [23, 27, 21, 31],
    ]
    assert [[path.votes for path in working[name].paths.values()] for name in "ABCDE"] == [
        [28, 28, 30, 24],
        [25, 28, 33, 24],
        [25, 29, 29, 24],
        [25, 28, 28, 24],
        [25, 28, 28, 31],
    ]


def test_the_capital_of_tennessee_is_the_city_that_wins_all_its_duels() -> None:
    result = schulze.count(TENNESSEE, CITIES)
    assert [place.candidate for place in result.ranked] == ["nashville", "chattanooga", "knoxville", "memphis"]
    assert result.ranked[0].working.preferred == {"memphis": 58, "chattanooga": 68, "knoxville": 68}


def test_those_who_are_not_ranked_are_below_all_who_are_and_equal_among_themselves() -> None:
    result = schulze.count({("trees",): 3}, ["kiosk", "bench", "trees"])
    assert places(result) == {"trees": (1, 2), "kiosk": (2, 1), "bench": (2, 1)}
    assert result.ranked[1].working.preferred == {"bench": 0, "trees": 0}


def test_of_two_duels_won_by_as_many_the_one_with_fewer_against_is_the_stronger() -> None:
    """A circle: A beats B by 4 to 2, B beats C by 5 to 2, C beats A by 4 to 3, the weakest. So A stays in front."""
    result = schulze.count({tuple("ABC"): 3, tuple("BCA"): 2, tuple("CAB"): 1, ("C",): 1}, "ABC")
    assert places(result) == {"A": (1, 2), "B": (2, 1), "C": (3, 0)}
    assert [place.working.paths for place in result.ranked] == [
        {"B": Strength(4, 2), "C": Strength(4, 2)},
        {"A": Strength(4, 1), "C": Strength(5, 3)},
        {"A": Strength(4, 1), "B": Strength(4, 1)},
    ]


def test_two_can_be_tied_with_a_third_while_one_is_ahead_of_the_other() -> None:
    """B is ahead of nobody and nobody is ahead of B; A is ahead of C."""
    result = schulze.count({tuple("ACB"): 1, tuple("BAC"): 1}, "ABC")
    assert places(result) == {"A": (1, 2), "B": (1, 2), "C": (3, 1)}


@given(st.randoms(use_true_random=False))
def test_whoever_wins_all_their_duels_is_alone_in_front(random: Random) -> None:
    election = elect(random, ranked)
    for name in election.candidates:
        if election.voters() and all(beats(election, name, other) for other in election.candidates if other != name):
            assert schulze.count(election.ballots, election.candidates).winners == (name,)


@given(st.randoms(use_true_random=False))
def test_a_group_whose_every_member_beats_everybody_outside_is_ahead_of_them(random: Random) -> None:
    """Smith's criterion."""
    election = elect(random, ranked)
    ranks = {
        name: rank for name, (rank, _score) in places(schulze.count(election.ballots, election.candidates)).items()
    }
    for size in range(1, len(election.candidates)):
        for group in combinations(ranks, size):
            outside = [name for name in ranks if name not in group]
            if all(beats(election, one, other) for one in group for other in outside):
                assert max(ranks[name] for name in group) < min(ranks[name] for name in outside)


@given(st.randoms(use_true_random=False))
def test_ballots_turned_around_turn_every_path_around(random: Random) -> None:
    election = elect(random, ranked_all)
    there = paths(election)
    back = paths(Election(election.candidates, {ballot[::-1]: count for ballot, count in election.ballots.items()}))
    assert back == {(other, one): strength for (one, other), strength in there.items()}


@given(st.randoms(use_true_random=False))
def test_a_winner_alone_does_not_win_when_all_ballots_are_turned_around(random: Random) -> None:
    election = elect(random, ranked_all)
    winners = schulze.count(election.ballots, election.candidates).winners
    turned = {ballot[::-1]: count for ballot, count in election.ballots.items()}
    if len(winners) == 1 < len(election.candidates):
        assert winners[0] not in schulze.count(turned, election.candidates).winners


@many
def test_searching_paths_level_by_level_makes_the_same(elections: int) -> None:
    for election in at_random(elections, ranked):
        strongest = by_levels(election)
        not_ahead = {
            one: sum(strongest[one, other] >= strongest[other, one] for other in election.candidates if other != one)
            for one in election.candidates
        }
        assert places(schulze.count(election.ballots, election.candidates)) == placed(election, not_ahead), election
        if election.voters():
            assert paths(election) == strongest, election


def paths(election: Ranked) -> dict[tuple[str, str], Strength]:
    """The strength of the strongest path between each two, as they are published."""
    result = schulze.count(election.ballots, election.candidates)
    return {(place.candidate, to): path for place in result.ranked for to, path in place.working.paths.items()}


def by_levels(election: Ranked) -> dict[tuple[str, str], Strength]:
    """From the strongest duel down: at which level one is first reached from the other over duels as strong or more."""
    duels = {pair: strength(election, *pair) for pair in permutations(election.candidates, 2)}
    strongest = dict.fromkeys(duels, NONE)
    for level in sorted(set(duels.values()) - {NONE}):
        open_ = {pair for pair, duel in duels.items() if duel >= level}
        for one in election.candidates:
            strongest.update(((one, other), level) for other in reached(one, open_) if other != one)
    return strongest


def reached(start: str, steps: Set[tuple[str, str]]) -> set[str]:
    found, new = {start}, {start}
    while new:
        new = {other for one, other in steps if one in new} - found
        found |= new
    return found


def strength(election: Ranked, one: str, other: str) -> Strength:
    votes, against = prefer(election, one, other), prefer(election, other, one)
    return Strength(votes, votes - against) if votes > against else NONE


def beats(election: Ranked, one: str, other: str) -> bool:
    return prefer(election, one, other) > prefer(election, other, one)


def prefer(election: Ranked, one: str, other: str) -> int:
    """Ballot by ballot: the first stands on it, and the other stands behind it or nowhere."""
    return sum(
        voters
        for ballot, voters in election.ballots.items()
        if one in ballot and other not in ballot[: ballot.index(one)]
    )
