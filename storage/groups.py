"""Groups of a space: participants who have something in common that somebody has checked, by a code or by hand.

Tags are words that organisers give to single participants beside it: what they call them, or whose list they are on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.audiences import listed_in, without
from storage.models import Address, Code, Consultation, Contact, Participant, PersonalCode, Phase
from storage.refusals import AlreadyExists
from storage.types import new_id
from storage.value import selected, value


@value
class Group:
    space_id: int
    id: int
    slug: str
    name: Mapping[str, str]


@value
class Use:
    """A step whose stages or questions ask whether somebody is in a group."""

    consultation_id: int
    phase_id: int
    title: Mapping[str, str]
    position: int


@value
class Member:
    """A participant who is in a group: by which channels they have a door, since when they take part, and what
    organisers call them."""

    id: int
    channels: Sequence[str]
    since: datetime
    tags: Sequence[str]


_GROUP = selected(Group, models.Group)


async def listed(connection: AsyncConnection, space_id: int) -> list[Group]:
    """The groups of a space, the oldest first."""
    rows = await connection.execute(
        select(*_GROUP).where(models.Group.space_id == space_id).order_by(models.Group.created_at, models.Group.id)
    )
    return [Group(*row) for row in rows]


async def add(connection: AsyncConnection, space_id: int, slug: str, name: Mapping[str, str], now: datetime) -> Group:
    """A new group, of which nobody is part yet. Raises AlreadyExists."""
    taken = await connection.scalar(
        select(func.count()).where(models.Group.space_id == space_id, models.Group.slug == slug)
    )
    if taken:
        raise AlreadyExists(slug=slug)
    made = Group(space_id, new_id(), slug, dict(name))
    await connection.execute(
        insert(models.Group).values(space_id=space_id, id=made.id, slug=slug, name=dict(name), created_at=now)
    )
    return made


async def rename(connection: AsyncConnection, group: Group, name: Mapping[str, str]) -> None:
    """Rules, codes and members know it by its slug, which stays."""
    row = (models.Group.space_id == group.space_id, models.Group.id == group.id)
    await connection.execute(update(models.Group).where(*row).values(name=dict(name)))


async def uses(connection: AsyncConnection, group: Group) -> list[Use]:
    """Where a rule looks at it, the archive left out."""
    rows = await connection.execute(
        select(Phase.consultation_id, Phase.id, Consultation.title, Phase.position, Phase.stages, Phase.settings)
        .join(Consultation, (Consultation.space_id == Phase.space_id) & (Consultation.id == Phase.consultation_id))
        .where(Phase.space_id == group.space_id, Consultation.archived_at.is_(None))
        .order_by(Phase.consultation_id, Phase.position)
    )
    return [Use(*row[:4]) for row in rows if _asks([row.stages, row.settings], group.slug)]


def _asks(data: Any, slug: str) -> bool:
    """Whether a rule somewhere in here names this group."""
    if isinstance(data, Mapping):
        named = data.get("group")
        return named == slug or (isinstance(named, list) and slug in named) or _asks(list(data.values()), slug)
    return isinstance(data, list) and any(_asks(inner, slug) for inner in data)


async def remove(connection: AsyncConnection, group: Group) -> int:
    """Take everybody off it, and forget it: codes, posters and contacts put nobody into it any more. Answers how many
    people were in it. A rule that still looks at it is for nobody: see `uses` before."""
    space_id, slug = group.space_id, group.slug
    inside = (Participant.space_id == space_id, listed_in(Participant.groups, literal(slug)))
    query = select(Participant.id).where(*inside).order_by(Participant.id).with_for_update()
    people = (await connection.scalars(query)).all()  # locked in the order in which batches lock them
    left = without(Participant.groups, literal(slug))
    await connection.execute(update(Participant).where(*inside).values(groups=left))
    contacts = (Contact.space_id == space_id, listed_in(Contact.groups, literal(slug)))
    remaining = without(Contact.groups, literal(slug))
    await connection.execute(update(Contact).where(*contacts).values(groups=remaining))
    for table in (Code, PersonalCode):
        named = (table.space_id == space_id, table.group == slug)
        await connection.execute(update(table).where(*named).values(group=None))
    await connection.execute(delete(models.Group).where(models.Group.space_id == space_id, models.Group.id == group.id))
    return len(people)


# -- who is in it --------------------------------------------------------------------------------------------------


async def members(connection: AsyncConnection, group: Group, limit: int) -> list[Member]:
    """Those who are in it, whoever came to us last first."""
    inside = listed_in(Participant.groups, literal(group.slug))
    rows = await connection.execute(
        select(Participant.id, Participant.channel, Participant.created_at, Participant.tags)
        .where(Participant.space_id == group.space_id, Participant.erased_at.is_(None), inside)
        .order_by(Participant.id.desc())
        .limit(limit)
    )
    found = rows.all()
    doors = await _channels(connection, group.space_id, [row.id for row in found])
    return [Member(id_, doors.get(id_, [first]), since, tags) for id_, first, since, tags in found]


async def _channels(connection: AsyncConnection, space_id: int, people: Sequence[int]) -> dict[int, list[str]]:
    """The channels by which these participants have doors, by their ids."""
    theirs = (Address.space_id == space_id, Address.participant_id.in_(people))
    rows = await connection.execute(select(Address.participant_id, Address.channel).where(*theirs).order_by(Address.id))
    found: dict[int, list[str]] = {}
    for id_, channel in rows:
        found.setdefault(id_, [])
        found[id_] += [channel] if channel not in found[id_] else []
    return found


async def put(connection: AsyncConnection, group: Group, participant_id: int, *tags: str) -> bool:
    """Put somebody into it, and give them these tags. Answers whether they were not in it."""
    return await _set(connection, group, participant_id, inside=True, tags=tags)


async def take_off(connection: AsyncConnection, group: Group, participant_id: int) -> bool:
    """Take somebody off it. Answers whether they were in it."""
    return await _set(connection, group, participant_id, inside=False)


async def _set(
    connection: AsyncConnection, group: Group, participant_id: int, *, inside: bool, tags: Sequence[str] = ()
) -> bool:
    person = (Participant.space_id == group.space_id, Participant.id == participant_id, Participant.erased_at.is_(None))
    query = select(Participant.groups, Participant.tags).where(*person).with_for_update()
    row = (await connection.execute(query)).one_or_none()  # locked: a turn of theirs may be under way
    if row is None:
        return False
    groups = {*row.groups, group.slug} if inside else {*row.groups} - {group.slug}
    given = list(dict.fromkeys([*row.tags, *tags]))
    await connection.execute(update(Participant).where(*person).values(groups=sorted(groups), tags=given))
    return len(groups) != len(row.groups)


async def tags(connection: AsyncConnection, space_id: int) -> Counter[str]:
    """How many people have each of the tags that were given in a space: by hand, so that few have any."""
    query = select(Participant.tags).where(
        Participant.space_id == space_id, Participant.erased_at.is_(None), cast(Participant.tags, Text) != "[]"
    )
    return Counter(tag for row in await connection.scalars(query) for tag in row)
