"""Official answers: kept with what they answer, for everybody to read, and sent to those whom they concern.

Nobody is written to twice, nor who has asked us to stop, nor who was erased. What leaves is worded when it leaves, in
the language of whoever it reaches (flows/telling.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import outbox
from storage.models import Participant, Progress
from storage.outbox import NewDelivery
from storage.types import new_id
from storage.value import value

LONGEST = 800
"""Characters of an answer that a conversation shows: what it knows has to fit its journal. What is sent is whole."""
KIND = "broadcast"
"""We begin it ourselves, so it leaves behind what answers somebody, and one in doubt is held."""
AT_ONCE = 500


@value
class Official:
    """What the town says of a contribution, by language; `status` is how far it is with it now."""

    space_id: int
    contribution_id: int
    organiser_id: int | None
    text: Mapping[str, str]
    status: str | None
    at: datetime


class Said(TypedDict):
    """An official answer as somebody reads it: its text, and when it was given (ISO format)."""

    text: str
    at: str


async def keep(connection: AsyncConnection, one: Official) -> None:
    """Keep it with its contribution."""
    row = {
        "space_id": one.space_id,
        "id": new_id(),
        "contribution_id": one.contribution_id,
        "organiser_id": one.organiser_id,
        "status": one.status,
        "text": dict(one.text),
        "at": one.at,
    }
    await connection.execute(insert(Progress).values(**row))


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
