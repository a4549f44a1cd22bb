"""Spaces, their consultations with the phases, and the codes that posters carry.

Texts are `{language: text}`. A consultation is looked up by its id within a space, or from outside by the word in
a public address: a poster's code, or its own slug.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, case, distinct, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from storage import models
from storage.refusals import Refusal
from storage.types import new_id
from storage.value import columns, names, value

CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l, o, 0 and 1: a code is also read from a poster and typed, in any case; it is kept in small letters."""
CODE_LENGTH = 6


class AlreadyExists(Refusal):
    """There is one under this name already."""


@value
class Space:
    id: int
    slug: str
    name: Mapping[str, str]
    languages: Sequence[str]
    zone: str
    colour: str | None
    contact: Mapping[str, Any]
    privacy: Mapping[str, str]


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

    @property
    def answered_on(self) -> date | None:
        """The civil day on which participants are promised the result."""
        return date.fromisoformat(self.answer_on) if self.answer_on else None


@value
class Phase:
    space_id: int
    id: int
    consultation_id: int
    position: int
    kind: str
    settings: Mapping[str, Any]
    version: int


@value
class Code:
    space_id: int
    consultation_id: int
    code: str
    place: str | None


@value
class Listed:
    """A consultation in a list: the people whose response was sent, in all and since a moment."""

    consultation: Consultation
    people: int
    lately: int


@value
class PlaceCount:
    """A poster's code and what came by it: conversations begun at its place, and responses sent."""

    code: Code
    begun: int
    sent: int


@value
class Entrance:
    """What a public address leads to; `code` is None when it was the consultation's own slug.

    `carried` is what a talk begins with that comes from there, `address` what stands in the address.
    """

    space: Space
    consultation: Consultation
    code: Code | None
    carried: str
    address: str


Value = TypeVar("Value")


def _columns(of: type[Any], table: type[models.Base]) -> list[InstrumentedAttribute[Any]]:
    return [getattr(table, name) for name in names(of)]


def _read(value: Callable[..., Value], row: Row[Any]) -> Value:
    return value(*row)


_SPACE = _columns(Space, models.Space)
_CONSULTATION = _columns(Consultation, models.Consultation)
_PHASE = _columns(Phase, models.Phase)
_CODE = _columns(Code, models.Code)


async def create_space(
    connection: AsyncConnection,
    *,
    slug: str,
    name: Mapping[str, str],
    languages: Sequence[str],
    zone: str,
    colour: str | None,
    contact: Mapping[str, Any],
    privacy: Mapping[str, str],
    now: datetime,
) -> Space:
    """A new town or association. Raises AlreadyExists when the slug is taken."""
    if await find_space(connection, slug) is not None:
        raise AlreadyExists(slug=slug)
    space = Space(new_id(), slug, dict(name), list(languages), zone, colour, dict(contact), dict(privacy))
    values = columns(space)
    await connection.execute(insert(models.Space).values(**values, created_at=now))
    return space


async def find_space(connection: AsyncConnection, slug: str) -> Space | None:
    row = (await connection.execute(select(*_SPACE).where(models.Space.slug == slug))).first()
    return _read(Space, row) if row else None


async def load_space(connection: AsyncConnection, space_id: int) -> Space:
    return _read(Space, (await connection.execute(select(*_SPACE).where(models.Space.id == space_id))).one())


async def all_spaces(connection: AsyncConnection) -> list[Space]:
    rows = await connection.execute(select(*_SPACE).order_by(models.Space.id))
    return [_read(Space, row) for row in rows]


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
        answer_on.isoformat() if answer_on else None,
        now,
    )
    values = columns(made)
    await connection.execute(insert(models.Consultation).values(**values))
    return made


async def add_phase(
    connection: AsyncConnection, consultation: Consultation, kind: str, settings: Mapping[str, Any]
) -> Phase:
    """A phase after the last one, run by the module of this kind."""
    count = len(await phases(connection, consultation.space_id, consultation.id))
    phase = Phase(consultation.space_id, new_id(), consultation.id, count + 1, kind, dict(settings), 1)
    values = columns(phase)
    await connection.execute(insert(models.Phase).values(**values))
    return phase


async def find(connection: AsyncConnection, space_id: int, consultation_id: int) -> Consultation | None:
    return await _find(connection, models.Consultation.space_id == space_id, models.Consultation.id == consultation_id)


async def find_by_slug(connection: AsyncConnection, space_id: int, slug: str) -> Consultation | None:
    return await _find(connection, models.Consultation.space_id == space_id, models.Consultation.slug == slug)


async def _find(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> Consultation | None:
    row = (
        await connection.execute(select(*_CONSULTATION).where(*conditions).order_by(models.Consultation.id).limit(1))
    ).first()
    return _read(Consultation, row) if row else None


async def phases(connection: AsyncConnection, space_id: int, consultation_id: int) -> list[Phase]:
    """The phases of a consultation, in their order."""
    rows = await connection.execute(
        select(*_PHASE)
        .where(models.Phase.space_id == space_id, models.Phase.consultation_id == consultation_id)
        .order_by(models.Phase.position)
    )
    return [_read(Phase, row) for row in rows]


async def listed(connection: AsyncConnection, space_id: int, since: datetime) -> list[Listed]:
    """The consultations of a space, the newest first, with their people counted by the database."""
    counted = _people(space_id, since).subquery()
    rows = await connection.execute(
        select(*_CONSULTATION, func.coalesce(counted.c.people, 0), func.coalesce(counted.c.lately, 0))
        .outerjoin(counted, counted.c.consultation_id == models.Consultation.id)
        .where(models.Consultation.space_id == space_id)
        .order_by(models.Consultation.created_at.desc(), models.Consultation.id.desc())
    )
    return [Listed(Consultation(*row[:-2]), row[-2], row[-1]) for row in rows]


def _people(space_id: int, since: datetime) -> Select[*tuple[Any, ...]]:
    """People by consultation. A response whose author was erased still counts as somebody."""
    sent = models.Contribution
    person = func.coalesce(sent.participant_id, sent.id)
    return (
        select(
            models.Phase.consultation_id,
            func.count(distinct(person)).label("people"),
            func.count(distinct(case((sent.created_at >= since, person)))).label("lately"),
        )
        .join(models.Phase, (models.Phase.space_id == sent.space_id) & (models.Phase.id == sent.phase_id))
        .where(sent.space_id == space_id, sent.state == "sent", sent.parent_id.is_(None))
        .group_by(models.Phase.consultation_id)
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


async def open_now(connection: AsyncConnection, consultation: Consultation, now: datetime) -> None:
    """Open it, from now if its date was not reached; a closing date that has passed is taken away."""
    opens = consultation.opens_at if consultation.opens_at and consultation.opens_at <= now else now
    closes = consultation.closes_at if consultation.closes_at and consultation.closes_at > now else None
    await _change(connection, consultation, state="open", opens_at=opens, closes_at=closes)


async def close_now(connection: AsyncConnection, consultation: Consultation, now: datetime) -> None:
    await _change(connection, consultation, state="closed", closes_at=now)


async def _change(connection: AsyncConnection, consultation: Consultation, **values: Any) -> None:
    table = models.Consultation
    await connection.execute(
        update(table).where(table.space_id == consultation.space_id, table.id == consultation.id).values(**values)
    )


async def create_code(
    connection: AsyncConnection,
    consultation: Consultation,
    now: datetime,
    *,
    code: str | None = None,
    place: str | None = None,
    area: str | None = None,
    group: str | None = None,
) -> Code:
    """A code for a poster; drawn at random unless it is given. Raises AlreadyExists when a given one is taken."""
    chosen = code.casefold() if code else "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    if await find_entrance(connection, chosen) is not None:
        if code is None:
            return await create_code(connection, consultation, now, place=place, area=area, group=group)
        raise AlreadyExists(code=chosen)
    made = Code(consultation.space_id, consultation.id, chosen, place)
    values = columns(made)
    await connection.execute(insert(models.Code).values(**values, id=new_id(), area=area, group=group, created_at=now))
    return made


async def places(connection: AsyncConnection, space_id: int, consultation_id: int) -> list[PlaceCount]:
    """The codes of a consultation that hang at a place, in the order of the alphabet, with what came by them."""
    codes = await connection.execute(
        select(*_CODE)
        .where(models.Code.space_id == space_id, models.Code.consultation_id == consultation_id)
        .where(models.Code.place.is_not(None))
        .order_by(models.Code.place, models.Code.id)
    )
    talk = models.Conversation
    counted = await connection.execute(
        select(talk.place, func.count(), func.count(talk.sent_at))
        .join(models.Phase, (models.Phase.space_id == talk.space_id) & (models.Phase.id == talk.phase_id))
        .where(talk.space_id == space_id, models.Phase.consultation_id == consultation_id, talk.place.is_not(None))
        .group_by(talk.place)
    )
    came = {place: (begun, sent) for place, begun, sent in counted}
    return [PlaceCount(code, *came.get(code.place, (0, 0))) for code in (_read(Code, row) for row in codes)]


async def find_entrance(connection: AsyncConnection, word: str, space: str | None = None) -> Entrance | None:
    """What the word of a public address leads to: a code in any case, else the slug of a consultation.

    Codes and slugs belong to a space, which may be named or stand before the word: `montaubry.centre-ville`.
    Without it the oldest one of that name is meant.
    """
    before, _dot, word = word.casefold().rpartition(".")
    space = space or before or None
    within = select(models.Space.id) if space is None else select(models.Space.id).where(models.Space.slug == space)
    query = select(*_CODE).where(models.Code.code == word, models.Code.space_id.in_(within))
    row = (await connection.execute(query.order_by(models.Code.id).limit(1))).first()
    code = _read(Code, row) if row else None
    if code is not None:
        found = await find(connection, code.space_id, code.consultation_id)
    else:
        table = models.Consultation
        found = await _find(connection, table.slug == word, table.space_id.in_(within))
    if found is None:
        return None
    carried = code.code if code is not None else found.slug
    address = carried if code is not None or space is None else f"{space}.{carried}"
    return Entrance(await load_space(connection, found.space_id), found, code, carried, address)
