"""Contacts as they are kept: once each however often they are brought in, gone when they agree no more, written to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from flows import contacts as lists
from flows.contacts import Town
from storage import contacts, groups, letters, models
from storage.consultations import Consultation
from storage.contacts import Contact, NewContact, Written
from storage.database import Database
from storage.letters import NOBODY, Shown
from storage.models import Base, Participant, PersonalCode
from storage.refusals import AlreadyExists
from storage.types import new_id
from tests.storage.test_consultations import make, make_space
from tests.tables import a_file, make_tables

NOW = datetime(2027, 5, 10, 9, tzinfo=UTC)
FAIR, DAY = "fête du 3 mai", date(2027, 5, 3)
LUC = NewContact("Luc Morel", FAIR, DAY, "luc@b.example", None, "3, rue Haute", "gare", ("voisins",), ("vélo",))
ZOE = NewContact("Zoé Œuvré", FAIR, DAY, None, "+33261910012")
JEAN = NewContact("Jean", FAIR, DAY, None, None, "4, rue Basse")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    async with opened.write() as connection:
        await make_tables(connection)
    yield opened
    await opened.close()


async def prepare(connection: AsyncConnection, *people: NewContact) -> tuple[Consultation, list[Contact]]:
    space = await make_space(connection)
    made = await make(connection, space)
    await contacts.put(connection, space.id, people, 1, NOW)
    return made, (await contacts.listed(connection, space.id))[1]


async def test_a_contact_is_kept_once_and_found_by_any_of_its_words(database: Database) -> None:
    async with database.write() as connection:
        made, kept = await prepare(connection, LUC, ZOE, LUC, JEAN)
        assert [one.line() for one in kept] == [JEAN, LUC, ZOE]
        assert await contacts.put(connection, made.space_id, [ZOE, LUC], 2, NOW) == 0
        for search, expected in (
            ("oeuvre", [ZOE]),
            ("rue HAUTE luc", [LUC]),
            ("9100", [ZOE]),
            ("100%", []),
            ("", [JEAN]),
        ):
            count, found = await contacts.listed(connection, made.space_id, search, 0, 1)
            assert [one.line() for one in found] == expected
            assert count == (3 if not search else len(expected))


async def test_a_family_of_one_phone_is_several_and_one_address_of_the_net_is_one(database: Database) -> None:
    async with database.write() as connection:
        ana = NewContact("Ana Œuvré", FAIR, DAY, None, "+33261910012")
        again = NewContact("L. Morel", FAIR, DAY, "Luc@b.example")
        _made, kept = await prepare(connection, ZOE, ana, LUC, again)
        assert {one.name for one in kept} == {"Zoé Œuvré", "Ana Œuvré", "Luc Morel"}


async def test_a_contact_is_corrected_unless_another_says_the_same(database: Database) -> None:
    async with database.write() as connection:
        made, [luc, zoe] = await prepare(connection, LUC, ZOE)
        moved = NewContact("Luc Morel", FAIR, DAY, "luc@b.example", None, "5, rue Neuve")
        await contacts.change(connection, luc, moved)
        found = await contacts.find(connection, made.space_id, luc.id)
        assert found is not None
        assert (found.line(), found.imported_by) == (moved, 1)
        with pytest.raises(AlreadyExists):
            await contacts.change(connection, zoe, NewContact("Zoé", FAIR, DAY, "LUC@b.example"))


async def test_whoever_agrees_no_more_is_gone_but_for_a_digest_and_is_known_when_an_old_list_comes(
    database: Database,
) -> None:
    async with database.write() as connection:
        made, [luc] = await prepare(connection, LUC)
        await contacts.write(connection, made, [luc], NOW)
        await contacts.withdraw(connection, luc, date(2027, 5, 9))
        assert await contacts.count(connection, made.space_id) == 0
        assert not await connection.scalar(select(func.count()).select_from(PersonalCode))
        before = await contacts.known(connection, made.space_id, [LUC, ZOE])
        assert (before.there, before.withdrawn) == (frozenset(), {LUC.same: "2027-05-09"})
        left = [str(row) for table in Base.metadata.tables.values() for row in await connection.execute(select(table))]
        assert [row for row in left if "luc" in row.lower() or "Haute" in row] == []
        await contacts.put(connection, made.space_id, [LUC], 1, NOW)
        [again] = (await contacts.listed(connection, made.space_id))[1]
        await contacts.withdraw(connection, again, date(2027, 6, 1))
        assert (await contacts.known(connection, made.space_id, [LUC])).withdrawn == {LUC.same: "2027-06-01"}


async def test_a_group_that_is_removed_is_no_contacts_any_more(database: Database) -> None:
    async with database.write() as connection:
        made, [luc, _zoe] = await prepare(connection, LUC, ZOE)
        group = await groups.add(connection, made.space_id, "voisins", {"fr": "Voisins"}, NOW)
        await groups.remove(connection, group)
        found = await contacts.find(connection, made.space_id, luc.id)
        assert found is not None
        assert (found.groups, found.tags) == ([], ["vélo"])


async def arrive(connection: AsyncConnection, made: Consultation, code: str, **given: Any) -> tuple[int, Any]:
    """Somebody new shows this code."""
    person = new_id()
    row = {"space_id": made.space_id, "id": person, "groups": [], "tags": [], "channel": "web", "created_at": NOW}
    await connection.execute(insert(Participant).values(**{**row, **given}))
    [found] = await letters.redeem(connection, [Shown(made.space_id, made.id, person, code, NOW.isoformat())])
    return person, found


async def test_a_letter_hands_on_what_the_contact_said_and_nothing_joins_the_two_afterwards(
    database: Database,
) -> None:
    async with database.write() as connection:
        made, [luc, _zoe] = await prepare(connection, LUC, ZOE)
        [code] = await contacts.write(connection, made, [luc], NOW)
        assert await contacts.came(connection, made.space_id) == {made.id: Written(1, 0)}
        person, found = await arrive(connection, made, code.lower(), tags=["ancien"])
        assert found == {"area": "gare", "groups": ["voisins"]}
        tags = await connection.scalar(select(Participant.tags).where(Participant.id == person))
        assert tags == ["ancien", "vélo"]
        assert await contacts.came(connection, made.space_id) == {made.id: Written(1, 1)}
        [row] = await connection.execute(select(PersonalCode.used_by, PersonalCode.used_at, PersonalCode.contact_id))
        assert tuple(row) == (NOBODY, None, luc.id)
        _other, refused = await arrive(connection, made, code)
        assert refused == {"wrong": True}, "it works once"


def test_what_a_contact_said_is_their_word_and_no_proof() -> None:
    shown = Shown(1, 2, 3, "KPMR2XW9", NOW.isoformat())
    settled = letters.settled(shown, {"area": "gare", "groups": ["voisins"]})
    assert settled is not None
    assert (settled.area, settled.groups, settled.proved) == ("gare", ("voisins",), ())
    assert letters.settled(shown, {"wrong": True}) is None
    assert letters.settled(shown, {"wait": 3}) is None


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("centre-ville_KPMR2XW9", ("centre-ville", "KPMR2XW9")),
        ("montaubry.centre_kpmr2xw9", ("montaubry.centre", "KPMR2XW9")),
        ("centre-ville", ("centre-ville", None)),
        ("centre_KPMR2XW", ("centre_KPMR2XW", None)),
        ("centre_KPMR2XWO", ("centre_KPMR2XWO", None)),
        ("_KPMR2XW9", ("_KPMR2XW9", None)),
    ],
)
def test_a_personal_code_is_the_end_of_a_link(word: str, expected: tuple[str, str | None]) -> None:
    assert letters.apart(word) == expected


async def test_nobody_is_written_to_twice_unless_their_letter_is_written_anew(database: Database) -> None:
    async with database.write() as connection:
        made, [jean, luc, zoe] = await prepare(connection, LUC, ZOE, JEAN)
        assert await contacts.without_letter(connection, made, 2) == (3, [jean, luc])
        [first, second] = await contacts.write(connection, made, [jean, luc], NOW)
        assert await contacts.without_letter(connection, made, 9) == (1, [zoe])
        await arrive(connection, made, first)
        assert await contacts.take_back(connection, made) == 1
        assert await contacts.without_letter(connection, made, 9) == (2, [luc, zoe]), "who came is written no more"
        assert (await arrive(connection, made, second))[1] == {"wrong": True}


async def test_two_who_import_at_once_keep_each_contact_once(database: Database) -> None:
    async with database.write() as connection:
        space = await make_space(connection)
    many = [NewContact(f"Personne {number}", FAIR, DAY, f"p{number}@b.example") for number in range(700)]

    async def bring(lines: list[NewContact]) -> int:
        async with database.write() as connection:
            return await contacts.put(connection, space.id, lines, 1, NOW)

    await asyncio.gather(bring(many), bring(many[::-1]))
    async with database.read() as connection:
        assert await contacts.count(connection, space.id) == 700


# -- lists after lists, against a plain model ----------------------------------------------------------------------

PEOPLE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(("Luc Morel", "Zoé", "ZOE", "Élise")),
        "email": st.sampled_from(("", "", "a@b.example", "A@b.example", "z@b.example", "wrong")),
        "phone": st.sampled_from(("", "", "02 61 91 00 12", "0261910012")),
        "street": st.sampled_from(("", "3 rue Haute", "3 RUE HAUTE")),
        "day": st.sampled_from(("2027-05-01", "2027-05-05", "")),
    }
)
ROLL = "Nom;Adresse;Bureau de vote\nMorel;rue Haute;12\n"
LISTS = st.lists(PEOPLE, max_size=5)
STEPS = st.lists(
    st.one_of(
        LISTS, LISTS.map(lambda rows: [rows, rows]), st.just(ROLL), st.tuples(st.just("withdraw"), st.integers(0, 9))
    ),
    max_size=6,
)


def marks(row: dict[str, str]) -> list[str]:
    """By what somebody is known again."""
    name = {"zoé": "zoe"}.get(row["name"].lower(), row["name"].lower())
    there = [
        (row["email"], row["email"].lower()),
        (row["phone"], f"{name} by phone"),
        (row["street"], f"{name} at home"),
    ]
    return [mark for given, mark in there if given]


def model(kept: dict[str, str], gone: dict[str, str], rows: list[dict[str, str]]) -> None:
    """One list, as one would copy it by hand."""
    for row in rows:
        if not marks(row) or row["email"] == "wrong" or not row["day"]:
            continue
        if row["day"] > max(gone.get(mark, "") for mark in marks(row)):
            kept.setdefault(marks(row)[0], row["name"])


async def bring_in(database: Database, space_id: int, text: str) -> None:
    """As the panel does: read, weigh, keep; a list that is refused changes nothing."""
    try:
        lines = lists.read(text, Town(NOW.date(), source=FAIR))
    except lists.NotAList:
        return
    async with database.write() as connection:
        before = await contacts.known(connection, space_id, lines.good.values())
        preview = lists.weigh(lines, before)
        assert await contacts.put(connection, space_id, preview.new, 1, NOW) == len(preview.new)


def text_of(rows: list[dict[str, str]]) -> str:
    names = ("name", "email", "phone", "street", "day")
    header = "nom;e-mail;téléphone;adresse;date de l'accord"
    return "\n".join([header, *(";".join(row[name] for name in names) for row in rows)])


async def live_through(url: str, steps: list[Any]) -> None:
    database, kept, gone = Database(url), dict[str, str](), dict[str, str]()
    try:
        async with database.write() as connection:
            await make_tables(connection)
            space = await make_space(connection)
        for step in steps:
            if step == ROLL:
                await bring_in(database, space.id, ROLL)
            elif isinstance(step, tuple):
                async with database.write() as connection:
                    found = (await contacts.listed(connection, space.id))[1][step[1] :]
                    for one in found[:1]:
                        await contacts.withdraw(connection, one, date(2027, 5, 3))
                        row = {name: getattr(one, name) or "" for name in ("name", "email", "phone", "street")}
                        gone |= dict.fromkeys(marks(row), "2027-05-03")
                        del kept[marks(row)[0]]
            else:
                for rows in step if step and isinstance(step[0], list) else [step]:
                    model(kept, gone, rows)
                    await bring_in(database, space.id, text_of(rows))
        async with database.read() as connection:
            count, found = await contacts.listed(connection, space.id)
            assert sorted(one.name for one in found) == sorted(kept.values())
            assert count == len(kept)
            assert await connection.scalar(select(func.count()).select_from(models.Withdrawal)) == len(gone)
    finally:
        await database.close()


@given(STEPS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lists_one_after_the_other_leave_whom_they_should(tmp_path: Path, steps: list[Any]) -> None:
    with a_file(tmp_path, new_id()) as url:
        asyncio.run(live_through(url, steps))
