"""Majority judgment: two published rankings, short ballots by hand, and against sorted lists and the definition."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from flows.counting import judgment
from flows.counting.judgment import judge
from tests.flows.counting.elections import GRADES, at_random, graded, many


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
    assert [(place.candidate, place.rank, place.working.grade, place.working.plus) for place in ranking] == [
        ("Bayrou", 1, 2, True),
        ("Royal", 2, 2, False),
        ("Sarkozy", 3, 2, False),
        ("Voynet", 4, 3, False),
    ]


def test_the_ranking_of_a_poll_of_2012() -> None:
    """Balinski and Laraki's poll of 737 voters before the French presidential election, seven grades."""
    ranking = judge(
        {
            "Arthaud": (0, 10, 28, 48, 97, 186, 368),
            "Bayrou": (19, 72, 160, 186, 148, 88, 64),
            "Cheminade": (3, 6, 18, 43, 86, 198, 383),
            "Dupont-Aignan": (4, 19, 44, 83, 149, 188, 250),
            "Hollande": (92, 119, 121, 86, 109, 105, 105),
            "Joly": (6, 22, 48, 87, 108, 182, 284),
            "Le Pen": (44, 54, 70, 69, 103, 46, 351),
            "Mélenchon": (40, 70, 95, 108, 126, 111, 187),
            "Poutou": (1, 10, 33, 57, 92, 207, 337),
            "Sarkozy": (71, 91, 120, 81, 82, 58, 234),
        }
    )
    gauges = [(place.candidate, place.working.grade, place.working.above, place.working.below) for place in ranking]
    assert [(name, grade, round(100 * p, 2), round(100 * q, 2)) for name, grade, p, q in gauges] == [
        ("Hollande", 3, Fraction("45.05"), Fraction("43.28")),
        ("Bayrou", 3, Fraction("34.06"), Fraction("40.71")),
        ("Sarkozy", 4, Fraction("49.25"), Fraction("39.62")),
        ("Mélenchon", 4, Fraction("42.47"), Fraction("40.43")),
        ("Dupont-Aignan", 5, Fraction("40.57"), Fraction("33.92")),
        ("Joly", 5, Fraction("36.77"), Fraction("38.53")),
        ("Poutou", 5, Fraction("26.19"), Fraction("45.73")),
        ("Le Pen", 5, Fraction("46.13"), Fraction("47.63")),
        ("Arthaud", 5, Fraction("24.83"), Fraction("49.93")),
        ("Cheminade", 6, Fraction("48.03"), Fraction(0)),
    ]


def test_the_lower_of_two_in_the_middle_is_the_majority_grade() -> None:
    assert judge({"trees": (1, 0, 0, 0, 1)})[0].working.grade == 4
    assert judge({"trees": (2, 0, 0, 0, 1)})[0].working.grade == 0


def test_equal_candidates_share_their_rank_and_one_that_nobody_graded_has_none() -> None:
    ranking = judge({"trees": (1, 2, 0), "bench": (0, 1, 0), "shelter": (2, 4, 0), "nothing": (0, 0, 0)})
    assert {place.candidate: place.rank for place in ranking} == {"trees": 1, "shelter": 1, "bench": 3}


def test_in_a_vote_not_to_grade_is_to_reject_but_a_blank_ballot_grades_nobody() -> None:
    ballots = {(("bench", 0),): 1, (("trees", 1),): 2, (): 5}
    result = judgment.count(ballots, ["bench", "trees"], grades=3)
    assert [(place.candidate, place.working.given) for place in result.ranked] == [
        ("trees", (0, 2, 1)),
        ("bench", (1, 0, 2)),
    ]
    assert result.expressed == 3


@many
def test_sorted_lists_and_the_rule_case_by_case_make_the_same(elections: int) -> None:
    for election in at_random(elections, graded):
        worst = GRADES - 1
        given = {name: [dict(one).get(name, worst) for one in election.voters()] for name in election.candidates}
        ranked = judgment.count(election.ballots, election.candidates, GRADES).ranked
        assert len(ranked) == (len(election.candidates) if election.voters() else 0)
        for place in ranked:
            grades, gauge = given[place.candidate], place.working
            assert place.rank == 1 + sum(ahead(other, grades) for other in given.values()), election
            assert (gauge.grade, (gauge.above, gauge.below)) == (median(grades), shares(grades)), election


@given(
    st.dictionaries(
        st.sampled_from(["trees", "bench", "shelter", "fountain"]), st.lists(st.integers(0, GRADES - 1), max_size=30)
    )
)
def test_candidates_graded_by_different_numbers_of_people_are_compared_by_shares(given: dict[str, list[int]]) -> None:
    judged = judge({name: [grades.count(grade) for grade in range(GRADES)] for name, grades in given.items()})
    graded = {name: grades for name, grades in given.items() if grades}
    assert {place.candidate: place.rank for place in judged} == {
        name: 1 + sum(ahead(other, grades) for other in graded.values()) for name, grades in graded.items()
    }


def median(grades: list[int]) -> int:
    """Sorted from the worst, the one in the middle, the first of two."""
    return sorted(grades, reverse=True)[(len(grades) - 1) // 2]


def ahead(one: list[int], other: list[int]) -> bool:
    """Whether the first is ranked before the second, case by case as the definition has it."""
    if median(one) != median(other):
        return median(one) < median(other)
    (p, q), (r, s) = shares(one), shares(other)
    if p > q and r > s:
        return p > r
    if p <= q and r <= s:
        return q < s
    return p > q


def shares(grades: list[int]) -> tuple[Fraction, Fraction]:
    """Of the grades that are better than the majority grade, and of those that are worse."""
    middle, total = median(grades), len(grades)
    better = [grade for grade in grades if grade < middle]
    worse = [grade for grade in grades if grade > middle]
    return Fraction(len(better), total), Fraction(len(worse), total)
