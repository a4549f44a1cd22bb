"""What messages of a broadcast cost where the platform is paid for them: never more than its ceiling.

Each is paid for in the transaction that claims it, and paid back when it surely did not arrive. So with several
couriers, too, no more than the ceiling are ever on their way or sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.broadcasts import PAUSED, QUEUEING, SENDING, Ref, these
from storage.models import Broadcast
from storage.outbox import Claimed
from storage.value import value

CEILING = "ceiling"
"""Why a broadcast stands still: as many messages were paid for as may be."""


@value
class Bill:
    """So many messages of a broadcast."""

    broadcast: Ref
    count: int


def bills(items: Iterable[Claimed]) -> list[Bill]:
    """What these belong to, in the order in which everybody locks them; what has no cause of its own costs as well, but
    nobody has set a ceiling to it."""
    counted = Counter(its for item in items if (its := broadcast_of(item)) is not None)
    return [Bill(its, counted[its]) for its in sorted(counted, key=lambda its: (its.space_id, its.id))]


def broadcast_of(item: Claimed) -> Ref | None:
    """What it is about, which may be a broadcast."""
    about = (item.cause or "").rpartition(":")[2]
    return Ref(item.space_id, int(about)) if about.isascii() and about.isdigit() else None


async def pay(connection: AsyncConnection, given: Sequence[Bill]) -> Sequence[int]:
    """Pay these; answers for each how many messages may leave. One that has reached its ceiling stands still."""
    return [await _pay(connection, one) for one in given]


async def _pay(connection: AsyncConnection, bill: Bill) -> int:
    its = select(Broadcast.ceiling, Broadcast.spent).where(these(bill.broadcast)).with_for_update()
    row = (await connection.execute(its)).first()
    if row is None:
        return bill.count
    most = bill.count if row.ceiling is None else max(0, min(bill.count, row.ceiling - row.spent))
    await connection.execute(update(Broadcast).where(these(bill.broadcast)).values(spent=Broadcast.spent + most))
    if most < bill.count:
        moving = Broadcast.state.in_((QUEUEING, SENDING))
        halted = update(Broadcast).where(these(bill.broadcast), moving)
        await connection.execute(halted.values(state=PAUSED, paused_for=CEILING))
    return most


_PAID_BACK = (
    update(Broadcast)
    .where(Broadcast.space_id == bindparam("s"), Broadcast.id == bindparam("i"))
    .values(spent=Broadcast.spent - bindparam("count"))
)


_GOES_ON = (
    update(Broadcast)
    .where(Broadcast.space_id == bindparam("s"), Broadcast.id == bindparam("i"))
    .where(Broadcast.state == PAUSED, Broadcast.paused_for == CEILING, Broadcast.spent < Broadcast.ceiling)
    .values(state=QUEUEING, paused_for=None)
)


async def pay_back(connection: AsyncConnection, given: Sequence[Bill]) -> None:
    """These did not arrive, and cost nothing; a broadcast that stood still for them goes on."""
    if given:
        rows = [{"s": one.broadcast.space_id, "i": one.broadcast.id, "count": one.count} for one in given]
        await connection.execute(_PAID_BACK, rows)
        await connection.execute(_GOES_ON, [{"s": row["s"], "i": row["i"]} for row in rows])
