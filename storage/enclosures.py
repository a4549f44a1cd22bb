"""What residents sent along with a contribution, for those who moderate it: photos, and documents alike.

A contribution's fields refer to it wherever it was asked for, as `{"photo": reference}`. So it is shown as long as the
contribution is: nothing is left of it once that is withdrawn, or its author erased.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.files import PICTURES, REFERENCE, SCHEME, File
from storage.models import Contribution
from storage.models import File as Kept
from storage.value import value

KINDS = ("photo", "document")


@value
class Enclosure:
    """A file that came with a contribution; it has no id while its bytes are not here."""

    kind: str
    id: int | None
    media_type: str | None = None

    @property
    def is_picture(self) -> bool:
        return self.media_type in PICTURES


async def of(connection: AsyncConnection, space_id: int, contributions: Collection[int]) -> dict[int, list[Enclosure]]:
    """What came with each of these, in the order in which it was asked for; those with nothing are left out."""
    rows = await connection.execute(
        select(Contribution.id, Contribution.fields).where(
            Contribution.space_id == space_id,
            Contribution.id.in_(contributions),
            Contribution.state != "withdrawn",
        )
    )
    sent = {id_: list(_referred(fields)) for id_, fields in rows}
    digests = [digest for found in sent.values() for _kind, digest in found]
    kept = await connection.execute(
        select(Kept.digest, Kept.id, Kept.media_type).where(Kept.space_id == space_id, Kept.digest.in_(digests))
    )
    here = {digest: (file_id, media_type) for digest, file_id, media_type in kept}
    return {
        id_: [Enclosure(kind, *here.get(digest, (None, None))) for kind, digest in found]
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


def _referred(fields: Any) -> Iterator[tuple[str, str]]:
    """(kind, digest) of each file that is referred to. Whoever knows a reference has had the file: to write one into
    an answer opens nothing that was closed."""
    inside = fields.values() if isinstance(fields, Mapping) else fields if isinstance(fields, list) else ()
    for inner in inside:
        yield from _referred(inner)
    for kind in KINDS if isinstance(fields, Mapping) else ():
        reference = fields.get(kind)
        if isinstance(reference, str) and REFERENCE.fullmatch(reference):
            yield kind, reference.removeprefix(SCHEME)
