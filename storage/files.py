"""Pictures and documents under a digest, so that the same one is kept once.

What residents sent and what prompts show stand in one table. Who may see a file is told by what refers to it: what was
sent belongs to whoever sent it, and what a prompt shows to everybody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, cast, delete, exists, not_, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.models import Broadcast, Consultation, Contribution, Conversation, Heard, Phase
from storage.types import new_id
from storage.value import value

SCHEME = "file:"
"""Begins the reference of a file whose bytes are here; a digest follows."""
PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})
"""What a browser may show; anything else is only ever saved."""
REFERENCE = re.compile(rf"{SCHEME}[0-9a-f]{{64}}|[a-z]+:[\w-]+:[\w.-]+", re.ASCII)
"""A file of ours, or a platform's: the channel, our account there, its own name for the file."""


@value
class File:
    content: bytes
    media_type: str


def reference_of(content: bytes) -> str:
    """`file:<digest>`, by which these bytes are referred to."""
    return SCHEME + hashlib.sha256(content).hexdigest()


async def put(connection: AsyncConnection, space_id: int, reference: str, file: File, now: datetime) -> None:
    """Keep this file under its reference, unless something is kept there already."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = {"space_id": space_id, "id": new_id(), "digest": reference.removeprefix(SCHEME), "created_at": now}
    await connection.execute(
        make(models.File)
        .values(**row, content=file.content, media_type=file.media_type)
        .on_conflict_do_nothing(index_elements=["space_id", "digest"])
    )


async def sent_by(connection: AsyncConnection, space_id: int, participant_id: int, reference: str) -> File | None:
    """A photo or document, for the participant who sent it; None for anybody else."""
    theirs = (Heard.space_id == space_id, Heard.participant_id == participant_id, Heard.attached == reference)
    if (await connection.execute(select(Heard.id).where(*theirs).limit(1))).first() is None:
        return None
    return await _find(connection, space_id, reference)


async def shown(connection: AsyncConnection, space_id: int, reference: str, *, draft: int | None = None) -> File | None:
    """What a prompt of this space shows, for everybody; None for any other file. Prompts of drafts count in none but
    the consultation of this id."""
    if await _broadcast_shows(connection, space_id, reference):
        return await _find(connection, space_id, reference)
    rows = await connection.scalars(
        select(Phase.settings)
        .join(
            Consultation,
            and_(Consultation.space_id == Phase.space_id, Consultation.id == Phase.consultation_id),
        )
        .where(
            Phase.space_id == space_id,
            or_(Consultation.state != "draft", Consultation.id == draft),
            cast(Phase.settings, String).contains(reference, autoescape=True),
        )
    )
    # A text that merely quotes a reference, as an organiser may write any, opens nobody's photo.
    if not any(reference in shown_by(settings) for settings in rows):
        return None
    return await _find(connection, space_id, reference)


async def _broadcast_shows(connection: AsyncConnection, space_id: int, reference: str) -> bool:
    """Whether it goes with a broadcast, also one that was only sent as a test so far."""
    rows = await connection.scalars(select(Broadcast.media).where(Broadcast.space_id == space_id))
    return any(media is not None and media.get("address") == reference for media in rows)


def shown_by(settings: Any) -> Iterator[str]:
    """The references in a phase's settings: what stands there as the address of what a prompt shows."""
    if isinstance(settings, Mapping):
        address = settings.get("address")
        if isinstance(address, str) and address.startswith(SCHEME):
            yield address
    inside = settings.values() if isinstance(settings, Mapping) else settings if isinstance(settings, list) else ()
    for inner in inside:
        yield from shown_by(inner)


async def _find(connection: AsyncConnection, space_id: int, reference: str) -> File | None:
    table = models.File
    query = select(table.content, table.media_type).where(
        table.space_id == space_id, table.digest == reference.removeprefix(SCHEME)
    )
    row = (await connection.execute(query)).one_or_none()
    return File(*row) if row is not None else None


REFERRING: tuple[tuple[Any, Any], ...] = (
    (Heard, Heard.attached),
    (Contribution, Contribution.fields),
    (Conversation, Conversation.journal),
)
"""Where references of what residents sent stand."""


async def forget(connection: AsyncConnection, references: Collection[tuple[int, str]]) -> None:
    """Remove these (space, reference), except what somebody sent or a prompt shows all the same."""
    for space_id, reference in references:
        others = [
            exists().where(table.space_id == space_id, cast(column, String).contains(reference))
            for table, column in (*REFERRING, (Phase, Phase.settings), (Broadcast, Broadcast.media))
        ]
        table, digest = models.File, reference.removeprefix(SCHEME)
        await connection.execute(
            delete(table).where(table.space_id == space_id, table.digest == digest, not_(or_(*others)))
        )
