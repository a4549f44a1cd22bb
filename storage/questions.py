"""Questions to the town as residents read them, the most pressing first; only what is sent, but for its author.

A question is a text of the kind `question`. It is answered once the town has said something of it
(storage/progress.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import ColumnElement, String, case, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import official, similar
from storage.models import Contribution, Progress
from storage.refusals import Gone, Refusal
from storage.scope import Reader
from storage.supporting import SUPPORTERS, reported_by, supported_by
from storage.value import value
from storage.written import NOWHERE

QUESTION = "question"
"""The kind of contribution."""


class Question(TypedDict):
    """A question as somebody sees it: how many support it; whether they do, have reported it, or asked it."""

    id: int
    text: str
    state: str
    support: int
    supported: bool
    reported: bool
    mine: bool
    answered: bool
    at: str


# -- reading -------------------------------------------------------------------------------------------------------


@value
class Near:
    """A question that somebody is about to ask."""

    who: Reader
    text: str
    language: str


async def near(connection: AsyncConnection, given: Sequence[Near]) -> Sequence[list[Question] | Refusal]:
    """The questions of others most like each of these, three at most, the nearest first."""
    found = await similar.similar(
        connection, [similar.Asked(one.who.space_id, one.who.phase_id, one.text, one.language) for one in given]
    )
    results: list[list[Question] | Refusal] = []
    for one, alike in zip(given, found, strict=True):
        order = {like["id"]: place for place, like in enumerate(alike)}
        seen = await _read(connection, one.who, Contribution.id.in_(order), Contribution.state == "sent")
        others = [question for question in seen if not question["mine"]]
        results.append(sorted(others, key=lambda question: order[question["id"]]))
    return results


@value
class Listing:
    """A part of the questions, the most pressing first."""

    who: Reader
    offset: int
    limit: int


class Page(TypedDict):
    total: int
    questions: list[Question]


async def pressing(connection: AsyncConnection, given: Sequence[Listing]) -> Sequence[Page | Refusal]:
    """The questions that wait for an answer by how many support them, of equal ones the older first; then those that
    were answered."""
    results: list[Page | Refusal] = []
    for one in given:
        count = select(func.count()).where(*_of(one.who), Contribution.state == "sent")
        total = (await connection.execute(count)).scalar_one()
        found = await _read(connection, one.who, Contribution.state == "sent", offset=one.offset, limit=one.limit)
        results.append(Page(total=total, questions=found))
    return results


MOST_OF_MINE = 8


async def mine(connection: AsyncConnection, given: Sequence[Reader]) -> Sequence[list[Question] | Refusal]:
    """What each of these people asked, seen by others or not, and what they support."""
    return [
        await _read(
            connection,
            who,
            (Contribution.participant_id == who.participant_id) & Contribution.state.not_in(NOWHERE)
            | (Contribution.state == "sent") & supported_by(who.participant_id),
            limit=MOST_OF_MINE,
        )
        for who in given
    ]


@value
class Wanted:
    """One question, as it is read by somebody in their language."""

    who: Reader
    question_id: int
    language: str


class Whole(TypedDict):
    question: Question
    answer: official.Said | None


async def one(connection: AsyncConnection, given: Sequence[Wanted]) -> Sequence[Whole | Refusal]:
    """These questions with their official answers. Refuses what is not for this person to see (Gone)."""
    results: list[Whole | Refusal] = []
    for wanted in given:
        visible = (Contribution.state == "sent") | (Contribution.participant_id == wanted.who.participant_id)
        found = await _read(connection, wanted.who, Contribution.id == wanted.question_id, visible)
        if not found or found[0]["state"] in NOWHERE:
            results.append(Gone())
            continue
        answer = await official.last(connection, wanted.who.space_id, wanted.question_id, wanted.language)
        results.append(Whole(question=found[0], answer=answer))
    return results


_IS_ANSWERED = tuple_(Contribution.space_id, Contribution.id).in_(
    select(Progress.space_id, Progress.contribution_id).where(cast(Progress.text, String) != "{}")
)
"""Asked so, the answers are read once, and not looked for behind each question (docs/decisions/statistics.md)."""


def _of(who: Reader) -> list[ColumnElement[bool]]:
    return [
        Contribution.space_id == who.space_id,
        Contribution.phase_id == who.phase_id,
        Contribution.kind == QUESTION,
        Contribution.text.is_not(None),
    ]


async def _read(
    connection: AsyncConnection, who: Reader, *where: ColumnElement[bool], offset: int = 0, limit: int = 100
) -> list[Question]:
    """Questions in the order in which they press."""
    table, me = Contribution, who.participant_id
    support, answered = SUPPORTERS.label("support"), _IS_ANSWERED.label("answered")
    rows = await connection.execute(
        select(table.id, table.text, table.state, support, supported_by(me), reported_by(me), answered)
        .add_columns(table.participant_id, table.created_at)
        .where(*_of(who), *where)
        .order_by(case((_IS_ANSWERED, 1), else_=0), support.desc(), table.created_at, table.id)
        .offset(offset)
        .limit(limit)
    )
    return [
        Question(
            id=id_,
            text=text or "",
            state=state,
            support=count,
            supported=bool(supported),
            reported=bool(reported),
            mine=author == me,
            answered=bool(done),
            at=at.isoformat(),
        )
        for id_, text, state, count, supported, reported, done, author, at in rows
    ]


# -- for the panel -------------------------------------------------------------------------------------------------


async def answered(connection: AsyncConnection, space_id: int, ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """The last official answer to each of these that has one, by language."""
    rows = await connection.execute(
        select(Progress.contribution_id, Progress.text)
        .where(Progress.space_id == space_id, Progress.contribution_id.in_(ids))
        .order_by(Progress.id)
    )
    return {id_: text for id_, text in rows if text}


def moment(question: Question) -> datetime:
    """When it was asked (UTC)."""
    return datetime.fromisoformat(question["at"])
