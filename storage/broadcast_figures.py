"""What became of a broadcast, counted from its deliveries; kept in its row once those are forgotten.

Everybody for whom a delivery was written is in exactly one of the numbers of `Figures.parts`, which add up to
`recipients` at every moment, whatever people and the house do meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.broadcast_rows import ON_THEIR_WAY
from storage.broadcasts import ROW, Broadcast, its_deliveries, these
from storage.leaving import TOO_OLD
from storage.left_out import STOPPED
from storage.models import Conversation, Delivery
from storage.value import columns, value

_T = models.Broadcast


@value
class Figures:
    """How many people. `recipients`: for whom a delivery was written. `seen`, of the `sent`: who have opened the page
    it stands on since, where one can know (`seen_of` of them were sent it there). `held`: nobody knows whether it
    arrived. `stopped`: they wanted nothing any more before it left. `called_off`: it was cancelled, or its phase was
    over. `undone`: taken back. `erased`: they had themselves erased since, and nothing is known of them. `clicked`:
    pressed its button; `took_part`: and then sent something for the first time in the phase it leads to."""

    recipients: int
    waiting: int
    sent: int
    failed: int
    held: int
    too_old: int
    stopped: int
    called_off: int
    undone: int
    erased: int
    seen: int
    seen_of: int
    clicked: int
    took_part: int
    failures: Mapping[str, int]
    """The failed by why."""

    @property
    def parts(self) -> tuple[int, ...]:
        return (
            self.waiting, self.sent, self.failed, self.held, self.too_old, self.stopped, self.called_off, self.undone,
            self.erased,
        )  # fmt: skip


SEEN_ON = "web:"
"""How the lanes begin whose messages stand on a page of ours."""


async def figures(connection: AsyncConnection, one: Broadcast) -> Figures:
    """As they are now, or as they were kept."""
    if one.kept is not None:
        return Figures(**one.kept)
    rows = await connection.execute(
        select(Delivery.state, Delivery.error, func.count(), func.count(Delivery.clicked_at))
        .where(its_deliveries(one))
        .group_by(Delivery.state, Delivery.error)
    )
    states: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    clicked = 0
    for state, error, many, pressed in rows:
        clicked += pressed
        if state == "failed":
            failures[error or ""] += many
        states[_part(state, error)] += many
    seen_of, seen = (
        await connection.execute(
            select(func.count(), func.count(Delivery.seen_at)).where(
                its_deliveries(one), Delivery.state == "sent", Delivery.lane.startswith(SEEN_ON)
            )
        )
    ).one()
    names = ("waiting", "sent", "failed", "held", "too_old", "stopped", "called_off", "undone")
    counted = {name: states[name] for name in names}
    return Figures(
        recipients=one.queued,
        **counted,
        erased=one.queued - sum(counted.values()),
        seen=seen,
        seen_of=seen_of,
        clicked=clicked,
        took_part=await _took_part(connection, one),
        failures=dict(failures),
    )


def _part(state: str, error: str | None) -> str:
    if state in ON_THEIR_WAY:
        return "waiting"
    if state == "cancelled":
        return {TOO_OLD: "too_old", STOPPED: "stopped"}.get(error or "", "called_off")
    return state


async def _took_part(connection: AsyncConnection, one: Broadcast) -> int:
    """Who pressed its button and sent something in its phase, for the first time, after that. A conversation says when,
    also that of a secret vote; what was chosen is nowhere looked at."""
    after = exists().where(
        Conversation.space_id == Delivery.space_id,
        Conversation.participant_id == Delivery.participant_id,
        Conversation.phase_id == one.phase_id,
        Conversation.sent_at >= Delivery.clicked_at,
    )
    query = select(func.count()).where(its_deliveries(one), Delivery.clicked_at.is_not(None), after)
    return (await connection.execute(query)).scalar_one() if one.phase_id is not None else 0


async def keep(connection: AsyncConnection, before: datetime) -> None:
    """Keep the figures of those that ended before this: their deliveries may be forgotten."""
    rows = await connection.execute(select(*ROW).where(_T.ended_at < before, _T.kept.is_(None)))
    for one in [Broadcast(*row) for row in rows]:
        kept = columns(await figures(connection, one))
        await connection.execute(update(_T).where(these(one.ref)).values(kept=kept))
