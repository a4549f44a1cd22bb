"""Who of an audience gets nothing that we begin ourselves, and why: said in SQL, once for the number before and for the
deliveries themselves."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, literal_column, null, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.addressing import any_open
from storage.models import Consent, Delivery, Participant, Space

STOPPED, NEVER_AGREED, UNREACHABLE, SILENT, ENOUGH = "stopped", "never agreed", "unreachable", "silent", "enough"
"""They want no message we begin; they have agreed to take part in nothing so far; they can be reached by none of
their doors; by those that are left nobody is written to first; they had as many as the space allows."""
REASONS = (STOPPED, NEVER_AGREED, UNREACHABLE, SILENT, ENOUGH)
"""The first that holds is the one that is told."""
A_MONTH = timedelta(days=30)
_UNASKED: ColumnElement[bool] = literal_column("deliveries.unasked")
"""Written out, as the index of what is unasked has it."""


def why(
    space_id: int, now: datetime, *, unasked: bool = True, silent: Collection[str] = ()
) -> ColumnElement[str | None]:
    """Of a participant of this space: one of the words above, or NULL for whoever gets it. `silent` are the channels
    that never write first."""
    agreed = select(Consent.participant_id).where(Consent.space_id == space_id)  # a list: SQLite makes it once
    reasons: list[tuple[ColumnElement[bool], str]] = [
        (Participant.stopped_at.is_not(None), STOPPED),
        (Participant.id.not_in(agreed), NEVER_AGREED),
        (~any_open(space_id, Participant.id), UNREACHABLE),
    ]
    reasons += [(~any_open(space_id, Participant.id, silent), SILENT)] if silent else []
    reasons += [(had_enough(now), ENOUGH)] if unasked else []
    return case(*reasons, else_=null())


def had_enough(now: datetime) -> ColumnElement[bool]:
    """Of a participant: they were sent as much within a month as the space allows, or will be, of what they did not ask
    for; what is on its way counts as well."""
    had = select(func.count()).where(
        Delivery.space_id == Participant.space_id,
        Delivery.participant_id == Participant.id,
        Delivery.made_at > now - A_MONTH,
        Delivery.state.not_in(("failed", "cancelled")),
        _UNASKED,
    )
    cap = select(Space.cap).where(Space.id == Participant.space_id)
    return had.scalar_subquery() >= cap.scalar_subquery()


async def lock(connection: AsyncConnection, space_id: int) -> None:
    """Until the commit nobody else writes to the people of this space first: two broadcasts that both see the third of
    four messages would send a fifth. On SQLite there is only ever one writer."""
    if connection.dialect.name != "sqlite":
        await connection.execute(select(Space.id).where(Space.id == space_id).with_for_update())
