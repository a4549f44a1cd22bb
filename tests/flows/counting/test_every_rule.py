"""What every rule of counting promises: no voter and no candidate counts for more than another, and nothing is lost."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flows.counting
from flows.counting import approval, borda, judgment, one_of, points, schulze
from flows.counting.result import BLANK, Result
from storage.value import value
from tests.flows.counting.elections import (
    CANDIDATES,
    GRADES,
    Draw,
    Pairs,
    approved,
    chosen,
    elect,
    graded,
    placed,
    places,
    pointed,
    ranked,
)


@value
class Counting:
    """A rule, a ballot at random, a blank one, and a ballot with one candidate a little higher on it."""

    count: Callable[[Mapping[Any, int], Sequence[str]], Result[Any]]
    draw: Draw[Any]
    blank: object
    raised: Callable[[Any, str], object]


def higher(ballot: tuple[str, ...], candidate: str) -> tuple[str, ...]:
    """One place up, or the last place of those ranked."""
    if candidate not in ballot:
        return (*ballot, candidate)
    place = max(ballot.index(candidate), 1)
    return (*ballot[: place - 1], candidate, *[name for name in ballot[place - 1 :] if name != candidate])


def better(ballot: Pairs, candidate: str) -> Pairs:
    grade = dict(ballot).get(candidate, GRADES - 1)
    return tuple({**dict(ballot), candidate: max(grade - 1, 0)}.items())


def more(ballot: Pairs, candidate: str) -> Pairs:
    return tuple({**dict(ballot), candidate: dict(ballot).get(candidate, 0) + 1}.items())


RULES = {
    "one of": Counting(one_of.count, chosen, BLANK, lambda _ballot, candidate: candidate),
    "approval": Counting(approval.count, approved, frozenset(), lambda ballot, candidate: ballot | {candidate}),
    "borda": Counting(borda.count, ranked, (), higher),
    "schulze": Counting(schulze.count, ranked, (), higher),
    "judgment": Counting(partial(judgment.count, grades=GRADES), graded, (), better),
    "points": Counting(points.count, pointed, (), more),
}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
chance = given(random=st.randoms(use_true_random=False))


@every_rule
@chance
def test_it_does_not_matter_whose_ballot_is_counted_first(rule: Counting, random: Random) -> None:
    election = elect(random, rule.draw)
    shuffled = dict(random.sample(list(election.ballots.items()), len(election.ballots)))
    assert rule.count(shuffled, election.candidates) == rule.count(election.ballots, election.candidates)


@every_rule
@chance
def test_it_does_not_matter_what_candidates_are_called_and_who_is_published_first(
    rule: Counting, random: Random
) -> None:
    election = elect(random, rule.draw)
    names = dict(zip(CANDIDATES, random.sample(CANDIDATES, len(CANDIDATES)), strict=True))
    ballots = {renamed(ballot, names): voters for ballot, voters in election.ballots.items()}
    candidates = [names[name] for name in random.sample(election.candidates, len(election.candidates))]
    before = places(rule.count(election.ballots, election.candidates))
    assert places(rule.count(ballots, candidates)) == {names[name]: place for name, place in before.items()}


@every_rule
@chance
def test_every_ballot_cast_several_times_changes_no_rank(rule: Counting, random: Random) -> None:
    election = elect(random, rule.draw)
    many = {ballot: 3 * voters for ballot, voters in election.ballots.items()}
    assert ranks(rule.count(many, election.candidates)) == ranks(rule.count(election.ballots, election.candidates))


@every_rule
@chance
def test_blank_ballots_change_nothing_but_their_number(rule: Counting, random: Random) -> None:
    election = elect(random, rule.draw)
    before = rule.count(election.ballots, election.candidates)
    more = {**election.ballots, rule.blank: before.blank + 7}
    after = rule.count(more, election.candidates)
    assert after == Result(before.ranked, before.voters + 7, before.blank + 7)


@every_rule
@chance
def test_scores_are_exact_and_equal_ones_share_their_rank_in_the_published_order(
    rule: Counting, random: Random
) -> None:
    election = elect(random, rule.draw)
    result = rule.count(election.ballots, election.candidates)
    scores = {place.candidate: place.score for place in result.ranked}
    assert all(type(score) in (int, Fraction) for score in scores.values())
    assert places(result) == placed(election, scores)
    order = [(place.rank, election.candidates.index(place.candidate)) for place in result.ranked]
    assert order == sorted(order)


@every_rule
@chance
def test_who_is_put_higher_on_a_ballot_does_not_lose_by_it(rule: Counting, random: Random) -> None:
    election = elect(random, rule.draw)
    candidate = random.choice(election.candidates)
    expressed = [ballot for ballot in election.ballots if ballot]
    if not expressed:
        return
    ballot = random.choice(expressed)
    ballots = {**election.ballots, ballot: election.ballots[ballot] - 1}
    raised: Any = rule.raised(ballot, candidate)
    ballots[raised] = ballots.get(raised, 0) + 1
    before = rule.count(election.ballots, election.candidates)
    after = rule.count({ballot: voters for ballot, voters in ballots.items() if voters}, election.candidates)
    assert places(after)[candidate][1] >= places(before)[candidate][1]
    if candidate in before.winners:
        assert candidate in after.winners


@every_rule
def test_where_all_ballots_are_blank_nobody_is_ranked(rule: Counting) -> None:
    assert rule.count({rule.blank: 4}, CANDIDATES) == Result((), 4, 4)
    assert rule.count({}, CANDIDATES).winners == ()


@every_rule
def test_a_single_candidate_is_first(rule: Counting) -> None:
    result = rule.count({rule.raised(rule.blank, "trees"): 1}, ["trees"])
    assert result.winners == ("trees",)


@every_rule
def test_a_ballot_for_somebody_who_is_no_candidate_is_not_left_out_in_silence(rule: Counting) -> None:
    with pytest.raises(ValueError, match="not a ballot"):
        rule.count({rule.raised(rule.blank, "nobody"): 1}, CANDIDATES)


@pytest.mark.parametrize("rule", [RULES["borda"], RULES["schulze"]], ids=["borda", "schulze"])
def test_a_ballot_that_ranks_a_candidate_twice_is_refused(rule: Counting) -> None:
    with pytest.raises(ValueError, match="not a ballot"):
        rule.count({("trees", "bench", "trees"): 1}, CANDIDATES)


@pytest.mark.parametrize("rule", [RULES["points"], RULES["judgment"]], ids=["points", "judgment"])
def test_a_ballot_that_marks_a_candidate_twice_is_refused(rule: Counting) -> None:
    with pytest.raises(ValueError, match="not a ballot"):
        rule.count({(("trees", 1), ("trees", 2)): 1}, CANDIDATES)


def test_a_ballot_that_nobody_cast_and_a_grade_that_does_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="not a ballot"):
        one_of.count({"trees": 0}, CANDIDATES)
    with pytest.raises(ValueError, match="no grade"):
        judgment.count({(("trees", 3),): 1}, CANDIDATES, grades=3)


def test_the_rules_import_each_other_and_values_and_nothing_else_of_ours_or_of_others() -> None:
    files = Path(flows.counting.__file__).parent.glob("*.py")
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    modules = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    standard = {"__future__", "collections", "enum", "fractions", "itertools", "math", "typing"}
    others = {module for module in modules if module.partition(".")[0] not in standard}
    assert {module for module in others if not module.startswith("flows.counting")} == {"storage.value"}


def ranks(result: Result[Any]) -> dict[str, int]:
    return {place.candidate: place.rank for place in result.ranked}


def renamed(ballot: Any, names: Mapping[str, str]) -> Any:
    """The same ballot with other names on it, however it is made."""
    if isinstance(ballot, str):
        return names.get(ballot, ballot)
    return type(ballot)(renamed(part, names) for part in ballot) if isinstance(ballot, tuple | frozenset) else ballot
