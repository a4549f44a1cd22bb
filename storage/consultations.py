"""Consultations and the phases they are made of, for the panel. Texts are `{language: text}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    distinct,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models, taking_part, turning
from storage.refusals import AlreadyExists, NotSaid, StillOpen
from storage.types import new_id
from storage.value import columns, selected, value


@value
class Consultation:
    space_id: int
    id: int
    slug: str
    title: Mapping[str, str]
    topic: Mapping[str, str]
    why: Mapping[str, str]
    decides: Mapping[str, str]
    state: str
    opens_at: datetime | None
    closes_at: datetime | None
    answer_on: str | None
    created_at: datetime
    does: Mapping[str, str]
    archived_at: datetime | None = None

    @property
    def answered_on(self) -> date | None:
        """The civil day on which participants are promised the result."""
        return date.fromisoformat(self.answer_on) if self.answer_on else None


@value
class Phase:
    """A phase as its row says it; models.Phase explains the words."""

    space_id: int
    id: int
    consultation_id: int
    position: int
    kind: str
    settings: Mapping[str, Any]
    version: int
    title: Mapping[str, str] = field(default_factory=dict)
    state: str = "dated"
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    stages: list[dict[str, Any]] = field(default_factory=list)
    moderation: str = "none"
    per_day: int | None = None
    sealed_at: datetime | None = None


@value
class Listed:
    """A consultation in a list: the people whose response was sent, in all and since a moment."""

    consultation: Consultation
    people: int
    lately: int


_CONSULTATION = selected(Consultation, models.Consultation)
_PHASE = selected(Phase, models.Phase)


async def create(
    connection: AsyncConnection,
    space_id: int,
    *,
    slug: str,
    title: Mapping[str, str],
    topic: Mapping[str, str],
    why: Mapping[str, str],
    decides: Mapping[str, str],
    opens_at: datetime | None,
    closes_at: datetime | None,
    answer_on: date | None,
    now: datetime,
    does: Mapping[str, str] | None = None,
) -> Consultation:
    """A new consultation, a draft until it is opened. Raises AlreadyExists when the space has this slug."""
    if await find_by_slug(connection, space_id, slug) is not None:
        raise AlreadyExists(slug=slug)
    made = Consultation(
        space_id,
        new_id(),
        slug,
        dict(title),
        dict(topic),
        dict(why),
        dict(decides),
        "draft",
        opens_at,
        closes_at,
        _written(answer_on),
        now,
        dict(does or {}),
    )
    values = columns(made)
    await connection.execute(insert(models.Consultation).values(**values))
    return made


def _written(day: date | None) -> str | None:
    """A civil day as it is kept."""
    return day.isoformat() if day else None


async def change(connection: AsyncConnection, consultation: Consultation, **values: Any) -> None:
    """Other words, dates, state; `values` are fields of it, `answer_on` a day."""
    if "answer_on" in values:
        values["answer_on"] = _written(values["answer_on"])
    table = models.Consultation
    row = (table.space_id == consultation.space_id, table.id == consultation.id)
    await connection.execute(update(table).where(*row).values(**values))


async def add_phase(
    connection: AsyncConnection, consultation: Consultation, kind: str, settings: Mapping[str, Any], **more: Any
) -> Phase:
    """A phase after the last one, run by the module of this kind; `more` are other fields of a Phase."""
    count = len(await phases(connection, consultation.space_id, consultation.id))
    phase = Phase(consultation.space_id, new_id(), consultation.id, count + 1, kind, dict(settings), 1, **more)
    await connection.execute(insert(models.Phase).values(**columns(phase)))
    return phase


async def find(connection: AsyncConnection, space_id: int, consultation_id: int) -> Consultation | None:
    return await _find(connection, models.Consultation.space_id == space_id, models.Consultation.id == consultation_id)


async def find_by_slug(connection: AsyncConnection, space_id: int, slug: str) -> Consultation | None:
    return await _find(connection, models.Consultation.space_id == space_id, models.Consultation.slug == slug)


async def find_anywhere(connection: AsyncConnection, slug: str, spaces: Select[int]) -> Consultation | None:
    """The oldest consultation of this name in these spaces."""
    return await _find(connection, models.Consultation.slug == slug, models.Consultation.space_id.in_(spaces))


async def _find(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> Consultation | None:
    row = (
        await connection.execute(select(*_CONSULTATION).where(*conditions).order_by(models.Consultation.id).limit(1))
    ).first()
    return Consultation(*row) if row else None


async def phases(connection: AsyncConnection, space_id: int, consultation_id: int) -> list[Phase]:
    """The phases of a consultation, in their order."""
    rows = await connection.execute(
        select(*_PHASE)
        .where(models.Phase.space_id == space_id, models.Phase.consultation_id == consultation_id)
        .order_by(models.Phase.position)
    )
    return [Phase(*row) for row in rows]


async def listed(connection: AsyncConnection, space_id: int, since: datetime, only: int | None = None) -> list[Listed]:
    """The consultations of a space (or that of this id), the newest first, with their people as the database counts."""
    counted = _people(space_id, since, only).subquery()
    within = [models.Consultation.space_id == space_id]
    within += [models.Consultation.id == only] if only is not None else []
    rows = await connection.execute(
        select(*_CONSULTATION, func.coalesce(counted.c.people, 0), func.coalesce(counted.c.lately, 0))
        .outerjoin(counted, counted.c.consultation_id == models.Consultation.id)
        .where(*within)
        .order_by(models.Consultation.created_at.desc(), models.Consultation.id.desc())
    )
    return [Listed(Consultation(*row[:-2]), row[-2], row[-1]) for row in rows]


async def people(connection: AsyncConnection, consultation: Consultation) -> Mapping[int, int]:
    """How many people gave something to each of its phases, by the phase's id."""
    took_part = taking_part.took_part(consultation.space_id, _phases_of(consultation.space_id, consultation.id))
    rows = await connection.execute(
        select(models.Phase.id, func.count(distinct(took_part.c.person)))
        .join(took_part, took_part.c.phase_id == models.Phase.id)
        .where(models.Phase.space_id == consultation.space_id)
        .group_by(models.Phase.id)
    )
    return {row[0]: row[1] for row in rows}


def _people(space_id: int, since: datetime, only: int | None) -> Select[*tuple[Any, ...]]:
    """People by consultation, in all and since a moment."""
    took_part = taking_part.took_part(space_id, None if only is None else _phases_of(space_id, only))
    return (
        select(
            models.Phase.consultation_id,
            func.count(distinct(took_part.c.person)).label("people"),
            func.count(distinct(case((took_part.c.at >= since, took_part.c.person)))).label("lately"),
        )
        .join(took_part, took_part.c.phase_id == models.Phase.id)
        .where(models.Phase.space_id == space_id)
        .group_by(models.Phase.consultation_id)
    )


def _phases_of(space_id: int, consultation_id: int) -> Select[int]:
    return select(models.Phase.id).where(
        models.Phase.space_id == space_id, models.Phase.consultation_id == consultation_id
    )


async def unfinished(connection: AsyncConnection, space_id: int, consultation_id: int) -> int:
    """How many people began and have sent nothing yet."""
    talk = models.Conversation
    found = await connection.execute(
        select(func.count(distinct(talk.participant_id)))
        .join(models.Phase, (models.Phase.space_id == talk.space_id) & (models.Phase.id == talk.phase_id))
        .where(
            talk.space_id == space_id,
            models.Phase.consultation_id == consultation_id,
            talk.state == "open",
            talk.sent_at.is_(None),
        )
    )
    return found.scalar_one()


async def open_to_residents(
    connection: AsyncConnection, consultation: Consultation, now: datetime, *, on_its_date: bool = False
) -> None:
    """As open_now. Raises NotSaid unless residents are told who decides and what will be done with it (R22)."""
    missing = [name for name in ("decides", "does") if not any(getattr(consultation, name).values())]
    if missing:
        raise NotSaid(missing=missing)
    await open_now(connection, consultation, now, on_its_date=on_its_date)


async def open_now(
    connection: AsyncConnection, consultation: Consultation, now: datetime, *, on_its_date: bool = False
) -> None:
    """Open it, from now if its date was not reached, or else by itself `on_its_date`; a closing date that has passed is
    taken away.

    For those who set up a town by a file or by hand: what residents are told is not looked at. One that was in the
    archive comes out of it.
    """
    opens = consultation.opens_at if consultation.opens_at and (on_its_date or consultation.opens_at <= now) else now
    closes = consultation.closes_at if consultation.closes_at and consultation.closes_at > now else None
    await change(connection, consultation, state="open", opens_at=opens, closes_at=closes, archived_at=None)
    await turning.notice_by_hand(connection, consultation.id, now)


async def close_now(connection: AsyncConnection, consultation: Consultation, now: datetime) -> None:
    await change(connection, consultation, state="closed", closes_at=now)
    await turning.notice_by_hand(connection, consultation.id, now)


async def archive(connection: AsyncConnection, consultation: Consultation, now: datetime) -> None:
    """Put it away: it stands in no list any more, and its figures stay. Raises StillOpen."""
    table = models.Consultation
    over = or_(table.state != "open", table.closes_at <= now)
    archived = await connection.execute(
        update(table)
        .where(table.space_id == consultation.space_id, table.id == consultation.id, over)
        .values(archived_at=now, state=case((table.state == "open", "closed"), else_=table.state))
    )
    if not archived.rowcount:
        raise StillOpen


async def take_out(connection: AsyncConnection, consultation: Consultation) -> None:
    """Take it out of the archive, closed or a draft as it was."""
    await change(connection, consultation, archived_at=None)
