"""Codes that posters and links carry, and what an address of ours leads to: a code in any case, or a consultation."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import consultations, models, spaces
from storage.consultations import Consultation
from storage.refusals import AlreadyExists
from storage.spaces import Space
from storage.types import new_id
from storage.value import columns, selected, value

CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l, o, 0 and 1: a code is also read from a poster and typed, in any case; it is kept in small letters."""
CODE_LENGTH = 6


@value
class Code:
    space_id: int
    consultation_id: int
    code: str
    place: str | None
    area: str | None = None
    group: str | None = None


@value
class PlaceCount:
    """A poster's code and what came by it: conversations begun at its place, and responses sent."""

    code: Code
    begun: int
    sent: int


@value
class Entrance:
    """What a public address leads to; `code` is None when it was the consultation's own slug.

    `carried` is what a talk begins with that comes from there, `address` what stands in the address. With `test` it is
    the code of a broadcast, which is sent as a test to whoever comes by it.
    """

    space: Space
    consultation: Consultation
    code: Code | None
    carried: str
    address: str
    test: bool = False


_CODE = selected(Code, models.Code)


async def create(
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
            return await create(connection, consultation, now, place=place, area=area, group=group)
        raise AlreadyExists(code=chosen)
    made = Code(consultation.space_id, consultation.id, chosen, place, area, group)
    await connection.execute(insert(models.Code).values(**columns(made), id=new_id(), created_at=now))
    return made


async def listed(connection: AsyncConnection, space_id: int, consultation_id: int) -> list[Code]:
    """The codes of a consultation, in the order of the alphabet of their places."""
    rows = await connection.execute(
        select(*_CODE)
        .where(models.Code.space_id == space_id, models.Code.consultation_id == consultation_id)
        .order_by(models.Code.place, models.Code.id)
    )
    return [Code(*row) for row in rows]


async def places(connection: AsyncConnection, space_id: int, consultation_id: int) -> list[PlaceCount]:
    """The codes of a consultation that hang at a place, in the order of the alphabet, with what came by them."""
    talk = models.Conversation
    counted = await connection.execute(
        select(talk.place, func.count(), func.count(talk.sent_at))
        .join(models.Phase, (models.Phase.space_id == talk.space_id) & (models.Phase.id == talk.phase_id))
        .where(talk.space_id == space_id, models.Phase.consultation_id == consultation_id, talk.place.is_not(None))
        .group_by(talk.place)
    )
    came = {place: (begun, sent) for place, begun, sent in counted}
    hung = [code for code in await listed(connection, space_id, consultation_id) if code.place is not None]
    return [PlaceCount(code, *came.get(code.place, (0, 0))) for code in hung]


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
    code = Code(*row) if row else None
    if code is not None:
        found = await consultations.find(connection, code.space_id, code.consultation_id)
    else:
        found = await consultations.find_anywhere(connection, word, within)
    if found is None:
        return await _of_a_test(connection, word, within)
    carried = code.code if code is not None else found.slug
    address = carried if code is not None or space is None else f"{space}.{carried}"
    return Entrance(await spaces.load(connection, found.space_id), found, code, carried, address)


async def _of_a_test(connection: AsyncConnection, word: str, within: Select[int]) -> Entrance | None:
    """The consultation into which the broadcast of this code leads."""
    its_phase = (models.Phase.space_id == models.Broadcast.space_id) & (models.Phase.id == models.Broadcast.phase_id)
    query = select(models.Phase.space_id, models.Phase.consultation_id).join(models.Broadcast, its_phase)
    row = (
        await connection.execute(query.where(models.Broadcast.test_code == word, models.Broadcast.space_id.in_(within)))
    ).first()
    found = await consultations.find(connection, *row) if row is not None else None
    if found is None:
        return None
    return Entrance(await spaces.load(connection, found.space_id), found, None, word, word, test=True)
