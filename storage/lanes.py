"""Lanes: which there are, and what moves from one to another because its people did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, func, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.addressing import NOTICE
from storage.models import Address, Delivery
from storage.outbox import ANSWER, BULK, DOUBTED, PAUSED, WAITING, LaneKey


def _lanes() -> Any:
    """All lanes in which something waits, found by jumping from one to the next in the index."""
    next_one = aliased(Delivery)
    first = select(func.min(Delivery.lane).label("lane")).where(Delivery.state == WAITING)
    found = first.cte("lanes", recursive=True)
    following = select(func.min(next_one.lane)).where(next_one.state == WAITING, next_one.lane > found.c.lane)
    return found.union_all(select(following.scalar_subquery()).where(found.c.lane.is_not(None)))


_LANES = _lanes()
_WITH_DUE = select(_LANES.c.lane).where(
    or_(
        *(
            exists().where(
                Delivery.state == WAITING,
                Delivery.lane == _LANES.c.lane,
                Delivery.rank == literal_column(str(rank)),
                Delivery.due_at <= bindparam("now", type_=Delivery.due_at.type),
            )
            for rank in (ANSWER, BULK, DOUBTED)
        )
    )
)


async def due(connection: AsyncConnection, now: datetime) -> list[LaneKey]:
    """The lanes in which something is due; it may still be kept back by an elder."""
    rows = await connection.execute(_WITH_DUE, {"now": now})
    return [LaneKey(*lane.split(":", 1)) for (lane,) in rows]


async def paused_until(connection: AsyncConnection, lane: LaneKey, now: datetime) -> datetime | None:
    """Until when this account was asked to send nothing, as far as anything waits for it; None when it may send."""
    found: datetime | None = await connection.scalar(
        select(func.max(Delivery.due_at)).where(
            Delivery.state == WAITING, Delivery.lane == str(lane), Delivery.due_at > now, Delivery.error == PAUSED
        )
    )
    return found


async def waiting(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many deliveries wait, by channel and whether they are an `answer` or `bulk`."""
    rows = await connection.execute(
        select(Delivery.lane, Delivery.rank, func.count())
        .where(Delivery.state == WAITING, Delivery.lane.is_not(None))
        .group_by(Delivery.lane, Delivery.rank)
    )
    found: Counter[tuple[str, str]] = Counter()
    for lane, rank, count in rows:
        found[str(lane).partition(":")[0], "bulk" if rank == BULK else "answer"] += count
    return found


# -- moving from one to another -------------------------------------------------------------------------------------


A_WHILE = timedelta(minutes=1)
"""How long something is due before it leaves a lane that nobody here serves: `palabre talk` may be about to."""
MOST_MOVED = 1_000
"""Deliveries that one transaction moves."""


async def unserved(connection: AsyncConnection, on: Collection[str], now: datetime) -> list[LaneKey]:
    """The lanes of channels that are not `on` here, in which something has been due for a while: a look that needs no
    writer."""
    return [lane for lane in await due(connection, now - A_WHILE) if lane.channel not in on]


async def move_on(connection: AsyncConnection, lane: LaneKey, on: Collection[str], now: datetime) -> int:
    """What has been due for a while in this lane, which nobody here serves, leaves by another door of its person, where
    there is one that can be written to; answers how many moved. Whoever takes it there knows which suits best."""
    other = aliased(Address)
    theirs = (other.space_id == Delivery.space_id, other.participant_id == Delivery.participant_id)
    able = (*theirs, other.unreachable.is_(None), other.channel.in_(list(on)))
    stuck = (
        select(Delivery.id)
        .where(Delivery.state == WAITING, Delivery.lane == str(lane), Delivery.due_at <= now - A_WHILE)
        .where(Delivery.kind != NOTICE, exists().where(*able))
        .limit(MOST_MOVED)
        .with_for_update(skip_locked=True)
    )
    to = other.channel.concat(literal_column("':'")).concat(other.account)
    last = select(to).where(*able).order_by(func.coalesce(other.heard_at, other.created_at).desc(), other.id.desc())
    moved = update(Delivery).where(Delivery.id.in_(stuck)).values(lane=last.limit(1).scalar_subquery())
    return (await connection.execute(moved)).rowcount
