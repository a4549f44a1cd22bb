"""The deliveries of broadcasts: written some thousand people at a time, held and let go with them, and ended.

Every step is a transaction of its own that finds where the last one ended in the rows themselves. A house that is
killed between two goes on there; residents talk meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import audiences, broadcasts, left_out, models, phases, spreading
from storage.broadcasts import (
    BROADCAST,
    CANCELLED,
    DRAFT,
    PAUSED,
    PLANNED,
    QUEUEING,
    ROW,
    SENDING,
    SENT,
    TEST,
    Broadcast,
    its_deliveries,
    these,
)
from storage.leaving import UNTRUE, Dropped, Due, Halted
from storage.models import Consultation, Delivery, Participant, Phase, Space
from storage.phases import PhaseFacts
from storage.rules import from_json
from storage.spreading import Audience, Spread
from storage.value import value

MOST = 2_500
"""People, or deliveries, that one transaction sees to."""
CALLED_OFF, CLOSED = "called off", "closed"
"""Why a delivery did not leave: its broadcast was cancelled; its button leads where nobody can take part any more."""
ON_THEIR_WAY = ("waiting", "claimed", "paused")
_T = models.Broadcast


def audience(space_id: int, rule: Mapping[str, Any] | None, now: datetime) -> Audience:
    """The people of a space this rule is for, whether they may be written to or not."""
    return audiences.people(space_id, None if rule is None else from_json(rule), now)


async def under_way(connection: AsyncConnection, now: datetime) -> list[Broadcast]:
    """Those of which something is to be done now, what began first first."""
    wanted = (_T.ended_at.is_(None), _T.state != DRAFT, or_(_T.state != PLANNED, _T.due_at <= now))
    rows = await connection.execute(select(*ROW).where(*wanted).order_by(_T.due_at, _T.id))
    return [Broadcast(*row) for row in rows]


# -- written -------------------------------------------------------------------------------------------------------


async def queue(
    connection: AsyncConnection, one: Broadcast, now: datetime, *, silent: Collection[str] = (), most: int = MOST
) -> bool:
    """Write the deliveries for the next people of its audience, in the order of their ids, and count who gets none and
    why. Answers whether there may be more. `silent` are the channels that never write first."""
    await left_out.lock(connection, one.space_id)
    found = await broadcasts.find(connection, one.ref)
    if found is None or found.state != QUEUEING:
        return False
    everybody = audience(found.space_id, found.audience, now).where(Participant.id > found.queued_to)
    some = everybody.order_by(Participant.id).limit(most).subquery()
    last, count = (await connection.execute(select(func.max(some.c.id), func.count()).select_from(some))).one()
    if not count:
        await connection.execute(update(_T).where(these(found.ref), _T.state == QUEUEING).values(state=SENDING))
        return False
    why = left_out.why(found.space_id, now, unasked=found.unasked, silent=silent)
    them = everybody.where(Participant.id <= last)
    reasons = them.with_only_columns(why, func.count()).group_by(why)
    missed = {str(reason): many for reason, many in await connection.execute(reasons) if reason is not None}
    [written] = await spreading.spread(connection, [_spread(found, them.where(why.is_(None)), now)])
    left = {name: found.left_out.get(name, 0) + missed.get(name, 0) for name in {*found.left_out, *missed}}
    progress = {"queued": _T.queued + written, "queued_to": last, "left_out": left}
    await connection.execute(update(_T).where(these(found.ref)).values(progress))
    return True


def _spread(one: Broadcast, them: Audience, now: datetime) -> Spread:
    return Spread(one.space_id, them, now, cause=one.cause, unasked=one.unasked, expires_at=one.expires_at)


# -- held, and let go ----------------------------------------------------------------------------------------------


async def on_their_way(connection: AsyncConnection, one: Broadcast) -> set[str]:
    """In which states there are deliveries of it that may still leave: a look that needs no writer."""
    query = select(Delivery.state).where(its_deliveries(one), Delivery.state.in_(ON_THEIR_WAY)).distinct()
    return set((await connection.execute(query)).scalars())


def follows(one: Broadcast, states: Collection[str]) -> bool:
    """Whether deliveries in these states have still to take on its own."""
    return one.state in _FOLLOWED and not set(_FOLLOWED[one.state][0]).isdisjoint(states)


async def follow(connection: AsyncConnection, one: Broadcast, now: datetime, *, most: int = MOST) -> int:
    """Its deliveries take on the state of the broadcast, so many of them; answers how many did."""
    found = await broadcasts.find(connection, one.ref)
    if found is None or found.state not in _FOLLOWED:
        return 0
    states, values = _FOLLOWED[found.state]
    them = (
        select(Delivery.id)
        .where(its_deliveries(found), Delivery.state.in_(states))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    changed = update(Delivery).where(Delivery.space_id == found.space_id, Delivery.id.in_(them)).values(values)
    due = {"due_at": now} if values["state"] == "waiting" else {}
    return (await connection.execute(changed.values(due) if due else changed)).rowcount


_GOES_ON: tuple[tuple[str, ...], dict[str, Any]] = (("paused",), {"state": "waiting", "error": None})
_FOLLOWED: Mapping[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    QUEUEING: _GOES_ON,
    SENDING: _GOES_ON,
    PAUSED: (("waiting",), {"state": "paused"}),
    CANCELLED: (("waiting", "paused"), {"state": "cancelled", "error": CALLED_OFF}),
}


async def end(connection: AsyncConnection, one: Broadcast, now: datetime) -> bool:
    """It is over once nothing of it is on its way; answers whether that is now."""
    left = exists().where(its_deliveries(one), Delivery.state.in_(ON_THEIR_WAY))
    over = (these(one.ref), _T.ended_at.is_(None), ~left)
    sent = await connection.execute(update(_T).where(*over, _T.state == SENDING).values(state=SENT, ended_at=now))
    gone = await connection.execute(update(_T).where(*over, _T.state == CANCELLED).values(ended_at=now))
    return bool(sent.rowcount or gone.rowcount)


# -- looked at as they leave ---------------------------------------------------------------------------------------


@value
class Facts:
    """What the words of a broadcast need to know: itself, who writes, where that is, where its button leads, and what
    the consultation of that is called."""

    broadcast: Broadcast
    host: Mapping[str, str]
    zone: str
    phase: PhaseFacts | None
    whole: Mapping[str, str]


async def look(connection: AsyncConnection, due: Sequence[Due], now: datetime) -> Sequence[Facts | Dropped | Halted]:
    """For each of these deliveries what it says, or why it does not leave: its broadcast stands still or was called
    off, its person wants nothing any more, or its phase is over."""
    known = await facts(connection, {(one.space_id, one.about) for one in due})
    stopped = await _stopped(connection, due)
    found: list[Facts | Dropped | Halted] = []
    for one in due:
        its = known.get((one.space_id, one.about))
        if its is None or its.broadcast.state == CANCELLED:
            found.append(Dropped(CALLED_OFF))
        elif its.broadcast.state == PAUSED:
            found.append(Halted())
        elif (one.space_id, one.participant_id) in stopped:
            found.append(Dropped(left_out.STOPPED))
        else:
            found.append(Dropped(CLOSED) if its.phase is not None and its.phase.is_over(now) else its)
    return found


async def look_at_test(connection: AsyncConnection, due: Sequence[Due], now: datetime) -> Sequence[Facts | Dropped]:
    """The same for those who asked for it as a test: as it is written now, whatever its state."""
    known = await facts(connection, {(one.space_id, one.about) for one in due})
    return [known.get((one.space_id, one.about)) or Dropped(UNTRUE) for one in due]


async def tests(connection: AsyncConnection, pairs: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The broadcasts that these (space, code) pairs ask for as a test."""
    wanted = {(space_id, code): code.casefold() for space_id, code in pairs}
    if not wanted:
        return {}
    rows = await connection.execute(
        select(_T.space_id, _T.test_code, _T.id).where(_T.test_code.in_(set(wanted.values())))
    )
    found = {(space_id, code): id_ for space_id, code, id_ in rows}
    return {pair: found[pair[0], text] for pair, text in wanted.items() if (pair[0], text) in found}


@value
class Try:
    """Somebody who came with the code of a broadcast."""

    space_id: int
    broadcast_id: int
    participant_id: int
    at: datetime


async def send_tests(connection: AsyncConnection, given: Sequence[Try]) -> None:
    """Send it to them, also who got it as a test before."""
    for one in given:
        cause = f"{TEST}:{one.broadcast_id}"
        mine = (Delivery.space_id == one.space_id, Delivery.participant_id == one.participant_id)
        before = update(Delivery).where(*mine, Delivery.cause == cause, Delivery.state.not_in(ON_THEIR_WAY))
        await connection.execute(before.values(cause=None))
        audience = select(Participant.id).where(
            Participant.space_id == one.space_id, Participant.id == one.participant_id
        )
        await spreading.spread(connection, [Spread(one.space_id, audience, one.at, cause=cause)])


async def facts(connection: AsyncConnection, keys: Collection[tuple[int, int]]) -> dict[tuple[int, int], Facts]:
    """Of these (space, broadcast)."""
    its_phase = (Phase.space_id == _T.space_id) & (Phase.id == _T.phase_id)
    its_whole = (Consultation.space_id == _T.space_id) & (Consultation.id == Phase.consultation_id)
    rows = await connection.execute(
        select(*ROW, Space.contact, Space.name, Space.zone, Consultation.title)
        .join(Space, Space.id == _T.space_id)
        .outerjoin(Phase, its_phase)
        .outerjoin(Consultation, its_whole)
        .where(tuple_(_T.space_id, _T.id).in_(keys))
    )
    read = [(Broadcast(*row[: len(ROW)]), *row[len(ROW) :]) for row in rows]
    led_to = await phases.load(connection, {one.phase_id for one, *_more in read if one.phase_id is not None})
    return {
        (one.space_id, one.id): Facts(
            one, contact.get("host") or name, zone, led_to.get(one.phase_id or 0), whole or {}
        )
        for one, contact, name, zone, whole in read
    }


async def _stopped(connection: AsyncConnection, due: Sequence[Due]) -> set[tuple[int, int]]:
    people = {(one.space_id, one.participant_id) for one in due}
    rows = await connection.execute(
        select(Participant.space_id, Participant.id).where(
            tuple_(Participant.space_id, Participant.id).in_(people), Participant.stopped_at.is_not(None)
        )
    )
    return {(space_id, id_) for space_id, id_ in rows}


def kept_still() -> ColumnElement[bool]:
    """Of a delivery: its broadcast still counts it, and it is not to be forgotten (storage/broadcast_figures.py)."""
    cause = func.coalesce(_T.occasion, literal(BROADCAST)).concat(literal(":")).concat(cast(_T.id, String))
    return exists().where(and_(_T.space_id == Delivery.space_id, cause == Delivery.cause, _T.kept.is_(None)))
