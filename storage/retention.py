"""How long things are kept: what nobody needs any more is forgotten at night, by whichever process comes first."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage import attempts, broadcast_figures, inbox, organisers, rounds
from storage.broadcast_rows import kept_still
from storage.left_out import A_MONTH
from storage.models import Delivery, Heard, Join, Night, ReturnCode, Space

ATTEMPTS_LAST = timedelta(days=1)
"""Longer than any window in which tries are counted."""
JOINS_LAST = timedelta(days=1)
"""Once made, a join tells nothing but that somebody has two doors."""

NIGHT = range(2, 5)
"""Hours on the clock where a town is."""
OVERDUE = timedelta(days=2)
"""A machine that is off at night does it by day, once it has not been done for so long."""


async def night(connection: AsyncConnection, now: datetime) -> date | None:
    """The night that it is where one of the towns is, and in which nothing was forgotten yet; None by day, and where
    that was done: a look that needs no writer."""
    done = set((await connection.execute(select(Night.day))).scalars())
    zones = (await connection.execute(select(Space.zone).distinct())).scalars()
    nights = [there.date() for there in (now.astimezone(ZoneInfo(zone)) for zone in zones) if there.hour in NIGHT]
    if not any(day >= (now - OVERDUE).date().isoformat() for day in done):
        nights.append(now.date())
    return next((day for day in nights if day.isoformat() not in done), None)


async def begin(connection: AsyncConnection, day: date) -> bool:
    """Whether this night is ours: nobody else has begun it. It is undone with the transaction."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = insert(Night).values(day=day.isoformat()).on_conflict_do_nothing().returning(Night.day)
    ours = (await connection.execute(row)).first() is not None
    await connection.execute(delete(Night).where(Night.day < (day - 4 * OVERDUE).isoformat()))
    return ours


async def forget(connection: AsyncConnection, *, texts_before: datetime, now: datetime) -> None:
    """Forget the texts of talks from before `texts_before`, and what has expired: sessions, tries, codes, joins
    that were made, and with their phase field rounds."""
    await inbox.sweep(connection, texts_before=texts_before, now=now)
    await _forget_deliveries(connection, texts_before, now)
    await organisers.purge_sessions(connection, now)
    await attempts.purge(connection, now - ATTEMPTS_LAST)
    await connection.execute(delete(ReturnCode).where(ReturnCode.expires_at <= now))
    await connection.execute(delete(Join).where(Join.done_at <= now - JOINS_LAST))
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
