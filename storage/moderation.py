"""Moderation: the queue of what residents wrote, showing it, hiding it with a reason, and settling reports.

A text is read once per version: correcting it (storage/contributions.py) puts it back in the queue where the phase
says that texts are read. Verbs take a sequence and answer as many results: what was moved, or why it was not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import similar, texts
from storage.models import Consultation, Contribution, Phase, Report
from storage.refusals import Refusal
from storage.value import value

REASONS = ("person", "hurtful", "unlawful", "off_topic", "advert", "twice")
"""Why a text may be hidden; flows/moderating.py says them in words."""
TO_READ, VISIBLE, HIDDEN, REPORTED = STATES = ("read", "visible", "hidden", "reported")
"""The four lists of the queue. What is to be read after it was shown stands in two of them."""


class NotThere(Refusal):
    """There is no such text any more, or somebody else has just moved it."""


# -- the queue -----------------------------------------------------------------------------------------------------


@value
class Queue:
    """What is looked at: texts of a space, in these consultations (None: all), of a phase, a kind, with words."""

    space_id: int
    consultations: Collection[int] | None = None
    phase_id: int | None = None
    kind: str | None = None
    search: str = ""


@value
class Item:
    """A contribution as moderators see it; nothing of its author but whether there is one to tell."""

    id: int
    consultation_id: int
    phase_id: int
    phase_kind: str
    title: dict[str, str]
    kind: str
    state: str
    text: str
    theme: str | None
    area: str | None
    people: int
    status: str | None
    reason: str | None
    origin: str
    place: str | None
    at: datetime
    author: int | None
    read_at: datetime | None
    moderation: str
    parent: int | None
    fields: dict[str, Any]
    reports: int

    @property
    def to_read(self) -> bool:
        return self.state == "waiting" or (self.state == "sent" and self.moderation == "after" and self.read_at is None)


_IS_OPEN = Report.settled_at.is_(None)
_IS_REPORTED = tuple_(Contribution.space_id, Contribution.id).in_(
    select(Report.space_id, Report.contribution_id).where(_IS_OPEN)
)
_REPORTED = (
    select(Report.space_id, Report.contribution_id, func.count().label("times"))
    .where(_IS_OPEN)
    .group_by(Report.space_id, Report.contribution_id)
    .subquery()
)
"""How often each text was reported. Asked so, open reports are read once, and not looked for behind each text
(docs/decisions/statistics.md)."""
_TIMES = func.coalesce(_REPORTED.c.times, 0)
_LISTS: dict[str, ColumnElement[bool]] = {
    TO_READ: and_(
        Contribution.read_at.is_(None),
        or_(Contribution.state == "waiting", and_(Contribution.state == "sent", Phase.moderation == "after")),
    ),
    VISIBLE: Contribution.state == "sent",
    HIDDEN: Contribution.state == "hidden",
    REPORTED: and_(Contribution.state == "sent", _IS_REPORTED),
}


async def count(connection: AsyncConnection, queue: Queue) -> dict[str, int]:
    """How many texts each list has."""
    counted = [func.coalesce(func.sum(case((held, 1), else_=0)), 0) for held in _LISTS.values()]
    row = (await connection.execute(_of(queue, *counted))).one()
    return dict(zip(_LISTS, map(int, row), strict=True))


async def to_read(connection: AsyncConnection, queue: Queue, most: int = 100) -> int:
    """How many texts wait to be read; counting ends at the most."""
    some = _of(queue, Contribution.id).where(_LISTS[TO_READ]).limit(most).subquery()
    return (await connection.execute(select(func.count()).select_from(some))).scalar_one()


async def listed(connection: AsyncConnection, queue: Queue, state: str, offset: int, limit: int) -> list[Item]:
    """A part of one list: what is to be read, the oldest first; what was reported, the most often first; the rest, the
    newest first."""
    order: dict[str, tuple[ColumnElement[Any], ...]] = {
        TO_READ: (Contribution.id.asc(),),
        REPORTED: (_TIMES.desc(), Contribution.id.asc()),
    }
    statement = _items(queue).where(_LISTS[state])
    ordered = statement.order_by(*order.get(state, (Contribution.id.desc(),))).offset(offset).limit(limit)
    return [_item(row) for row in await connection.execute(ordered)]


async def find(connection: AsyncConnection, queue: Queue, ids: Collection[int]) -> list[Item]:
    """These texts, as far as the queue holds them, in the order of their ids."""
    wanted = _items(queue).where(Contribution.id.in_(ids)).order_by(Contribution.id)
    return [_item(row) for row in await connection.execute(wanted)]


async def merged_into(connection: AsyncConnection, queue: Queue, id_: int) -> list[Item]:
    """The texts that were merged into this one (storage/merging.py), the oldest first."""
    wanted = _items(queue).where(Contribution.parent_id == id_, Contribution.state == "merged")
    return [_item(row) for row in await connection.execute(wanted.order_by(Contribution.id))]


async def reports(connection: AsyncConnection, space_id: int, ids: Collection[int]) -> dict[int, list[str]]:
    """What was said of these in reports that nobody has settled yet, the oldest first."""
    rows = await connection.execute(
        select(Report.contribution_id, Report.reason)
        .where(Report.space_id == space_id, Report.contribution_id.in_(ids), Report.settled_at.is_(None))
        .order_by(Report.id)
    )
    found: dict[int, list[str]] = {}
    for contribution_id, reason in rows:
        found.setdefault(contribution_id, []).append(reason)
    return found


_ITEM = (
    Contribution.id,
    Phase.consultation_id,
    Phase.id,
    Phase.kind,
    Phase.title,
    Consultation.title,
    Contribution.kind,
    Contribution.state,
    Contribution.text,
    Contribution.theme,
    Contribution.area,
    Contribution.people,
    Contribution.status,
    Contribution.reason,
    Contribution.origin,
    Contribution.place,
    Contribution.created_at,
    Contribution.participant_id,
    Contribution.read_at,
    Phase.moderation,
    Contribution.parent_id,
    Contribution.fields,
    _TIMES,
)


def _items(queue: Queue) -> Select[*tuple[Any, ...]]:
    """The texts of a queue as `_item` takes them."""
    this = (_REPORTED.c.space_id == Contribution.space_id) & (_REPORTED.c.contribution_id == Contribution.id)
    return _of(queue, *_ITEM).outerjoin(_REPORTED, this)


def _item(row: Any) -> Item:
    own, whole = row[4], row[5]
    fields: list[Any] = [*row[:4], own or whole, *row[6:]]
    return Item(*fields)


def _of(queue: Queue, *what: Any) -> Select[*tuple[Any, ...]]:
    """These columns of the texts a queue is about; a withdrawn text is nobody's to read any more."""
    statement = (
        select(*what)
        .select_from(Contribution)
        .join(Phase, (Phase.space_id == Contribution.space_id) & (Phase.id == Contribution.phase_id))
        .join(Consultation, (Consultation.space_id == Phase.space_id) & (Consultation.id == Phase.consultation_id))
        .where(
            Contribution.space_id == queue.space_id,
            Contribution.text.is_not(None),
            Contribution.state != "withdrawn",
            *texts.holding(Contribution.folded, queue.search),
        )
    )
    if queue.consultations is not None:
        some = Phase.consultation_id.in_(queue.consultations) if queue.consultations else false()
        statement = statement.where(some)
    if queue.phase_id is not None:
        statement = statement.where(Contribution.phase_id == queue.phase_id)
    if queue.kind is not None:
        statement = statement.where(Contribution.kind == queue.kind)
    return statement


# -- what is done about it -----------------------------------------------------------------------------------------


@value
class Showing:
    """A text that was read and may be seen. `language` is given where its phase finds similar texts, and cuts its stems
    (storage/similar.py)."""

    space_id: int
    contribution_id: int
    at: datetime
    language: str | None = None


@value
class Hiding:
    """A text that is not to be seen, for one of REASONS."""

    space_id: int
    contribution_id: int
    reason: str
    at: datetime


@value
class Moved:
    """What was moved, and whom it is of: None where nobody is left to tell."""

    contribution_id: int
    author: int | None
    text: str


async def show(connection: AsyncConnection, given: Sequence[Showing]) -> Sequence[Moved | Refusal]:
    """Let these be seen: they were read, whatever was reported of them is settled. Refuses what is gone (NotThere)."""
    moved = await _move(connection, [(one.space_id, one.contribution_id, one.at) for one in given], None)
    texts = [
        similar.Text(one.space_id, phase, one.contribution_id, result.text, one.language)
        for one, (phase, result) in zip(given, moved, strict=True)
        if one.language is not None and isinstance(result, Moved)
    ]
    await similar.index(connection, texts)
    return [result for _phase, result in moved]


async def hide(connection: AsyncConnection, given: Sequence[Hiding]) -> Sequence[Moved | Refusal]:
    """Hide these, which are found by nobody's words any more. Refuses what is gone or hidden already (NotThere), so
    that each author is told once."""
    results: list[Moved | Refusal] = []
    for one in given:
        if one.reason not in REASONS:
            raise ValueError(f"{one.reason!r} is no reason to hide a text")
        [(_phase, result)] = await _move(connection, [(one.space_id, one.contribution_id, one.at)], one.reason)
        results.append(result)
    done = zip(given, results, strict=True)
    await similar.forget(
        connection, [(one.space_id, one.contribution_id) for one, result in done if isinstance(result, Moved)]
    )
    return results


async def _move(
    connection: AsyncConnection, wanted: Sequence[tuple[int, int, datetime]], reason: str | None
) -> list[tuple[int, Moved | Refusal]]:
    """Hide these for a reason, or show them where there is none: (phase, what was moved) for each."""
    results: list[tuple[int, Moved | Refusal]] = []
    state, before = ("sent", ("waiting", "hidden", "sent")) if reason is None else ("hidden", ("waiting", "sent"))
    for space_id, id_, at in wanted:
        changed = await connection.execute(
            update(Contribution)
            .where(Contribution.space_id == space_id, Contribution.id == id_, Contribution.text.is_not(None))
            .where(Contribution.state.in_(before))
            .values(state=state, reason=reason, read_at=at)
            .returning(Contribution.phase_id, Contribution.participant_id, Contribution.text)
        )
        row = changed.first()
        if row is None:
            results.append((0, NotThere()))
            continue
        await settle(connection, [(space_id, id_)], at)
        results.append((row[0], Moved(id_, row[1], row[2] or "")))
    return results


async def settle(connection: AsyncConnection, wanted: Sequence[tuple[int, int]], at: datetime) -> Sequence[int]:
    """Settle what was reported of these (space, contribution); answers how many reports each had."""
    results: list[int] = []
    for space_id, id_ in wanted:
        settled = await connection.execute(
            update(Report)
            .where(Report.space_id == space_id, Report.contribution_id == id_, Report.settled_at.is_(None))
            .values(settled_at=at)
        )
        results.append(settled.rowcount)
    return results


# -- the figure (R8) -----------------------------------------------------------------------------------------------


@value
class Figure:
    """How texts were moderated: how many there are, how many of them hidden, how many read before they were shown, and
    how many after."""

    texts: int
    hidden: int
    before: int
    after: int

    @property
    def share(self) -> float:
        """Of the texts that were given, those hidden; 0 where there are none."""
        return self.hidden / self.texts if self.texts else 0.0


async def figure(connection: AsyncConnection, queue: Queue) -> Figure:
    """The moderation figure of these texts."""

    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    read = Contribution.read_at.is_not(None)
    before = Phase.moderation == "before"
    counted = (func.count(), number(Contribution.state == "hidden"), number(read & before), number(read & ~before))
    row = (await connection.execute(_of(queue, *counted))).one()
    return Figure(*map(int, row))
