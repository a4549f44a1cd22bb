"""By which ways the people came who took part in some consultations: their doors and the places of their posters."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import taking_part
from storage.models import Phase
from storage.value import value


@value
class Ways:
    """How many people took part; how many of them by each channel, and by the poster of each place (those by none stand
    under the empty text), the most first: whoever came by two is counted in each. `first` took part in nothing else, as
    far as is known."""

    people: int
    channels: Sequence[tuple[str, int]]
    places: Sequence[tuple[str, int]]
    first: int


async def ways(connection: AsyncConnection, space_id: int, consultations: Sequence[int]) -> Ways:
    """The ways into these consultations of a space."""
    theirs = select(Phase.id).where(Phase.space_id == space_id, Phase.consultation_id.in_(consultations))
    others = select(Phase.id).where(Phase.space_id == space_id, Phase.consultation_id.not_in(consultations))
    here, elsewhere = taking_part.took_part(space_id, theirs), taking_part.took_part(space_id, others)
    known, people = here.c.participant_id, func.count(here.c.person.distinct())
    there = select(elsewhere.c.participant_id).where(elsewhere.c.participant_id.is_not(None))
    first = func.count(known.distinct()).filter(known.not_in(there))
    many, new = (await connection.execute(select(people, first))).one()

    async def by(column: ColumnElement[str | None]) -> list[tuple[str, int]]:
        rows = await connection.execute(select(column, people).group_by(column).order_by(people.desc(), column))
        return [(name or "", count) for name, count in rows]

    return Ways(many, await by(here.c.channel), await by(here.c.place), new)
