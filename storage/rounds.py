"""Field rounds as organisers see them: a street list and a code for a team, and what came of it, in numbers.

What a volunteer does in chat is in storage/doorsteps.py. A door is a line of the list: nothing of who lives there is
kept with it, and which answer came from it only while the round is open.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models, phases
from storage.models import Contribution, Door, Doorstep, Volunteer
from storage.refusals import AlreadyExists
from storage.returning import ALPHABET
from storage.types import new_id
from storage.value import selected, value

CODE_LENGTH = 8
"""About 39 bits: there are few rounds at a time, and a person has five guesses an hour."""
MOST_DOORS = 500
"""Of one list: more is the work of several teams."""
LONGEST_LINE = 80
LONGEST_TEAM = 40
TO_VISIT, NOBODY, REFUSED = "to_visit", "nobody", "refused"


@value
class Round:
    """`code` is nothing once it is closed."""

    id: int
    space_id: int
    phase_id: int
    team: str
    code: str | None
    created_at: datetime
    closed_at: datetime | None


@value
class SeenDoor:
    """A line of a list, how many answered there, and what was noted last where nobody did."""

    id: int
    round_id: int
    position: int
    line: str
    state: str
    volunteer_id: int | None
    answers: int

    @property
    def is_visited(self) -> bool:
        return self.answers > 0 or self.state != TO_VISIT


@value
class Tally:
    """How many doors were visited, how many people answered, at how many doors nobody was there, or did not want to."""

    visited: int
    answers: int
    nobody: int
    refused: int


@value
class Walker:
    """A volunteer's part; no name where they were erased since."""

    name: str | None
    tally: Tally


@value
class Counted:
    """A round with what came of it."""

    round: Round
    doors: tuple[SeenDoor, ...]
    tally: Tally
    walkers: tuple[Walker, ...]


_ROUND = selected(Round, models.Round)
_OF_PHASE = (models.Phase.space_id == models.Round.space_id) & (models.Phase.id == models.Round.phase_id)


def plain(code: str) -> str:
    """A code as it is kept: case, spaces and hyphens do not count."""
    return "".join(character for character in code.upper() if character in ALPHABET)


def is_code(word: str) -> bool:
    """Whether a word from a link may be the code of a round; others are those of posters."""
    return len(plain(word)) == CODE_LENGTH == len("".join(word.replace("-", " ").split()))


def shown(code: str) -> str:
    """As it is read from paper: TKM7 4RWP."""
    return f"{code[: CODE_LENGTH // 2]} {code[CODE_LENGTH // 2 :]}"


async def create(
    connection: AsyncConnection, space_id: int, phase_id: int, team: str, lines: Sequence[str], now: datetime
) -> Round:
    """A round of this team for a phase, with these lines in their order. Raises AlreadyExists where the team walks for
    this phase already."""
    walking = select(models.Round.team).where(
        models.Round.space_id == space_id, models.Round.phase_id == phase_id, models.Round.closed_at.is_(None)
    )
    if team.casefold() in {known.casefold() for (known,) in await connection.execute(walking)}:
        raise AlreadyExists(team=team)
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    made = Round(new_id(), space_id, phase_id, team, code, now, None)
    await connection.execute(
        insert(models.Round).values(
            space_id=space_id, id=made.id, phase_id=phase_id, team=team, code=code, created_at=now, closed_at=None
        )
    )
    doors = [
        {
            "space_id": space_id,
            "id": new_id(),
            "round_id": made.id,
            "position": position,
            "line": line,
            "state": TO_VISIT,
            "volunteer_id": None,
        }
        for position, line in enumerate(lines, 1)
    ]
    if doors:
        await connection.execute(insert(Door), doors)
    return made


async def of_consultation(connection: AsyncConnection, space_id: int, consultation_id: int) -> list[Round]:
    """Its rounds, those that are open first, the newest at the top."""
    rows = await connection.execute(
        select(*_ROUND)
        .join(models.Phase, _OF_PHASE)
        .where(models.Round.space_id == space_id, models.Phase.consultation_id == consultation_id)
        .order_by(models.Round.closed_at.is_not(None), models.Round.id.desc())
    )
    return [Round(*row) for row in rows]


def stands() -> ColumnElement[bool]:
    """Whether a doorstep is that of an answer which was sent and not taken back; it is joined to its round."""
    given = exists().where(
        Contribution.space_id == Doorstep.space_id,
        Contribution.participant_id == Doorstep.participant_id,
        Contribution.phase_id == models.Round.phase_id,
        Contribution.state != "withdrawn",
    )
    return Doorstep.participant_id.is_(None) | given


async def _answers(connection: AsyncConnection, space_id: int, ids: Sequence[int]) -> dict[tuple[int, int], int]:
    """How many answers these rounds have, by (door, volunteer)."""
    rows = await connection.execute(
        select(Doorstep.door_id, Doorstep.volunteer_id, func.count())
        .join(Door, (Door.space_id == Doorstep.space_id) & (Door.id == Doorstep.door_id))
        .join(models.Round, (models.Round.space_id == Door.space_id) & (models.Round.id == Door.round_id))
        .where(Doorstep.space_id == space_id, Door.round_id.in_(ids), stands())
        .group_by(Doorstep.door_id, Doorstep.volunteer_id)
    )
    return {(door_id, volunteer_id): count for door_id, volunteer_id, count in rows}


async def doors(connection: AsyncConnection, space_id: int, ids: Sequence[int]) -> list[SeenDoor]:
    """The doors of these rounds, in their order."""
    return _seen(await _lines(connection, space_id, ids), await _answers(connection, space_id, ids))


_Line = tuple[int, int, int, str, str, int | None]


async def _lines(connection: AsyncConnection, space_id: int, ids: Sequence[int]) -> list[_Line]:
    rows = await connection.execute(
        select(Door.id, Door.round_id, Door.position, Door.line, Door.state, Door.volunteer_id)
        .where(Door.space_id == space_id, Door.round_id.in_(ids))
        .order_by(Door.round_id, Door.position)
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


def _seen(lines: Sequence[_Line], answers: dict[tuple[int, int], int]) -> list[SeenDoor]:
    by_door: dict[int, int] = {}
    for (door_id, _volunteer_id), count in answers.items():
        by_door[door_id] = by_door.get(door_id, 0) + count
    return [SeenDoor(*line, answers=by_door.get(line[0], 0)) for line in lines]


async def counted(connection: AsyncConnection, space_id: int, rounds: Sequence[Round]) -> list[Counted]:
    """These rounds with what came of them, by team and by volunteer, the first who joined at the top."""
    ids = [one.id for one in rounds]
    answers = await _answers(connection, space_id, ids)
    seen = _seen(await _lines(connection, space_id, ids), answers)
    rows = await connection.execute(
        select(Volunteer.round_id, Volunteer.id, Volunteer.name)
        .where(Volunteer.space_id == space_id, Volunteer.round_id.in_(ids))
        .order_by(Volunteer.id)
    )
    walkers = [(row[0], row[1], row[2]) for row in rows]
    return [
        Counted(
            one,
            theirs := tuple(door for door in seen if door.round_id == one.id),
            _tally(theirs),
            tuple(Walker(name, _part(theirs, answers, id_)) for round_id, id_, name in walkers if round_id == one.id),
        )
        for one in rounds
    ]


def _tally(theirs: Sequence[SeenDoor]) -> Tally:
    in_vain = [door.state for door in theirs if not door.answers]
    visited = sum(door.is_visited for door in theirs)
    return Tally(visited, sum(door.answers for door in theirs), in_vain.count(NOBODY), in_vain.count(REFUSED))


def _part(theirs: Sequence[SeenDoor], answers: dict[tuple[int, int], int], volunteer_id: int) -> Tally:
    given = [answers.get((door.id, volunteer_id), 0) for door in theirs]
    in_vain = [door.state for door in theirs if not door.answers and door.volunteer_id == volunteer_id]
    nobody, refused = in_vain.count(NOBODY), in_vain.count(REFUSED)
    return Tally(sum(count > 0 for count in given) + nobody + refused, sum(given), nobody, refused)


async def close(connection: AsyncConnection, space_id: int, round_id: int, now: datetime) -> bool:
    """Close a round: its code is nobody's any more, and which answer came from which door is forgotten; the counts
    stay. False where it was closed already."""
    this = (models.Round.space_id == space_id, models.Round.id == round_id)
    closed = await connection.execute(
        update(models.Round).where(*this, models.Round.closed_at.is_(None)).values(closed_at=now, code=None)
    )
    if not closed.rowcount:
        return False
    answers = await _answers(connection, space_id, [round_id])
    ours = select(Door.id).where(Door.space_id == space_id, Door.round_id == round_id)
    await connection.execute(delete(Doorstep).where(Doorstep.space_id == space_id, Doorstep.door_id.in_(ours)))
    rows = [  # made anew, as an id tells when its row was made
        {"space_id": space_id, "id": new_id(), "door_id": door, "volunteer_id": volunteer, "participant_id": None}
        for (door, volunteer), count in sorted(answers.items())
        for _ in range(count)
    ]
    if rows:
        await connection.execute(insert(Doorstep), rows)
    return True


async def close_over(connection: AsyncConnection, now: datetime) -> int:
    """Close the rounds whose phase is over; answers how many."""
    rows = await connection.execute(select(*_ROUND).where(models.Round.closed_at.is_(None)))
    still_open = [Round(*row) for row in rows]
    facts = await phases.load(connection, {one.phase_id for one in still_open})
    over = [one for one in still_open if facts[one.phase_id].is_over(now)]
    for one in over:
        await close(connection, one.space_id, one.id, now)
    return len(over)


async def forget(connection: AsyncConnection, space_id: int, phase_id: int) -> None:
    """Remove the rounds of a phase in which nobody has begun anything."""
    ours = select(models.Round.id).where(models.Round.space_id == space_id, models.Round.phase_id == phase_id)
    for table in (Volunteer, Door):
        await connection.execute(delete(table).where(table.space_id == space_id, table.round_id.in_(ours)))
    this = (models.Round.space_id == space_id, models.Round.phase_id == phase_id)
    await connection.execute(delete(models.Round).where(*this))
