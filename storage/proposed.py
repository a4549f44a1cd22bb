"""What residents proposed, to be put to the vote: the texts of one kind, by how far the town is with them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Contribution, Participant
from storage.supporting import SUPPORTERS
from storage.value import value


@value
class Proposed:
    """A text that others see; `author` is nobody where there is none to be told."""

    id: int
    text: str
    author: int | None
    support: int


async def listed(
    connection: AsyncConnection, space_id: int, phases: Collection[int], status: str, limit: int
) -> list[Proposed]:
    """Those of these phases that stand so, the most supported first; of equal ones the older."""
    chosen = _proposed(space_id, phases).where(Contribution.status == status)
    rows = await connection.execute(chosen.order_by(SUPPORTERS.desc(), Contribution.id).limit(limit))
    return [Proposed(*row) for row in rows]


async def find(
    connection: AsyncConnection, space_id: int, phases: Collection[int], ids: Collection[int]
) -> list[Proposed]:
    """Those of these ids that are there, in the order of the ids."""
    rows = await connection.execute(
        _proposed(space_id, phases).where(Contribution.id.in_(ids)).order_by(Contribution.id)
    )
    return [Proposed(*row) for row in rows]


def _proposed(space_id: int, phases: Collection[int]) -> Select[Any]:
    """Who said stop is not written to."""
    heard = (Participant.space_id == Contribution.space_id) & (Participant.id == Contribution.participant_id)
    return (
        select(Contribution.id, Contribution.text, Participant.id, SUPPORTERS)
        .outerjoin(Participant, heard & Participant.stopped_at.is_(None) & Participant.erased_at.is_(None))
        .where(
            Contribution.space_id == space_id,
            Contribution.phase_id.in_(phases),
            Contribution.parent_id.is_(None),
            Contribution.state == "sent",
            Contribution.text.is_not(None),
        )
    )
