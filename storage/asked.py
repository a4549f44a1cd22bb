"""Questions to the town: asking, finding similar ones, supporting, and the most pressing first.

A question is a contribution with a text; support is a ballot on it, by anybody but its author. It is answered once the
town has said something of it (storage/progress.py). Others see only those
that are `sent`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import ColumnElement, String, case, cast, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import ballots, contributions, gate, official, similar
from storage.ballots import NewBallot
from storage.contributions import NewContribution
from storage.models import Ballot, Contribution, Progress
from storage.refusals import Closed, Refusal
from storage.value import value

QUESTION = "question"
"""The kind of contribution."""
SUPPORT = "support"
"""The value of a ballot."""


class QuestionGone(Refusal):
    """This question is not to be seen, or not any more."""


class OwnQuestion(Refusal):
    """One's own question is not supported by oneself."""


@value
class NewQuestion(NewContribution):
    """A question as it is asked; its stems are cut in the `language` of its space."""

    language: str = "fr"


@value
class Reader:
    """Who looks at the questions of a phase."""

    space_id: int
    phase_id: int
    participant_id: int


class Question(TypedDict):
    """A question as somebody sees it: how many support it, whether they do, whether they asked it."""

    id: int
    text: str
    state: str
    support: int
    supported: bool
    mine: bool
    answered: bool
    at: str


# -- asking --------------------------------------------------------------------------------------------------------


async def ask(connection: AsyncConnection, given: Sequence[NewQuestion]) -> Sequence[int | Refusal]:
    """Ask these questions; answers their ids. Refuses like contributions.put."""
    results = await contributions.put(connection, given)
    texts = [
        similar.Text(one.space_id, one.phase_id, result, one.text or "", one.language)
        for one, result in zip(given, results, strict=True)
        if isinstance(result, int)
    ]
    await similar.index(connection, texts)
    return results


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


# -- reading -------------------------------------------------------------------------------------------------------


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
            (Contribution.participant_id == who.participant_id) & (Contribution.state != "withdrawn")
            | (Contribution.state == "sent") & _supported(who),
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
    """These questions with their official answers. Refuses what is not for this person to see (QuestionGone)."""
    results: list[Whole | Refusal] = []
    for wanted in given:
        visible = (Contribution.state == "sent") | (Contribution.participant_id == wanted.who.participant_id)
        found = await _read(connection, wanted.who, Contribution.id == wanted.question_id, visible)
        if not found or found[0]["state"] == "withdrawn":
            results.append(QuestionGone())
            continue
        answer = await official.last(connection, wanted.who.space_id, wanted.question_id, wanted.language)
        results.append(Whole(question=found[0], answer=answer))
    return results


_IS_SUPPORT = (
    Ballot.space_id == Contribution.space_id,
    Ballot.phase_id == Contribution.phase_id,
    Ballot.subject == cast(Contribution.id, String),
)
_SUPPORT = select(func.count()).where(*_IS_SUPPORT).correlate(Contribution).scalar_subquery()
_IS_ANSWERED = exists().where(
    Progress.space_id == Contribution.space_id,
    Progress.contribution_id == Contribution.id,
    cast(Progress.text, String) != "{}",
)


def _supported(who: Reader) -> ColumnElement[bool]:
    return exists().where(*_IS_SUPPORT, Ballot.voter == str(who.participant_id))


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
    support, answered = _SUPPORT.label("support"), _IS_ANSWERED.label("answered")
    table = Contribution
    rows = await connection.execute(
        select(table.id, table.text, table.state, support, _supported(who), table.participant_id, answered)
        .add_columns(table.created_at)
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
            supported=bool(theirs),
            mine=author == who.participant_id,
            answered=bool(done),
            at=at.isoformat(),
        )
        for id_, text, state, count, theirs, author, done, at in rows
    ]


# -- supporting, and taking back -----------------------------------------------------------------------------------


async def support(connection: AsyncConnection, given: Sequence[NewBallot]) -> Sequence[int | Refusal]:
    """Support questions, or with no value take the support back; answers how many support each once it is done.

    Refuses what is not there to be supported (QuestionGone), one's own (OwnQuestion), and like ballots.cast.
    """
    authors = await _authors(connection, given)
    refused: dict[int, int | Refusal] = {}
    for at, ballot in enumerate(given):
        if ballot.about not in authors:
            refused[at] = QuestionGone()
        elif authors[ballot.about] == ballot.participant_id:
            refused[at] = OwnQuestion()
    left = {at: ballot for at, ballot in enumerate(given) if at not in refused}
    cast_ = await ballots.cast(connection, list(left.values())) if left else ()
    results = refused | dict(zip(left, cast_, strict=True))
    return [results[at] for at in range(len(given))]


async def _authors(connection: AsyncConnection, given: Sequence[NewBallot]) -> dict[ballots.Subject, int | None]:
    """Who asked the questions that may be supported, by their subject."""
    ids = {int(ballot.subject) for ballot in given if ballot.subject.isdecimal()}
    rows = await connection.execute(
        select(Contribution.space_id, Contribution.phase_id, Contribution.id, Contribution.participant_id).where(
            Contribution.id.in_(ids), Contribution.kind == QUESTION, Contribution.state == "sent"
        )
    )
    return {(space_id, phase_id, str(id_)): author for space_id, phase_id, id_, author in rows}


@value
class Withdrawal:
    """Somebody takes their question back."""

    who: Reader
    question_id: int
    at: datetime


async def withdraw(connection: AsyncConnection, given: Sequence[Withdrawal]) -> Sequence[bool | Refusal]:
    """Take these questions back, which nobody sees any more; answers whether there was one of theirs. Refuses what
    comes after closing (Closed)."""
    doors = await gate.doorways(connection, {(item.who.space_id, item.who.phase_id) for item in given})
    results: list[bool | Refusal] = []
    for item in given:
        if not doors[item.who.phase_id].is_open(item.at):
            results.append(Closed())
            continue
        own = (*_of(item.who), Contribution.id == item.question_id)
        taken = await connection.execute(
            update(Contribution)
            .where(*own, Contribution.participant_id == item.who.participant_id, Contribution.state != "withdrawn")
            .values(state="withdrawn", updated_at=item.at)
        )
        if taken.rowcount:
            await similar.forget(connection, [(item.who.space_id, item.question_id)])
        results.append(bool(taken.rowcount))
    return results


# -- figures -------------------------------------------------------------------------------------------------------


async def supporters(connection: AsyncConnection, space_id: int, phase_id: int) -> int:
    """How many people support at least one question that others see."""
    shown = exists().where(
        Contribution.space_id == Ballot.space_id,
        cast(Contribution.id, String) == Ballot.subject,
        Contribution.state == "sent",
    )
    counted = select(func.count(Ballot.voter.distinct())).where(
        Ballot.space_id == space_id, Ballot.phase_id == phase_id, shown
    )
    return (await connection.execute(counted)).scalar_one()


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
