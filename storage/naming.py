"""What rules name, as an organiser called it: for saying a rule in words, and for offering what one may be made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import areas, groups, relays
from storage.models import Address, Ballot, Consultation, Contribution, Phase
from storage.rules import AllOf, Rule, Supports
from storage.shortening import shortened
from storage.supporting import SUPPORT
from storage.value import value

MOST_IDEAS = 20
"""Offered: those with most support."""
IDEA = 80
"""Characters of an idea in a sentence."""


@value
class Step:
    """A phase, and the consultation it is of. `title` and `whole` are their names, `{language: text}`; the first may be
    empty."""

    id: int
    consultation_id: int
    title: Mapping[str, str]
    whole: Mapping[str, str]


@value
class Named:
    """Areas and groups by slug; phases by id, those of the newest consultation first; the texts of ideas, and the names
    of relays, by id."""

    areas: Mapping[str, Mapping[str, str]]
    groups: Mapping[str, Mapping[str, str]]
    steps: Mapping[int, Step]
    ideas: Mapping[int, str]
    relays: Mapping[int, str]

    @property
    def consultations(self) -> dict[int, Mapping[str, str]]:
        return {step.consultation_id: step.whole for step in self.steps.values()}


async def named(connection: AsyncConnection, space_id: int, rules: Sequence[Rule] = ()) -> Named:
    """Everything rules of a space may name; of its ideas those that these do, and those with most support."""
    ideas = [idea for leaf in AllOf(tuple(rules)).leaves() if isinstance(leaf, Supports) for idea in leaf.ideas]
    return Named(
        {area.slug: area.name for area in await areas.listed(connection, space_id)},
        {group.slug: group.name for group in await groups.listed(connection, space_id)},
        {step.id: step for step in await _steps(connection, space_id)},
        await _texts(connection, space_id, {*ideas, *await _supported(connection, space_id)}),
        {relay.id: relay.name for relay in await relays.listed(connection, space_id)},
    )


async def _steps(connection: AsyncConnection, space_id: int) -> list[Step]:
    rows = await connection.execute(
        select(Phase.id, Phase.consultation_id, Phase.title, Consultation.title)
        .join(Consultation, (Consultation.space_id == Phase.space_id) & (Consultation.id == Phase.consultation_id))
        .where(Phase.space_id == space_id)
        .order_by(Consultation.created_at.desc(), Consultation.id, Phase.position)
    )
    return [Step(*row) for row in rows]


async def _supported(connection: AsyncConnection, space_id: int) -> list[int]:
    rows = await connection.execute(
        select(Ballot.subject)
        .where(Ballot.space_id == space_id, Ballot.value == SUPPORT)
        .group_by(Ballot.subject)
        .order_by(func.count().desc(), Ballot.subject)
        .limit(MOST_IDEAS)
    )
    return [int(subject) for subject in rows.scalars() if subject.isdigit()]


async def _texts(connection: AsyncConnection, space_id: int, ids: Collection[int]) -> dict[int, str]:
    rows = await connection.execute(
        select(Contribution.id, Contribution.text)
        .where(Contribution.space_id == space_id, Contribution.id.in_(ids), Contribution.text.is_not(None))
        .order_by(Contribution.id)
    )
    return {id_: shortened(" ".join(text.split()), IDEA) for id_, text in rows if text}


async def channels(connection: AsyncConnection, space_id: int) -> list[str]:
    """The channels by which people of a space came."""
    rows = await connection.execute(select(Address.channel).where(Address.space_id == space_id).distinct())
    return sorted(rows.scalars())
