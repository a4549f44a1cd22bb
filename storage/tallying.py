"""What is counted of a vote: how many ballots are alike, and by which way people came.

No voter is named here. A phase that is secret, one that is sealed and an open one are counted by the same statement:
each has its ballots in one of three tables, and those on paper in a fourth (storage/paper.py).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Ballot, Conversation, PaperBallots, Sealed, SecretBallot
from storage.scope import Scope, begun_within, by, sent_within

VOTE = "vote"
"""The subject of a vote's ballots."""
_PEOPLE = func.count(Conversation.participant_id.distinct())


async def alike(connection: AsyncConnection, space_id: int, phase_id: int) -> dict[str, int]:
    """How many ballots have each value, whatever table they lie in; those on paper among them, the spoilt ones not."""

    def of(table: Any, number: Any) -> Any:
        return select(table.value.label("value"), number.label("ballots")).where(
            table.space_id == space_id, table.phase_id == phase_id
        )

    one, paper = literal(1), PaperBallots
    cast = [
        of(table, number).where(table.subject == VOTE)
        for table, number in ((Ballot, one), (SecretBallot, one), (Sealed, Sealed.ballots))
    ]
    typed = of(paper, paper.ballots).where(paper.value.is_not(None), paper.taken_back_at.is_(None))
    every = union_all(*cast, typed).subquery()
    rows = await connection.execute(
        select(every.c.value, func.sum(every.c.ballots)).group_by(every.c.value).order_by(every.c.value)
    )
    return {chosen: int(ballots) for chosen, ballots in rows}


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
