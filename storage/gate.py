"""The gate that everything given to a phase passes: whether the phase is open, and this person among those it is for.

A conversation looks before it asks; but somebody may close the phase, or open it to others, while the answer is on its
way. So the verbs that write look as well, in their own transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import access, participants
from storage.models import Consultation, Phase
from storage.phases import earliest, latest, state_of
from storage.prepared import Prepared, among
from storage.refusals import Closed, NotEligible, Refusal
from storage.value import value


class Giving(Protocol):
    """Somebody gives something to a phase, at a moment: a contribution, a ballot, a change to either."""

    @property
    def space_id(self) -> int: ...
    @property
    def phase_id(self) -> int: ...
    @property
    def participant_id(self) -> int: ...
    @property
    def at(self) -> datetime: ...


@value
class Doorway:
    """What the gate knows of a phase. One that was sealed is never `open` again, whatever its state and dates say."""

    open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    stages: Sequence[Any]
    moderation: str
    per_day: int | None

    def is_open(self, at: datetime) -> bool:
        begun = self.opens_at is None or self.opens_at <= at
        return self.open and begun and (self.closes_at is None or at < self.closes_at)


_DOORWAYS = Prepared(
    select(
        Phase.id,
        Phase.state,
        Phase.sealed_at,
        Consultation.state,
        Phase.opens_at,
        Consultation.opens_at,
        Phase.closes_at,
        Consultation.closes_at,
        Phase.stages,
        Phase.moderation,
        Phase.per_day,
    )
    .join(Consultation, (Consultation.space_id == Phase.space_id) & (Consultation.id == Phase.consultation_id))
    .where(Phase.space_id == bindparam("space_id"), among(Phase.id, "ids")),
    "space_id",
    "ids",
)


async def doorways(connection: AsyncConnection, wanted: Iterable[tuple[int, int]]) -> dict[int, Doorway]:
    """What stands at the gate of these (space, phase)."""
    by_space: dict[int, set[int]] = {}
    for space_id, phase_id in wanted:
        by_space.setdefault(space_id, set()).add(phase_id)
    found: dict[int, Doorway] = {}
    for space_id, ids in by_space.items():
        for id_, phase, sealed_at, whole, opens, whole_opens, closes, whole_closes, *rest in await _DOORWAYS.read(
            connection, space_id, sorted(ids)
        ):
            is_open = sealed_at is None and state_of(whole, phase) == "open"
            found[id_] = Doorway(is_open, latest(whole_opens, opens), earliest(whole_closes, closes), *rest)
    return found


async def look(connection: AsyncConnection, given: Sequence[Giving]) -> tuple[dict[int, Doorway], list[Refusal | None]]:
    """What stands at the gate, by phase; and why each of these may not be given: Closed, NotEligible, or None."""
    doors = await doorways(connection, {(one.space_id, one.phase_id) for one in given})
    staged = {(one.space_id, one.participant_id) for one in given if doors[one.phase_id].stages}
    people = await participants.by_ids(connection, staged) if staged else {}

    def judge(one: Giving) -> Refusal | None:
        door = doors[one.phase_id]
        if not door.is_open(one.at):
            return Closed()
        if door.stages and not access.admits(door.stages, people[one.space_id, one.participant_id], one.at):
            return NotEligible()
        return None

    return doors, [judge(one) for one in given]
