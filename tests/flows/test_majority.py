"""Majority judgment against a plain model written from the definition, and against a published ranking."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from flows.majority import judge

GRADES = 5


def test_the_ranking_of_orsay_2007() -> None:
    """Balinski and Laraki's experiment in the polling stations of Orsay, in thousandths of its 1,733 ballots."""
    ranking = judge(
        {
            "Voynet": (29, 93, 175, 237, 261, 205),
            "Sarkozy": (191, 198, 143, 115, 71, 282),
            "Royal": (167, 227, 191, 168, 122, 126),
            "Bayrou": (136, 307, 251, 148, 84, 74),
        }
    )
    assert list(ranking) == ["Bayrou", "Royal", "Sarkozy", "Voynet"]
    assert [judged.grade for judged in ranking.values()] == [2, 2, 2, 3]
    assert [judged.plus for judged in ranking.values()] == [True, False, False, False]
    assert [judged.rank for judged in ranking.values()] == [1, 2, 3, 4]


def test_the_lower_of_two_in_the_middle_is_the_majority_grade() -> None:
    assert judge({"trees": (1, 0, 0, 0, 1)})["trees"].grade == 4
    assert judge({"trees": (2, 0, 0, 0, 1)})["trees"].grade == 0


def test_equal_candidates_share_their_rank_and_the_next_is_after_them_all() -> None:
    ranking = judge({"trees": (1, 2, 0), "bench": (0, 1, 0), "shelter": (2, 4, 0), "nothing": (0, 0, 0)})
    assert {name: judged.rank for name, judged in ranking.items()} == {"trees": 1, "shelter": 1, "bench": 3}


ballots = st.dictionaries(
    st.sampled_from(["trees", "bench", "shelter", "fountain"]),
    st.lists(st.integers(0, GRADES - 1), max_size=30),
    max_size=4,
)


@given(ballots)
def test_it_is_the_plain_model(given_grades: dict[str, list[int]]) -> None:
    judged = judge({name: [grades.count(grade) for grade in range(GRADES)] for name, grades in given_grades.items()})
    ranked = {name: grades for name, grades in given_grades.items() if grades}
    assert set(judged) == set(ranked)
    for name, grades in ranked.items():
        assert judged[name].grade == median(grades)
        assert judged[name].rank == 1 + sum(ahead(other, grades) for other in ranked.values())
    assert [judgement.rank for judgement in judged.values()] == sorted(judged[name].rank for name in ranked)


@given(ballots, st.integers(2, 5))
def test_every_ballot_counted_several_times_changes_nothing(given_grades: dict[str, list[int]], times: int) -> None:
    once = {name: [grades.count(grade) for grade in range(GRADES)] for name, grades in given_grades.items()}
    assert judge(once) == judge({name: [count * times for count in counts] for name, counts in once.items()})


def median(grades: list[int]) -> int:
    """Sorted from the worst, the one in the middle, the first of two."""
    return sorted(grades, reverse=True)[(len(grades) - 1) // 2]


def ahead(one: list[int], other: list[int]) -> bool:
    """Whether the first is ranked before the second, case by case as the definition has it."""
    if median(one) != median(other):
        return median(one) < median(other)
    (p, q), (r, s) = gauge(one), gauge(other)
    if p > q and r > s:
        return p > r
    if p <= q and r <= s:
        return q < s
    return p > q


def gauge(grades: list[int]) -> tuple[Fraction, Fraction]:
    middle, total = median(grades), len(grades)
    above = [grade for grade in grades if grade < middle]
    below = [grade for grade in grades if grade > middle]
    return Fraction(len(above), total), Fraction(len(below), total)
