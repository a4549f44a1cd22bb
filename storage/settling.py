"""What became of deliveries: sent, waiting again, held or failed; and what that tells of the address they were for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.addressing import NOTICE, any_open
from storage.models import Address, Delivery, Heard
from storage.outbox import DOUBTED, THIS, Claimed, LaneKey
from storage.value import value
from storage.veiling import VEILED


@value
class Settled:
    """What became of a delivery: `sent`, `waiting` (again from `at`), `held` or `failed`.

    `untried`: this time it was not even begun, or the whole account was asked to wait. `doubted`: it may have left
    already, and is sent again only to somebody who is not heard from meanwhile. `drawn`: it is read where we keep it,
    so that what may show a secret stays until it is answered.
    """

    space_id: int
    id: int
    state: str
    at: datetime
    external: str | None = None
    error: str | None = None
    untried: bool = False
    doubted: bool = False
    drawn: bool = False


_SETTLE = (
    update(Delivery)
    .where(THIS)
    .values(
        state=bindparam("new_state"),
        external=bindparam("new_external"),
        error=bindparam("new_error"),
        due_at=bindparam("new_due"),
        sent_at=bindparam("new_sent"),
        tries=Delivery.tries - bindparam("untried"),
        rank=case((bindparam("doubted") == 1, DOUBTED), else_=Delivery.rank),
        claimed_by=None,
        body=case((bindparam("left") == 1, VEILED["body"]), else_=Delivery.body),
        veil=case((bindparam("left") == 1, null()), else_=Delivery.veil),
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
                    "untried": int(item.untried),
                    "doubted": int(item.doubted),
                    "left": int(item.state != "waiting" and not item.drawn),
                }
                for item in settled
            ],
        )


def heard_since(space_id: Any, participant_id: Any, moment: Any) -> ColumnElement[bool]:
    """Whether this participant has written since then."""
    return exists().where(Heard.space_id == space_id, Heard.participant_id == participant_id, Heard.heard_at > moment)


async def shut(connection: AsyncConnection, item: Claimed, why: str) -> int:
    """This address can't be written to any more (`blocked`, `gone`). What waits for its person leaves by another of
    theirs that can (storage/addressing.py); where there is none it fails; answers how many.

    Not if this person has written since the delivery was claimed: then they have opened it again.
    """
    claimed_at = select(Delivery.claimed_at).where(Delivery.space_id == item.space_id, Delivery.id == item.id)
    closed = await connection.execute(
        update(Address)
        .where(Address.space_id == item.space_id, Address.id == item.address_id)
        .where(~heard_since(item.space_id, item.participant_id, claimed_at.scalar_subquery()))
        .values(unreachable=why)
    )
    if not closed.rowcount:
        return 0
    failed = await connection.execute(
        update(Delivery)
        .where(Delivery.space_id == item.space_id, Delivery.participant_id == item.participant_id)
        .where(Delivery.sent_at.is_(None), Delivery.state == "waiting")
        .where(Delivery.lane == str(LaneKey(item.channel, item.account)))
        .where(or_(~any_open(Delivery.space_id, Delivery.participant_id), _its_alone(item.address_id)))
        .values(state="failed", error=why, **VEILED)
    )
    return failed.rowcount


def _its_alone(address_id: int) -> ColumnElement[bool]:
    return and_(Delivery.kind == NOTICE, Delivery.address_id == address_id)


async def readdress(connection: AsyncConnection, item: Claimed, to: str) -> bool:
    """The platform calls this person or group by another id now; False when that is somebody we know already."""
    other = aliased(Address)
    known = exists().where(other.channel == item.channel, other.account == item.account, other.sender == to)
    moved = await connection.execute(
        update(Address)
        .where(Address.space_id == item.space_id, Address.id == item.address_id, ~known)
        .values(sender=to)
    )
    return bool(moved.rowcount)
