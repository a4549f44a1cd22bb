"""Relays: the people and places by whom residents arrive, and what came by each.

Somebody arrives when the first thing they write to us about a consultation carries a relay's code: opening its page is
not enough, and who had come to it before in another way is nobody's arrival. Whoever erases themselves is counted no
more. Of a relay that is a person nothing is kept beside what residents give; there are only these counts, and no verb
here names who came.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from storage import models
from storage.models import Arrival, Code, Consent, Contribution, Conversation, Phase
from storage.refusals import AlreadyExists
from storage.types import new_id
from storage.value import selected, value
from storage.words import fold

PERSON, PLACE = "person", "place"
KINDS = (PLACE, PERSON)


@value
class Relay:
    """`kind` is one of KINDS; `team` a word of the organisers' own, or None."""

    space_id: int
    id: int
    kind: str
    name: str
    team: str | None

    @property
    def place(self) -> str | None:
        """What is kept beside what comes by it: the name of a place, never that of a person."""
        return self.name if self.kind == PLACE else None


_RELAY = selected(Relay, models.Relay)


async def listed(connection: AsyncConnection, space_id: int) -> list[Relay]:
    """The relays of a space: those of no team first, then team by team, in the order of the alphabet."""
    table = models.Relay
    rows = await connection.execute(
        select(*_RELAY)
        .where(table.space_id == space_id)
        .order_by(func.coalesce(table.team, ""), table.folded, table.kind)
    )
    return [Relay(*row) for row in rows]


async def find(connection: AsyncConnection, space_id: int, relay_id: int) -> Relay | None:
    query = select(*_RELAY).where(models.Relay.space_id == space_id, models.Relay.id == relay_id)
    row = (await connection.execute(query)).first()
    return Relay(*row) if row else None


async def named(connection: AsyncConnection, space_id: int, kind: str, name: str) -> Relay | None:
    """The relay of this name, in whatever capitals or accents."""
    same = (models.Relay.kind == kind, models.Relay.folded == fold(name))
    row = (await connection.execute(select(*_RELAY).where(models.Relay.space_id == space_id, *same))).first()
    return Relay(*row) if row else None


async def add(
    connection: AsyncConnection, space_id: int, kind: str, name: str, team: str | None, now: datetime
) -> Relay:
    """A new relay, without a code yet. Raises AlreadyExists when there is one of this kind and name."""
    if await named(connection, space_id, kind, name) is not None:
        raise AlreadyExists(name=name)
    made = Relay(space_id, new_id(), kind, name, team)
    row = {"space_id": space_id, "id": made.id, "kind": kind, "name": name, "folded": fold(name), "team": team}
    await connection.execute(insert(models.Relay).values(**row, created_at=now))
    return made


async def of_place(connection: AsyncConnection, space_id: int, name: str, now: datetime) -> Relay:
    """The relay that is this place, made where there is none yet."""
    known = await named(connection, space_id, PLACE, name)
    return known or await add(connection, space_id, PLACE, name, None, now)


async def change(connection: AsyncConnection, relay: Relay, name: str, team: str | None) -> Relay:
    """Another name or team; a place is called so from now on wherever its name is kept. Raises AlreadyExists."""
    known = await named(connection, relay.space_id, relay.kind, name)
    if known is not None and known.id != relay.id:
        raise AlreadyExists(name=name)
    table = models.Relay
    this = (table.space_id == relay.space_id, table.id == relay.id)
    await connection.execute(update(table).where(*this).values(name=name, folded=fold(name), team=team))
    changed = Relay(relay.space_id, relay.id, relay.kind, name, team)
    if relay.place is not None and changed.place != relay.place:
        await _rename_place(connection, relay, name)
    return changed


async def _rename_place(connection: AsyncConnection, relay: Relay, name: str) -> None:
    """What came by this place's codes says its new name; locked in the order in which a batch locks."""
    here = (Code.space_id == relay.space_id, Code.relay_id == relay.id)
    asked = select(Phase.id).where(
        Phase.space_id == relay.space_id, Phase.consultation_id.in_(select(Code.consultation_id).where(*here))
    )
    for table in (Conversation, Contribution):
        there = (table.space_id == relay.space_id, table.phase_id.in_(asked), table.place == relay.place)
        await connection.execute(select(table.id).where(*there).order_by(table.id).with_for_update())
        await connection.execute(update(table).where(*there).values(place=name))
    await connection.execute(update(Code).where(*here).values(place=name))


async def remove(connection: AsyncConnection, relay: Relay) -> None:
    """Forget a relay with its counts. Its codes still lead where they led, for nobody; what was given stays."""
    mine = (Code.space_id == relay.space_id, Code.relay_id == relay.id)
    await connection.execute(update(Code).where(*mine).values(relay_id=None, place=None))
    table = models.Relay
    await connection.execute(delete(table).where(table.space_id == relay.space_id, table.id == relay.id))


# -- who arrives ---------------------------------------------------------------------------------------------------


@value
class Came:
    """Somebody came to a consultation by a relay's code."""

    space_id: int
    consultation_id: int
    participant_id: int
    relay_id: int
    at: datetime


async def arrive(connection: AsyncConnection, given: Sequence[Came]) -> Sequence[bool]:
    """Note who arrived; answers of each whether it is an arrival. Asked before their conversations are written."""
    keys = [(one.space_id, one.consultation_id, one.participant_id) for one in given]
    if not keys:
        return []
    table, talk = Arrival, Conversation
    there = select(table.space_id, table.consultation_id, table.participant_id).where(
        tuple_(table.space_id, table.consultation_id, table.participant_id).in_(keys)
    )
    begun = (
        select(talk.space_id, Phase.consultation_id, talk.participant_id)
        .join(Phase, (Phase.space_id == talk.space_id) & (Phase.id == talk.phase_id))
        .where(tuple_(talk.space_id, talk.participant_id).in_([(key[0], key[2]) for key in keys]))
    )
    known = {tuple(row) for query in (there, begun) for row in await connection.execute(query)}
    fresh: dict[tuple[int, int, int], Came] = {}
    for key, one in zip(keys, given, strict=True):
        if key not in known:
            fresh.setdefault(key, one)
    rows = [
        {
            "space_id": one.space_id,
            "consultation_id": one.consultation_id,
            "participant_id": one.participant_id,
            "relay_id": one.relay_id,
            "came_at": one.at,
        }
        for one in fresh.values()
    ]
    if rows:
        await connection.execute(insert(Arrival), rows)
    return [fresh.get(key) is one for key, one in zip(keys, given, strict=True)]


def arrived_by(space_id: int, relays: Collection[int]) -> Select[int]:
    """The participants who arrived by one of these relays, in any consultation."""
    return select(Arrival.participant_id).where(Arrival.space_id == space_id, Arrival.relay_id.in_(relays))


# -- counting ------------------------------------------------------------------------------------------------------


@value
class Arrived:
    """How many people arrived; how many of these agreed to answer, how many gave something, and how many of the last
    had given nothing to any other consultation of the space before they came. Each person counts once."""

    people: int = 0
    began: int = 0
    answered: int = 0
    first: int = 0

    @property
    def share(self) -> float | None:
        """Of those who gave something, the first-timers."""
        return self.first / self.answered if self.answered else None


async def by_relay(connection: AsyncConnection, space_id: int) -> dict[int, Arrived]:
    """What came by each relay, in all consultations."""
    return {key[0]: came for key, came in (await _counted(connection, space_id, Arrival.relay_id)).items()}


async def by_team(connection: AsyncConnection, space_id: int) -> dict[str, Arrived]:
    """What came by the relays of each team, in all consultations; those of no team are left out."""
    counted = await _counted(connection, space_id, models.Relay.team)
    return {key[0]: came for key, came in counted.items() if key[0] is not None}


async def by_code(connection: AsyncConnection, space_id: int) -> dict[tuple[int, int], Arrived]:
    """What came by each (relay, consultation)."""
    counted = await _counted(connection, space_id, Arrival.relay_id, Arrival.consultation_id)
    return {(relay, consultation): came for (relay, consultation), came in counted.items()}


async def _counted(
    connection: AsyncConnection, space_id: int, *by: InstrumentedAttribute[Any]
) -> dict[tuple[Any, ...], Arrived]:
    def people(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((condition, Arrival.participant_id)).distinct())

    answered = _gave(Phase.consultation_id == Arrival.consultation_id)
    before = _gave(Phase.consultation_id != Arrival.consultation_id, Conversation.sent_at < Arrival.came_at)
    agreed = exists().where(
        Consent.space_id == Arrival.space_id,
        Consent.participant_id == Arrival.participant_id,
        Consent.consultation_id == Arrival.consultation_id,
    )
    rows = await connection.execute(
        select(
            *by,
            func.count(Arrival.participant_id.distinct()),
            people(or_(agreed, answered)),
            people(answered),
            people(answered & ~before),
        )
        .join(models.Relay, (models.Relay.space_id == Arrival.space_id) & (models.Relay.id == Arrival.relay_id))
        .where(Arrival.space_id == space_id)
        .group_by(*by)
    )
    return {tuple(row[: len(by)]): Arrived(*row[len(by) :]) for row in rows}


def _gave(*when: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether whoever arrived gave something in a phase, then."""
    return exists().where(
        Conversation.space_id == Arrival.space_id,
        Conversation.participant_id == Arrival.participant_id,
        Conversation.sent_at.is_not(None),
        Phase.space_id == Conversation.space_id,
        Phase.id == Conversation.phase_id,
        *when,
    )
