"""Relays: who arrived by whom, held against a plain model; what a name is kept beside, and what goes with a relay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import codes, consultations, erasure, making, models, participants, relays
from storage.consultations import Consultation, Phase
from storage.database import Database
from storage.models import Contribution, Conversation, Participant
from storage.refusals import AlreadyExists
from storage.relays import PERSON, PLACE, Arrived, Came, Relay
from storage.types import new_id
from tests.storage.test_consultations import make, make_space, take_part
from tests.tables import a_file, make_tables

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    async with opened.write() as connection:
        await make_tables(connection)
    yield opened
    await opened.close()


async def test_a_relay_is_one_whatever_its_capitals_and_a_person_may_be_called_like_a_place(database: Database) -> None:
    async with database.write() as connection:
        space = await make_space(connection)
        made = await relays.add(connection, space.id, PLACE, "École Pasteur", "Nord", NOW)
        assert await relays.of_place(connection, space.id, "ecole  PASTEUR", NOW) == made
        with pytest.raises(AlreadyExists):
            await relays.add(connection, space.id, PLACE, "école pasteur", None, NOW)
        person = await relays.add(connection, space.id, PERSON, "École Pasteur", None, NOW)
        assert await relays.listed(connection, space.id) == [person, made]
        assert (made.place, person.place) == ("École Pasteur", None)


async def test_a_relay_has_one_code_for_a_consultation_and_the_name_of_a_person_is_on_none(database: Database) -> None:
    async with database.write() as connection:
        space = await make_space(connection)
        made = await make(connection, space)
        karim = await relays.add(connection, space.id, PERSON, "Karim", None, NOW)
        code = await codes.hang(connection, made, karim, NOW)
        assert (code.place, code.relay_id) == (None, karim.id)
        with pytest.raises(AlreadyExists):
            await codes.hang(connection, made, karim, NOW)
        other = await making.copy(connection, made, slug="encore", zone="Europe/Paris", now=NOW)
        [again] = await codes.listed(connection, space.id, other.id)
        assert (again.relay_id, again.code == code.code) == (karim.id, False)


async def test_a_place_that_is_renamed_is_called_so_wherever_its_name_is_kept(database: Database) -> None:
    async with database.write() as connection:
        space = await make_space(connection)
        made, other = await make(connection, space), await make(connection, space, "autre")
        phase = await consultations.add_phase(connection, made, "questionnaire", {})
        elsewhere = await consultations.add_phase(connection, other, "questionnaire", {})
        await codes.create(connection, made, NOW, place="Boulangrie")
        for where in (phase, elsewhere):
            await take_part(connection, where, place="Boulangrie")
        relay = await relays.of_place(connection, space.id, "Boulangrie", NOW)
        await relays.change(connection, relay, "Boulangerie", "Centre")
        for table in (Conversation, Contribution):
            rows = await connection.execute(select(table.phase_id, table.place))
            assert dict(rows.all()) == {phase.id: "Boulangerie", elsewhere.id: "Boulangrie"}, (
                "only what its codes led to"
            )
        [code] = await codes.listed(connection, space.id, made.id)
        assert code.place == "Boulangerie"
        assert (await relays.find(connection, space.id, relay.id)) == Relay(
            space.id, relay.id, PLACE, "Boulangerie", "Centre"
        )


async def test_a_relay_that_is_removed_leaves_its_codes_and_what_was_given_and_no_name(database: Database) -> None:
    async with database.write() as connection:
        space = await make_space(connection)
        made = await make(connection, space)
        phase = await consultations.add_phase(connection, made, "questionnaire", {})
        karim = await relays.add(connection, space.id, PERSON, "Karim", None, NOW)
        code = await codes.hang(connection, made, karim, NOW)
        await take_part(connection, phase, by=karim)
        await relays.remove(connection, karim)
        found = await codes.find_entrance(connection, code.code)
        assert found is not None
        assert found.code is not None
        assert found.code.relay_id is None
        assert await relays.by_relay(connection, space.id) == {}
        for table in (models.Relay, models.Arrival):
            assert not await connection.scalar(select(func.count()).select_from(table))
        assert await connection.scalar(select(func.count()).select_from(Contribution)) == 1
        other = await making.copy(connection, made, slug="encore", zone="Europe/Paris", now=NOW)
        assert await codes.listed(connection, space.id, other.id) == [], "nobody is given a code again"


async def test_those_who_arrived_are_found_for_an_audience(database: Database) -> None:
    async with database.write() as connection:
        space = await make_space(connection)
        phase = await consultations.add_phase(connection, await make(connection, space), "questionnaire", {})
        bakery, school = [await relays.of_place(connection, space.id, name, NOW) for name in ("Boulangerie", "École")]
        people = [await take_part(connection, phase, by=relay) for relay in (bakery, school, None)]
        for wanted, expected in (([bakery], people[:1]), ([bakery, school], people[:2]), ([], [])):
            found = await connection.scalars(relays.arrived_by(space.id, [relay.id for relay in wanted]))
            assert sorted(found) == sorted(expected)


# -- against a plain model -----------------------------------------------------------------------------------------

PEOPLE, RELAYS, ASKED = range(4), range(3), range(2)
Step = tuple[str, int, int, int]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(("scan", "scan", "link", "agree", "send", "send", "erase")),
        st.sampled_from(PEOPLE),
        st.sampled_from(ASKED),
        st.sampled_from(RELAYS),
    ),
    max_size=25,
)


@dataclass
class Model:
    """Who came by whom, as one would count them on paper."""

    came: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    begun: set[tuple[int, int]] = field(default_factory=set)
    agreed: set[tuple[int, int]] = field(default_factory=set)
    sent: dict[tuple[int, int], int] = field(default_factory=dict)

    def step(self, hour: int, what: str, person: int, asked: int, relay: int) -> None:
        key = (person, asked)
        if what == "scan" and key not in self.begun:
            self.came[key] = (relay, hour)
        if what in ("scan", "link"):
            self.begun.add(key)
        if what == "agree" and key in self.begun:
            self.agreed.add(key)
        if what == "send" and key in self.begun:
            self.sent.setdefault(key, hour)
        if what == "erase":
            for kept in (self.came, self.begun, self.agreed, self.sent):
                for known in [one for one in kept if one[0] == person]:
                    kept.pop(known) if isinstance(kept, dict) else kept.remove(known)

    def counted(self, teams: dict[int, Any]) -> dict[Any, Arrived]:
        """By what `teams` says of each relay."""
        found: dict[Any, list[set[int]]] = {}
        for (person, asked), (relay, hour) in self.came.items():
            sets = found.setdefault(teams[relay], [set(), set(), set(), set()])
            key = (person, asked)
            earlier = [at for (who, where), at in self.sent.items() if who == person and where != asked and at < hour]
            happened = (
                True,
                key in self.agreed or key in self.sent,
                key in self.sent,
                key in self.sent and not earlier,
            )
            for people, true in zip(sets, happened, strict=True):
                if true:
                    people.add(person)
        return {key: Arrived(*map(len, sets)) for key, sets in found.items()}


class Life:
    """The same in the database."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.people = dict.fromkeys(PEOPLE, 0)
        self.relays: list[Relay] = []
        self.asked: list[tuple[Consultation, Phase]] = []

    async def prepare(self) -> None:
        space = await make_space(self.connection)
        for number in RELAYS:
            team = "Nord" if number else "Sud"
            self.relays.append(await relays.add(self.connection, space.id, PERSON, f"relay {number}", team, NOW))
        for number in ASKED:
            made = await make(self.connection, space, f"slug-{number}")
            self.asked.append((made, await consultations.add_phase(self.connection, made, "questionnaire", {})))
        for number in PEOPLE:
            await self.be_born(space.id, number)

    async def be_born(self, space_id: int, number: int) -> None:
        self.people[number] = new_id()
        row = {"space_id": space_id, "id": self.people[number], "groups": [], "channel": "web", "created_at": NOW}
        await self.connection.execute(insert(Participant).values(**row))

    async def step(self, hour: int, what: str, person: int, asked: int, relay: int) -> None:
        at, who, (made, phase) = NOW + timedelta(hours=hour), self.people[person], self.asked[asked]
        talk = (Conversation.participant_id == who, Conversation.phase_id == phase.id)
        begun = await self.connection.scalar(select(Conversation.id).where(*talk))
        if what == "scan":
            await relays.arrive(self.connection, [Came(made.space_id, made.id, who, self.relays[relay].id, at)])
        if what in ("scan", "link") and begun is None:
            row = {
                "space_id": made.space_id, "id": new_id(), "participant_id": who, "phase_id": phase.id, "kind": "test",
                "state": "open", "journal": "{}", "channel": "web", "begun_at": at, "heard_at": at,
            }  # fmt: skip
            await self.connection.execute(insert(Conversation).values(**row))
        if what == "agree" and begun is not None:
            agreed = participants.ConsentGiven(made.space_id, who, made.id, "yes", at)
            await participants.consent(self.connection, [agreed])
        if what == "send" and begun is not None:
            first = func.coalesce(Conversation.sent_at, at)
            await self.connection.execute(update(Conversation).where(*talk).values(sent_at=first))
        if what == "erase":
            await erasure.erase(self.connection, [(made.space_id, who, at.isoformat())])
            await self.be_born(made.space_id, person)


async def live_through(url: str, steps: list[Step]) -> None:
    database, model = Database(url), Model()
    try:
        async with database.write() as connection:
            await make_tables(connection)
            life = Life(connection)
            await life.prepare()
            for hour, step in enumerate(steps):
                model.step(hour, *step)
                await life.step(hour, *step)
            space_id = life.asked[0][0].space_id
            ids = {number: relay.id for number, relay in enumerate(life.relays)}
            assert await relays.by_relay(connection, space_id) == model.counted(ids)
            teams = {number: relay.team for number, relay in enumerate(life.relays)}
            assert await relays.by_team(connection, space_id) == model.counted(teams)
            by_code = await relays.by_code(connection, space_id)
            assert sum(came.people for came in by_code.values()) == len(model.came), "everybody counts once in each"
    finally:
        await database.close()


@given(STEPS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_people_do_they_are_counted_as_on_paper(tmp_path: Path, steps: list[Step]) -> None:
    with a_file(tmp_path, new_id()) as url:
        asyncio.run(live_through(url, steps))
