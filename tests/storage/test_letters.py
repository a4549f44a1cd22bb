"""Personal codes: one person each, once, slowly guessed; and the gate that looks at what they proved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from storage import consultations, gate, letters, spaces
from storage.ballots import NewBallot
from storage.consultations import Consultation
from storage.database import Database
from storage.letters import Known, Shown
from storage.models import Participant, PersonalCode
from storage.refusals import NotEligible
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    async with opened.write() as connection:
        await make_tables(connection)
    yield opened
    await opened.close()


async def prepare(database: Database, *slugs: str) -> list[Consultation]:
    """A town with these consultations."""
    async with database.write() as connection:
        space = await spaces.create(
            connection, slug="montaubry", name={"fr": "Montaubry"}, languages=["fr"], zone="Europe/Paris", colour=None,
            contact={}, privacy={}, now=NOW,
        )  # fmt: skip
        return [
            await consultations.create(
                connection, space.id, slug=slug, title={}, topic={}, why={}, decides={}, opens_at=None, closes_at=None,
                answer_on=None, now=NOW,
            )
            for slug in slugs
        ]  # fmt: skip


async def write(database: Database, consultation: Consultation, *people: Known) -> list[str]:
    async with database.write() as connection:
        return await letters.write(connection, consultation, people, NOW)


async def show(
    database: Database, consultation: Consultation, person: int, code: str, at: datetime = NOW
) -> dict[str, Any]:
    async with database.write() as connection:
        shown = Shown(consultation.space_id, consultation.id, person, code, at.isoformat())
        [found] = await letters.redeem(connection, [shown])
    assert isinstance(found, dict)
    return found


async def test_a_code_proves_what_the_town_knows_to_one_person(database: Database) -> None:
    [made] = await prepare(database, "place")
    [code] = await write(database, made, Known("gare", "lettre", 1961))
    proved = {"area": "gare", "group": "lettre", "born": 1961}
    assert await show(database, made, 1, code.lower().replace(" ", "-")) == proved
    assert await show(database, made, 1, code) == proved, "the same person may show it again"
    assert await show(database, made, 2, code) == {"wrong": True}
    async with database.read() as connection:
        assert await letters.counted(connection, made) == (1, 1)


async def test_a_code_is_worth_nothing_in_another_consultation(database: Database) -> None:
    [made, other] = await prepare(database, "place", "square")
    [code] = await write(database, made, Known())
    assert await show(database, other, 1, code) == {"wrong": True}


async def test_codes_are_long_differ_and_are_kept_as_digests_only(database: Database) -> None:
    [made] = await prepare(database, "place")
    codes = await write(database, made, *[Known()] * 1000)
    assert len(set(codes)) == 1000
    assert {len(code) for code in codes} == {letters.LENGTH + 1}
    async with database.read() as connection:
        kept = set(await connection.scalars(select(PersonalCode.digest)))
    assert kept == {letters.digest(made.space_id, code) for code in codes}
    assert not any(code.replace(" ", "") in digest for code in codes[:20] for digest in kept)


async def test_guessing_is_slowed_down_and_a_right_code_then_waits_too(database: Database) -> None:
    [made] = await prepare(database, "place")
    [code] = await write(database, made, Known())
    for minute in range(letters.GUESSES.tries):
        assert await show(database, made, 1, "2222 2222", NOW + timedelta(minutes=minute)) == {"wrong": True}
    assert await show(database, made, 1, code, NOW + timedelta(minutes=10)) == {"wait": 51}
    assert await show(database, made, 2, "2222 2222", NOW + timedelta(minutes=10)) == {"wrong": True}, (
        "others do not wait"
    )
    assert "wrong" not in await show(database, made, 1, code, NOW + timedelta(minutes=61))


async def test_of_people_who_show_one_code_together_one_gets_in(database: Database) -> None:
    [made] = await prepare(database, "place")
    [code] = await write(database, made, Known(group="lettre"))
    found = await asyncio.gather(*(show(database, made, person, code) for person in range(1, 9)))
    assert sorted("wrong" in one for one in found) == [False, *[True] * 7]
    async with database.read() as connection:
        assert await letters.counted(connection, made) == (1, 1)


async def test_the_gate_judges_by_the_stage_of_the_moment(database: Database) -> None:
    """Whoever was refused an hour ago gives now; nothing was changed but the time."""
    [made] = await prepare(database, "place")
    stages = [
        {"from": None, "who": {"group": "lettre"}},
        {"from": (NOW + timedelta(hours=1)).isoformat(), "who": {"checked-area": "gare"}},
        {"from": (NOW + timedelta(hours=2)).isoformat(), "who": None},
    ]
    async with database.write() as connection:
        phase = await consultations.add_phase(connection, made, "made_up", {}, stages=stages)
        await consultations.open_now(connection, made, NOW)
        for id_, groups, area, proved in (
            (1, ["lettre"], None, ""),
            (2, [], "gare", "area"),
            (3, [], "gare", ""),
        ):
            row = {"space_id": made.space_id, "id": id_, "groups": groups, "area": area, "proved": proved}
            await connection.execute(insert(Participant).values(**row, language="fr", channel="web", created_at=NOW))
    let_in = []
    async with database.read() as connection:
        for hour in range(3):
            at = NOW + timedelta(hours=hour, minutes=1)
            given = [NewBallot(made.space_id, phase.id, person, "square", "yes", at) for person in (1, 2, 3)]
            _doors, found = await gate.look(connection, given)
            assert all(one is None or isinstance(one, NotEligible) for one in found)
            let_in.append([one is None for one in found])
    assert let_in == [[True, False, False], [False, True, False], [True, True, True]]
