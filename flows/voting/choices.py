"""What a person chose, as it is kept and as it is counted.

A ballot's value is the canonical JSON of the whole choice, so that what is alike reads alike:

    null                        blank, in every method
    "trees"                     for or against; one of several
    ["bench", "trees"]          approval: in the order of the ids
    ["trees", "bench"]          a ranking: the best first
    {"bench": "good"}           majority judgment: the grade's id
    {"bench": 4, "trees": 6}    points; those that were given none are left out
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any, TypeAlias

import orjson

from flows.answers import Json
from flows.counting.result import BLANK
from flows.voting.settings import APPROVAL, FOR_AGAINST, JUDGMENT, ONE_OF, RANKED, Vote

Ballot: TypeAlias = Hashable


def packed(vote: Vote, choice: Json) -> str:
    """The value of a ballot with this choice; an empty one is blank."""
    if vote.method == APPROVAL and choice:
        choice = sorted(choice)
    return orjson.dumps(choice or None, option=orjson.OPT_SORT_KEYS).decode()


def unpacked(value: str) -> Json:
    """The choice on a ballot; None when it is blank."""
    return orjson.loads(value)


def counted(vote: Vote, alike: Mapping[str, int]) -> dict[Any, int]:
    """The distinct ballots as flows/counting takes them, with how many people cast each.

    A candidate that was withdrawn after people had voted, and a grade that is gone, are left out of their ballots
    first: the others keep what they were given, and move up in a ranking; a ballot with nothing left is blank.
    """
    ballots: Counter[Ballot] = Counter()
    for kept, people in alike.items():
        ballots[_standing(vote, unpacked(kept))] += people
    return dict(ballots)


def _standing(vote: Vote, choice: Json) -> Ballot:
    """What of a choice still can be voted for; of a ballot in another shape (the method was another) nothing."""
    ids = set(vote.ids)
    if vote.method in (FOR_AGAINST, ONE_OF):
        return choice if isinstance(choice, str) and choice in ids else BLANK
    if vote.method in (APPROVAL, *RANKED):
        listed = [one for one in choice if one in ids] if isinstance(choice, list) else []
        return frozenset(listed) if vote.method == APPROVAL else tuple(listed)
    given = choice if isinstance(choice, dict) else {}
    grades = {grade.id: index for index, grade in enumerate(vote.grades)} if vote.method == JUDGMENT else {}
    marks = {one: grades.get(mark) if vote.method == JUDGMENT else mark for one, mark in given.items() if one in ids}
    return tuple(sorted((one, mark) for one, mark in marks.items() if isinstance(mark, int)))
