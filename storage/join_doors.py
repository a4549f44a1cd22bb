"""The doors of two participants who are to be one: where the code was typed, and the others, which are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import outbox
from storage.addressing import NOTICE
from storage.models import Address, Join, Participant
from storage.outbox import LaneKey, NewDelivery
from storage.participants import AddressKey
from storage.value import value


@value
class JoinDoor:
    """A door of a join that waits since `asked_at`. The code was typed `here`."""

    id: int
    key: AddressKey
    here: bool
    asked_at: datetime


async def of(connection: AsyncConnection, space_id: int, join_id: int) -> list[JoinDoor]:
    """Those of both, before the join is made."""
    typed_by = and_(Participant.space_id == Join.space_id, Participant.id == Join.from_id)
    both = or_(Address.participant_id == Join.into_id, Address.participant_id == Join.from_id)
    rows = await connection.execute(
        select(Address.id, Address.channel, Address.account, Address.sender, Participant.address_id, Join.asked_at)
        .select_from(Join)
        .join(Participant, typed_by)
        .join(Address, and_(Address.space_id == Join.space_id, both))
        .where(Join.space_id == space_id, Join.id == join_id)
        .order_by(Address.id)
    )
    return [JoinDoor(id_, AddressKey(*key), id_ == typed_at, at) for id_, *key, typed_at, at in rows]


async def tell(
    connection: AsyncConnection, space_id: int, participant_id: int, doors: Sequence[JoinDoor], body: str, now: datetime
) -> None:
    """A notice for each of these, who are this participant's by now."""
    new = [
        NewDelivery(
            space_id,
            participant_id,
            None,
            NOTICE,
            body,
            now,
            LaneKey(door.key.channel, door.key.account),
            address_id=door.id,
        )
        for door in doors
    ]
    await outbox.put(connection, new)
