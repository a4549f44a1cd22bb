"""Areas of a space: its districts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.refusals import AlreadyExists, Refusal
from storage.types import new_id
from storage.value import selected, value


@value
class Area:
    """`shape` is a GeoJSON Polygon or MultiPolygon in degrees of WGS 84, or None."""

    space_id: int
    id: int
    slug: str
    name: Mapping[str, str]
    shape: Mapping[str, Any] | None
    position: int


_AREA = selected(Area, models.Area)


async def listed(connection: AsyncConnection, space_id: int) -> list[Area]:
    """The areas of a space, in its order."""
    rows = await connection.execute(
        select(*_AREA).where(models.Area.space_id == space_id).order_by(models.Area.position, models.Area.id)
    )
    return [Area(*row) for row in rows]


async def named(connection: AsyncConnection, spaces: Sequence[int]) -> Sequence[list[dict[str, Any]] | Refusal]:
    """The areas of each of these spaces as `{slug, name}`, for conversations."""
    return [
        [{"slug": area.slug, "name": dict(area.name)} for area in await listed(connection, space_id)]
        for space_id in spaces
    ]


async def add(
    connection: AsyncConnection,
    space_id: int,
    slug: str,
    name: Mapping[str, str],
    shape: Mapping[str, Any] | None = None,
) -> Area:
    """A new area, after the others. Raises AlreadyExists."""
    known = await listed(connection, space_id)
    if any(area.slug == slug for area in known):
        raise AlreadyExists(slug=slug)
    made = Area(space_id, new_id(), slug, dict(name), shape, len(known) + 1)
    row = {"space_id": space_id, "id": made.id, "slug": slug, "name": dict(name), "position": made.position}
    await connection.execute(insert(models.Area).values(**row, shape=dict(shape) if shape is not None else None))
    return made


async def rename(connection: AsyncConnection, area: Area, name: Mapping[str, str]) -> None:
    await connection.execute(
        update(models.Area)
        .where(models.Area.space_id == area.space_id, models.Area.id == area.id)
        .values(name=dict(name))
    )


async def remove(connection: AsyncConnection, area: Area) -> None:
    """Participants who said they live there keep their word for it; nobody else can say it any more."""
    await connection.execute(
        delete(models.Area).where(models.Area.space_id == area.space_id, models.Area.id == area.id)
    )
