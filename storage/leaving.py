"""What is looked at when a delivery that we began is about to leave: whether it still may, and when.

All of it happens in the transaction that claims it: what is said is true at that moment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import hours
from storage.models import Delivery, Participant, Space
from storage.outbox import BULK, THIS, WAITING, LaneKey
from storage.value import value
from storage.veiling import VEILED

TOO_OLD, UNTRUE, UNREADABLE = "too old", "no longer true", "unreadable"
"""Why a delivery did not leave."""


@value
class Due:
    """A delivery that may leave, and the id of what it is about."""

    space_id: int
    delivery_id: int
    participant_id: int
    about: int


@value
class Dropped:
    """It does not leave any more, and why: one of the words above."""

    why: str = UNTRUE


@value
class Halted:
    """What it belongs to stands still: it waits until that goes on."""


@value
class Later:
    """It is true, but too early: it is looked at again then."""

    at: datetime


@value
class Worded:
    """It leaves, with this packed Message."""

    space_id: int
    id: int
    body: str


@value
class Kept:
    """It does not leave now: `waiting` until then, `paused`; or never, `cancelled` or `failed` with its reason."""

    space_id: int
    id: int
    state: str
    at: datetime
    why: str | None = None


@value
class Opening:
    """The first moment at which somebody may be written to unasked, and whether it is by hours of their `own`."""

    at: datetime
    own: bool


async def openings(
    connection: AsyncConnection, people: Collection[tuple[int, int]], now: datetime
) -> Mapping[tuple[int, int], Opening]:
    """For each of these (space, participant), from now on."""
    rows = await connection.execute(
        select(Participant.space_id, Participant.id, Participant.hours, Space.hours, Space.zone)
        .join(Space, Space.id == Participant.space_id)
        .where(tuple_(Participant.space_id, Participant.id).in_(people))
    )
    return {(space_id, id_): _opening(own, its, zone, now) for space_id, id_, own, its, zone in rows}


def _opening(own: Mapping[str, Any] | None, its: Mapping[str, Any] | None, zone: str, now: datetime) -> Opening:
    return Opening(hours.from_json(own or its).opens(hours.zone_of(own, zone), now), own is not None)


async def stopped(connection: AsyncConnection, people: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Which of these (space, participant) want no messages any more."""
    rows = await connection.execute(
        select(Participant.space_id, Participant.id).where(
            tuple_(Participant.space_id, Participant.id).in_(people), Participant.stopped_at.is_not(None)
        )
    )
    return {(space_id, id_) for space_id, id_ in rows}


MOST_POSTPONED = 2_000
"""Deliveries that one transaction gives another hour, so that nobody's answer waits for it."""


async def postpone(connection: AsyncConnection, lane: LaneKey, space_id: int, now: datetime, at: datetime) -> int:
    """What else is due by this lane, and unasked, waits for the space's hours as well, except for who has hours of
    their own; answers how many were given the new time. Looked at one by one, a hundred thousand would take minutes."""
    its_person = (Participant.space_id == Delivery.space_id) & (Participant.id == Delivery.participant_id)
    them = (
        select(Delivery.id)
        .join(Participant, its_person)
        .where(Delivery.state == WAITING, Delivery.lane == str(lane), Delivery.rank == BULK, Delivery.due_at <= now)
        .where(Delivery.unasked, Delivery.space_id == space_id, Participant.hours.is_(None))
        .order_by(Delivery.due_at, Delivery.id)
        .limit(MOST_POSTPONED)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    moved = await connection.execute(
        update(Delivery).where(Delivery.space_id == space_id, Delivery.id.in_(them)).values(due_at=at)
    )
    return moved.rowcount


async def note(connection: AsyncConnection, worded: Sequence[Worded], kept: Sequence[Kept]) -> None:
    """Keep what the first say as they leave, and give the others back."""
    if worded:
        await connection.execute(_SAID, [{"s": one.space_id, "i": one.id, "said": one.body} for one in worded])
    for statement, states in ((_BACK, ("waiting", "paused")), (_NEVER, ("cancelled", "failed"))):
        rows = [
            {"s": one.space_id, "i": one.id, "at": one.at, "why": one.why, "now_is": one.state}
            for one in kept
            if one.state in states
        ]
        if rows:
            await connection.execute(statement, rows)


_SAID = update(Delivery).where(THIS).values(body=bindparam("said"))
_GIVEN_BACK: Mapping[str, Any] = {
    "state": bindparam("now_is"),
    "error": bindparam("why"),
    "due_at": bindparam("at"),
    "claimed_by": None,
    "tries": Delivery.tries - 1,
}
_BACK = update(Delivery).where(THIS).values(_GIVEN_BACK)
_NEVER = update(Delivery).where(THIS).values({**_GIVEN_BACK, **VEILED})
