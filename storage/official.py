"""Official answers (storage/progress.py) as residents read them, and sent to those whom they concern.

Nobody is written to twice, nor who has asked us to stop, nor who was erased. What leaves is worded when it leaves, in
the language of whoever it reaches (flows/telling.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import outbox
from storage.models import Participant, Progress
from storage.outbox import NewDelivery

LONGEST = 800
"""Characters of an answer that a conversation shows: what it knows has to fit its journal. What is sent is whole."""
KIND = "broadcast"
"""We begin it ourselves, so it leaves behind what answers somebody, and one in doubt is held."""
AT_ONCE = 500


class Said(TypedDict):
    """An official answer as somebody reads it: its text, and when it was given (ISO format)."""

    text: str
    at: str


async def send(connection: AsyncConnection, space_id: int, bodies: Mapping[int, str], at: datetime) -> int:
    """Queue a delivery for each of these participants who may be written to; answers how many they are."""
    people = sorted(bodies)
    reached: list[int] = []
    for start in range(0, len(people), AT_ONCE):
        rows = await connection.execute(
            select(Participant.id).where(
                Participant.space_id == space_id,
                Participant.id.in_(people[start : start + AT_ONCE]),
                Participant.stopped_at.is_(None),
                Participant.erased_at.is_(None),
            )
        )
        reached += rows.scalars()
    await outbox.put(connection, [NewDelivery(space_id, who, None, KIND, bodies[who], at) for who in reached])
    return len(reached)


async def last(connection: AsyncConnection, space_id: int, contribution_id: int, language: str) -> Said | None:
    """The last answer to this contribution, in this language where it has it."""
    row = (
        await connection.execute(
            select(Progress.text, Progress.at)
            .where(Progress.space_id == space_id, Progress.contribution_id == contribution_id)
            .order_by(Progress.id.desc())
            .limit(1)
        )
    ).first()
    if row is None or not row.text:
        return None
    text = str(row.text.get(language) or next(iter(row.text.values())))
    return Said(text=shortened(text, LONGEST), at=row.at.isoformat())


def shortened(text: str, most: int) -> str:
    """The beginning of a text that is longer than that."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
