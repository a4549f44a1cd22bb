"""What a participant can take part in now, and how far they are with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import phases
from storage.models import Conversation
from storage.refusals import Refusal

MOST_OFFERS = 8
"""More would be a wall of buttons, and would not fit a journal."""


async def to(
    connection: AsyncConnection, wanted: Sequence[tuple[int, int, str]]
) -> Sequence[list[dict[str, Any]] | Refusal]:
    """For each (space, participant, time in ISO format): the open phases as `{phase, title, begun, sent}`."""
    results: list[list[dict[str, Any]] | Refusal] = []
    open_in: dict[tuple[int, str], list[phases.PhaseFacts]] = {}
    for space_id, participant_id, moment in wanted:
        if (space_id, moment) not in open_in:
            open_in[space_id, moment] = await phases.open_now(connection, space_id, datetime.fromisoformat(moment))
        mine = await _mine(connection, space_id, participant_id)
        results.append(
            [
                {
                    "phase": facts.id,
                    "title": dict(facts.title),
                    "begun": facts.id in mine,
                    "sent": mine.get(facts.id) is not None,
                }
                for facts in open_in[space_id, moment][:MOST_OFFERS]
            ]
        )
    return results


async def _mine(connection: AsyncConnection, space_id: int, participant_id: int) -> dict[int, datetime | None]:
    rows = await connection.execute(
        select(Conversation.phase_id, func.max(Conversation.sent_at))
        .where(
            Conversation.space_id == space_id,
            Conversation.participant_id == participant_id,
            Conversation.phase_id.is_not(None),
        )
        .group_by(Conversation.phase_id)
    )
    return {phase_id: sent_at for phase_id, sent_at in rows if phase_id is not None}
