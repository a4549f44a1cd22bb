"""The talks of two participants who are one: about each phase they go on with the one that came further."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import phases
from storage.both_voted import Two
from storage.models import Conversation
from storage.phases import PhaseFacts
from storage.value import value


@value
class Dropped:
    """Talks that are gone, and the phases they were about."""

    conversations: frozenset[int]
    phases: tuple[int, ...]


async def drop_drafts(
    connection: AsyncConnection, two: Two, repeatable: Callable[[PhaseFacts], bool], progress: Callable[[str], int]
) -> Dropped:
    """Where both have begun something about the same phase and not sent it, only that stays which came further; and
    where one has sent it, nothing stays that the other has begun, unless a person may give several times. What was
    held for somebody at their door is theirs."""
    talk = Conversation
    rows = await connection.execute(
        select(talk.id, talk.participant_id, talk.phase_id, talk.sent_at, talk.heard_at, talk.journal).where(
            talk.space_id == two.space_id,
            talk.participant_id.in_((two.into, two.gone)),
            talk.phase_id.is_not(None),
            talk.through_id.is_(None),
        )
    )
    by_phase: dict[int, list[Any]] = {}
    for row in rows:
        by_phase.setdefault(row.phase_id, []).append(row)
    shared = {phase_id: talks for phase_id, talks in by_phase.items() if len({one.participant_id for one in talks}) > 1}
    facts = await phases.load(connection, shared)
    gone = {
        id_: phase_id
        for phase_id, talks in shared.items()
        for id_ in _behind(talks, repeatable(facts[phase_id]), progress)
    }
    await connection.execute(delete(talk).where(talk.space_id == two.space_id, talk.id.in_(gone)))
    return Dropped(frozenset(gone), tuple(sorted(set(gone.values()))))


def _behind(talks: Sequence[Any], repeatable: bool, progress: Callable[[str], int]) -> list[int]:
    """Those of one phase that are dropped."""
    drafts = [one for one in talks if one.sent_at is None]
    senders = {one.participant_id for one in talks if one.sent_at is not None}
    if senders and not repeatable:
        return [one.id for one in drafts if one.participant_id not in senders]
    if not drafts:
        return []
    best = max(drafts, key=lambda one: (progress(one.journal), one.heard_at, one.id))
    return [one.id for one in drafts if one.participant_id != best.participant_id]


async def current(
    connection: AsyncConnection, two: Two, theirs: Sequence[int | None], dropped: frozenset[int]
) -> int | None:
    """Where typed text goes: of the talks that waited for either, the one heard last."""
    kept = [id_ for id_ in theirs if id_ is not None and id_ not in dropped]
    talk = Conversation
    found: int | None = await connection.scalar(
        select(talk.id)
        .where(talk.space_id == two.space_id, talk.id.in_(kept))
        .order_by(talk.heard_at.desc(), talk.id.desc())
        .limit(1)
    )
    return found
