"""What is counted of a vote: how many ballots are alike, how many of them on paper, and by which way people came.

No voter is named here. A phase that is secret, one that is sealed and an open one are counted by the same statement:
each has its ballots in one of the three tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from storage.models import Ballot, Conversation, Sealed, SecretBallot
from storage.types import new_id
from storage.value import value

VOTE, PAPER = "vote", "paper"
"""The subjects of a vote's ballots: those cast in a conversation, and those typed in from paper."""
MOST_ALIKE = 5_000
"""More ballots of one kind in one entry is a slip of the finger."""


@value
class Came:
    """Whose votes to look at; what is None does not bound. An empty `place` is that of those who came by no poster."""

    channel: str | None = None
    place: str | None = None
    since: datetime | None = None


@value
class OnPaper:
    """So many ballots on paper that are alike, typed in by an organiser."""

    space_id: int
    phase_id: int
    value: str
    ballots: int
    at: datetime
    secret: bool = False


async def alike(
    connection: AsyncConnection, space_id: int, phase_id: int, subjects: Sequence[str] = (VOTE, PAPER)
) -> dict[str, int]:
    """How many ballots have each value, whatever table they lie in."""

    def of(table: Any, number: Any) -> Any:
        here = (table.space_id == space_id, table.phase_id == phase_id, table.subject.in_(subjects))
        return select(table.value.label("value"), number.label("ballots")).where(*here)

    one = literal(1)
    every = union_all(of(Ballot, one), of(SecretBallot, one), of(Sealed, Sealed.ballots)).subquery()
    rows = await connection.execute(
        select(every.c.value, func.sum(every.c.ballots)).group_by(every.c.value).order_by(every.c.value)
    )
    return {chosen: int(ballots) for chosen, ballots in rows}


async def on_paper(connection: AsyncConnection, space_id: int, phase_id: int) -> int:
    """How many ballots were typed in from paper."""
    return sum((await alike(connection, space_id, phase_id, (PAPER,))).values())


async def people(connection: AsyncConnection, space_id: int, phase_id: int, came: Came) -> int:
    """How many people voted in a conversation, of those who came so. Who erased themselves is in none of these."""
    return sum(
        number for _name, number in await _by(connection, Conversation.channel, _voted(space_id, phase_id, came))
    )


async def by_channel(connection: AsyncConnection, space_id: int, phase_id: int) -> list[tuple[str, int]]:
    """The people of each channel they began their vote on, the most first."""
    return await _by(connection, Conversation.channel, _voted(space_id, phase_id, Came()))


async def by_place(connection: AsyncConnection, space_id: int, phase_id: int) -> list[tuple[str, int]]:
    """The people of each poster's place, the most first; those who came by none are under the empty text."""
    return await _by(connection, Conversation.place, _voted(space_id, phase_id, Came()))


async def begun(connection: AsyncConnection, space_id: int, phase_id: int) -> int:
    """How many people began, whether they voted or not."""
    here = (Conversation.space_id == space_id, Conversation.phase_id == phase_id)
    number = select(func.count(Conversation.participant_id.distinct())).where(*here)
    return (await connection.execute(number)).scalar_one()


def _voted(space_id: int, phase_id: int, came: Came) -> list[ColumnElement[bool]]:
    where = [Conversation.space_id == space_id, Conversation.phase_id == phase_id, Conversation.sent_at.is_not(None)]
    if came.channel is not None:
        where.append(Conversation.channel == came.channel)
    if came.place is not None:
        where.append(func.coalesce(Conversation.place, "") == came.place)
    if came.since is not None:
        where.append(Conversation.sent_at >= came.since)
    return where


async def _by(
    connection: AsyncConnection, column: InstrumentedAttribute[Any], where: Sequence[ColumnElement[bool]]
) -> list[tuple[str, int]]:
    number = func.count(Conversation.participant_id.distinct())
    rows = await connection.execute(
        select(column, number).where(*where).group_by(column).order_by(number.desc(), column)
    )
    return [(name or "", count) for name, count in rows]


async def type_in(connection: AsyncConnection, given: Sequence[OnPaper]) -> Sequence[int]:
    """Add ballots on paper, which may be typed in after closing; answers how many were added. ValueError for a number
    there can't be.

    Nobody voted them here, so that each has a voter of its own that is no participant. Whether a person has voted both
    on paper and in a conversation, only the register of those who voted can tell.
    """
    for one in given:
        if not 1 <= one.ballots <= MOST_ALIKE:
            raise ValueError(f"{one.ballots} ballots can't be alike")
        here = {"space_id": one.space_id, "phase_id": one.phase_id, "subject": PAPER, "value": one.value}
        voters = [f"{PAPER}-{new_id()}" for _ballot in range(one.ballots)]
        if one.secret:
            await connection.execute(insert(SecretBallot), [{**here, "pseudonym": voter} for voter in voters])
        else:
            rows = [{**here, "id": new_id(), "voter": voter, "cast_at": one.at} for voter in voters]
            await connection.execute(insert(Ballot), rows)
    return [one.ballots for one in given]
