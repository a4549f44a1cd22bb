"""Groups, and who is in them by hand: on both databases, and with several hands at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from storage import groups, participants
from storage.database import Database
from storage.groups import Group
from storage.models import Code, Consultation, Participant, PersonalCode
from storage.refusals import AlreadyExists
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
ADA, BOB = 7, 8


async def opened(url: str, names: int) -> tuple[Database, list[Group]]:
    """A database with two residents, and so many groups."""
    database = Database(url)
    async with database.write() as connection:
        await make_tables(connection)
        for person, channel in ((ADA, "web"), (BOB, "telegram")):
            row = {"space_id": 1, "id": person, "groups": [], "channel": channel}
            await connection.execute(insert(Participant).values(**row, created_at=NOW + timedelta(days=person)))
        made = [await groups.add(connection, 1, f"g{number}", {"fr": f"G{number}"}, NOW) for number in range(names)]
    return database, made


async def test_a_group_knows_its_members_the_last_to_come_first(database_url: str) -> None:
    database, [one, other] = await opened(database_url, 2)
    async with database.write() as connection:
        assert await groups.put(connection, one, ADA, "Mme Petit")
        assert await groups.put(connection, one, BOB)
        assert not await groups.put(connection, one, ADA, "Mme Petit"), "she is in it already"
        assert not await groups.put(connection, one, 404), "there is nobody of this number"
        found = await groups.members(connection, one, 10)
        assert [(member.id, *member.channels, member.tags) for member in found] == [
            (BOB, "telegram", []),
            (ADA, "web", ["Mme Petit"]),
        ]
        assert len(await groups.members(connection, one, 1)) == 1
        assert await groups.members(connection, other, 10) == []
        assert await groups.take_off(connection, one, ADA)
        assert not await groups.take_off(connection, one, ADA)
        assert [member.id for member in await groups.members(connection, one, 10)] == [BOB]
        with pytest.raises(AlreadyExists):
            await groups.add(connection, 1, "g0", {"fr": "G"}, NOW)
    await database.close()


async def test_two_hands_at_once_lose_nothing(database_url: str) -> None:
    database, made = await opened(database_url, 8)

    async def put(group: Group) -> None:
        async with database.write() as connection:
            await groups.put(connection, group, ADA, group.slug)

    await asyncio.gather(*(put(group) for group in made))
    async with database.read() as connection:
        found = await participants.by_ids(connection, [(1, ADA)])
        [member] = await groups.members(connection, made[0], 10)
    assert found[1, ADA].groups == sorted(group.slug for group in made)
    assert sorted(member.tags) == sorted(group.slug for group in made)
    await database.close()


async def test_tags_are_counted_with_the_people_who_have_them(database_url: str) -> None:
    database, [one, other] = await opened(database_url, 2)
    async with database.write() as connection:
        await groups.put(connection, one, ADA, "Mme Petit", "jury")
        await groups.put(connection, other, ADA, "jury", "Mme Petit")
        await groups.put(connection, one, BOB, "jury")
        assert await groups.tags(connection, 1) == {"jury": 2, "Mme Petit": 1}
        assert await groups.tags(connection, 2) == {}
        found = await participants.by_ids(connection, [(1, ADA)])
        assert found[1, ADA].tags == ["Mme Petit", "jury"]
    await database.close()


async def test_a_removed_group_has_nobody_in_it_and_takes_nobody_in(database_url: str) -> None:
    database, [one, other] = await opened(database_url, 2)
    async with database.write() as connection:
        for person, group in ((ADA, one), (ADA, other), (BOB, other)):
            await groups.put(connection, group, person)
        consultation = {"slug": "c", "state": "open", "title": {}, "topic": {}, "why": {}, "decides": {}}
        await connection.execute(insert(Consultation).values(space_id=1, id=2, created_at=NOW, **consultation))
        row = {"space_id": 1, "consultation_id": 2, "created_at": NOW}
        for number, group in enumerate((one, other)):
            values = {**row, "id": number, "group": group.slug}
            await connection.execute(insert(Code).values(**values, code=str(number)))
            await connection.execute(insert(PersonalCode).values(**values, digest=str(number)))
        assert await groups.remove(connection, one) == 1
        assert [group.id for group in await groups.listed(connection, 1)] == [other.id]
        found = await participants.by_ids(connection, [(1, ADA), (1, BOB)])
        assert found[1, ADA].groups == found[1, BOB].groups == [other.slug]
        for table in (Code, PersonalCode):
            assert list(await connection.scalars(select(table.group).order_by(table.id))) == [None, other.slug]
    await database.close()
