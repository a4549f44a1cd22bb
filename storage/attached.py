"""What residents sent along with a contribution: photos, and documents alike.

A contribution's fields refer to it wherever it was asked for, as `{"photo": reference}`. So it is shown as long as the
contribution is: nothing is left of it once that is withdrawn, or its author erased. Whoever reads contributions for the
town sees all of it; residents see what came BESIDE a text, as long as they see the text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.files import PICTURES, REFERENCE, SCHEME, File
from storage.models import Answer, Contribution
from storage.models import File as Kept
from storage.types import LARGEST_ID
from storage.value import value

KINDS = ("photo", "document")
BESIDE = "attached"
"""The field of a contribution that lists what was sent to be seen with its text."""
GIVEN = "given:"
"""Begins the address under which a prompt shows such a file: `given:<contribution>/files/<file>`."""
_ADDRESS = re.compile(rf"{GIVEN}([0-9]{{1,19}})/files/([0-9]{{1,19}})", re.ASCII)


@value
class Attached:
    """A file that came with a contribution; it has no id while its bytes are not here."""

    under: str
    """The question it answers, or BESIDE."""
    kind: str
    id: int | None
    media_type: str | None = None

    @property
    def is_picture(self) -> bool:
        return self.media_type in PICTURES


async def of(connection: AsyncConnection, space_id: int, contributions: Collection[int]) -> dict[int, list[Attached]]:
    """What came with each of these, first what came beside its text; those with nothing are left out."""
    rows = await connection.execute(
        select(Contribution.id, Contribution.fields).where(
            Contribution.space_id == space_id,
            Contribution.id.in_(contributions),
            Contribution.state != "withdrawn",
        )
    )
    return await _kept(connection, space_id, {id_: _all(fields) for id_, fields in rows})


async def read(connection: AsyncConnection, space_id: int, contribution_id: int, file_id: int) -> File | None:
    """The file of this id, where it came with this contribution; None for any other."""
    sent = (await of(connection, space_id, [contribution_id])).get(contribution_id, [])
    if file_id not in [one.id for one in sent]:
        return None
    return await _read(connection, space_id, file_id)


async def _kept(
    connection: AsyncConnection, space_id: int, sent: Mapping[int, Sequence[Referred]]
) -> dict[int, list[Attached]]:
    """What is kept of these files; who sent none is left out."""
    digests = [digest for found in sent.values() for _under, _kind, digest in found]
    rows = await connection.execute(
        select(Kept.digest, Kept.id, Kept.media_type).where(Kept.space_id == space_id, Kept.digest.in_(digests))
    )
    here = {digest: (file_id, media_type) for digest, file_id, media_type in rows}
    return {
        id_: [Attached(under, kind, *here.get(digest, (None, None))) for under, kind, digest in found]
        for id_, found in sent.items()
        if found
    }


Referred: TypeAlias = tuple[str, str, str]
"""(under, kind, digest) of a file that is referred to."""


def _all(fields: Mapping[str, Any]) -> list[Referred]:
    """PostgreSQL keeps names in an order of its own."""
    others = {name: inner for name, inner in fields.items() if name != BESIDE}
    return [*_referred(fields.get(BESIDE), BESIDE), *_referred(others)]


def _referred(fields: Any, under: str = "") -> Iterator[Referred]:
    """Each file that is referred to. Whoever knows a reference has had the file: to write one into an answer opens
    nothing that was closed."""
    for inner in fields if isinstance(fields, list) else ():
        yield from _referred(inner, under)
    for name, inner in fields.items() if isinstance(fields, Mapping) else ():
        if name in KINDS and isinstance(inner, str) and REFERENCE.fullmatch(inner):
            yield under, name, inner.removeprefix(SCHEME)
        yield from _referred(inner, name)


# -- what others see with a text ------------------------------------------------------------------------------------


async def beside(connection: AsyncConnection, space_id: int, fields: Mapping[str, Any]) -> list[Attached]:
    """What came beside the text of a contribution with these fields."""
    sent = list(_referred(fields.get(BESIDE), BESIDE))
    return (await _kept(connection, space_id, {0: sent})).get(0, []) if sent else []


def address_of(contribution_id: int, file_id: int) -> str:
    return f"{GIVEN}{contribution_id}/files/{file_id}"


async def shown(connection: AsyncConnection, space_id: int, address: str) -> File | None:
    """The file at this address, while everybody may read the text beside which it came; None for any other. A text that
    is hidden, or waits to be read, shows nothing."""
    found = _ADDRESS.fullmatch(address)
    wanted, file_id = (int(found[1]), int(found[2])) if found is not None else (0, 0)
    if max(wanted, file_id) > LARGEST_ID:
        return None
    fields = await connection.scalar(
        select(Contribution.fields).where(
            Contribution.space_id == space_id,
            Contribution.id == wanted,
            Contribution.state == "sent",
            Contribution.text.is_not(None),
        )
    )
    if file_id not in [one.id for one in await beside(connection, space_id, fields or {})]:
        return None
    return await _read(connection, space_id, file_id)


async def _read(connection: AsyncConnection, space_id: int, file_id: int) -> File:
    found = await connection.execute(
        select(Kept.content, Kept.media_type).where(Kept.space_id == space_id, Kept.id == file_id)
    )
    return File(*found.one())


# -- answers to one question ---------------------------------------------------------------------------------------


@value
class Asked:
    """What a phase was given in answer to a question that wants a photo or a document."""

    space_id: int
    phase_id: int
    question: str


@value
class Given:
    """One contribution's answer to it."""

    contribution_id: int
    origin: str
    place: str | None
    at: datetime
    files: Sequence[Attached]


async def given(connection: AsyncConnection, asked: Asked, offset: int, limit: int) -> list[Given]:
    """A part of what counts, the newest first. Of those who were erased no file is left."""
    rows = (await connection.execute(_given(asked).order_by(Contribution.id.desc()).offset(offset).limit(limit))).all()
    sent = await of(connection, asked.space_id, [row.id for row in rows])
    return [
        Given(
            row.id,
            row.origin,
            row.place,
            row.created_at,
            [one for one in sent.get(row.id, ()) if one.under == asked.question],
        )
        for row in rows
    ]


async def answers(connection: AsyncConnection, asked: Asked, contribution_id: int) -> bool:
    """Whether this contribution counts among them."""
    return (await connection.execute(_given(asked).where(Contribution.id == contribution_id))).first() is not None


def _given(asked: Asked) -> Select[int, str, str | None, datetime]:
    return (
        select(Contribution.id, Contribution.origin, Contribution.place, Contribution.created_at)
        .join(Answer, (Answer.space_id == Contribution.space_id) & (Answer.contribution_id == Contribution.id))
        .where(
            Answer.space_id == asked.space_id,
            Answer.phase_id == asked.phase_id,
            Answer.question == asked.question,
            Contribution.state == "sent",
        )
    )
