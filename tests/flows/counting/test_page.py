"""docs/counting.md: every table on the page is what the rules make of the ballots on the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

from flows.counting import approval, borda, judgment, one_of, points, schulze
from flows.counting.decision import Rule, decide
from flows.counting.judgment import Gauge
from flows.counting.result import BLANK, Place, Result
from tests.flows.counting.test_borda import CITIES, TENNESSEE
from tests.flows.counting.test_schulze import SCHULZE

PAGE = (Path(__file__).parents[3] / "docs" / "counting.md").read_text("utf-8")
SQUARE = ("trees", "bench", "fountain", "kiosk")
GRADES = ("very good", "good", "fair", "poor", "to be rejected")

Row: TypeAlias = list[str]
Table: TypeAlias = list[Row]


def tables(heading: str) -> list[Table]:
    """The rows of each table under a heading, without the names of the columns."""
    parts = re.split(r"^#+ (.+)\n", PAGE, flags=re.MULTILINE)
    found = re.findall(r"(?:^\|.*\n)+", parts[parts.index(heading) + 1], flags=re.MULTILINE)
    return [[[cell.strip() for cell in line[2:-2].split(" | ")] for line in table.splitlines()[2:]] for table in found]


def cast(table: Table) -> Iterator[tuple[Row, int]]:
    """What stands on each ballot, name by name, and how many cast it."""
    for voters, ballot in table:
        yield [] if ballot == "*blank*" else re.split(", | > ", ballot), int(voters)


def rankings(table: Table) -> dict[tuple[str, ...], int]:
    return {tuple(names): voters for names, voters in cast(table)}


def shown(result: Result[Any]) -> Table:
    return [[str(place.rank), place.candidate, str(place.score)] for place in result.ranked]


def test_one_of_several() -> None:
    votes, places = tables("One of several")
    result = one_of.count({names[0] if names else BLANK: voters for names, voters in cast(votes)}, SQUARE[:3])
    assert shown(result) == places
    assert f"{result.voters} people voted, {result.blank} of them blank. So {result.expressed} votes" in PAGE


def test_approval() -> None:
    votes, places = tables("Approval")
    assert shown(approval.count({frozenset(names): voters for names, voters in cast(votes)}, SQUARE)) == places


def test_points() -> None:
    votes, places = tables("Points")
    ballots = {tuple(marked(names)): voters for names, voters in cast(votes)}
    assert shown(points.count(ballots, SQUARE[:3])) == places


def marked(names: Row) -> Iterator[tuple[str, int]]:
    for name in names:
        candidate, given = name.split()
        yield candidate, int(given)


def test_bordas_count() -> None:
    votes, places = tables("Borda's count")
    assert {tuple(map(str.lower, ballot)): voters for ballot, voters in rankings(votes).items()} == TENNESSEE
    ranked = borda.count(rankings(votes), [city.capitalize() for city in CITIES]).ranked
    assert places == [
        [str(one.rank), one.candidate, *(str(one.working.get(most, 0)) for most in (3, 2, 1, 0)), str(one.score)]
        for one in ranked
    ]


def test_bordas_count_when_you_rank_only_a_few() -> None:
    votes, places = tables("When you rank only a few")
    assert shown(borda.count(rankings(votes), SQUARE)) == places


def test_condorcet_schulze() -> None:
    votes, duels, paths, places = tables("Condorcet-Schulze")
    assert rankings(votes) == SCHULZE
    result = schulze.count(rankings(votes), "ABCDE")
    working = {place.candidate: place.working for place in result.ranked}
    assert duels == list(matrix({name: of.preferred for name, of in working.items()}))
    votes_of = {name: {to: path.votes for to, path in of.paths.items()} for name, of in working.items()}
    assert paths == list(matrix(votes_of))
    assert shown(result) == places


def matrix(rows: Mapping[str, Mapping[str, int]]) -> Iterator[Row]:
    for name in sorted(rows):
        yield [name, *(str(rows[name].get(other, "-")) for other in sorted(rows))]


def test_majority_judgment() -> None:
    votes, places = tables("Majority judgment")
    ballots = {tuple(graded(names)): voters for names, voters in cast(votes)}
    result = judgment.count(ballots, SQUARE, len(GRADES))
    assert list(judged(result.ranked, result.expressed)) == places


def graded(names: Row) -> Iterator[tuple[str, int]]:
    for name in names:
        candidate, _, grade = name.partition(" ")
        yield candidate, GRADES.index(grade)


def judged(ranked: Iterable[Place[Gauge]], expressed: int) -> Iterator[Row]:
    for place in ranked:
        gauge = place.working
        grade = f"{GRADES[gauge.grade]}, {'plus' if gauge.plus else 'minus'}"
        shares = [f"{share * expressed} of {expressed}" for share in (gauge.above, gauge.below)]
        yield [str(place.rank), place.candidate, *map(str, gauge.given), grade, *shares]


def test_quorum_and_threshold() -> None:
    rules = (Rule(turnout=Fraction(1, 2)), Rule(threshold=Fraction(3, 5)), Rule(blank_expressed=True))
    for rule, table in zip(rules, tables("Quorum and threshold"), strict=True):
        for row in table:
            made = decide(rule, *map(int, row[:3]), entitled=200)
            assert row[3:] == [str(made.voters), str(made.expressed), str(made.needed), made.outcome]


def test_every_table_of_the_page_is_counted_here() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, flags=re.MULTILINE)
    assert {heading: len(tables(heading)) for heading in headings if tables(heading)} == {
        "How votes are counted": 1,
        "One of several": 2,
        "Approval": 2,
        "Points": 2,
        "Borda's count": 2,
        "When you rank only a few": 2,
        "Condorcet-Schulze": 4,
        "Majority judgment": 2,
        "Quorum and threshold": 3,
    }
