"""Duplicates become one: who supported, followed and said what is counted against a model in plain Python."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from storage import ideas, merging, moderation, similar, supporting
from storage.ballots import NewBallot
from storage.database import Database
from storage.merging import Merge, Merged, NotAlike
from storage.models import Ballot, Contribution, Follow
from storage.moderation import HIDDEN, REPORTED, TO_READ, VISIBLE
from storage.refusals import Gone, Refusal
from storage.similar import Asked, Text
from storage.supporting import SUPPORT, Following
from tests.storage.written import NOW, Written, a_phase, written
from tests.tables import a_file, make_tables


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Written]:
    async with written(database_url) as found:
        yield found


async def merge(town: Written, merged: int, into: int) -> Merged | Refusal:
    [result] = await merging.merge(town.connection, [Merge(town.space_id, merged, into, NOW)])
    return result


async def test_the_merged_text_is_listed_nowhere_and_keeps_a_link(town: Written) -> None:
    one, other = await town.write("Des bancs"), await town.write("Un banc devant la poste")
    author = await town.connection.scalar(select(Contribution.participant_id).where(Contribution.id == one))
    argument = await town.write("On attend debout", kind="argument_for", parent_id=one)
    await similar.index(town.connection, [Text(town.space_id, town.phase_id, one, "Des bancs", "fr")])
    await town.report(one)
    assert await merge(town, one, other) == Merged(author, "Des bancs", "Un banc devant la poste", own=False)
    counted = await moderation.count(town.connection, town.queue)
    assert counted == {TO_READ: 0, VISIBLE: 2, HIDDEN: 0, REPORTED: 0}
    [item] = await moderation.find(town.connection, town.queue, [one])
    assert (item.state, item.parent) == ("merged", other)
    parent = select(Contribution.parent_id).where(Contribution.id == argument)
    assert await town.connection.scalar(parent) == other
    [near] = await similar.similar(town.connection, [Asked(town.space_id, town.phase_id, "des bancs", "fr")])
    assert near == []
    [seen] = await ideas.mine(town.connection, [ideas.Giver(town.space_id, town.phase_id, author or 0)])
    assert [(row["kind"], row["id"]) for row in seen["given"]] == [(SUPPORT, other)]


async def test_a_text_merged_into_one_that_is_merged_later_leads_to_the_last(town: Written) -> None:
    first, second, third = [await town.write(f"Un banc {number}") for number in range(3)]
    await merge(town, first, second)
    await merge(town, second, third)
    found = await moderation.find(town.connection, town.queue, [first, second])
    assert [item.parent for item in found] == [third, third]
    assert await supporting.people(town.connection, town.space_id, third) == (2, 0)


async def test_what_is_not_alike_is_not_merged(town: Written) -> None:
    idea, hidden = await town.write("Des bancs"), await town.write("Un banc", "hidden")
    argument = await town.write("Pour", kind="argument_for", parent_id=idea)
    question = await town.write("Quand ?", kind="question")
    elsewhere = await (await a_phase(town.connection, "ailleurs")).write("Des bancs")
    for other in (idea, hidden, argument, question, elsewhere, 12):
        assert isinstance(await merge(town, idea, other), NotAlike)
        assert isinstance(await merge(town, other, idea), NotAlike)


# -- any number of people, ideas and merges ------------------------------------------------------------------------


@dataclass
class Model:
    """Who wrote each idea that stands, who supports it, and who follows it."""

    author: dict[int, int | None] = field(default_factory=dict)
    support: dict[int, set[int]] = field(default_factory=dict)
    follow: dict[int, set[int]] = field(default_factory=dict)

    def merge(self, one: int, into: int) -> None:
        writer = {self.author.pop(one)} - {None}
        self.support[into] |= self.support.pop(one) | {who for who in writer if who is not None}
        self.support[into] -= {who for who in [self.author[into]] if who is not None}
        self.follow[into] |= self.follow.pop(one)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_nobody_is_lost_or_counted_twice(tmp_path: Path, seed: int) -> None:
    with a_file(tmp_path, seed) as url:
        asyncio.run(crowd(url, random.Random(seed)))


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
async def test_the_same_on_postgresql(postgres_url: str, seed: int) -> None:
    await crowd(postgres_url, random.Random(seed))


async def crowd(url: str, chance: random.Random) -> None:
    async with written(url) as town:
        await town.open()
        people, model = [await town.person() for _ in range(7)], Model()
        for number in range(6):
            author = chance.choice([*people, None])
            id_ = await town.write(f"Un banc {number}", participant_id=author)
            model.author[id_], model.support[id_], model.follow[id_] = author, set(), set()
        gone: list[int] = []
        for _step in range(60):
            await act(town, model, chance, people, gone)
            await check(town, model)


async def act(town: Written, model: Model, chance: random.Random, people: list[int], gone: list[int]) -> None:
    """Somebody supports or follows an idea, or leaves off; or two of them become one."""
    idea, who = chance.choice([*model.author, *gone]), chance.choice(people)
    wanted = chance.random() < 0.7
    match chance.choice(["support"] * 6 + ["follow"] * 3 + ["merge"]):
        case "support":
            value = SUPPORT if wanted else None
            ballot = NewBallot(town.space_id, town.phase_id, who, str(idea), value, NOW, change=True)
            [count] = await supporting.support(town.connection, [ballot])
            if idea in gone:
                assert isinstance(count, Gone) or not wanted
            elif model.author[idea] != who:
                (model.support[idea].add if wanted else model.support[idea].discard)(who)
                assert count == len(model.support[idea])
        case "follow" if idea not in gone:
            await supporting.follow(town.connection, [Following(town.space_id, idea, who, wanted)])
            (model.follow[idea].add if wanted else model.follow[idea].discard)(who)
        case "merge" if len(model.author) > 1 and idea not in gone:
            into = chance.choice([other for other in model.author if other != idea])
            assert isinstance(await merge(town, idea, into), Merged)
            model.merge(idea, into)
            gone.append(idea)


async def check(town: Written, model: Model) -> None:
    ballots = (await town.connection.execute(select(Ballot.subject, Ballot.voter))).all()
    assert sorted(map(tuple, ballots)) == sorted(
        (str(idea), str(who)) for idea, supporters in model.support.items() for who in supporters
    )
    follows = (await town.connection.execute(select(Follow.contribution_id, Follow.participant_id))).all()
    assert sorted(map(tuple, follows)) == sorted(
        (idea, who) for idea, followers in model.follow.items() for who in followers
    )


async def test_whoever_supports_while_it_is_merged_is_counted_with_the_other_or_hears_that_it_is_gone(
    postgres_url: str,
) -> None:
    """Two processes: the merge waits for the support that has begun, and what begins later is refused."""
    database = Database(postgres_url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
            town = await a_phase(connection)
            await town.open()
            one, other, fan = await town.write("Un banc"), await town.write("Des bancs"), await town.person()

        async def merge_them() -> None:
            async with database.write() as connection:
                await merging.merge(connection, [Merge(town.space_id, one, other, NOW)])

        async with database.write() as connection:
            ballot = NewBallot(town.space_id, town.phase_id, fan, str(one), SUPPORT, NOW)
            assert await supporting.support(connection, [ballot]) == [1]
            merging_ = asyncio.create_task(merge_them())
            done, _pending = await asyncio.wait([merging_], timeout=0.3)
            assert not done
        await merging_
        async with database.write() as connection:
            late = NewBallot(town.space_id, town.phase_id, 7, str(one), SUPPORT, NOW)
            assert isinstance((await supporting.support(connection, [late]))[0], Gone)
            subjects = await connection.scalars(select(Ballot.subject))
            assert set(subjects) == {str(other)}
            assert await connection.scalar(select(func.count()).select_from(Ballot)) == 2
    finally:
        await database.close()
