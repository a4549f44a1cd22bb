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


async def given(
    connection: AsyncConnection, wanted: Sequence[tuple[int, int]]
) -> Sequence[list[dict[str, Any]] | Refusal]:
    """For each (space, participant) what they gave: `{phase, kind, title, conversation, number}`, the last phase
    first. `conversation` is the last one in which something was sent."""
    return [await _given(connection, space_id, participant_id) for space_id, participant_id in wanted]


async def _given(connection: AsyncConnection, space_id: int, participant_id: int) -> list[dict[str, Any]]:
    rows = await connection.execute(
        select(Conversation.phase_id, func.max(Conversation.id), func.count())
        .where(
            Conversation.space_id == space_id,
            Conversation.participant_id == participant_id,
            Conversation.phase_id.is_not(None),
            Conversation.sent_at.is_not(None),
        )
        .group_by(Conversation.phase_id)
    )
    last = {phase_id: (conversation_id, number) for phase_id, conversation_id, number in rows}
    facts = await phases.load(connection, [phase_id for phase_id in last if phase_id is not None])
    return [
        {
            "phase": one.id,
            "kind": one.kind,
            "title": dict(one.title),
            "conversation": last[one.id][0],
            "number": last[one.id][1],
        }
        for one in sorted(facts.values(), key=lambda one: last[one.id][0], reverse=True)[:MOST_OFFERS]
    ]


async def to_come(
    connection: AsyncConnection, wanted: Sequence[tuple[int, str]]
) -> Sequence[list[dict[str, Any]] | Refusal]:
    """For each (space, time in ISO format) what has a date ahead: `{title, opens, answer}`, either of them a date in
    ISO format or None, what comes first at the top."""
    return [await _to_come(connection, space_id, datetime.fromisoformat(at)) for space_id, at in wanted]


async def _to_come(connection: AsyncConnection, space_id: int, now: datetime) -> list[dict[str, Any]]:
    found: list[tuple[str, dict[str, Any]]] = []
    promised: set[int] = set()
    for one in await phases.of_space(connection, space_id):
        if one.state == "open" and one.opens_at is not None and one.opens_at > now:
            at = one.opens_at.isoformat()
            found.append((at, {"title": dict(one.title), "opens": at, "answer": None}))
        if one.answer_on is not None and one.answer_on > now.date() and one.consultation_id not in promised:
            promised.add(one.consultation_id)
            on = one.answer_on.isoformat()
            found.append((on, {"title": dict(one.title), "opens": None, "answer": on}))
    return [entry for _at, entry in sorted(found, key=lambda pair: pair[0])[:MOST_OFFERS]]


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
