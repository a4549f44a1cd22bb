"""How long things are kept: what nobody needs any more is forgotten, a little every hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage import attempts, inbox, organisers
from storage.models import Delivery, Heard, ReturnCode

ATTEMPTS_LAST = timedelta(days=1)
"""Longer than any window in which tries are counted."""


async def forget(connection: AsyncConnection, *, texts_before: datetime, now: datetime) -> None:
    """Forget the texts of talks from before `texts_before`, and what has expired: sessions, tries, return codes."""
    await inbox.sweep(connection, texts_before=texts_before, now=now)
    await _forget_deliveries(connection, texts_before)
    await organisers.purge_sessions(connection, now)
    await attempts.purge(connection, now - ATTEMPTS_LAST)
    await connection.execute(delete(ReturnCode).where(ReturnCode.expires_at <= now))


async def _forget_deliveries(connection: AsyncConnection, before: datetime) -> None:
    """Deliveries that have left, or never will; the last one to each person stays: its question may still wait."""
    later = aliased(Delivery)
    followed = exists().where(
        later.space_id == Delivery.space_id,
        later.participant_id == Delivery.participant_id,
        later.id > Delivery.id,
    )
    await connection.execute(
        delete(Delivery).where(Delivery.made_at < before, Delivery.state.not_in(("waiting", "claimed")), followed)
    )


async def dead_letters(connection: AsyncConnection) -> int:
    """How many messages could not be handled and wait for an organiser, in all spaces."""
    return (
        await connection.execute(select(func.count()).where(Heard.error.is_not(None), Heard.state == "dead"))
    ).scalar_one()
