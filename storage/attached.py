"""What residents sent along with a contribution, for those who read it for the town: photos, and documents alike.

A contribution's fields refer to it wherever it was asked for, as `{"photo": reference}`. So it is shown as long as the
contribution is: nothing is left of it once that is withdrawn, or its author erased.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.files import PICTURES, REFERENCE, SCHEME, File
from storage.models import Answer, Contribution
from storage.models import File as Kept
from storage.value import value

KINDS = ("photo", "document")


@value
class Attached:
    """A file that came with a contribution; it has no id while its bytes are not here."""

    under: str
    """The question it answers; `photo` where it was asked for beside an idea."""
    kind: str
    id: int | None
    media_type: str | None = None

    @property
    def is_picture(self) -> bool:
        return self.media_type in PICTURES


async def of(connection: AsyncConnection, space_id: int, contributions: Collection[int]) -> dict[int, list[Attached]]:
    """What came with each of these, in the order in which it was asked for; those with nothing are left out."""
    rows = await connection.execute(
        select(Contribution.id, Contribution.fields).where(
            Contribution.space_id == space_id,
            Contribution.id.in_(contributions),
            Contribution.state != "withdrawn",
        )
    )
    sent = {id_: list(_referred(fields)) for id_, fields in rows}
    digests = [digest for found in sent.values() for _under, _kind, digest in found]
    kept = await connection.execute(
        select(Kept.digest, Kept.id, Kept.media_type).where(Kept.space_id == space_id, Kept.digest.in_(digests))
    )
    here = {digest: (file_id, media_type) for digest, file_id, media_type in kept}
    return {
        id_: [Attached(under, kind, *here.get(digest, (None, None))) for under, kind, digest in found]
        for id_, found in sent.items()
        if found
    }


async def read(connection: AsyncConnection, space_id: int, contribution_id: int, file_id: int) -> File | None:
    """The file of this id, where it came with this contribution; None for any other."""
    sent = (await of(connection, space_id, [contribution_id])).get(contribution_id, [])
    if file_id not in [one.id for one in sent]:
        return None
    found = await connection.execute(
        select(Kept.content, Kept.media_type).where(Kept.space_id == space_id, Kept.id == file_id)
    )
    return File(*found.one())


def _referred(fields: Any, under: str = "") -> Iterator[tuple[str, str, str]]:
    """(under, kind, digest) of each file that is referred to. Whoever knows a reference has had the file: to write one
    into an answer opens nothing that was closed."""
    for name, inner in fields.items() if isinstance(fields, Mapping) else ():
        if name in KINDS and isinstance(inner, str) and REFERENCE.fullmatch(inner):
            yield under, name, inner.removeprefix(SCHEME)
        yield from _referred(inner, name)


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
