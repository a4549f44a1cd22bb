"""Who a rule is for, said by the database: the same people that the rule itself judges, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import access, audiences
from storage.audiences import matching
from storage.database import Database
from storage.models import Participant
from storage.participants import Person
from storage.rules import Aged, AllOf, Answered, AnyOf, InArea, InGroup, Not, Rule, Tagged
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
AREAS = ("gare", "bourg", "l'île")
GROUPS = ("lettre", "conseil", 'dits "verts"')
TAGS = ("jury", "Mme Petit", "lettre", "l'île", "12")

ages = st.one_of(st.none(), st.integers(0, 90))
bounds = st.tuples(ages, ages).filter(lambda pair: pair != (None, None))
leaves: st.SearchStrategy[Rule] = st.one_of(
    st.builds(InArea, st.lists(st.sampled_from(AREAS), min_size=1, max_size=2).map(tuple), st.booleans()),
    st.builds(InGroup, st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2).map(tuple)),
    st.builds(Tagged, st.lists(st.sampled_from(TAGS), min_size=1, max_size=2).map(tuple)),
    st.builds(lambda pair, checked: Aged(pair[0], pair[1], checked), bounds, st.booleans()),
    st.just(Answered("visits", ("daily",))),
)
rules: st.SearchStrategy[Rule] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)
people = st.lists(
    st.builds(
        lambda area, groups, born, proved, tags: Person(
            1, 0, "fr", area, groups, None, None, "web", None, born=born, proved=proved, tags=tags
        ),
        st.none() | st.sampled_from(AREAS),
        st.lists(st.sampled_from(GROUPS), unique=True, max_size=3),
        st.none() | st.integers(1930, 2027),
        st.sampled_from(["", "area", "born", "area born"]),
        st.lists(st.sampled_from(TAGS), unique=True, max_size=3),
    ),
    max_size=6,
)


def row(id_: int, person: Person) -> dict[str, object]:
    return {
        "space_id": 1,
        "id": id_,
        "language": "fr",
        "area": person.area,
        "groups": person.groups,
        "born": person.born,
        "proved": person.proved,
        "tags": person.tags,
        "channel": "web",
        "created_at": NOW,
    }


async def put(connection: AsyncConnection, crowd: Sequence[Person]) -> None:
    await connection.execute(delete(Participant))
    if crowd:
        await connection.execute(insert(Participant), [row(id_, one) for id_, one in enumerate(crowd)])


def test_the_database_finds_those_the_rule_holds_for(database_url: str) -> None:
    async def prepare() -> None:
        database = Database(database_url)
        async with database.write() as connection:
            await make_tables(connection)
        await database.close()

    async def compare(crowd: Sequence[Person], asked: Sequence[Rule]) -> None:
        database = Database(database_url)
        async with database.write() as connection:
            await put(connection, crowd)
            for rule in asked:
                found = set(await connection.scalars(select(Participant.id).where(matching(rule, 1, NOW))))
                held = {id_ for id_, one in enumerate(crowd) if rule.judge(access.facts(one, NOW)) is True}
                assert found == held, rule
        await database.close()

    @given(people, st.lists(rules, min_size=1, max_size=8))
    def example(crowd: Sequence[Person], asked: Sequence[Rule]) -> None:
        asyncio.run(compare(crowd, asked))

    asyncio.run(prepare())
    example()


async def test_people_are_counted_for_each_rule_and_the_erased_are_nobody(database_url: str) -> None:
    database = Database(database_url)
    crowd = [Person(1, 0, "fr", area, [], None, None, "web", None) for area in ("gare", "gare", "bourg", None)]
    async with database.write() as connection:
        await make_tables(connection)
        await put(connection, crowd)
        await connection.execute(update(Participant).where(Participant.id == 0).values(erased_at=NOW))
        assert await audiences.count(connection, 1, [None, InArea(("gare",)), InArea(("gare",), True)], NOW) == [
            3,
            1,
            0,
        ]
        assert await audiences.count(connection, 2, [None], NOW) == [0]
    await database.close()
