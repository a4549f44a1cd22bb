"""One text to an audience: a delivery for each person, written by the database itself, however many they are.

Nobody is written to twice, nor who has asked us to stop, nor who was erased. What leaves is worded when it leaves, in
the language of whoever it reaches (flows/telling.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import BigInteger, ColumnElement, Insert, Select, cast, func, insert, literal, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Address, Delivery, Participant
from storage.outbox import BULK, WAITING
from storage.types import first_of_many
from storage.value import value

KIND = "broadcast"
"""We begin it ourselves, so it leaves behind what answers somebody, and one in doubt is held."""

Audience: TypeAlias = Select[int]
"""The ids of participants, as a query."""


@value
class Broadcast:
    """The packed `body` is for everybody in the audience who may be written to."""

    space_id: int
    audience: Audience
    body: str
    at: datetime


async def send(connection: AsyncConnection, given: Sequence[Broadcast]) -> Sequence[int]:
    """Queue these; answers how many people each is for."""
    counted = {"preserve_rowcount": True}
    return [(await connection.execute(_spread(one), execution_options=counted)).rowcount for one in given]


def _spread(one: Broadcast) -> Insert:
    """The deliveries in the order of their people, which is the order in which everybody locks them."""
    lane = Address.channel.concat(literal_column("':'")).concat(Address.account)
    at = literal(one.at, Delivery.due_at.type)
    row = {
        "space_id": Participant.space_id,
        "id": func.row_number().over(order_by=Participant.id) + cast(first_of_many() - 1, BigInteger),
        "participant_id": Participant.id,
        "lane": lane,
        "rank": literal(BULK),
        "kind": literal(KIND),
        "body": literal(one.body),
        "state": WAITING,
        "tries": literal(0),
        "due_at": at,
        "made_at": at,
    }
    its_address = (Address.space_id == Participant.space_id) & (Address.id == Participant.address_id)
    them = (
        select(*row.values())
        .outerjoin_from(Participant, Address, its_address)
        .where(*_written_to(one.space_id, one.audience))
        .order_by(Participant.id)
    )
    return insert(Delivery).from_select(list(row), them)


async def reach(connection: AsyncConnection, space_id: int, audience: Audience) -> int:
    """How many people a text to this audience would be for."""
    return (await connection.execute(select(func.count()).where(*_written_to(space_id, audience)))).scalar_one()


def _written_to(space_id: int, audience: Audience) -> tuple[ColumnElement[bool], ...]:
    return (
        Participant.space_id == space_id,
        Participant.id.in_(audience),
        Participant.stopped_at.is_(None),
        Participant.erased_at.is_(None),
    )
