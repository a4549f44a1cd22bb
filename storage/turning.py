"""Phases turn by themselves when their dates say so: they are open, or over, the moment somebody looks. What hangs on
that is done once, by whoever notices first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import audit, phases
from storage.audit import NewEntry
from storage.models import Consultation, Phase, Space
from storage.phases import PhaseFacts
from storage.value import value

OPEN, OVER, TO_COME = "open", "over", ""


@value
class Turn:
    """A phase that is `open` or `over`, which nobody noticed before; or to come (``), and was over."""

    phase: PhaseFacts
    to: str


async def turned(connection: AsyncConnection, now: datetime) -> list[Turn]:
    """All that has turned since somebody last noticed: a look that needs no writer."""
    archived = select(Consultation.id).where(Consultation.archived_at.is_not(None))
    rows = await connection.execute(select(Phase.id, Phase.seen).where(Phase.consultation_id.not_in(archived)))
    seen: dict[int, str] = dict(rows.all())
    found: list[Turn] = []
    for space_id in (await connection.execute(select(Space.id))).scalars():
        for facts in await phases.of_space(connection, space_id):
            was, to = seen.get(facts.id), _now(facts, now)
            if was is not None and was != to and (to != TO_COME or was == OVER):
                found.append(Turn(facts, to))
    return found


def _now(facts: PhaseFacts, now: datetime) -> str:
    return OPEN if facts.is_open(now) else OVER if facts.is_over(now) else TO_COME


async def notice(
    connection: AsyncConnection, turns: Sequence[Turn], now: datetime, *, by_hand: bool = False
) -> list[Turn]:
    """Those of these that nobody else has noticed meanwhile; the journal says that they turned by themselves, unless
    somebody has just done it `by_hand`."""
    first: list[Turn] = []
    at = literal(now, Phase.reopened_at.type)
    for turn in turns:
        phase = turn.phase
        again = {"reopened_at": case((Phase.seen == OVER, at), else_=Phase.reopened_at)} if turn.to != OVER else {}
        claimed = await connection.execute(
            update(Phase)
            .where(Phase.space_id == phase.space_id, Phase.id == phase.id, Phase.seen != turn.to)
            .values(seen=turn.to, **again)
        )
        if claimed.rowcount:
            first.append(turn)
    if not by_hand:
        await audit.note(connection, *(_entry(turn, now) for turn in first if turn.to != TO_COME))
    return first


def _entry(turn: Turn, now: datetime) -> NewEntry:
    phase = turn.phase
    said = {"title": dict(phase.title)}
    return NewEntry(phase.space_id, None, f"turned_{turn.to}", "consultations", phase.consultation_id, now, said)


async def notice_by_hand(connection: AsyncConnection, consultation_id: int, now: datetime) -> None:
    """What of this consultation has just been opened or closed did not turn by itself."""
    turns = [turn for turn in await turned(connection, now) if turn.phase.consultation_id == consultation_id]
    await notice(connection, turns, now, by_hand=True)
