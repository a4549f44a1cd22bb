"""Who works in the panel, as what: a role in the space, and maybe one more in some consultations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import field

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Organiser, Role
from storage.refusals import Refusal
from storage.types import new_id
from storage.value import value

ORGANISER, MODERATOR, ANALYST, READER, NONE = "organiser", "moderator", "analyst", "reader", "none"
ROLES = (ORGANISER, MODERATOR, ANALYST, READER, NONE)


class LastOrganiser(Refusal):
    """A space keeps one organiser at least."""


@value
class Member:
    """Somebody of the team; `roles` are those in single consultations, by consultation."""

    id: int
    name: str
    email: str
    role: str
    must_change: bool
    roles: Mapping[int, str] = field(default_factory=dict)


async def of(connection: AsyncConnection, space_id: int, organiser_id: int) -> dict[int, str]:
    """What an organiser is in single consultations, by consultation."""
    rows = await connection.execute(
        select(Role.consultation_id, Role.role).where(Role.space_id == space_id, Role.organiser_id == organiser_id)
    )
    return {row[0]: row[1] for row in rows}


async def team(connection: AsyncConnection, space_id: int) -> list[Member]:
    """Everybody who works in the panel of a space, by name."""
    theirs: dict[int, dict[int, str]] = defaultdict(dict)
    for organiser_id, consultation_id, role in await connection.execute(
        select(Role.organiser_id, Role.consultation_id, Role.role).where(Role.space_id == space_id)
    ):
        theirs[organiser_id][consultation_id] = role
    rows = await connection.execute(
        select(Organiser.id, Organiser.name, Organiser.email, Organiser.role, Organiser.must_change)
        .where(Organiser.space_id == space_id)
        .order_by(Organiser.name, Organiser.id)
    )
    return [Member(*row, roles=theirs[row.id]) for row in rows]


async def give(
    connection: AsyncConnection, space_id: int, organiser_id: int, role: str, roles: Mapping[int, str]
) -> None:
    """Make this person that, in the space and in these consultations; `none` there is no role.

    Raises LastOrganiser when nobody would be left who can give roles.
    """
    others = select(func.count()).where(
        Organiser.space_id == space_id, Organiser.role == ORGANISER, Organiser.id != organiser_id
    )
    if role != ORGANISER and not (await connection.execute(others)).scalar_one():
        raise LastOrganiser()
    one = (Organiser.space_id == space_id, Organiser.id == organiser_id)
    await connection.execute(update(Organiser).where(*one).values(role=role))
    await connection.execute(delete(Role).where(Role.space_id == space_id, Role.organiser_id == organiser_id))
    rows = [
        {"space_id": space_id, "id": new_id(), "organiser_id": organiser_id, "consultation_id": id_, "role": given}
        for id_, given in roles.items()
        if given != NONE
    ]
    if rows:
        await connection.execute(insert(Role), rows)
