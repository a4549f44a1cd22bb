"""The outbox: deliveries not yet sent, in order within a conversation, sent once as far as a channel allows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, func, insert, literal_column, or_, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.models import Address, Delivery, Participant
from storage.prepared import Prepared
from storage.types import new_id
from storage.value import value


@value
class NewDelivery:
    """A message to leave. `kind`: `reply`, `receipt`, `relay`, `reminder` or `broadcast`; `body` a packed Message,
    or a packed Tell that is worded when it leaves."""

    space_id: int
    participant_id: int
    conversation_id: int | None
    kind: str
    body: str
    at: datetime


_PUT = Prepared(
    insert(Delivery).values(state=literal_column("'waiting'"), tries=literal_column("0")),
    "space_id",
    "id",
    "participant_id",
    "conversation_id",
    "kind",
    "body",
    "due_at",
    "made_at",
)


async def put(connection: AsyncConnection, new: Sequence[NewDelivery]) -> None:
    """Add deliveries in this order."""
    rows = [
        (item.space_id, new_id(), item.participant_id, item.conversation_id, item.kind, item.body, item.at, item.at)
        for item in new
    ]
    await _PUT.write(connection, rows)


@value
class Claimed:
    """A delivery this courier is to send, with the address chosen for it; `tries` counts those before this one.
    `erased`: it says goodbye to somebody who was erased."""

    space_id: int
    id: int
    participant_id: int
    kind: str
    body: str
    tries: int
    language: str | None
    address_id: int
    channel: str
    account: str
    sender: str
    erased: bool
    made_at: datetime


def _claimed(row: Any) -> Claimed:
    return Claimed(*row)


_CLAIMABLE = select(
    Delivery.space_id,
    Delivery.id,
    Delivery.participant_id,
    Delivery.kind,
    Delivery.body,
    Delivery.tries,
    Participant.language,
    Address.id,
    Address.channel,
    Address.account,
    Address.sender,
    Participant.erased_at.is_not(None),
    Delivery.made_at,
).join(Participant, and_(Participant.space_id == Delivery.space_id, Participant.id == Delivery.participant_id))
"""The columns of a Claimed; which address is joined depends on whether it was chosen already."""


_ELDER = aliased(Delivery)
_OLDER = and_(
    _ELDER.space_id == Delivery.space_id, _ELDER.participant_id == Delivery.participant_id, _ELDER.id < Delivery.id
)


def _due(channels: Collection[str], now: datetime, only: tuple[str, str] | None) -> Select[*tuple[Any, ...]]:
    """What can leave now on these channels: nothing for somebody unreachable, nothing that an elder keeps waiting."""
    blocked = exists().where(
        _OLDER, or_(_ELDER.state == "claimed", and_(_ELDER.state == "waiting", _ELDER.due_at > now))
    )
    return _CLAIMABLE.join(
        Address, and_(Address.space_id == Participant.space_id, Address.id == Participant.address_id)
    ).where(
        Delivery.state == "waiting",
        Delivery.due_at <= now,
        Address.channel.in_(list(channels)),
        Address.unreachable.is_(None),
        tuple_(Address.account, Address.sender) == only if only is not None else true(),
        ~blocked,
    )


async def claim(
    connection: AsyncConnection,
    channels: Collection[str],
    by: str,
    now: datetime,
    limit: int = 100,
    only: tuple[str, str] | None = None,
) -> list[Claimed]:
    """Take deliveries that are due on these channels: the oldest first, and never one whose elder still waits.

    All of a participant's waiting deliveries may be taken together; they are handed back in order. Their participants
    are locked with them, so that no other courier takes what follows. With `only`, (account, sender): a terminal
    takes what is for its own person and leaves the rest to other terminals.
    """
    due = _due(channels, now, only).order_by(Delivery.id).limit(limit)
    rows = await connection.execute(due.with_for_update(of=[Delivery, Participant], skip_locked=True))
    found = [_claimed(row) for row in rows]
    if not found:
        return []
    if connection.dialect.name != "sqlite":
        # Another courier may have taken an elder between our look and our lock: only a second look can tell.
        free = await connection.execute(
            select(Delivery.id).where(
                tuple_(Delivery.space_id, Delivery.id).in_([(item.space_id, item.id) for item in found]),
                Delivery.state == "waiting",
                ~exists().where(_OLDER, _ELDER.state == "claimed"),
            )
        )
        still = set(free.scalars())
        found = [item for item in found if item.id in still]
    if found:
        taken = [{"s": item.space_id, "i": item.id, "by": by, "at": now, "to": item.address_id} for item in found]
        await connection.execute(_CLAIM, taken)
    return found


_CLAIM = (
    update(Delivery)
    .where(Delivery.space_id == bindparam("s"), Delivery.id == bindparam("i"))
    .values(
        state="claimed",
        tries=Delivery.tries + 1,
        claimed_by=bindparam("by"),
        claimed_at=bindparam("at"),
        address_id=bindparam("to"),
    )
)


async def any_due(
    connection: AsyncConnection, channels: Collection[str], now: datetime, only: tuple[str, str] | None = None
) -> bool:
    """Whether there is anything to claim: a look that needs no writer."""
    found = await connection.execute(_due(channels, now, only).with_only_columns(Delivery.id).limit(1))
    return found.first() is not None


@value
class Settled:
    """What became of a delivery: `sent`, `waiting` (again from `due_at`), `held` or `failed`."""

    space_id: int
    id: int
    state: str
    at: datetime
    external: str | None = None
    error: str | None = None


_SETTLE = (
    update(Delivery)
    .where(Delivery.space_id == bindparam("s"), Delivery.id == bindparam("i"))
    .values(
        state=bindparam("new_state"),
        external=bindparam("new_external"),
        error=bindparam("new_error"),
        due_at=bindparam("new_due"),
        sent_at=bindparam("new_sent"),
        claimed_by=None,
    )
)


async def settle(connection: AsyncConnection, settled: Sequence[Settled]) -> None:
    """Note what became of claimed deliveries."""
    if settled:
        await connection.execute(
            _SETTLE,
            [
                {
                    "s": item.space_id,
                    "i": item.id,
                    "new_state": item.state,
                    "new_external": item.external,
                    "new_error": item.error,
                    "new_due": item.at,
                    "new_sent": item.at if item.state == "sent" else None,
                }
                for item in settled
            ],
        )


async def abandoned(connection: AsyncConnection, channels: Collection[str], owners: Collection[str]) -> list[Claimed]:
    """Deliveries claimed by couriers that are no more: they may or may not have been sent."""
    rows = await connection.execute(
        _CLAIMABLE.join(Address, and_(Address.space_id == Delivery.space_id, Address.id == Delivery.address_id))
        .where(Delivery.state == "claimed", Address.channel.in_(list(channels)), Delivery.claimed_by.in_(list(owners)))
        .order_by(Delivery.id)
    )
    return [_claimed(row) for row in rows]


async def owners(connection: AsyncConnection) -> list[tuple[str, datetime]]:
    """Who holds claimed deliveries, and since when at the earliest."""
    rows = await connection.execute(
        select(Delivery.claimed_by, func.min(Delivery.claimed_at))
        .where(Delivery.state == "claimed")
        .group_by(Delivery.claimed_by)
    )
    return [(by, at) for by, at in rows if by is not None and at is not None]


async def mark_unreachable(connection: AsyncConnection, space_id: int, address_id: int, why: str) -> None:
    """An address that can't be written to any more (`blocked`, `gone`)."""
    await connection.execute(
        update(Address).where(Address.space_id == space_id, Address.id == address_id).values(unreachable=why)
    )
