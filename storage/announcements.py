"""What the program announces of a phase by itself: that it opens, that it closes soon, that the results are out.

Each is a row in `broadcasts` with its occasion, planned from the dates of its phase and planned anew while they change.
Once it has begun it is a broadcast like any other, and one that an organiser called off is never planned again. A phase
that is opened again is announced again, by a row of its own; so is its end, if it has moved after it was told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import access, broadcast_rows, broadcasts, left_out, models, phases
from storage.broadcast_rows import Facts
from storage.broadcasts import (
    PAUSED,
    PLANNED,
    QUEUEING,
    ROW,
    SENDING,
    SENT,
    Broadcast,
    Content,
    its_deliveries,
    these,
)
from storage.civil import days_before
from storage.leaving import Dropped, Due, Halted
from storage.models import Delivery, Participant, Phase, Wish
from storage.phases import PhaseFacts
from storage.reminded import CLOSES, OPENS
from storage.rules import AllOf, AnyOf, Began, LatelyIn, Muted, Not, Rule, TookPart, WantsResult
from storage.spreading import Audience, Spread, spread
from storage.value import value

RESULTS = "results"
"""The occasion, and the kind of the phase it is told of. The one that is asked for."""
BEFORE, AT = 3, time(10)
"""When the closing is told: so many days before, at that time where the town is."""
SINCE = timedelta(days=BEFORE)
"""An end that was told of is told of again if it has moved by so much: whoever was told has seen it pass."""
A_DAY = timedelta(days=1)
"""What should have begun longer ago is not begun any more, where nobody asked for it."""
_T = models.Broadcast


@value
class Planned:
    """What is to be announced of a phase: when, as wall time of the town and as a moment, and to whom. `reopened_at` is
    that of the phase, where it is announced anew when that is opened again."""

    space_id: int
    phase_id: int
    occasion: str
    wall: str
    due_at: datetime
    audience: Mapping[str, Any]
    reopened_at: datetime | None = None


Key: TypeAlias = tuple[int, int, str, int]
"""Space, phase, occasion, and how often that was announced before."""


@value
class Change:
    """What is to be planned; None where a plan is to be dropped."""

    key: Key
    to: Planned | None


# -- planned -------------------------------------------------------------------------------------------------------


async def changes(connection: AsyncConnection, gathering: Collection[str], now: datetime) -> list[Change]:
    """Where the plans are not what the dates of the phases say: a look that needs no writer. `gathering` are the kinds
    of modules that keep something of what residents say."""
    rows = await connection.execute(select(*ROW).where(_T.occasion.is_not(None)).order_by(_T.nth))
    last = {(one.space_id, one.phase_id or 0, one.occasion or ""): one for one in (Broadcast(*row) for row in rows)}
    wanted: dict[Key, Planned] = {}
    for space in (await phases.spaces(connection)).values():
        for one in _wanted(await phases.of_space(connection, space.id), space.zone, gathering, now):
            this = (one.space_id, one.phase_id, one.occasion)
            wanted[*this, _number(last.get(this), one)] = one
    kept = {(*this, one.nth): one for this, one in last.items()}
    fresh = [Change(key, one) for key, one in wanted.items() if key not in kept or _differs(kept[key], one)]
    gone = [Change(key, None) for key, one in kept.items() if key not in wanted and one.state == PLANNED]
    return [*fresh, *gone]


def _number(last: Broadcast | None, one: Planned) -> int:
    """How often it was announced before."""
    return 0 if last is None else last.nth + _is_anew(last, one)


def _is_anew(last: Broadcast, one: Planned) -> bool:
    """Whether the last one, told or called off, was of an opening that is over, or told of an end that is no more."""
    if last.state == PLANNED or last.due_at is None:
        return False
    opened_since = one.reopened_at is not None and last.due_at < one.reopened_at
    moved = one.occasion == CLOSES and last.begun_at is not None and last.due_at + SINCE <= one.due_at
    return opened_since or moved


def _differs(row: Broadcast, one: Planned) -> bool:
    return row.state == PLANNED and (row.wall, row.due_at, row.audience) != (one.wall, one.due_at, one.audience)


def _wanted(
    everything: Sequence[PhaseFacts], zone: str, gathering: Collection[str], now: datetime
) -> Iterator[Planned]:
    for phase in everything:
        if phase.state != "open" or phase.is_over(now):
            continue
        if phase.kind == RESULTS:
            given = [one.id for one in everything if one.consultation_id == phase.consultation_id]
            if phase.opens_at is not None:
                who = AllOf((TookPart(tuple(given)), WantsResult((phase.consultation_id,))))
                yield _planned(phase, RESULTS, phase.opens_at, zone, who)
        elif phase.kind in gathering:
            yield from (one for one in _unasked(phase, zone, now) if one.due_at > now - A_DAY)


def _unasked(phase: PhaseFacts, zone: str, now: datetime) -> Iterator[Planned]:
    """That it opens, to whoever has not begun it (if it opens again, to whoever has not taken part); that it closes, to
    whoever has not taken part, but not to who has just been there, or heard of it."""
    this, opens_at = (phase.id,), phases.latest(phase.opens_at, phase.reopened_at)
    if opens_at is not None:
        there: Rule = Began(this) if phase.reopened_at is None else TookPart(this)
        who = _among(phase, max(now, opens_at), there, Muted(this))
        yield _planned(phase, OPENS, opens_at, zone, who)
    if phase.closes_at is not None:
        at = days_before(phase.closes_at, BEFORE, AT, zone)
        if opens_at is None or opens_at < at:
            who = _among(phase, max(now, at), TookPart(this), LatelyIn(this), Muted(this))
            yield _planned(phase, CLOSES, at, zone, who)


def _among(phase: PhaseFacts, at: datetime, *without: Rule) -> Rule:
    """Who may take part in this phase then, without these."""
    may, rest = access.in_force(phase.stages, at), Not(AnyOf(without))
    return rest if may is None else AllOf((may, rest))


def _planned(phase: PhaseFacts, occasion: str, at: datetime, zone: str, who: Rule) -> Planned:
    wall = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    reopened_at = phase.reopened_at if occasion != RESULTS else None
    written = wall.isoformat(timespec="minutes")
    return Planned(phase.space_id, phase.id, occasion, written, at, who.to_json(), reopened_at)


async def plan(connection: AsyncConnection, given: Sequence[Change], now: datetime) -> None:
    """Write these; what has begun meanwhile, or was called off, stays as it is."""
    for one in given:
        space_id, phase_id, occasion, nth = one.key
        await left_out.lock(connection, space_id)
        this = (_T.space_id == space_id, _T.phase_id == phase_id, _T.occasion == occasion, _T.nth == nth)
        if one.to is None:
            await connection.execute(delete(_T).where(*this, _T.state == PLANNED))
            continue
        if (await connection.execute(select(_T.id).where(*this))).first() is None:
            content = Content({}, phase_id, unasked=occasion != RESULTS)
            await broadcasts.write(connection, space_id, content, None, now, occasion=occasion, nth=nth)
            await connection.execute(update(_T).where(*this).values(state=PLANNED))
        when = {"wall": one.to.wall, "due_at": one.to.due_at, "audience": one.to.audience}
        await connection.execute(update(_T).where(*this, _T.state == PLANNED).values(when))


# -- asked for afterwards ------------------------------------------------------------------------------------------


async def asked_late(connection: AsyncConnection, now: datetime, silent: Collection[str]) -> list[Broadcast]:
    """The results that are out, that somebody has asked for since yesterday, and that they were not sent: a look that
    needs no writer."""
    lately = exists().where(
        Wish.space_id == _T.space_id, Wish.at > now - A_DAY, Wish.wanted, Wish.consultation_id == Phase.consultation_id
    )
    rows = await connection.execute(
        select(*ROW)
        .join(Phase, (Phase.space_id == _T.space_id) & (Phase.id == _T.phase_id))
        .where(_T.occasion == RESULTS, _T.state.in_(_OUT), lately)
    )
    found = [Broadcast(*row) for row in rows]
    return [one for one in found if (await connection.execute(_late(one, now, silent).limit(1))).first() is not None]


_OUT = (QUEUEING, SENDING, PAUSED, SENT)


def _late(one: Broadcast, now: datetime, silent: Collection[str]) -> Audience:
    """Who asked since yesterday and has had none: the rows of deliveries are kept for longer than that."""
    wished = select(Wish.participant_id).where(Wish.space_id == one.space_id, Wish.at > now - A_DAY, Wish.wanted)
    had = select(Delivery.participant_id).where(its_deliveries(one), Delivery.participant_id.is_not(None))
    return broadcast_rows.audience(one.space_id, one.audience, now).where(
        Participant.id.in_(wished),
        Participant.id.not_in(had),
        left_out.why(one.space_id, now, unasked=False, silent=silent).is_(None),
    )


async def send_late(connection: AsyncConnection, one: Broadcast, now: datetime, silent: Collection[str]) -> None:
    """Write the deliveries for those."""
    await left_out.lock(connection, one.space_id)
    them, expires_at = _late(one, now, silent), now + timedelta(hours=one.lasts)
    [written] = await spread(connection, [Spread(one.space_id, them, now, cause=one.cause, expires_at=expires_at)])
    await connection.execute(update(_T).where(these(one.ref)).values(queued=_T.queued + written))


# -- looked at as they leave ---------------------------------------------------------------------------------------


async def look(connection: AsyncConnection, due: Sequence[Due], now: datetime) -> Sequence[Facts | Dropped | Halted]:
    """As a broadcast is looked at; and the phase is still open, and the person among those it is for: somebody may have
    taken part meanwhile, or wants to hear of it no more."""
    found = await broadcast_rows.look(connection, due, now)
    still = await _still(connection, due, [one for one in found if isinstance(one, Facts)], now)
    return [
        Dropped() if isinstance(its, Facts) and (one.about, one.participant_id) not in still else its
        for one, its in zip(due, found, strict=True)
    ]


async def _still(
    connection: AsyncConnection, due: Sequence[Due], found: Sequence[Facts], now: datetime
) -> set[tuple[int, int]]:
    """Of which (broadcast, participant) it is true."""
    true: set[tuple[int, int]] = set()
    for one, phase in {facts.broadcast.id: (facts.broadcast, facts.phase) for facts in found}.values():
        if phase is None or not phase.is_open(now) or not _in_time(one) or _is_old(one, phase):
            continue
        people = [each.participant_id for each in due if (each.space_id, each.about) == (one.space_id, one.id)]
        them = broadcast_rows.audience(one.space_id, one.audience, now).where(Participant.id.in_(people))
        true |= {(one.id, id_) for id_ in (await connection.execute(them)).scalars()}
    return true


def _in_time(one: Broadcast) -> bool:
    """A house that stood still for days tells nobody of what happened meanwhile, unless they asked."""
    return not one.unasked or not one.begun_at or not one.due_at or one.begun_at <= one.due_at + A_DAY


def _is_old(one: Broadcast, phase: PhaseFacts) -> bool:
    """What waited for its hour while the phase was closed and opened again is told with that."""
    opened_since = phase.reopened_at is not None and one.due_at is not None and one.due_at < phase.reopened_at
    return opened_since and one.unasked
