"""Changing a consultation from outside: whole while nobody has begun to answer, its words afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import files, models
from storage.consultations import Consultation, Phase


async def has_begun(connection: AsyncConnection, phase: Phase) -> bool:
    """Whether anybody has begun to answer, or an answer was entered from paper."""
    for table in (models.Conversation, models.Contribution):
        query = select(table.id).where(table.space_id == phase.space_id, table.phase_id == phase.id).limit(1)
        if (await connection.execute(query)).first() is not None:
            return True
    return False


async def revise(
    connection: AsyncConnection,
    consultation: Consultation,
    phase: Phase,
    *,
    title: Mapping[str, str],
    topic: Mapping[str, str],
    why: Mapping[str, str],
    decides: Mapping[str, str],
    does: Mapping[str, str],
    settings: Mapping[str, Any],
) -> None:
    """Other words and settings. The phase's version grows, so that a running house reads them at the next message.

    Files that no prompt shows any more are removed.
    """
    await _change(connection, consultation, title=title, topic=topic, why=why, decides=decides, does=does)
    table = models.Phase
    await connection.execute(
        update(table)
        .where(table.space_id == phase.space_id, table.id == phase.id)
        .values(settings=dict(settings), version=table.version + 1)
    )
    await files.forget(connection, [(phase.space_id, reference) for reference in files.shown_by(phase.settings)])


async def reschedule(
    connection: AsyncConnection, consultation: Consultation, *, closes_at: datetime | None, answer_on: date | None
) -> None:
    """Other dates, of a draft: once it is open, its dates are the panel's."""
    day = answer_on.isoformat() if answer_on else None
    await _change(connection, consultation, closes_at=closes_at, answer_on=day)


async def _change(connection: AsyncConnection, consultation: Consultation, **values: Any) -> None:
    table = models.Consultation
    kept = {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}
    await connection.execute(
        update(table).where(table.space_id == consultation.space_id, table.id == consultation.id).values(**kept)
    )
