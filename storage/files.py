"""Photos under the digest of their bytes: the same picture sent twice is kept once."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import File, Heard
from storage.types import new_id

SCHEME = "file:"
"""Begins the reference of a photo whose bytes are here; its digest follows."""


async def put(connection: AsyncConnection, space_id: int, content: bytes, media_type: str, now: datetime) -> str:
    """Keep these bytes; answers their reference, `file:<digest>`."""
    digest = hashlib.sha256(content).hexdigest()
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = {"space_id": space_id, "id": new_id(), "digest": digest, "media_type": media_type}
    await connection.execute(
        make(File)
        .values(**row, content=content, created_at=now)
        .on_conflict_do_nothing(index_elements=["space_id", "digest"])
    )
    return SCHEME + digest


async def sent_by(
    connection: AsyncConnection, space_id: int, participant_id: int, reference: str
) -> tuple[bytes, str] | None:
    """The bytes and media type of a photo, for the participant who sent it; None for anybody else."""
    row = (
        await connection.execute(
            select(File.content, File.media_type)
            .join(Heard, Heard.space_id == File.space_id)
            .where(
                File.space_id == space_id,
                File.digest == reference.removeprefix(SCHEME),
                Heard.participant_id == participant_id,
                Heard.attached == reference,
            )
            .limit(1)
        )
    ).one_or_none()
    return (row.content, row.media_type) if row is not None else None
