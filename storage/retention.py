"""How long things are kept: what nobody needs any more is forgotten, a little every hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage import attempts, broadcast_figures, inbox, organisers, rounds
from storage.broadcast_rows import kept_still
from storage.left_out import A_MONTH
from storage.models import Delivery, Heard, ReturnCode

ATTEMPTS_LAST = timedelta(days=1)
"""Longer than any window in which tries are counted."""


async def forget(connection: AsyncConnection, *, texts_before: datetime, now: datetime) -> None:
    """Forget the texts of talks from before `texts_before`, and what has expired: sessions, tries, return codes, and
    with their phase field rounds."""
    await inbox.sweep(connection, texts_before=texts_before, now=now)
    await _forget_deliveries(connection, texts_before, now)
    await organisers.purge_sessions(connection, now)
    await attempts.purge(connection, now - ATTEMPTS_LAST)
    await connection.execute(delete(ReturnCode).where(ReturnCode.expires_at <= now))
    await rounds.close_over(connection, now)


async def _forget_deliveries(connection: AsyncConnection, before: datetime, now: datetime) -> None:
    """Deliveries that have left, or never will; the last one to each person stays: its question may still wait.

    Of what has still to be counted (what a broadcast tells, how much somebody had within a month) only the words go.
    """
    await broadcast_figures.keep(connection, before)
    later = aliased(Delivery)
    followed = exists().where(
        later.space_id == Delivery.space_id,
        later.participant_id == Delivery.participant_id,
        later.id > Delivery.id,
    )
    done = Delivery.state.not_in(("waiting", "claimed", "paused"))
    old = (Delivery.made_at < before, done, followed)
    counted = and_(Delivery.cause.is_not(None), or_(kept_still(), Delivery.made_at > now - A_MONTH))
    await connection.execute(delete(Delivery).where(*old, ~counted))
    await connection.execute(update(Delivery).where(*old, Delivery.body != "").values(body=""))


async def dead_letters(connection: AsyncConnection) -> int:
    """How many messages could not be handled and wait for an organiser, in all spaces."""
    return (
        await connection.execute(select(func.count()).where(Heard.error.is_not(None), Heard.state == "dead"))
    ).scalar_one()
