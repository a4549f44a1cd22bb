"""Spaces: the towns and associations that a house serves. Texts are `{language: text}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.refusals import AlreadyExists
from storage.types import new_id
from storage.value import columns, selected, value


@value
class Space:
    id: int
    slug: str
    name: Mapping[str, str]
    languages: Sequence[str]
    zone: str
    colour: str | None
    contact: Mapping[str, Any]
    privacy: Mapping[str, str]


_SPACE = selected(Space, models.Space)


async def create(
    connection: AsyncConnection,
    *,
    slug: str,
    name: Mapping[str, str],
    languages: Sequence[str],
    zone: str,
    colour: str | None,
    contact: Mapping[str, Any],
    privacy: Mapping[str, str],
    now: datetime,
) -> Space:
    """A new town or association. Raises AlreadyExists when the slug is taken."""
    if await find(connection, slug) is not None:
        raise AlreadyExists(slug=slug)
    space = Space(new_id(), slug, dict(name), list(languages), zone, colour, dict(contact), dict(privacy))
    values = columns(space)
    await connection.execute(insert(models.Space).values(**values, created_at=now))
    return space


async def describe(
    connection: AsyncConnection, space_id: int, contact: Mapping[str, Any], privacy: Mapping[str, str]
) -> None:
    """Who speaks and can be called, and what is kept; models.Space says the shapes."""
    row = update(models.Space).where(models.Space.id == space_id)
    await connection.execute(row.values(contact=dict(contact), privacy=dict(privacy)))


async def reaching(connection: AsyncConnection, space_id: int) -> tuple[Mapping[str, Any] | None, int]:
    """When messages that nobody asked for may leave (storage/hours.py), and how many a person gets in a month."""
    row = await connection.execute(select(models.Space.hours, models.Space.cap).where(models.Space.id == space_id))
    hours, cap = row.one()
    return hours, cap


async def choose_hours(connection: AsyncConnection, space_id: int, hours: Mapping[str, Any], cap: int) -> None:
    """The same, from now on."""
    row = update(models.Space).where(models.Space.id == space_id)
    await connection.execute(row.values(hours=dict(hours), cap=cap))


async def find(connection: AsyncConnection, slug: str) -> Space | None:
    row = (await connection.execute(select(*_SPACE).where(models.Space.slug == slug))).first()
    return Space(*row) if row else None


async def load(connection: AsyncConnection, space_id: int) -> Space:
    return Space(*(await connection.execute(select(*_SPACE).where(models.Space.id == space_id))).one())


async def listed(connection: AsyncConnection) -> list[Space]:
    rows = await connection.execute(select(*_SPACE).order_by(models.Space.id))
    return [Space(*row) for row in rows]
