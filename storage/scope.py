"""Which part of what came to a phase is counted, by which ways its people came, and who reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from storage.models import Contribution, Conversation
from storage.value import value

PAPER, MEETING, ORGANISER = "paper", "meeting", "organiser"
"""Where something came from that was typed in: a paper of one person, a table at a meeting, the team itself."""
FIELD = "field"
"""By a volunteer at somebody's door, who is a participant of their own."""
APART = (MEETING, ORGANISER)
"""What is of nobody who took part: a table's people are never added to them, and the team is no resident."""


@value
class Scope:
    """What is counted of a phase, maybe only what came by one channel, from one place, or since a moment; of its
    contributions those of a kind.

    The place is the one of the poster they began at; the empty text means those who came by none.
    """

    space_id: int
    phase_id: int
    channel: str | None = None
    place: str | None = None
    since: datetime | None = None
    kind: str = "response"


@value
class Reader:
    """Somebody reads what others gave to a phase."""

    space_id: int
    phase_id: int
    participant_id: int


def given_within(scope: Scope) -> list[ColumnElement[bool]]:
    """The contributions that count."""
    mine = (Contribution.kind == scope.kind, Contribution.state == "sent")
    return [*_within(scope, Contribution, Contribution.origin, Contribution.created_at), *mine]


def begun_within(scope: Scope) -> list[ColumnElement[bool]]:
    """The conversations that were begun."""
    return _within(scope, Conversation, Conversation.channel, Conversation.begun_at)


def sent_within(scope: Scope) -> list[ColumnElement[bool]]:
    """The conversations in which something was sent: in those of a vote, a ballot."""
    return [
        *_within(scope, Conversation, Conversation.channel, Conversation.sent_at),
        Conversation.sent_at.is_not(None),
    ]


def _within(scope: Scope, table: Any, channel: Any, at: Any) -> list[ColumnElement[bool]]:
    wanted = [table.space_id == scope.space_id, table.phase_id == scope.phase_id]
    if scope.channel is not None:
        wanted.append(channel == scope.channel)
    if scope.place is not None:
        wanted.append(func.coalesce(table.place, "") == scope.place)
    if scope.since is not None:
        wanted.append(at >= scope.since)
    return wanted


async def by(
    connection: AsyncConnection,
    column: InstrumentedAttribute[Any],
    people: ColumnElement[int],
    where: Sequence[ColumnElement[bool]],
) -> list[tuple[str, int]]:
    """The people of each value of a column, the most first; those who have none are under the empty text."""
    rows = await connection.execute(
        select(column, people).where(*where).group_by(column).order_by(people.desc(), column)
    )
    return [(name or "", count) for name, count in rows]
