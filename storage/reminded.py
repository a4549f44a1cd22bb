"""Who was told of a phase without having asked, when, and who wants no more of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, insert, or_, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import phases
from storage.models import Broadcast, Conversation, Delivery, Mute
from storage.refusals import Refusal
from storage.spreading import cause
from storage.types import new_id
from storage.value import columns, value

STOPPED = "stopped"
"""The kind of the cause of a reminder of what somebody began; what it is about is their conversation."""
OPENS, CLOSES = "opens", "closes"
"""What is announced of a phase without being asked for; what it is about is the row of that broadcast."""
LATELY = timedelta(days=2)
"""No two such messages of one phase reach a person closer together."""


def lately(space_id: int, phase_ids: Sequence[int], now: datetime) -> Select[Any]:
    """The participants who within two days wrote in one of these phases, or were told that it opens or that they
    stopped there."""
    talk, had = Conversation, Delivery
    wrote = select(talk.participant_id).where(
        talk.space_id == space_id, talk.phase_id.in_(phase_ids), talk.heard_at > now - LATELY
    )
    stopped = select(cause(STOPPED, talk.id)).where(talk.space_id == space_id, talk.phase_id.in_(phase_ids))
    opens = select(cause(OPENS, Broadcast.id)).where(
        Broadcast.space_id == space_id, Broadcast.phase_id.in_(phase_ids), Broadcast.occasion == OPENS
    )
    left = had.state.in_(("sent", "held")) & (func.coalesce(had.sent_at, had.made_at) > now - LATELY)
    leaves = or_(had.state == "claimed", left)
    told = select(had.participant_id).where(had.space_id == space_id, had.cause.in_(union_all(stopped, opens)), leaves)
    both = union(wrote, told).subquery()
    return select(both.c[0])


# -- no more of them -----------------------------------------------------------------------------------------------


@value
class Muting:
    """Somebody wants no more reminders of this phase."""

    space_id: int
    participant_id: int
    phase_id: int
    at: datetime


async def mute(connection: AsyncConnection, given: Sequence[Muting]) -> Sequence[bool | Refusal]:
    """Note these; twice is once."""
    for one in given:
        row = select(Mute.id).where(
            Mute.space_id == one.space_id, Mute.participant_id == one.participant_id, Mute.phase_id == one.phase_id
        )
        if (await connection.execute(row)).first() is None:
            await connection.execute(insert(Mute).values(**columns(one), id=new_id()))
    return [True for _ in given]


async def last(
    connection: AsyncConnection, wanted: Sequence[tuple[int, int]]
) -> Sequence[dict[str, Any] | Refusal | None]:
    """For each (space, participant) what the last of these was about: `{phase, title, begun}`, where `begun` is whether
    they have begun it; None where there was none."""
    return [await _last(connection, *one) for one in wanted]


async def _last(connection: AsyncConnection, space_id: int, participant_id: int) -> dict[str, Any] | None:
    told = await connection.scalar(
        select(Delivery.cause)
        .where(Delivery.space_id == space_id, Delivery.participant_id == participant_id, Delivery.state == "sent")
        .where(or_(*(Delivery.cause.startswith(f"{kind}:") for kind in (STOPPED, OPENS, CLOSES))))
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    if told is None:
        return None
    kind, _, about = told.partition(":")
    table: Any = Conversation if kind == STOPPED else Broadcast
    of = select(table.phase_id).where(table.space_id == space_id, table.id == int(about))
    phase_id = (await connection.execute(of)).scalar_one()
    facts = (await phases.load(connection, [phase_id]))[phase_id]
    talks = (Conversation.space_id == space_id, Conversation.participant_id == participant_id)
    begun = select(Conversation.id).where(*talks, Conversation.phase_id == phase_id).limit(1)
    has_begun = await connection.scalar(begun) is not None
    return {"phase": phase_id, "title": dict(facts.title), "begun": has_begun}
