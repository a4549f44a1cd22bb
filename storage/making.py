"""Making a consultation: its phases set, moved, opened, closed, and removed while nobody has begun."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import consultations, files, models
from storage.consultations import Phase
from storage.refusals import HasBegun


async def has_begun(connection: AsyncConnection, phase: Phase) -> bool:
    """Whether anybody has begun to take part, or something was entered from paper."""
    for table in (models.Conversation, models.Contribution, models.Ballot, models.SecretBallot):
        query = select(table.phase_id).where(table.space_id == phase.space_id, table.phase_id == phase.id).limit(1)
        if (await connection.execute(query)).first() is not None:
            return True
    return False


async def change(connection: AsyncConnection, phase: Phase, **values: Any) -> None:
    """Other fields of a phase. With other settings its version grows, so that a running house reads them at the next
    message; files that no prompt shows any more are removed."""
    table = models.Phase
    other = "settings" in values and values["settings"] != phase.settings
    version = {"version": table.version + 1} if other else {}
    row = (table.space_id == phase.space_id, table.id == phase.id)
    await connection.execute(update(table).where(*row).values(**values, **version))
    if other:
        await files.forget(connection, [(phase.space_id, reference) for reference in files.shown_by(phase.settings)])


async def move(connection: AsyncConnection, phase: Phase, places: int) -> None:
    """Change places with the phase before (-1) or after (1); at an end nothing happens."""
    ordered = await consultations.phases(connection, phase.space_id, phase.consultation_id)
    here = next(number for number, one in enumerate(ordered) if one.id == phase.id)
    there = here + places
    if 0 <= there < len(ordered):
        ordered[here], ordered[there] = ordered[there], ordered[here]
        await _number(connection, ordered)


async def remove(connection: AsyncConnection, phase: Phase) -> None:
    """Take a phase away. Raises HasBegun when somebody has begun to take part in it."""
    if await has_begun(connection, phase):
        raise HasBegun
    table = models.Phase
    await connection.execute(delete(table).where(table.space_id == phase.space_id, table.id == phase.id))
    await _number(connection, await consultations.phases(connection, phase.space_id, phase.consultation_id))
    await files.forget(connection, [(phase.space_id, reference) for reference in files.shown_by(phase.settings)])


async def _number(connection: AsyncConnection, ordered: list[Phase]) -> None:
    table = models.Phase
    for position, phase in enumerate(ordered, 1):
        row = (table.space_id == phase.space_id, table.id == phase.id)
        await connection.execute(update(table).where(*row).values(position=position))


async def open_now(connection: AsyncConnection, phase: Phase, now: datetime) -> None:
    """Open it by hand, from now if its date was not reached; a closing date that has passed is taken away."""
    closes = phase.closes_at if phase.closes_at and phase.closes_at > now else None
    opens = phase.opens_at if phase.opens_at and phase.opens_at <= now else now
    await change(connection, phase, state="dated", opens_at=opens, closes_at=closes)


async def close_now(connection: AsyncConnection, phase: Phase) -> None:
    """Close it by hand, whatever its dates say."""
    await change(connection, phase, state="closed")
