"""The audit log: who did what in the panel, and when. It is only ever added to, in the transaction of what it tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Entry, Organiser
from storage.types import new_id
from storage.value import columns, value


@value
class NewEntry:
    """Something an organiser did (None: the program by itself) to row `about_id` of the table `about`.

    `details` are words and numbers that explain it; never a resident's words.
    """

    space_id: int
    organiser_id: int | None
    action: str
    about: str
    about_id: int
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)


@value
class Noted:
    """An entry as it is read; `name` is None where the program did it, or somebody who is gone."""

    id: int
    name: str | None
    action: str
    about: str
    about_id: int
    details: Mapping[str, Any]
    at: datetime


async def note(connection: AsyncConnection, *entries: NewEntry) -> None:
    """Add entries, in this order."""
    if entries:
        rows = [{**columns(one), "details": dict(one.details), "id": new_id()} for one in entries]
        await connection.execute(insert(Entry), rows)


async def has(connection: AsyncConnection, space_id: int, action: str, about: str, about_id: int) -> bool:
    """Whether this was ever done to this row."""
    same = (Entry.about == about, Entry.about_id == about_id, Entry.action == action)
    query = select(Entry.id).where(Entry.space_id == space_id, *same).limit(1)
    return (await connection.execute(query)).first() is not None


async def count(connection: AsyncConnection, space_id: int) -> int:
    """How many entries a space has."""
    found = await connection.execute(select(func.count()).select_from(Entry).where(Entry.space_id == space_id))
    return found.scalar_one()


async def listed(connection: AsyncConnection, space_id: int, offset: int, limit: int) -> Sequence[Noted]:
    """The entries of a space, the newest first."""
    rows = await connection.execute(
        select(Entry.id, Organiser.name, Entry.action, Entry.about, Entry.about_id, Entry.details, Entry.at)
        .outerjoin(Organiser, (Organiser.space_id == Entry.space_id) & (Organiser.id == Entry.organiser_id))
        .where(Entry.space_id == space_id)
        .order_by(Entry.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [Noted(*row) for row in rows]
