"""What went wrong and waits for an organiser: messages that could not be handled, and answers that did not leave.

Nothing here says who wrote or what: only when, by which door, and why. That somebody left is no failure.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Address, Delivery, Heard
from storage.value import value

LEFT = ("blocked", "gone")
"""Why somebody can't be written to: they shut our door, or are no more where it leads."""


@value
class Failure:
    """`state` is `dead` (a message not handled), or `failed` or `held` (a delivery).

    `channel` is None when none was chosen yet; `kind` is the delivery's, None for a message that came in.
    """

    id: int
    state: str
    channel: str | None
    kind: str | None
    error: str | None
    at: datetime


async def count(connection: AsyncConnection, space_id: int) -> int:
    heard = select(func.count()).select_from(_dead(space_id).subquery())
    sent = select(func.count()).select_from(_undelivered(space_id).subquery())
    return (await connection.execute(heard)).scalar_one() + (await connection.execute(sent)).scalar_one()


async def left(connection: AsyncConnection, space_id: int) -> dict[str, int]:
    """How many people have left by each channel, and did not come back by it."""
    rows = await connection.execute(
        select(Address.channel, func.count())
        .where(Address.space_id == space_id, Address.unreachable.in_(LEFT))
        .group_by(Address.channel)
        .order_by(Address.channel)
    )
    return {row[0]: row[1] for row in rows}


async def listed(connection: AsyncConnection, space_id: int, limit: int) -> list[Failure]:
    """The newest failures, both ways."""
    found = [
        Failure(*row)
        for query, at in ((_dead(space_id), Heard.heard_at), (_undelivered(space_id), Delivery.made_at))
        for row in await connection.execute(query.order_by(at.desc()).limit(limit))
    ]
    return sorted(found, key=lambda failure: failure.at, reverse=True)[:limit]


def _dead(space_id: int) -> Select[*tuple[Any, ...]]:
    return select(Heard.id, Heard.state, Heard.channel, null(), Heard.error, Heard.heard_at).where(
        Heard.space_id == space_id, Heard.error.is_not(None), Heard.state == "dead"
    )


def _undelivered(space_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(Delivery.id, Delivery.state, Address.channel, Delivery.kind, Delivery.error, Delivery.made_at)
        .outerjoin(Address, (Address.space_id == Delivery.space_id) & (Address.id == Delivery.address_id))
        .where(Delivery.space_id == space_id, Delivery.state.in_(("failed", "held")))
        .where(or_(Delivery.error.is_(None), Delivery.error.not_in(LEFT)))
    )
