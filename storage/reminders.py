"""Reminders: of what somebody began and did not finish; and those that are planned for a date of the person
(docs/reminders.md tells how to add one).

The first are found by looking, never noted while somebody answers: a talk costs nothing for being remembered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import phases, spreading
from storage.civil import moment
from storage.leaving import Dropped, Due, Later
from storage.models import Consent, Conversation, Delivery, Mute, Participant, Phase
from storage.phases import PhaseFacts, SpaceFacts
from storage.reminded import STOPPED
from storage.spreading import Abouts, Spread
from storage.value import value

AFTER = timedelta(days=1)
"""By the clock on the wall: at the same time of the next day."""
FORGOTTEN = timedelta(days=7)
"""Who stopped longer ago than that when we first look is left in peace."""


@value
class Begun:
    """What somebody began and did not finish: its journal as it stands, where, and in which phase."""

    journal: str
    phase: PhaseFacts
    space: SpaceFacts


def a_day_after(heard_at: datetime, zone: str) -> datetime:
    """When somebody who was heard last then may be reminded."""
    return moment((heard_at.astimezone(ZoneInfo(zone)) + AFTER).replace(tzinfo=None), zone)


def _a_day_before(now: datetime, zone: str) -> datetime:
    return moment((now.astimezone(ZoneInfo(zone)) - AFTER).replace(tzinfo=None), zone)


# -- found ---------------------------------------------------------------------------------------------------------


async def to_remind(connection: AsyncConnection, now: datetime) -> list[Spread]:
    """For each space where somebody has stopped since yesterday, the reminders that have not been queued yet."""
    found: list[Spread] = []
    for space in (await phases.spaces(connection)).values():
        open_now = [facts for facts in await phases.open_now(connection, space.id, now) if facts.closes_at != now]
        stopped = _stopped(space, [facts.id for facts in open_now], now)
        if open_now and (await connection.execute(stopped.limit(1))).first() is not None:
            found.append(Spread(space.id, stopped, now, cause=STOPPED, kind="reminder", unasked=True))
    return found


def _stopped(space: SpaceFacts, open_now: Sequence[int], now: datetime) -> Abouts:
    """Who agreed, answered something and sent nothing, with their last such conversation; not who wants no reminder,
    nor who had one, nor who was asked at their door."""
    agreed = exists().where(
        Consent.space_id == Conversation.space_id,
        Consent.participant_id == Conversation.participant_id,
        Consent.consultation_id == Phase.consultation_id,
    )
    muted = exists().where(
        Mute.space_id == Conversation.space_id,
        Mute.participant_id == Conversation.participant_id,
        Mute.phase_id == Conversation.phase_id,
    )
    had = exists().where(
        Delivery.space_id == Conversation.space_id,
        Delivery.participant_id == Conversation.participant_id,
        Delivery.cause == spreading.cause(STOPPED, Conversation.id),
    )
    before = _a_day_before(now, space.zone)
    return (
        select(Conversation.participant_id, func.max(Conversation.id))
        .join(Phase, (Phase.space_id == Conversation.space_id) & (Phase.id == Conversation.phase_id))
        .where(Conversation.space_id == space.id, Conversation.phase_id.in_(open_now))
        .where(Conversation.through_id.is_(None))
        .where(Conversation.state == "open", Conversation.waiting.is_not(None), Conversation.sent_at.is_(None))
        .where(Conversation.heard_at <= before, Conversation.heard_at > before - FORGOTTEN)
        .where(agreed, ~muted, ~had)
        .group_by(Conversation.participant_id)
    )


# -- about to leave ------------------------------------------------------------------------------------------------


async def look(connection: AsyncConnection, due: Sequence[Due], now: datetime) -> Sequence[Begun | Dropped | Later]:
    """What these conversations look like now: nothing to remind of where one was sent, closed or muted meanwhile."""
    keys = [(one.space_id, one.about) for one in due]
    rows = {
        (row.space_id, row.id): row
        for row in await connection.execute(
            _LOOKED_AT.where(tuple_(Conversation.space_id, Conversation.id).in_(keys), Conversation.state == "open")
        )
    }
    facts = await phases.load(connection, {row.phase_id for row in rows.values()})
    spaces = {space.id: space for space in (await phases.spaces(connection)).values()}
    return [_begun(rows.get(key), facts, spaces, now) for key in keys]


_LOOKED_AT: Any = select(
    Conversation.space_id,
    Conversation.id,
    Conversation.phase_id,
    Conversation.journal,
    Conversation.heard_at,
    exists()
    .where(
        Mute.space_id == Conversation.space_id,
        Mute.participant_id == Conversation.participant_id,
        Mute.phase_id == Conversation.phase_id,
    )
    .label("muted"),
).where(Conversation.waiting.is_not(None), Conversation.sent_at.is_(None))


def _begun(
    row: Any, facts: Mapping[int, PhaseFacts], spaces: Mapping[int, SpaceFacts], now: datetime
) -> Begun | Dropped | Later:
    if row is None or row.muted or not facts[row.phase_id].is_open(now):
        return Dropped()
    space = spaces[row.space_id]
    at = a_day_after(row.heard_at, space.zone)
    return Later(at) if at > now else Begun(row.journal, facts[row.phase_id], space)


# -- planned for a date of the person ------------------------------------------------------------------------------


@value
class Planned:
    """A reminder for one person, of which kind (an occasion in flows/occasions), about what, and when. `asked` where
    they chose to have it: then neither the hours nor the ceiling of a month hold it back."""

    space_id: int
    participant_id: int
    kind: str
    about: int
    at: datetime
    asked: bool = False

    @property
    def cause(self) -> str:
        return f"{self.kind}:{self.about}"


async def plan(connection: AsyncConnection, given: Sequence[Planned]) -> Sequence[bool]:
    """One delivery for each; one that waits already is given its new time. Answers for each whether it waits now: not
    who had it, wants no messages, or has had enough of them."""
    return [await _moved(connection, one) or await _put(connection, one) for one in given]


async def _moved(connection: AsyncConnection, one: Planned) -> bool:
    waits = (*_of(one.space_id, one.cause), Delivery.participant_id == one.participant_id)
    return bool((await connection.execute(update(Delivery).where(*waits).values(due_at=one.at))).rowcount)


async def _put(connection: AsyncConnection, one: Planned) -> bool:
    them = select(Participant.id).where(Participant.space_id == one.space_id, Participant.id == one.participant_id)
    put = Spread(one.space_id, them, one.at, cause=one.cause, kind="reminder", unasked=not one.asked)
    return await spreading.spread(connection, [put]) == [1]


async def drop(connection: AsyncConnection, given: Sequence[tuple[int, str]]) -> Sequence[int]:
    """What is planned of these (space, cause) is planned no more, for anybody; answers of each how many waited. It may
    be planned again."""
    return [(await connection.execute(delete(Delivery).where(*_of(*one)))).rowcount for one in given]


def _of(space_id: int, cause: str) -> tuple[ColumnElement[bool], ...]:
    return Delivery.space_id == space_id, Delivery.cause == cause, Delivery.state == "waiting"
