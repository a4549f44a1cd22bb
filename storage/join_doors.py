"""Where a code was typed that links two doors; and what the other doors of that person are told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import outbox
from storage.addressing import NOTICE
from storage.models import Address, Join, Participant
from storage.outbox import LaneKey, NewDelivery
from storage.participants import AddressKey
from storage.value import value


@value
class TypedAt:
    """The door at which a join was asked for, and when."""

    address_id: int
    key: AddressKey
    at: datetime


async def typed_at(connection: AsyncConnection, space_id: int, join_id: int) -> TypedAt | None:
    """That of a join, before it is made; None where they have taken it away since."""
    typed_by = and_(Participant.space_id == Join.space_id, Participant.id == Join.from_id)
    its_address = and_(Address.space_id == Participant.space_id, Address.id == Participant.address_id)
    row = (
        await connection.execute(
            select(Address.id, Address.channel, Address.account, Address.sender, Join.asked_at)
            .select_from(Join)
            .join(Participant, typed_by)
            .join(Address, its_address)
            .where(Join.space_id == space_id, Join.id == join_id)
        )
    ).one_or_none()
    return TypedAt(row[0], AddressKey(*row[1:4]), row[4]) if row is not None else None


async def tell_others(
    connection: AsyncConnection, space_id: int, participant_id: int, here: int | None, body: str, now: datetime
) -> None:
    """A notice at every door of this participant but the one of this address."""
    mine = (Address.space_id == space_id, Address.participant_id == participant_id)
    rows = await connection.execute(select(Address.id, Address.channel, Address.account).where(*mine))
    new = [
        NewDelivery(space_id, participant_id, None, NOTICE, body, now, LaneKey(channel, account), address_id=id_)
        for id_, channel, account in rows
        if id_ != here
    ]
    await outbox.put(connection, new)
