"""Codes that posters and links carry, and what an address of ours leads to: a code in any case, or a consultation.

A code of a relay leads to one consultation, whose sheet it stands on: what is asked there, and until when, stays true.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import Select, case, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import consultations, letters, models, relays, spaces
from storage.consultations import Consultation
from storage.refusals import AlreadyExists
from storage.relays import Arrived, Relay
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
    relay_id: int | None = None


@value
class Hung:
    """A relay's code for a consultation, and what came by it."""

    code: Code
    relay: Relay
    came: Arrived


@value
class Entrance:
    """What a public address leads to; `code` is None when it was the consultation's own slug.

    `carried` is what a talk begins with that comes from there, `address` what stands in the address; a personal code
    (storage/letters.py) is part of both, and is not looked at here: a page must not tell which ones there are. With
    `test` it is the code of a broadcast, which is sent as a test to whoever comes by it.
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
    """A code for a poster; drawn at random unless it is given. One with a place is that of the relay there, which is
    made where there is none. Raises AlreadyExists when a given one is taken."""
    relay = await relays.of_place(connection, consultation.space_id, place, now) if place is not None else None
    return await _create(connection, consultation, relay, now, code, area, group)


async def hang(connection: AsyncConnection, consultation: Consultation, relay: Relay, now: datetime) -> Code:
    """A code of this relay for this consultation. Raises AlreadyExists when it has one."""
    if any(one.relay_id == relay.id for one in await listed(connection, consultation.space_id, consultation.id)):
        raise AlreadyExists(name=relay.name)
    return await _create(connection, consultation, relay, now)


async def _create(
    connection: AsyncConnection,
    consultation: Consultation,
    relay: Relay | None,
    now: datetime,
    code: str | None = None,
    area: str | None = None,
    group: str | None = None,
) -> Code:
    chosen = code.casefold() if code else "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    if await find_entrance(connection, chosen) is not None:
        if code is None:
            return await _create(connection, consultation, relay, now, code, area, group)
        raise AlreadyExists(code=chosen)
    place, relay_id = (relay.place, relay.id) if relay is not None else (None, None)
    made = Code(consultation.space_id, consultation.id, chosen, place, area, group, relay_id)
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


async def hung(connection: AsyncConnection, space_id: int, consultation_id: int) -> list[Hung]:
    """The codes of a consultation that are a relay's, in the order of their relays, with what came by them."""
    came = await relays.by_code(connection, space_id)
    theirs = {one.relay_id: one for one in await listed(connection, space_id, consultation_id)}
    return [
        Hung(theirs[relay.id], relay, came.get((relay.id, consultation_id), Arrived()))
        for relay in await relays.listed(connection, space_id)
        if relay.id in theirs
    ]


async def of_relay(connection: AsyncConnection, relay: Relay) -> list[Code]:
    """The codes of a relay, the newest first."""
    table = models.Code
    rows = await connection.execute(
        select(*_CODE).where(table.space_id == relay.space_id, table.relay_id == relay.id).order_by(table.id.desc())
    )
    return [Code(*row) for row in rows]


async def copy(connection: AsyncConnection, source: Consultation, into: Consultation, now: datetime) -> None:
    """The relays of a consultation have codes for another one as well, and so have its areas and groups. What a code
    was whose relay is gone is not."""
    known = {relay.id: relay for relay in await relays.listed(connection, source.space_id)}
    for one in await listed(connection, source.space_id, source.id):
        relay = known.get(one.relay_id) if one.relay_id is not None else None
        if relay is not None or one.area or one.group:
            await _create(connection, into, relay, now, None, one.area, one.group)


async def find_entrance(connection: AsyncConnection, word: str, space: str | None = None) -> Entrance | None:
    """What the word of a public address leads to: a code in any case, else the slug of a consultation.

    Codes and slugs belong to a space, which may be named or stand before the word: `montaubry.centre-ville`.
    Without it the oldest one of that name is meant.
    """
    word, personal = letters.apart(word)
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
    own = f"_{personal}" if personal is not None else ""
    return Entrance(await spaces.load(connection, found.space_id), found, code, carried + own, address + own)


async def _of_a_test(connection: AsyncConnection, word: str, within: Select[int]) -> Entrance | None:
    """The consultation into which the broadcast of this code leads; where it leads into none, one of its space, those
    that are open and the newest first: a page is always of one."""
    sent, whole = models.Broadcast, models.Consultation
    its_phase = (models.Phase.space_id == sent.space_id) & (models.Phase.id == sent.phase_id)
    query = (
        select(whole.space_id, whole.id)
        .join(sent, sent.space_id == whole.space_id)
        .outerjoin(models.Phase, its_phase)
        .where(sent.test_code == word, sent.space_id.in_(within))
        .order_by(case((whole.id == models.Phase.consultation_id, 0), (whole.state == "open", 1), else_=2))
        .order_by(whole.id.desc())
    )
    row = (await connection.execute(query.limit(1))).first()
    found = await consultations.find(connection, *row) if row is not None else None
    if found is None:
        return None
    return Entrance(await spaces.load(connection, found.space_id), found, None, word, word, test=True)
