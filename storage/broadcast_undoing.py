"""What was sent of a broadcast is taken back, person after person; after a kill it goes on where it was."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.broadcasts import ROW, Broadcast, its_deliveries, these
from storage.models import Address, Delivery
from storage.value import value

MOST = 100
_T = models.Broadcast


@value
class Sent:
    """A message that has left: to whom, and where it stands there."""

    participant_id: int
    channel: str
    account: str
    sender: str
    external: str
    sent_at: datetime


async def wanted(connection: AsyncConnection) -> list[Broadcast]:
    """Those that are to be taken back, once nothing of them is on its way any more."""
    rows = await connection.execute(select(*ROW).where(_T.undone_to.is_not(None), _T.ended_at.is_not(None)))
    return [Broadcast(*row) for row in rows]


async def some(connection: AsyncConnection, one: Broadcast) -> list[Sent]:
    """The next of its messages that have left, in the order of their people."""
    rows = await connection.execute(
        select(
            Delivery.participant_id,
            Address.channel,
            Address.account,
            Address.sender,
            Delivery.external,
            Delivery.sent_at,
            Delivery.made_at,
        )
        .join(Address, and_(Address.space_id == Delivery.space_id, Address.id == Delivery.address_id))
        .where(its_deliveries(one), Delivery.state == "sent", Delivery.external.is_not(None))
        .where(Delivery.participant_id > (one.undone_to or 0))
        .order_by(Delivery.participant_id)
        .limit(MOST)
    )
    return [
        Sent(person, channel, account, sender, external or "", sent_at or made_at)
        for person, channel, account, sender, external, sent_at, made_at in rows
    ]


async def note(connection: AsyncConnection, one: Broadcast, gone: Collection[int], to: int | None) -> None:
    """The messages of these people are gone; everybody up to `to` was looked at, and with None everybody at all."""
    theirs = (its_deliveries(one), Delivery.participant_id.in_(gone), Delivery.state == "sent")
    await connection.execute(update(Delivery).where(*theirs).values(state="undone", body="", veil=None))
    await connection.execute(update(_T).where(these(one.ref)).values(undone_to=to))
