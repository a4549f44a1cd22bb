"""Deliveries of which nobody knows whether they arrived: no answer came from the platform, or our house died meanwhile.

They wait before all others in their lane. Whoever has written since had it before them, or is answered anew: then it
counts as sent. To whoever stays silent it is sent again when it is due.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Address, Delivery
from storage.outbox import ANSWER, CLAIMABLE, DOUBTED, THIS, WAITING, Claimed, LaneKey, claimed
from storage.settling import heard_since
from storage.veiling import VEILED

UNCERTAIN = "uncertain"
"""Its error, also once it counts as sent."""

_DOUBTED = (
    select(
        Delivery.space_id,
        Delivery.id,
        heard_since(Delivery.space_id, Delivery.participant_id, Delivery.claimed_at),
        Delivery.due_at <= bindparam("now"),
    )
    .where(Delivery.state == WAITING, Delivery.lane == bindparam("lane"), Delivery.rank == DOUBTED)
    .order_by(Delivery.due_at, Delivery.id)
)
_STILL = (THIS, Delivery.state == WAITING, Delivery.rank == DOUBTED)
_ARRIVED = update(Delivery).where(*_STILL).values(state="sent", sent_at=Delivery.claimed_at, **VEILED)
_AGAIN = update(Delivery).where(*_STILL).values(rank=ANSWER)


async def any_over(connection: AsyncConnection, lane: LaneKey, now: datetime) -> bool:
    """Whether `clear` would do anything: a look that needs no writer."""
    rows = await connection.execute(_DOUBTED, {"lane": str(lane), "now": now})
    return any(heard or due for _space_id, _id, heard, due in rows)


async def clear(connection: AsyncConnection, lane: LaneKey, now: datetime) -> None:
    """Look at what is in doubt in this lane, before anything is taken from it."""
    rows = (await connection.execute(_DOUBTED, {"lane": str(lane), "now": now})).all()
    arrived = [{"s": space_id, "i": id_} for space_id, id_, heard, _due in rows if heard]
    again = [{"s": space_id, "i": id_} for space_id, id_, heard, due in rows if due and not heard]
    for statement, found in ((_ARRIVED, arrived), (_AGAIN, again)):
        if found:
            await connection.execute(statement, found)


# -- what a house that died had in its hands -----------------------------------------------------------------------


async def owners(connection: AsyncConnection) -> list[tuple[str, datetime]]:
    """Who holds claimed deliveries, and since when at the earliest."""
    rows = await connection.execute(
        select(Delivery.claimed_by, func.min(Delivery.claimed_at))
        .where(Delivery.claimed_by.is_not(None), Delivery.state == "claimed")
        .group_by(Delivery.claimed_by)
    )
    return [(by, at) for by, at in rows if by is not None and at is not None]


async def abandoned(connection: AsyncConnection, channels: Collection[str], gone: Collection[str]) -> list[Claimed]:
    """Deliveries claimed by couriers that are no more: they may or may not have been sent.
    Another house may be seeing to some of them."""
    rows = await connection.execute(
        CLAIMABLE.join(Address, and_(Address.space_id == Delivery.space_id, Address.id == Delivery.address_id))
        .where(Delivery.claimed_by.in_(list(gone)), Delivery.state == "claimed", Address.channel.in_(list(channels)))
        .order_by(Delivery.id)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    return [claimed(row) for row in rows]
