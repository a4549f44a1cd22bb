"""Names that a process holds at the database for as long as it lives."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from storage.database import Database
from storage.holding import Holding, is_held

pytestmark = pytest.mark.long
"""They are PostgreSQL's."""


@pytest.fixture
async def database(postgres_url: str) -> Database:
    return Database(postgres_url)


async def held(database: Database, name: str) -> bool:
    async with database.read() as connection:
        return await is_held(connection, name)


async def test_one_process_holds_a_name_until_it_lets_go_of_it(database: Database) -> None:
    ours, theirs = Holding(database), Holding(database)
    assert await ours.hold("poll 42")
    assert await ours.hold("poll 42"), "still"
    assert not await theirs.hold("poll 42")
    assert await theirs.hold("poll 43")
    assert [await held(database, name) for name in ("poll 42", "poll 43", "poll 44")] == [True, True, False]
    await ours.release("poll 42")
    assert await theirs.hold("poll 42")
    await ours.close()
    await theirs.close()
    assert not await held(database, "poll 42")
    await database.close()


async def test_a_name_whose_session_has_ended_is_free_and_its_holder_notices(database: Database) -> None:
    ours, theirs = Holding(database), Holding(database)
    assert await ours.hold("a courier")
    async with database.alone() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        await connection.execute(text(others))
    there = True
    while there:
        there = await held(database, "a courier")
        await asyncio.sleep(0.01)
    assert await theirs.hold("a courier")
    assert not await ours.hold("a courier")
    assert await ours.hold("another"), "on a new connection"
    await ours.close()
    await theirs.close()
    await database.close()


async def test_work_goes_on_while_the_name_is_ours_and_another_takes_over(database: Database) -> None:
    ours, theirs = Holding(database), Holding(database)
    at_work: list[str] = []
    begun, both = asyncio.Event(), asyncio.Event()

    def work(who: str) -> asyncio.Future[None]:
        async def works() -> None:
            at_work.append(who)
            begun.set()
            if len(at_work) > 1:
                both.set()
            try:
                await asyncio.Event().wait()
            finally:
                at_work.append(f"not {who}")

        return asyncio.ensure_future(works())

    first = asyncio.create_task(ours.while_held("poll", lambda: work("first")))
    await asyncio.wait_for(begun.wait(), 10)
    second = asyncio.create_task(theirs.while_held("poll", lambda: work("second")))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait_for(both.wait(), 10)
    second.cancel()
    await asyncio.wait([first, second])
    assert at_work == ["first", "not first", "second", "not second"]
    await ours.close()
    await theirs.close()
    await database.close()
