"""Answers, counted: every figure is one GROUP BY over what was sent, and counts people, never messages.

A person is a participant; once erased, what they sent still counts as one person each. Somebody who may reply
several times counts once in every row they chose. A paper is one person, by the channel `paper`; who sat at a table at
a meeting, and the team, are told `apart` and are among none of them. What was withdrawn, or never sent, counts nowhere
but in `unfinished`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from storage.contributions import Part
from storage.models import Answer, Ballot, Contribution, Conversation, PaperBallots
from storage.scope import APART, MEETING, ORGANISER, Scope, begun_within, by, given_within
from storage.value import names, value

CHUNK = 500
"""Responses read at a time by an export: its memory doesn't grow with the consultation."""


@value
class Chosen:
    """How many people gave this answer: a choice, maybe at a rank, maybe of one item of the question."""

    question: str
    item: str | None
    choice: str
    rank: int | None
    people: int


@value
class Summary:
    """The numbers given to a question, in its own unit. With one reply a person, `people` is how many they are."""

    people: int
    mean: float
    median: float
    low: float
    high: float


@value
class Response:
    """One response as it is exported; of its author only the channel and the place."""

    id: int
    at: datetime
    origin: str
    place: str | None
    fields: Mapping[str, Any]
    parts: tuple[Part, ...] = ()


_PERSON = case((Contribution.origin.not_in(APART), func.coalesce(Contribution.participant_id, Contribution.id)))
"""Nobody where it came from a table at a meeting, or from the team."""
PEOPLE = func.count(distinct(_PERSON))


@value
class Apart:
    """What was typed in and is of nobody who took part: contributions of tables at meetings, the people who sat there,
    and contributions of the team itself."""

    tables: int
    present: int
    team: int


async def apart(connection: AsyncConnection, scope: Scope) -> Apart:
    """What is never added to the people who took part."""
    at_a_table, of_the_team = Contribution.origin == MEETING, Contribution.origin == ORGANISER
    row = await connection.execute(
        select(
            func.count().filter(at_a_table),
            func.coalesce(func.sum(Contribution.people).filter(at_a_table), 0),
            func.count().filter(of_the_team),
        ).where(*given_within(scope))
    )
    tables, present, team = row.one()
    return Apart(tables, int(present), team)


async def stamp(connection: AsyncConnection, scope: Scope) -> Sequence[object]:
    """Something else as soon as what is counted here may be, whatever its kind: somebody sent, corrected, took back,
    voted, was erased, or went on."""
    given, voted = Contribution, Ballot
    sent = select(
        func.count(),
        func.count(given.participant_id),
        func.count().filter(given.state == "sent"),
        func.max(given.updated_at),
    ).where(given.space_id == scope.space_id, given.phase_id == scope.phase_id)
    cast = select(func.count(), func.max(voted.cast_at)).where(
        voted.space_id == scope.space_id, voted.phase_id == scope.phase_id
    )
    begun = select(func.count(), func.max(Conversation.heard_at)).where(*begun_within(scope))
    paper = select(func.count(), func.count(PaperBallots.taken_back_at)).where(
        PaperBallots.space_id == scope.space_id, PaperBallots.phase_id == scope.phase_id
    )
    return [value for counted in (sent, cast, begun, paper) for value in (await connection.execute(counted)).one()]


async def people(connection: AsyncConnection, scope: Scope) -> int:
    """How many people have sent a response."""
    return (await connection.execute(select(PEOPLE).where(*given_within(scope)))).scalar_one()


async def by_channel(connection: AsyncConnection, scope: Scope) -> list[tuple[str, int]]:
    """The people of each channel (`paper` is one), the most first."""
    return await by(connection, Contribution.origin, PEOPLE, [*given_within(scope), Contribution.origin.not_in(APART)])


async def by_place(connection: AsyncConnection, scope: Scope) -> list[tuple[str, int]]:
    """The people of each poster's place, the most first; those who came by none are under the empty text."""
    return await by(connection, Contribution.place, PEOPLE, [*given_within(scope), Contribution.origin.not_in(APART)])


async def by_day(connection: AsyncConnection, scope: Scope, zone: str) -> list[tuple[date, int]]:
    """The people of each civil day of this zone, from the first day somebody sent a response to the last."""
    bounds = await connection.execute(
        select(func.min(Contribution.created_at), func.max(Contribution.created_at)).where(*given_within(scope))
    )
    first, last = bounds.one()
    if first is None:
        return []
    local = ZoneInfo(zone)
    begin, end = first.astimezone(local).date(), last.astimezone(local).date()
    days = [begin + timedelta(days=number) for number in range((end - begin).days + 1)]
    ends = [datetime.combine(day + timedelta(days=1), time(), local) for day in days[:-1]]
    day = _bin(Contribution.created_at, ends).label("day")
    rows = await connection.execute(select(day, PEOPLE).where(*given_within(scope)).group_by("day"))
    counts = dict(rows.all())
    return [(day, counts.get(number, 0)) for number, day in enumerate(days)]


async def answered(connection: AsyncConnection, scope: Scope) -> dict[str, int]:
    """The people who answered each question; those who skipped it or weren't asked are not among them."""
    rows = await connection.execute(_answers(scope, Answer.question, PEOPLE).group_by(Answer.question))
    return dict(rows.all())


async def answered_items(connection: AsyncConnection, scope: Scope) -> dict[tuple[str, str], int]:
    """The same for each item of the questions that have some: a row of a matrix, a candidate."""
    rows = await connection.execute(
        _answers(scope, Answer.question, Answer.item, PEOPLE)
        .where(Answer.item.is_not(None))
        .group_by(Answer.question, Answer.item)
    )
    return {(question, item): count for question, item, count in rows if item is not None}


async def chosen(connection: AsyncConnection, scope: Scope, questions: Sequence[str]) -> list[Chosen]:
    """For all these questions at once, the people who gave each choice, at each rank, to each item."""
    columns = (Answer.question, Answer.item, Answer.choice, Answer.rank)
    rows = await connection.execute(
        _answers(scope, *columns, PEOPLE)
        .where(Answer.question.in_(questions), Answer.choice.is_not(None))
        .group_by(*columns)
    )
    return [Chosen(*row) for row in rows]


async def summaries(connection: AsyncConnection, scope: Scope, questions: Sequence[str]) -> dict[str, Summary]:
    """Mean, median and ends of the numbers of each question that has some.

    The median is the middle number, or half way between the two in the middle; SQLite has no function for it.
    """
    ordered = (
        _answers(
            scope,
            Answer.question,
            Answer.number,
            _PERSON.label("person"),
            func.row_number().over(partition_by=Answer.question, order_by=Answer.number).label("position"),
            func.count().over(partition_by=Answer.question).label("count"),
        )
        .where(Answer.question.in_(questions), Answer.number.is_not(None))
        .subquery()
    )
    number, twice, count = ordered.c.number, ordered.c.position * 2, ordered.c.count
    middle = case((and_(twice >= count, twice <= count + 2), number))
    rows = await connection.execute(
        select(
            ordered.c.question,
            func.count(distinct(ordered.c.person)),
            func.avg(number),
            func.avg(middle),
            func.min(number),
            func.max(number),
        ).group_by(ordered.c.question)
    )
    return {question: Summary(*values) for question, *values in rows}


async def days(connection: AsyncConnection, scope: Scope, question: str) -> tuple[date, date] | None:
    """The first and the last day given to a question that asks for one (kept as the choice, in ISO form)."""
    ends = _answers(scope, func.min(Answer.choice), func.max(Answer.choice)).where(Answer.question == question)
    first, last = (await connection.execute(ends)).one()
    return (date.fromisoformat(first), date.fromisoformat(last)) if first else None


async def spread(connection: AsyncConnection, scope: Scope, question: str, ends: Sequence[float]) -> list[int]:
    """The people whose number lies in each bin: below the first end, from it to below the second ..., from the last."""
    return await _spread(connection, scope, question, Answer.number, ends)


async def spread_days(connection: AsyncConnection, scope: Scope, question: str, ends: Sequence[date]) -> list[int]:
    """The same of days."""
    return await _spread(connection, scope, question, Answer.choice, [end.isoformat() for end in ends])


async def _spread(
    connection: AsyncConnection, scope: Scope, question: str, column: InstrumentedAttribute[Any], ends: Sequence[Any]
) -> list[int]:
    rows = await connection.execute(
        _answers(scope, _bin(column, ends).label("bin"), PEOPLE)
        .where(Answer.question == question, column.is_not(None))
        .group_by("bin")
    )
    counts = dict(rows.all())
    return [counts.get(found, 0) for found in range(len(ends) + 1)]


async def unfinished(connection: AsyncConnection, scope: Scope) -> dict[str | None, int]:
    """The people who began and have sent nothing, by the key their conversation waits at.

    Somebody who began several times counts once, where the last conversation stopped.
    """
    sent = select(Contribution.participant_id).where(
        Contribution.space_id == scope.space_id,
        Contribution.phase_id == scope.phase_id,
        Contribution.participant_id.is_not(None),
    )
    last = (
        select(func.max(Conversation.id))
        .where(*begun_within(scope), Conversation.sent_at.is_(None), Conversation.participant_id.not_in(sent))
        .group_by(Conversation.participant_id)
    )
    rows = await connection.execute(
        select(Conversation.waiting, func.count())
        .where(Conversation.space_id == scope.space_id, Conversation.id.in_(last))
        .group_by(Conversation.waiting)
    )
    return dict(rows.all())


async def responses(connection: AsyncConnection, scope: Scope) -> AsyncIterator[Response]:
    """Every response sent with its countable answers, the oldest first, read by chunks of their ids."""
    columns = (Contribution.id, Contribution.created_at, Contribution.origin, Contribution.place, Contribution.fields)
    last = -1
    while True:
        rows = await connection.execute(
            select(*columns).where(*given_within(scope), Contribution.id > last).order_by(Contribution.id).limit(CHUNK)
        )
        found = rows.all()
        parts = await _parts(connection, scope.space_id, [row.id for row in found])
        for row in found:
            given = tuple(parts.get(row.id, ()))
            yield Response(row.id, row.created_at, row.origin, row.place, row.fields, given)
        if len(found) < CHUNK:
            return
        last = found[-1].id


async def _parts(connection: AsyncConnection, space_id: int, contributions: Sequence[int]) -> dict[int, list[Part]]:
    """The answers of these contributions, each in the order they were given (ids grow)."""
    columns = [getattr(Answer, name) for name in names(Part)]
    rows = await connection.execute(
        select(Answer.contribution_id, *columns)
        .where(Answer.space_id == space_id, Answer.contribution_id.in_(contributions))
        .order_by(Answer.id)
    )
    found: dict[int, list[Part]] = {}
    for contribution, *values in rows:
        found.setdefault(contribution, []).append(Part(*values))
    return found


def _answers(scope: Scope, *columns: Any) -> Select[*tuple[Any, ...]]:
    """The answers of the responses that are counted."""
    return (
        select(*columns)
        .select_from(Answer)
        .join(Contribution, (Contribution.space_id == Answer.space_id) & (Contribution.id == Answer.contribution_id))
        .where(*given_within(scope))
    )


def _bin(column: InstrumentedAttribute[Any], ends: Sequence[Any]) -> ColumnElement[int]:
    """The number of the bin a value lies in; each end belongs to the bin it begins.

    A CASE, because SQLite may be built without floor(), and neither database's casts round as the other's.
    """
    if not ends:
        return case((column.is_not(None), 0))
    return case(*((column < end, number) for number, end in enumerate(ends)), else_=len(ends))
