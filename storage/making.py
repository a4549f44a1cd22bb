"""Making a consultation in the panel: its words and dates; its phases added, set, moved, opened, closed, removed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import consultations, drafts, files, models
from storage.consultations import Consultation, Phase
from storage.models import Entry
from storage.refusals import HasBegun
from storage.types import new_id

TRIED = "tried"
"""What the audit log calls that somebody tried a talk."""


async def rewrite(connection: AsyncConnection, consultation: Consultation, **values: Any) -> None:
    """Other words and dates of a consultation; `values` are columns of it."""
    table = models.Consultation
    row = (table.space_id == consultation.space_id, table.id == consultation.id)
    await connection.execute(update(table).where(*row).values(**values))


async def change(connection: AsyncConnection, phase: Phase, **values: Any) -> None:
    """Other fields of a phase. With other settings its version grows, so that a running house reads them anew."""
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
    if await drafts.has_begun(connection, phase):
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


async def people(connection: AsyncConnection, consultation: Consultation) -> Mapping[int, int]:
    """How many people gave something to each phase, by its id. Somebody erased still counts as somebody."""
    sent, phase = models.Contribution, models.Phase
    rows = await connection.execute(
        select(sent.phase_id, func.count(func.distinct(func.coalesce(sent.participant_id, sent.id))))
        .join(phase, (phase.space_id == sent.space_id) & (phase.id == sent.phase_id))
        .where(
            sent.space_id == consultation.space_id,
            phase.consultation_id == consultation.id,
            sent.state == "sent",
            sent.parent_id.is_(None),
        )
        .group_by(sent.phase_id)
    )
    return {row[0]: row[1] for row in rows}


async def note_trial(connection: AsyncConnection, consultation: Consultation, organiser_id: int, now: datetime) -> None:
    """Somebody of the panel answered in a talk that leaves nothing behind."""
    row = {"space_id": consultation.space_id, "id": new_id(), "organiser_id": organiser_id, "action": TRIED}
    about = {"about": "consultations", "about_id": consultation.id, "details": {}, "at": now}
    await connection.execute(insert(Entry).values(**row, **about))


async def was_tried(connection: AsyncConnection, consultation: Consultation) -> bool:
    about = (Entry.about == "consultations", Entry.about_id == consultation.id, Entry.action == TRIED)
    query = select(Entry.id).where(Entry.space_id == consultation.space_id, *about).limit(1)
    return (await connection.execute(query)).first() is not None
