"""One text to an audience: a delivery for each person, written by the database itself, however many they are.

Nobody is written to twice, nor who has asked us to stop, nor who was erased. What leaves is worded when it leaves, in
the language of whoever it reaches (flows/telling.py, flows/occasions).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Select,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Address, Delivery, Participant
from storage.outbox import BULK, THIS, WAITING
from storage.types import first_of_many
from storage.value import value

Audience: TypeAlias = Select[int]
"""The ids of participants, as a query."""


@value
class Spread:
    """What is for everybody in the audience who may be written to: a packed `body`, or none where its `cause` is worded
    when it leaves. One delivery of a cause is all that a person ever gets.

    `kind`: `broadcast`, or `reminder` for what is about something of the person's own. `unasked`: see models.Delivery.
    """

    space_id: int
    audience: Audience
    at: datetime
    body: str = ""
    cause: str | None = None
    kind: str = "broadcast"
    unasked: bool = False
    expires_at: datetime | None = None


async def spread(connection: AsyncConnection, given: Sequence[Spread]) -> Sequence[int]:
    """Queue these; answers for how many people each was queued now."""
    counted = {"preserve_rowcount": True}
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return [
        (await connection.execute(_rows(one, insert(Delivery)), execution_options=counted)).rowcount for one in given
    ]


def _rows(one: Spread, insert: sqlite.Insert | postgresql.Insert) -> Insert:
    """The deliveries in the order of their people, which is the order in which everybody locks them."""
    lane = Address.channel.concat(literal_column("':'")).concat(Address.account)
    at = literal(one.at, Delivery.due_at.type)
    row = {
        "space_id": Participant.space_id,
        "id": func.row_number().over(order_by=Participant.id) + cast(first_of_many() - 1, BigInteger),
        "participant_id": Participant.id,
        "lane": lane,
        "rank": literal(BULK),
        "kind": literal(one.kind),
        "body": literal(one.body),
        "state": WAITING,
        "tries": literal(0),
        "due_at": at,
        "made_at": at,
        "cause": literal(one.cause, Delivery.cause.type),
        "unasked": literal(one.unasked),
        "expires_at": literal(one.expires_at, Delivery.expires_at.type),
    }
    its_address = (Address.space_id == Participant.space_id) & (Address.id == Participant.address_id)
    them = (
        select(*row.values())
        .outerjoin_from(Participant, Address, its_address)
        .where(*_written_to(one.space_id, one.audience))
        .order_by(Participant.id)
    )
    return insert.from_select(list(row), them).on_conflict_do_nothing()


async def reach(connection: AsyncConnection, space_id: int, audience: Audience) -> int:
    """How many people a text to this audience would be for."""
    return (await connection.execute(select(func.count()).where(*_written_to(space_id, audience)))).scalar_one()


@value
class Click:
    """Somebody pressed a button under what was sent to them."""

    space_id: int
    delivery_id: int
    participant_id: int
    at: datetime


async def click(connection: AsyncConnection, given: Sequence[Click]) -> None:
    """Note these; the first press is the one that counts, and only its own person's."""
    if given:
        rows = [{"s": one.space_id, "i": one.delivery_id, "p": one.participant_id, "at": one.at} for one in given]
        await connection.execute(_CLICK, rows)


_CLICK = (
    update(Delivery)
    .where(THIS, Delivery.participant_id == bindparam("p"), Delivery.clicked_at.is_(None))
    .values(clicked_at=bindparam("at"))
)


def _written_to(space_id: int, audience: Audience) -> tuple[ColumnElement[bool], ...]:
    return (
        Participant.space_id == space_id,
        Participant.id.in_(audience),
        Participant.stopped_at.is_(None),
        Participant.erased_at.is_(None),
    )
