"""Official replies: kept (storage/progress.py), sent to those whom they concern, and as residents read them.

There is one way to give one, whatever it is about: an idea, a question, a petition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy import String, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import progress, spreading
from storage.models import Progress
from storage.progress import NewProgress
from storage.shortening import bounded
from storage.spreading import Audience, Spread
from storage.value import value

LONGEST = 800
"""Bytes of an answer that a conversation shows: what it knows has to fit its journal. What is sent is whole."""


class Said(TypedDict):
    """An official answer as somebody reads it: its text, and when it was given (ISO format)."""

    text: str
    at: str


@value
class Reply:
    """The town replies to a contribution: its words by language, how far it is with it (None changes nothing), and the
    packed body of what is sent to those whom it concerns."""

    space_id: int
    contribution_id: int
    organiser_id: int | None
    status: str | None
    text: Mapping[str, str]
    body: str
    audience: Audience
    at: datetime


async def reply(connection: AsyncConnection, given: Sequence[Reply]) -> Sequence[int]:
    """Keep these for all who look at the contribution, and queue one delivery for each person whom it concerns; answers
    how many they are."""
    said = [
        NewProgress(one.space_id, one.contribution_id, one.organiser_id, one.status, one.text, one.at) for one in given
    ]
    await progress.add(connection, said)
    told = [Spread(one.space_id, one.audience, one.at, one.body) for one in given]
    return await spreading.spread(connection, told)


async def last(connection: AsyncConnection, space_id: int, contribution_id: int, language: str) -> Said | None:
    """The last answer to this contribution, in this language where it has it."""
    row = (
        await connection.execute(
            select(Progress.text, Progress.at)
            .where(Progress.space_id == space_id, Progress.contribution_id == contribution_id)
            .where(cast(Progress.text, String) != "{}")
            .order_by(Progress.id.desc())
            .limit(1)
        )
    ).first()
    if row is None:
        return None
    text = str(row.text.get(language) or next(iter(row.text.values())))
    return Said(text=bounded(text, LONGEST), at=row.at.isoformat())
