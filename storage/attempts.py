"""Slowing down those who guess: every try is a row, and only so many are let through in a window of time.

A window slides: what counts is the tries of the last minutes, so there is no moment at which twice as many pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Attempt
from storage.types import new_id
from storage.value import value


@value
class Limit:
    """At most `tries` in any `window`."""

    tries: int
    window: timedelta


def subject(what: str, who: str) -> str:
    """The digest under which tries are kept: of what was tried, and by whom or on whom."""
    return hashlib.sha256(f"{what}\0{who}".encode()).hexdigest()


async def attempt(connection: AsyncConnection, limits: Sequence[tuple[str, Limit]], now: datetime) -> timedelta | None:
    """Try now under each of these (subject, limit): None when it may go on, else how long to wait.

    A try that may go on is noted at once, before its outcome is known, so that tries made together all count;
    one that must wait is not noted: who keeps trying does not wait longer.
    """
    waits = [await _wait(connection, who, limit, now) for who, limit in limits]
    longest = max(waits, default=timedelta())
    if longest > timedelta():
        return longest
    await connection.execute(insert(Attempt), [{"id": new_id(), "subject": who, "at": now} for who, _ in limits])
    return None


async def _wait(connection: AsyncConnection, who: str, limit: Limit, now: datetime) -> timedelta:
    """Until the oldest of the last tries leaves the window; nothing while there is room for one more."""
    oldest = await connection.scalar(
        select(Attempt.at)
        .where(Attempt.subject == who, Attempt.at > now - limit.window)
        .order_by(Attempt.at.desc())
        .offset(limit.tries - 1)
        .limit(1)
    )
    return oldest + limit.window - now if oldest else timedelta()


async def forgive(connection: AsyncConnection, who: str) -> None:
    """Forget the tries of a subject, after one that was right."""
    await connection.execute(delete(Attempt).where(Attempt.subject == who))


async def purge(connection: AsyncConnection, before: datetime) -> int:
    """Forget the tries made before this moment; answers how many."""
    return (await connection.execute(delete(Attempt).where(Attempt.at < before))).rowcount
