"""A jury's scores: what each member gives a contribution for each criterion. They stand beside the support of
residents and are never added to it (R23): popular and good are two questions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Score
from storage.types import new_id
from storage.value import columns, value

LEAST, MOST = 0, 5


@value
class NewScore:
    """What one member of the jury gives for one criterion, from LEAST to MOST; it takes the place of the one before."""

    space_id: int
    contribution_id: int
    organiser_id: int
    criterion: str
    points: int
    at: datetime


@value
class Scored:
    """What a criterion has: the sum of the points, and of how many members of the jury."""

    points: int
    jurors: int

    @property
    def mean(self) -> float:
        return self.points / self.jurors


async def put(connection: AsyncConnection, given: Sequence[NewScore]) -> Sequence[bool]:
    """Keep these, each instead of what its juror gave before. ValueError for points there are not."""
    if any(not LEAST <= one.points <= MOST for one in given):
        raise ValueError(f"points go from {LEAST} to {MOST}")
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(Score)
    statement = statement.on_conflict_do_update(
        index_elements=["space_id", "contribution_id", "organiser_id", "criterion"],
        set_={"points": statement.excluded.points, "at": statement.excluded.at},
    )
    if given:
        await connection.execute(statement, [{**columns(one), "id": new_id()} for one in given])
    return [True for _ in given]


async def of(connection: AsyncConnection, space_id: int, ids: Collection[int]) -> dict[int, dict[str, Scored]]:
    """The scores of these contributions, by criterion."""
    rows = await connection.execute(
        select(Score.contribution_id, Score.criterion, func.sum(Score.points), func.count())
        .where(Score.space_id == space_id, Score.contribution_id.in_(ids))
        .group_by(Score.contribution_id, Score.criterion)
    )
    found: dict[int, dict[str, Scored]] = {}
    for contribution_id, criterion, points, jurors in rows:
        found.setdefault(contribution_id, {})[criterion] = Scored(int(points), jurors)
    return found


async def by(connection: AsyncConnection, space_id: int, contribution_id: int, organiser_id: int) -> dict[str, int]:
    """What one member of the jury gave a contribution, by criterion."""
    rows = await connection.execute(
        select(Score.criterion, Score.points).where(
            Score.space_id == space_id, Score.contribution_id == contribution_id, Score.organiser_id == organiser_id
        )
    )
    return {row[0]: row[1] for row in rows}
