"""Erasing a person: whatever leads to them goes; what they sent stays in the totals without anybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import (
    Address,
    Consent,
    Contribution,
    Conversation,
    Delivery,
    Heard,
    Participant,
    ReturnCode,
)
from storage.refusals import Refusal


async def erase(connection: AsyncConnection, wanted: Sequence[tuple[int, int, str]]) -> Sequence[bool | Refusal]:
    """Erase these (space, participant, time in ISO format).

    The address stays until the last message to it has left (`forget_erased`), so that the person is told.
    """
    keys = [(space_id, participant_id) for space_id, participant_id, _at in wanted]
    for table in (Consent, ReturnCode, Delivery):
        await connection.execute(delete(table).where(tuple_(table.space_id, table.participant_id).in_(keys)))
    await connection.execute(
        update(Contribution)
        .where(tuple_(Contribution.space_id, Contribution.participant_id).in_(keys))
        .values(participant_id=None, conversation_id=None)
    )
    await connection.execute(
        update(Heard)
        .where(tuple_(Heard.space_id, Heard.participant_id).in_(keys))
        .values(participant_id=None, body=None, shown=None, conversation_id=None)
    )
    await connection.execute(
        delete(Conversation).where(
            tuple_(Conversation.space_id, Conversation.participant_id).in_(keys), Conversation.phase_id.is_not(None)
        )
    )
    await connection.execute(
        update(Participant)
        .where(tuple_(Participant.space_id, Participant.id).in_(keys))
        .values(erased_at=datetime.fromisoformat(wanted[0][2]), area=None, groups=[], current_id=None)
    )
    return [True for _ in wanted]


async def forget_erased(connection: AsyncConnection) -> int:
    """Remove the addresses and rows of erased people to whom nothing is left to say; answers how many."""
    waiting = exists().where(
        Delivery.space_id == Participant.space_id,
        Delivery.participant_id == Participant.id,
        Delivery.state.in_(("waiting", "claimed")),
    )
    rows = await connection.execute(
        select(Participant.space_id, Participant.id).where(Participant.erased_at.is_not(None), ~waiting)
    )
    keys = [(row.space_id, row.id) for row in rows]
    if keys:
        for table in (Delivery, Address, Conversation):
            await connection.execute(delete(table).where(tuple_(table.space_id, table.participant_id).in_(keys)))
        await connection.execute(delete(Participant).where(tuple_(Participant.space_id, Participant.id).in_(keys)))
    return len(keys)
