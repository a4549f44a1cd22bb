"""Who comes by a link: whom relays brought, once; and what the code of a letter hands on, which nothing keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from flows.conversation import Ending, Talk
from storage import codes, consultations, contacts, letters, models, relays
from storage.consultations import Consultation
from storage.contacts import NewContact, Written
from storage.letters import Known
from storage.models import Arrival, Base, Participant
from storage.relays import PERSON, PLACE, Arrived
from tests.bot.town import Town, town

LUC = NewContact("Luc", "fair", date(2027, 3, 1), "luc@b.example", area="gare", groups=("voisins",), tags=("bike",))


async def flow(talk: Talk) -> Ending:
    await talk.ask("why", "Why?")
    return None


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url, flow) as found:
        yield found


async def asked(house: Town) -> Consultation:
    async with house.database.read() as connection:
        found = await consultations.find(connection, house.space_id, house.consultation_id)
    assert found is not None
    return found


async def hang(house: Town, kind: str = PLACE, name: str = "Bakery") -> tuple[int, str]:
    """A relay's id, and its code."""
    async with house.database.write() as connection:
        made = await relays.add(connection, house.space_id, kind, name, None, house.now)
        return made.id, (await codes.hang(connection, await asked(house), made, house.now)).code


async def came(house: Town) -> dict[int, Arrived]:
    async with house.database.read() as connection:
        return await relays.by_relay(connection, house.space_id)


async def test_whoever_scans_arrives_once_begins_when_they_agree_and_is_nobodys_when_they_came_before(
    house: Town,
) -> None:
    bakery, code = await hang(house)
    school, other = await hang(house, name="School")
    await house.hears("ada", code=code)
    assert await came(house) == {bakery: Arrived(1)}
    await house.hears("ada", code=code.upper())
    await house.hears("ada", code=other)
    await house.hears("ada", "yes")
    await house.begin("bob")
    await house.hears("bob", code=code)
    assert await came(house) == {bakery: Arrived(1, 1)}
    await house.hears("cleo", code=other)
    assert await came(house) == {bakery: Arrived(1, 1), school: Arrived(1)}


async def test_several_who_scan_in_one_batch_all_arrive_and_a_second_scan_of_the_same_is_none(house: Town) -> None:
    bakery, code = await hang(house)
    await house.keep(*(house.incoming(sender, code=code) for sender in ("ada", "bob", "ada")))
    assert await came(house) == {bakery: Arrived(2)}


async def test_whoever_erases_themselves_is_counted_no_more(house: Town) -> None:
    _bakery, code = await hang(house)
    await house.hears("ada", code=code)
    await house.hears("ada", "yes")
    await house.hears("ada", "/delete")
    await house.hears("ada", "Yes, erase everything")
    assert await house.count(Arrival) == 0
    assert await came(house) == {}


async def test_nothing_that_somebody_says_holds_the_name_of_the_person_who_brought_them(house: Town) -> None:
    _karim, code = await hang(house, PERSON, "Karim")
    await house.hears("ada", code=code)
    await house.hears("ada", "yes")
    await house.hears("ada", "because")
    there = await everything(house)
    assert [table for table, rows in there.items() if "Karim" in rows] == ["relays"]


async def everything(house: Town) -> dict[str, str]:
    """Every row of each table, as text."""
    async with house.database.read() as connection:
        return {
            table.name: str((await connection.execute(select(table))).all()) for table in Base.metadata.tables.values()
        }


async def write(house: Town, **known: Any) -> str:
    """What the link of a letter carries: of a contact, or of somebody of whom the town knows this."""
    made = await asked(house)
    async with house.database.write() as connection:
        if known:
            [code] = await letters.write(connection, made, [Known(**known)], house.now)
        else:
            await contacts.put(connection, house.space_id, [LUC], 1, house.now)
            _count, [luc] = await contacts.listed(connection, house.space_id)
            [code] = await contacts.write(connection, made, [luc], house.now)
    return f"{made.slug}_{code.replace(' ', '').lower()}"


async def people(house: Town) -> list[Any]:
    return await house.rows(Participant.area, Participant.groups, Participant.tags, Participant.proved)


async def test_whoever_comes_by_a_contacts_letter_has_what_the_contact_said_and_only_a_count_is_left(
    house: Town,
) -> None:
    link = await write(house)
    assert "agree" in (await house.hears("ada", code=link))[-1]
    assert await people(house) == [("gare", ["voisins"], ["bike"], "")]
    async with house.database.read() as connection:
        assert await contacts.came(connection, house.space_id) == {house.consultation_id: Written(1, 1)}
    [participant] = await house.rows(Participant.id)
    there = await everything(house)
    assert str(participant) not in there["personal_codes"] + there["contacts"]
    assert [table for table, rows in there.items() if link.partition("_")[2].lower() in rows.lower()] == []


async def test_a_letter_that_was_used_brings_somebody_else_in_as_anybody(house: Town) -> None:
    link = await write(house)
    await house.keep(*(house.incoming(sender, code=link) for sender in ("ada", "bob")))
    assert sorted(await people(house), key=str) == sorted(
        [("gare", ["voisins"], ["bike"], ""), (None, [], [], "")], key=str
    )


async def test_a_letter_of_the_town_may_be_a_link_as_well_and_proves_what_the_town_knows(house: Town) -> None:
    link = await write(house, area="gare", born=1961)
    await house.hears("ada", code=link)
    assert await people(house) == [("gare", [], [], "area born")]
    [code] = await house.rows(models.PersonalCode.used_by)
    assert [code] == await house.rows(Participant.id)


async def test_a_guess_in_a_link_is_slowed_down_like_any_other(house: Town) -> None:
    link = await write(house, area="gare")
    for _number in range(letters.GUESSES.tries):
        await house.hears("ada", code="centre_KPMR2XW9")
    await house.hears("ada", code=link)
    assert await people(house) == [(None, [], [], "")]
