"""Who wants to be sent the result of a consultation they took part in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.refusals import Refusal
from storage.types import new_id
from storage.value import columns, value


@value
class Wish:
    space_id: int
    participant_id: int
    consultation_id: int
    wanted: bool
    at: datetime


async def note(connection: AsyncConnection, given: Sequence[Wish]) -> Sequence[bool | Refusal]:
    """Note these; what somebody said last is what holds."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for one in given:
        row = insert(models.Wish).values(**columns(one), id=new_id())
        await connection.execute(
            row.on_conflict_do_update(
                index_elements=["space_id", "participant_id", "consultation_id"],
                set_={"wanted": one.wanted, "at": one.at},
            )
        )
    return [True for _ in given]


async def said(connection: AsyncConnection, wanted: Sequence[tuple[int, int, int]]) -> Sequence[bool | Refusal | None]:
    """For each (space, participant, consultation) what they said; None where they never were asked."""
    return [
        await connection.scalar(
            select(models.Wish.wanted).where(
                models.Wish.space_id == space_id,
                models.Wish.participant_id == participant_id,
                models.Wish.consultation_id == consultation_id,
            )
        )
        for space_id, participant_id, consultation_id in wanted
    ]
