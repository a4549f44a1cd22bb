"""Who is counted as having taken part, against a plain model: people once each, papers one by one, tables and the team
told apart and never added."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import answers, arriving, consultations, typing_in
from storage.answers import Apart
from storage.models import Contribution, Participant
from storage.scope import MEETING, ORGANISER, PAPER, Scope
from storage.types import new_id
from storage.typing_in import TypedIn
from tests.crowd import MORNING, Crowd, opened
from tests.tables import a_file

KIND = "idea"


@dataclass(frozen=True)
class Given:
    """One contribution: whose (None: erased), or typed in from where by how many."""

    origin: str
    author: int | None = None
    people: int = 1
    sent: bool = True
    place: str | None = None


residents = st.builds(
    Given,
    st.sampled_from(("web", "telegram")),
    st.none() | st.integers(1, 4),
    sent=st.sampled_from((True, True, False)),
    place=st.none(),
) | st.builds(Given, st.just("web"), st.integers(1, 4), place=st.just("Boulangerie"))
typed = st.builds(Given, st.sampled_from((PAPER, ORGANISER))) | st.builds(
    Given, st.just(MEETING), people=st.integers(1, 12)
)
piles = st.lists(residents | typed, max_size=14)


async def give(connection: AsyncConnection, crowd: Crowd, pile: list[Given], names: dict[int, int]) -> None:
    for one in pile:
        if one.origin in (PAPER, ORGANISER, MEETING):
            new = TypedIn(
                crowd.space_id, crowd.phase_id, KIND, "Un banc", None, None, one.people, one.origin, None, MORNING
            )
            await typing_in.put(connection, [new])
            continue
        row = {"space_id": crowd.space_id, "id": new_id(), "phase_id": crowd.phase_id, "key": KIND, "kind": KIND}
        who = names.get(one.author) if one.author is not None else None
        await connection.execute(
            insert(Contribution).values(
                **row, participant_id=who, state="sent" if one.sent else "hidden", text="Un banc", fields={},
                origin=one.origin, place=one.place, created_at=MORNING, updated_at=MORNING,
            )
        )  # fmt: skip


async def check(connection: AsyncConnection, pile: list[Given]) -> None:
    crowd = await Crowd.gather(connection)
    names = {number: new_id() for number in range(1, 5)}
    people_here = {"space_id": crowd.space_id, "language": "fr", "groups": [], "channel": "web", "created_at": MORNING}
    await connection.execute(insert(Participant), [{**people_here, "id": id_} for id_ in names.values()])
    await give(connection, crowd, pile, names)
    counted = [one for one in pile if one.sent]
    known = {one.author for one in counted if one.author is not None}
    erased = sum(1 for one in counted if one.author is None and one.origin in ("web", "telegram"))
    papers = sum(1 for one in counted if one.origin == PAPER)
    tables = [one.people for one in counted if one.origin == MEETING]
    people = len(known) + erased + papers
    ways = Counter[str]()
    for origin in ("web", "telegram"):
        theirs = [one.author for one in counted if one.origin == origin]
        ways[origin] = len({author for author in theirs if author is not None}) + theirs.count(None)
    ways[PAPER] = papers
    scope = Scope(crowd.space_id, crowd.phase_id, kind=KIND)
    assert await answers.people(connection, scope) == people
    assert dict(await answers.by_channel(connection, scope)) == {way: number for way, number in ways.items() if number}
    assert await answers.apart(connection, scope) == Apart(
        len(tables), sum(tables), sum(1 for one in counted if one.origin == ORGANISER)
    )
    [listed] = await consultations.listed(connection, crowd.space_id, MORNING)
    assert (listed.people, listed.lately) == (people, people)
    came = await arriving.ways(connection, crowd.space_id, [listed.consultation.id])
    assert (came.people, dict(came.channels)) == (people, {way: number for way, number in ways.items() if number})
    poster = {author for author in known if any(one.author == author and one.place for one in counted)}
    none = {one.author for one in counted if one.author is not None and not one.place}
    assert dict(came.places).get("Boulangerie", 0) == len(poster)
    assert dict(came.places).get("", 0) == len(none) + erased + papers
    assert came.first == len(known)
    nothing_else = await arriving.ways(connection, crowd.space_id, [])
    assert (nothing_else.people, nothing_else.first) == (0, 0)


async def in_a_town(url: str, pile: list[Given]) -> None:
    async with opened(url) as connection:
        await check(connection, pile)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pile=piles, seed=st.integers(0, 2**62))
def test_people_are_counted_once_and_tables_and_the_team_never(tmp_path: Path, pile: list[Given], seed: int) -> None:
    with a_file(tmp_path, seed) as url:
        asyncio.run(in_a_town(url, pile))


@pytest.mark.long
async def test_the_same_on_postgresql(postgres_url: str) -> None:
    chance = random.Random(7)
    ways = [
        Given("web", 1),
        Given("telegram", 1),
        Given("web"),
        Given(PAPER),
        Given(ORGANISER),
        Given(MEETING, people=8),
    ]
    await in_a_town(postgres_url, [chance.choice(ways) for _number in range(60)])
