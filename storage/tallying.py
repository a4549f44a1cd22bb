"""What is counted of a vote: how many ballots are alike, how many of them on paper, and by which way people came.

No voter is named here. A phase that is secret, one that is sealed and an open one are counted by the same statement:
each has its ballots in one of the three tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Ballot, Conversation, Sealed, SecretBallot
from storage.scope import Scope, begun_within, by, sent_within
from storage.types import new_id
from storage.value import value

VOTE, PAPER = "vote", "paper"
"""The subjects of a vote's ballots: those cast in a conversation, and those typed in from paper."""
MOST_ALIKE = 5_000
"""More ballots of one kind in one entry is a slip of the finger."""
_PEOPLE = func.count(Conversation.participant_id.distinct())


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


async def people(connection: AsyncConnection, scope: Scope) -> int:
    """How many people voted in a conversation. Who erased themselves is in none of these."""
    return sum(number for _name, number in await by_channel(connection, scope))


async def by_channel(connection: AsyncConnection, scope: Scope) -> list[tuple[str, int]]:
    """The people of each channel they began their vote on, the most first."""
    return await by(connection, Conversation.channel, _PEOPLE, sent_within(scope))


async def by_place(connection: AsyncConnection, scope: Scope) -> list[tuple[str, int]]:
    """The people of each poster's place, the most first; those who came by none are under the empty text."""
    return await by(connection, Conversation.place, _PEOPLE, sent_within(scope))


async def begun(connection: AsyncConnection, scope: Scope) -> int:
    """How many people began, whether they voted or not."""
    return (await connection.execute(select(_PEOPLE).where(*begun_within(scope)))).scalar_one()


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
