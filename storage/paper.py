"""Ballots on paper, as somebody of the team types them in: so many that are alike, in a line that is never changed.

They have no voter: nobody is made up for them, and whether a person voted both on paper and in a conversation only the
register of those who voted can tell. So they are added to a secret vote as well, before it is sealed and after: what
is sealed is not touched, and nothing joins a line to a person (docs/votes.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Organiser, PaperBallots
from storage.types import new_id
from storage.value import columns, value

MOST_ALIKE = 5_000
"""More ballots in one line is a slip of the finger."""


@value
class OnPaper:
    """So many ballots on paper that are alike; a `value` of None: they are spoilt. `place` is the box they lay in."""

    space_id: int
    phase_id: int
    value: str | None
    ballots: int
    organiser_id: int
    at: datetime
    place: str | None = None


@value
class Line:
    """A line as it is read; `name` of who typed it in, `taken_back_at` and `reason` where it counts no more."""

    id: int
    value: str | None
    ballots: int
    place: str | None
    at: datetime
    name: str | None
    taken_back_at: datetime | None
    reason: str | None


@value
class Number:
    """How many ballots of a vote are on paper: those that count, and those that are spoilt."""

    counted: int
    spoilt: int


async def type_in(connection: AsyncConnection, given: Sequence[OnPaper]) -> Sequence[int]:
    """Keep these lines, after closing as well; answers their ids. ValueError for a number there can't be."""
    ids = []
    for one in given:
        if not 1 <= one.ballots <= MOST_ALIKE:
            raise ValueError(f"{one.ballots} ballots can't be alike")
        ids.append(new_id())
        await connection.execute(insert(PaperBallots).values(id=ids[-1], **columns(one)))
    return ids


@value
class Mistake:
    """A line that is wrong, and why; `instead` is how many ballots there really are, 0 for none at all."""

    space_id: int
    phase_id: int
    line: int
    reason: str
    instead: int
    organiser_id: int
    at: datetime


async def correct(connection: AsyncConnection, given: Sequence[Mistake]) -> Sequence[int | None]:
    """Take these lines back, and keep another in the place of each; answers how many ballots each was of, None where
    it is not there or was taken back before. ValueError for a number there can't be."""
    return [await _correct(connection, one) for one in given]


async def _correct(connection: AsyncConnection, one: Mistake) -> int | None:
    table = PaperBallots
    row = (table.space_id == one.space_id, table.phase_id == one.phase_id, table.id == one.line)
    taken = update(table).where(*row, table.taken_back_at.is_(None)).values(taken_back_at=one.at, reason=one.reason)
    if not (await connection.execute(taken)).rowcount:
        return None
    was = (await connection.execute(select(table.value, table.ballots, table.place).where(*row))).one()
    if one.instead:
        new = OnPaper(one.space_id, one.phase_id, was.value, one.instead, one.organiser_id, one.at, was.place)
        await type_in(connection, [new])
    return int(was.ballots)


async def number(connection: AsyncConnection, space_id: int, phase_id: int) -> Number:
    """How many there are by now."""
    table = PaperBallots
    counted, all_of_them = (
        await connection.execute(
            select(func.sum(table.ballots).filter(table.value.is_not(None)), func.sum(table.ballots)).where(
                table.space_id == space_id, table.phase_id == phase_id, table.taken_back_at.is_(None)
            )
        )
    ).one()
    return Number(int(counted or 0), int(all_of_them or 0) - int(counted or 0))


async def listed(connection: AsyncConnection, space_id: int, phase_id: int, limit: int) -> list[Line]:
    """The lines typed in last, the newest first."""
    table = PaperBallots
    rows = await connection.execute(
        select(
            table.id, table.value, table.ballots, table.place, table.at, Organiser.name, table.taken_back_at,
            table.reason,
        )
        .outerjoin(Organiser, (Organiser.space_id == table.space_id) & (Organiser.id == table.organiser_id))
        .where(table.space_id == space_id, table.phase_id == phase_id)
        .order_by(table.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [Line(*row) for row in rows]
