"""One text to an audience: a delivery for each person, written by the database itself, however many they are.

Nobody is written to twice, nor who has asked us to stop, nor who was erased. What leaves is worded when it leaves, in
the language of whoever it reaches (flows/telling.py, flows/occasions).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Select,
    String,
    Subquery,
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

from storage import left_out
from storage.models import Address, Delivery, Participant
from storage.outbox import BULK, THIS, WAITING
from storage.types import first_of_many
from storage.value import value

Audience: TypeAlias = Select[int]
"""The ids of participants, as a query."""
Abouts: TypeAlias = Select[int, int]
"""Participants, each once, and what it is about for each of them."""


@value
class Spread:
    """What is for everybody in the audience who may be written to: a packed `body`, or none where its `cause` is worded
    when it leaves. One delivery of a cause is all that a person ever gets.

    Where the audience says what it is about for each (Abouts), `cause` is its kind alone. `kind`: `broadcast`, or
    `reminder` for what is about something of the person's own. `unasked`: see models.Delivery.
    """

    space_id: int
    audience: Audience | Abouts
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
    results: list[int] = []
    for one in given:
        if one.unasked:  # two of these at once would both count what was sent before either
            await left_out.lock(connection, one.space_id)
        rows = await connection.execute(_rows(one, insert(Delivery)), execution_options=counted)
        results.append(rows.rowcount)
    return results


def _rows(one: Spread, insert: sqlite.Insert | postgresql.Insert) -> Insert:
    """The deliveries in the order of their people, which is the order in which everybody locks them."""
    lane = Address.channel.concat(literal_column("':'")).concat(Address.account)
    them = one.audience.subquery()
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
        "cause": _cause(one.cause, them),
        "unasked": literal(one.unasked),
        "expires_at": literal(one.expires_at, Delivery.expires_at.type),
    }
    its_address = (Address.space_id == Participant.space_id) & (Address.id == Participant.address_id)
    people = (
        select(*row.values())
        .outerjoin_from(Participant, Address, its_address)
        .where(*_written_to(one.space_id, one.audience), *((~left_out.had_enough(one.at),) if one.unasked else ()))
        .order_by(Participant.id)
    )
    people = people.join(them, them.c[0] == Participant.id) if len(them.c) > 1 else people
    return insert.from_select(list(row), people).on_conflict_do_nothing()


def _cause(kind: str | None, them: Subquery) -> ColumnElement[Any]:
    if kind is not None and len(them.c) > 1:
        return cause(kind, them.c[1])
    return literal(kind, Delivery.cause.type)


def cause(kind: str, about: Any) -> ColumnElement[str]:
    """The cause of a delivery of this kind that is about the row of that id, as SQL."""
    return literal(f"{kind}:").concat(cast(about, String))


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


def _written_to(space_id: int, audience: Audience | Abouts) -> tuple[ColumnElement[bool], ...]:
    them = audience.subquery()
    return (
        Participant.space_id == space_id,
        Participant.id.in_(select(them.c[0])),
        Participant.stopped_at.is_(None),
        Participant.erased_at.is_(None),
    )
