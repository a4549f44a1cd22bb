"""Ideas, counted: which is supported by how many, and the rows of their table. All of it is SQL, and counts people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.answers import CHUNK, PEOPLE
from storage.ideas import AGAINST, FOR, IDEA
from storage.models import Contribution
from storage.scope import Scope, given_within
from storage.supporting import SUPPORTERS
from storage.value import value


@value
class Supported:
    """An idea with its supporters."""

    id: int
    text: str
    support: int


async def supported(connection: AsyncConnection, scope: Scope) -> list[Supported]:
    """Every idea that counts, in the order they were sent."""
    rows = await connection.execute(
        select(Contribution.id, Contribution.text, SUPPORTERS).where(*given_within(scope)).order_by(Contribution.id)
    )
    return [Supported(id_, text or "", count) for id_, text, count in rows]


async def themes(connection: AsyncConnection, scope: Scope) -> dict[str, tuple[int, int]]:
    """For each theme how many ideas it has, and how many people gave them."""
    rows = await connection.execute(
        select(Contribution.theme, func.count(), PEOPLE)
        .where(*given_within(scope), Contribution.theme.is_not(None))
        .group_by(Contribution.theme)
    )
    return {theme: (ideas, people) for theme, ideas, people in rows if theme is not None}


@value
class Row:
    """An idea as it is exported; of its author only the channel and the place."""

    id: int
    at: datetime
    origin: str
    place: str | None
    text: str | None
    theme: str | None
    area: str | None
    state: str
    status: str | None
    people: int
    fields: Mapping[str, Any]
    support: int
    arguments_for: int
    arguments_against: int


def _arguments(kind: str) -> Any:
    children, argument = aliased(Contribution), aliased(Contribution)
    ids = select(children.id).where(children.space_id == Contribution.space_id, children.parent_id == Contribution.id)
    return (
        select(func.count())
        .where(
            argument.space_id == Contribution.space_id,
            argument.id.in_(ids.correlate(Contribution)),
            argument.kind == kind,
            argument.state == "sent",
        )
        .correlate(Contribution)
        .scalar_subquery()
    )


_ROW = (
    Contribution.id,
    Contribution.created_at,
    Contribution.origin,
    Contribution.place,
    Contribution.text,
    Contribution.theme,
    Contribution.area,
    Contribution.state,
    Contribution.status,
    Contribution.people,
    Contribution.fields,
    SUPPORTERS,
    _arguments(FOR),
    _arguments(AGAINST),
)


async def rows(connection: AsyncConnection, space_id: int, phase_id: int) -> AsyncIterator[Row]:
    """Every idea that was not withdrawn, the oldest first, whether others see it or not; read by chunks."""
    last = -1
    while True:
        found = (
            await connection.execute(
                select(*_ROW)
                .where(
                    Contribution.space_id == space_id,
                    Contribution.phase_id == phase_id,
                    Contribution.kind == IDEA,
                    Contribution.state != "withdrawn",
                    Contribution.id > last,
                )
                .order_by(Contribution.id)
                .limit(CHUNK)
            )
        ).all()
        for row in found:
            yield Row(*row)
        if len(found) < CHUNK:
            return
        last = found[-1].id
