"""Audiences over what is kept of people, and whom a text to them would reach: a random town against a plain model, on
both databases."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import audiences, left_out, reach
from storage.database import Database
from storage.models import (
    Space,
)
from storage.reach import Asked, Reach
from storage.rules import (
    Agreed,
    AllOf,
    Began,
    CameBy,
    FirstTime,
    LatelyIn,
    Muted,
    Not,
    ReachedBy,
    Rule,
    Speaks,
    Supports,
    TookPart,
    Unfinished,
    WantsResult,
)
from tests.crowd import opened
from tests.storage.townsfolk import NOW, Resident, found_town, residents, rules, settle
from tests.tables import make_tables


async def check(connection: AsyncConnection, crowd: Sequence[Resident], rule: Rule | None) -> None:
    silent = ("signal",)
    inside = {id_: one for id_, one in enumerate(crowd, 1) if rule is None or one.judge(rule) is True}
    assert await audiences.count(connection, 1, [rule], NOW) == [len(inside)], rule
    people = audiences.people(1, rule, NOW)
    assert set(await connection.scalars(people)) == set(inside), rule
    why = Counter(one.why_not(silent) for one in inside.values())
    [found] = await reach.look(connection, [Asked(1, rule, NOW, silent=silent)])
    assert found == Reach(len(inside), {reason: why[reason] for reason in left_out.REASONS if why[reason]}), rule
    assert found.reached == why[None]
    gets_it = people.where(left_out.why(1, NOW, silent=silent).is_(None))
    reached = {id_ for id_, one in inside.items() if one.why_not(silent) is None}
    assert set(await connection.scalars(gets_it)) == reached, rule


def test_a_random_town_is_found_and_reached_as_a_plain_model_says(database_url: str) -> None:
    async def prepare() -> None:
        database = Database(database_url)
        async with database.write() as connection:
            await make_tables(connection)
            await found_town(connection)
        await database.close()

    async def compare(crowd: Sequence[Resident], asked: Sequence[Rule | None]) -> None:
        database = Database(database_url)
        async with database.write() as connection:
            await settle(connection, crowd)
            for rule in asked:
                await check(connection, crowd, rule)
            assert await audiences.count(connection, 1, asked, NOW) == [
                one.people for one in await reach.look(connection, [Asked(1, rule, NOW) for rule in asked])
            ]
            assert await reach.look(connection, [Asked(2, None, NOW)]) == [Reach(0, {})]
        await database.close()

    @given(st.lists(residents, max_size=5), st.lists(st.none() | rules, min_size=1, max_size=6))
    def example(crowd: Sequence[Resident], asked: Sequence[Rule | None]) -> None:
        asyncio.run(compare(crowd, asked))

    asyncio.run(prepare())
    example()


async def test_where_a_town_allows_nothing_unasked_everybody_has_had_enough(database_url: str) -> None:
    database = Database(database_url)
    ada = Resident("fr", None, "web", True, False, frozenset({1}), (), frozenset(), frozenset(), ())
    async with database.write() as connection:
        await make_tables(connection)
        await found_town(connection)
        await settle(connection, [ada])
        await connection.execute(update(Space).values(cap=0))
        everybody = [Asked(1, None, NOW), Asked(1, None, NOW, unasked=False)]
        assert await reach.look(connection, everybody) == [Reach(1, {left_out.ENOUGH: 1}), Reach(1, {})]
    await database.close()


async def test_no_person_costs_a_look_through_the_whole_town(tmp_path: Path) -> None:
    """SQLite has no statistics: a question put for each person is answered by reading the space from one end to the
    other, which made 100,000 people take more than ten minutes. All of it together takes half a second."""
    every = AllOf((Speaks(("fr",)), ReachedBy(("web",)), CameBy((71,)), *(Not(leaf) for leaf in BY_IDS), FirstTime()))
    statement = audiences.people(1, every, NOW)
    compiled = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True})
    async with opened(f"sqlite+aiosqlite:///{tmp_path}/town.db") as connection:
        plan = await connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {compiled}", (None,) * len(compiled.positiontup or ())
        )
        steps = list(plan.scalars(3))
    assert any("participants" in step for step in steps)
    assert [step for step in steps if "CORRELATED" in step] == []


BY_IDS: tuple[Rule, ...] = (
    *(TookPart((11,)), Unfinished((11,)), Supports((901,)), Agreed((1,))),
    *(Began((11,)), LatelyIn((11,)), Muted((11,)), WantsResult((1,))),
)
