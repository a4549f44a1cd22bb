"""Making one person of two participants, in a transaction of its own (docs/decisions/one-person-several-doors.md).

Who was shown the code stays; who typed it is gone afterwards, with every row of theirs moved. Where both have voted,
nothing is changed at all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import both_voted, uniting
from storage.both_voted import Two
from storage.models import Join, Participant
from storage.participants import Moved
from storage.phases import PhaseFacts
from storage.refusals import Gone, Refusal
from storage.value import value


class BothVoted(Refusal):
    """Both have given what a person gives once to the `phase` (`kind` of its module) of this `consultation`."""


@value
class Joined:
    """Who is left, and the phases in which something begun and not sent was dropped, because the other had come
    further."""

    space_id: int
    participant_id: int
    dropped: tuple[int, ...]


async def join(
    connection: AsyncConnection,
    space_id: int,
    join_id: int,
    now: datetime,
    *,
    repeatable: Callable[[PhaseFacts], bool] = lambda _phase: False,
    progress: Callable[[str], int] = len,
) -> Joined | BothVoted | Gone | None:
    """Make this join, or say why not: both have voted, or one of them was erased. None where that was done before: it
    may be asked again at any time. Raises Moved where one of the two came to be somebody else while they were waited
    for: begin the transaction again.

    `repeatable`: whether a person may give several times to a phase. `progress`: how far the talk of a journal is.
    """
    two = await _to_join(connection, space_id, join_id)
    if two is None:
        return None
    here = (Participant.space_id == space_id, Participant.id.in_((two.into, two.gone)))
    both = select(Participant.id, Participant.erased_at).where(*here).order_by(Participant.id)
    people = (await connection.execute(both.with_for_update(key_share=True))).all()  # in the order of reception
    if await _to_join(connection, space_id, join_id) != two:
        raise Moved
    this = (Join.space_id == space_id, Join.id == join_id)
    await connection.execute(update(Join).where(*this).values(done_at=now))
    if two.into == two.gone:
        return None
    if any(one.erased_at is not None for one in people):
        return Gone()
    phase = await both_voted.somewhere(connection, two, now, repeatable)
    if phase is not None:
        return BothVoted(consultation=phase.consultation_id, phase=phase.id, kind=phase.kind)
    return Joined(space_id, two.into, await uniting.unite(connection, two, now, repeatable, progress))


async def _to_join(connection: AsyncConnection, space_id: int, join_id: int) -> Two | None:
    """Those of a join that waits."""
    row = (
        await connection.execute(
            select(Join.into_id, Join.from_id).where(
                Join.space_id == space_id, Join.id == join_id, Join.done_at.is_(None)
            )
        )
    ).first()
    return Two(space_id, row.into_id, row.from_id) if row is not None else None
