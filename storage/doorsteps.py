"""What a volunteer does at the doors of a round: join it by its code, note what came of a door, begin an answer of
somebody who lives there, take one back.

Whoever answers at a door is a participant of their own, without an address: the rules of a phase (one answer a person,
its areas, its ages) hold for them as for anybody, and the volunteer's own voice stays theirs. Nobody writes to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import attempts, erasure, gate, models, participants, phases, rounds
from storage.attempts import Limit
from storage.models import Contribution, Conversation, Door, Doorstep, Phase, Volunteer
from storage.participants import ConsentGiven, Person
from storage.refusals import Closed, Gone, Refusal
from storage.rounds import TO_VISIT, Round, SeenDoor
from storage.scope import FIELD
from storage.types import new_id
from storage.value import selected, value

GUESSES = Limit(5, timedelta(hours=1))
"""Of one participant."""
AHEAD = 2
"""Doors: the one they stand before, and the next one."""
A_PAGE = 5
"""Doors of the list shown at once."""


class RoundClosed(Refusal):
    """The round is closed, or not this person's."""


# -- joining ---------------------------------------------------------------------------------------------------


@value
class Joining:
    """A participant shows the code of a round; `at` in ISO format."""

    space_id: int
    participant_id: int
    code: str
    at: str


async def join(connection: AsyncConnection, given: Sequence[Joining]) -> Sequence[dict[str, Any] | Refusal]:
    """For each `{"round": id, "name": the first name given before or None}`; `{"wrong": True}` for a code that is
    unknown or whose round is closed; `{"wait": minutes}` after too many guesses."""
    return [await _join(connection, one) for one in given]


async def _join(connection: AsyncConnection, one: Joining) -> dict[str, Any]:
    now = datetime.fromisoformat(one.at)
    who = attempts.subject("round", f"{one.space_id}.{one.participant_id}")
    wait = await attempts.attempt(connection, [(who, GUESSES)], now)
    if wait is not None:
        return {"wait": wait // timedelta(minutes=1) + 1}
    asked = (models.Round.space_id == one.space_id, models.Round.code == rounds.plain(one.code))
    round_id = await connection.scalar(select(models.Round.id).where(*asked))
    if round_id is None:
        return {"wrong": True}
    await attempts.forgive(connection, who)
    mine = _volunteer(one.space_id, one.participant_id)
    again = await connection.execute(
        update(Volunteer).where(*mine, Volunteer.round_id == round_id).values(joined_at=now).returning(Volunteer.name)
    )
    known = again.first()
    if known is None:
        row = {"space_id": one.space_id, "id": new_id(), "round_id": round_id, "participant_id": one.participant_id}
        await connection.execute(insert(Volunteer).values(**row, name=None, door_id=None, joined_at=now))
    return {"round": round_id, "name": known.name if known is not None else None}


@value
class Named:
    """The first name a volunteer gives."""

    space_id: int
    participant_id: int
    round_id: int
    name: str


async def name(connection: AsyncConnection, given: Sequence[Named]) -> Sequence[bool | Refusal]:
    """Keep how these volunteers are called."""
    for one in given:
        mine = (*_volunteer(one.space_id, one.participant_id), Volunteer.round_id == one.round_id)
        await connection.execute(update(Volunteer).where(*mine).values(name=one.name))
    return [True for _ in given]


def _volunteer(space_id: int, participant_id: int) -> tuple[Any, ...]:
    return Volunteer.space_id == space_id, Volunteer.participant_id == participant_id


# -- looking ---------------------------------------------------------------------------------------------------


async def walking(
    connection: AsyncConnection, wanted: Sequence[tuple[int, int]]
) -> Sequence[dict[str, Any] | Refusal | None]:
    """For each (space, participant) the open round they joined last: `{"round", "team", "phase", "consultation",
    "topic", "why", "open", "opens", "closes"}` with the moments in ISO format; None where they walk for none."""
    results: list[dict[str, Any] | Refusal | None] = []
    for space_id, participant_id in wanted:
        found = await _round_of(connection, space_id, participant_id)
        if found is None:
            results.append(None)
            continue
        phase = (await phases.load(connection, [found.phase_id]))[found.phase_id]
        results.append(
            {
                "round": found.id,
                "team": found.team,
                "phase": phase.id,
                "consultation": phase.consultation_id,
                "topic": dict(phase.topic),
                "why": dict(phase.why),
                "open": phase.state == "open" and phase.sealed_at is None,
                "opens": phase.opens_at.isoformat() if phase.opens_at is not None else None,
                "closes": phase.closes_at.isoformat() if phase.closes_at is not None else None,
            }
        )
    return results


_ROUND = selected(Round, models.Round)
_OF_ROUND = (models.Round.space_id == Volunteer.space_id) & (models.Round.id == Volunteer.round_id)


async def _round_of(connection: AsyncConnection, space_id: int, participant_id: int) -> Round | None:
    query = (
        select(*_ROUND)
        .join(Volunteer, _OF_ROUND)
        .where(*_volunteer(space_id, participant_id), models.Round.closed_at.is_(None))
        .order_by(Volunteer.joined_at.desc(), Volunteer.id.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    return Round(*row) if row is not None else None


@value
class Ahead:
    """A volunteer looks at the doors of their round: those ahead, or from one they chose on."""

    space_id: int
    participant_id: int
    round_id: int
    door_id: int | None = None


async def ahead(connection: AsyncConnection, wanted: Sequence[Ahead]) -> Sequence[dict[str, Any] | Refusal]:
    """For each `{"doors": the door they stand before and the next ones to visit, "before": the one they noted last or
    None, "answers": how many the round has}`. A door is `{"id", "position", "line", "state", "answers", "mine"}`, where
    `mine` are the conversations of what was answered there through them."""
    return [await _ahead(connection, one) for one in wanted]


async def _ahead(connection: AsyncConnection, one: Ahead) -> dict[str, Any]:
    here = await connection.scalar(
        select(Volunteer.door_id).where(
            *_volunteer(one.space_id, one.participant_id), Volunteer.round_id == one.round_id
        )
    )
    doors = await rounds.doors(connection, one.space_id, [one.round_id])
    before = next((door for door in doors if door.id == here), None)
    chosen = next((door for door in doors if door.id == one.door_id), None)
    stands = chosen or before
    after = stands.position if stands is not None else 0
    left = [door for door in doors if not door.is_visited and door is not chosen]
    left.sort(key=lambda door: door.position <= after)  # those behind come last
    shown = [*([chosen] if chosen is not None else []), *left][:AHEAD]
    mine = await _mine(connection, one)
    return {
        "doors": [_told(door, mine) for door in shown],
        "before": _told(before, mine) if before is not None and chosen is None else None,
        "answers": sum(door.answers for door in doors),
    }


async def _mine(connection: AsyncConnection, one: Ahead) -> dict[int, list[int]]:
    """The conversations of what stands that was answered through this volunteer, by door."""
    rows = await connection.execute(
        select(Doorstep.door_id, Conversation.id)
        .join(Door, (Door.space_id == Doorstep.space_id) & (Door.id == Doorstep.door_id))
        .join(models.Round, (models.Round.space_id == Door.space_id) & (models.Round.id == Door.round_id))
        .join(
            Conversation,
            (Conversation.space_id == Doorstep.space_id) & (Conversation.participant_id == Doorstep.participant_id),
        )
        .where(
            Conversation.space_id == one.space_id,
            Conversation.through_id == one.participant_id,
            Door.round_id == one.round_id,
            rounds.stands(),
        )
        .order_by(Conversation.id)
    )
    found: dict[int, list[int]] = {}
    for door_id, conversation_id in rows:
        found.setdefault(door_id, []).append(conversation_id)
    return found


def _told(door: SeenDoor, mine: dict[int, list[int]]) -> dict[str, Any]:
    return {
        "id": door.id,
        "position": door.position,
        "line": door.line,
        "state": door.state,
        "answers": door.answers,
        "mine": mine.get(door.id, []),
    }


@value
class Leaf:
    """A page of the list of a round, from this position on, or a full one that ends with the last door."""

    space_id: int
    round_id: int
    position: int


async def leaf(connection: AsyncConnection, wanted: Sequence[Leaf]) -> Sequence[dict[str, Any] | Refusal]:
    """For each `{"doors": [...], "next": where the next page begins, the first after the last; None for a single
    one}`."""
    results: list[dict[str, Any] | Refusal] = []
    for one in wanted:
        doors = await rounds.doors(connection, one.space_id, [one.round_id])
        first = max(1, min(one.position, len(doors) - A_PAGE + 1))
        page, after = doors[first - 1 :][:A_PAGE], first + A_PAGE
        more = None if len(doors) <= A_PAGE else after if after <= len(doors) else 1
        results.append({"doors": [_told(door, {}) for door in page], "next": more})
    return results


# -- noting ----------------------------------------------------------------------------------------------------


@value
class Noted:
    """A volunteer notes a door: nobody was there, somebody does not want to, or it is still to be visited."""

    space_id: int
    participant_id: int
    door_id: int
    state: str


async def note(connection: AsyncConnection, given: Sequence[Noted]) -> Sequence[bool | Refusal]:
    """Write what was noted; refuses what is of a round that is closed, or not theirs (RoundClosed)."""
    return [await _note(connection, one) for one in given]


async def _note(connection: AsyncConnection, one: Noted) -> bool | Refusal:
    volunteer_id = await _stand(connection, one.space_id, one.participant_id, one.door_id)
    if volunteer_id is None:
        return RoundClosed()
    state, by = (one.state, volunteer_id) if one.state != TO_VISIT else (TO_VISIT, None)
    this = (Door.space_id == one.space_id, Door.id == one.door_id)
    await connection.execute(update(Door).where(*this).values(state=state, volunteer_id=by))
    return True


async def _stand(connection: AsyncConnection, space_id: int, participant_id: int, door_id: int) -> int | None:
    """The volunteer, who stands at this door from now on; None where the round is closed or not theirs."""
    found = await connection.scalar(
        select(Volunteer.id)
        .join(models.Round, _OF_ROUND)
        .join(Door, (Door.space_id == Volunteer.space_id) & (Door.round_id == Volunteer.round_id))
        .where(*_volunteer(space_id, participant_id), Door.id == door_id, models.Round.closed_at.is_(None))
    )
    if found is not None:
        this = (Volunteer.space_id == space_id, Volunteer.id == found)
        await connection.execute(update(Volunteer).where(*this).values(door_id=door_id))
    return found


@value
class Agreed:
    """Somebody at a door has agreed to answer, to these words, which a volunteer read aloud."""

    space_id: int
    participant_id: int
    door_id: int
    consultation_id: int
    language: str
    words: str
    at: datetime


async def begin(connection: AsyncConnection, given: Sequence[Agreed]) -> Sequence[int | Refusal]:
    """The ids of those who answer, who are made here; refused where the round is closed or not theirs (RoundClosed)."""
    return [await _begin(connection, one) for one in given]


async def _begin(connection: AsyncConnection, one: Agreed) -> int | Refusal:
    volunteer_id = await _stand(connection, one.space_id, one.participant_id, one.door_id)
    if volunteer_id is None:
        return RoundClosed()
    person = Person(one.space_id, new_id(), one.language, None, [], None, None, FIELD, stopped_at=one.at)
    await participants.add(connection, [person], one.at)
    await participants.consent(
        connection, [ConsentGiven(one.space_id, person.id, one.consultation_id, one.words, one.at)]
    )
    row = {"space_id": one.space_id, "id": new_id(), "door_id": one.door_id, "volunteer_id": volunteer_id}
    await connection.execute(insert(Doorstep).values(**row, participant_id=person.id))
    return person.id


@value
class TakingBack:
    """A volunteer takes back what was answered through them in this conversation."""

    space_id: int
    participant_id: int
    conversation_id: int
    at: datetime


async def take_back(connection: AsyncConnection, given: Sequence[TakingBack]) -> Sequence[bool | Refusal]:
    """Take these back, and forget whoever answered; refused once the phase is not open (Closed), and where it is not
    theirs or was taken back before (Gone)."""
    return [await _take_back(connection, one) for one in given]


async def _take_back(connection: AsyncConnection, one: TakingBack) -> bool | Refusal:
    through = (Conversation.space_id == one.space_id, Conversation.id == one.conversation_id)
    found = (
        await connection.execute(
            select(Conversation.participant_id, Phase.id)
            .join(Phase, (Phase.space_id == Conversation.space_id) & (Phase.id == Conversation.phase_id))
            .where(*through, Conversation.through_id == one.participant_id)
        )
    ).first()
    if found is None:
        return Gone()
    person_id, phase_id = found
    doors = await gate.doorways(connection, [(one.space_id, phase_id)])
    if not doors[phase_id].is_open(one.at):
        return Closed()
    theirs = (Contribution.space_id == one.space_id, Contribution.participant_id == person_id)
    await connection.execute(update(Contribution).where(*theirs).values(state="withdrawn", updated_at=one.at))
    await connection.execute(
        delete(Doorstep).where(Doorstep.space_id == one.space_id, Doorstep.participant_id == person_id)
    )
    await erasure.erase(connection, [(one.space_id, person_id, one.at.isoformat())])
    return True
