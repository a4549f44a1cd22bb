"""Whoever watches learns that the database has changed, whoever changed it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from bot.finishing import stop
from bot.watching import Watcher
from storage.database import Database
from storage.models import Attempt
from storage.types import new_id
from tests.tables import make_tables

SOON = 5.0
"""Seconds; a look is taken every 0.3."""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    async with opened.write() as connection:
        await make_tables(connection)
    yield opened
    await opened.close()


@asynccontextmanager
async def watching(database: Database) -> AsyncIterator[Watcher]:
    watcher = Watcher(database)
    task = asyncio.create_task(watcher.run())
    try:
        yield watcher
    finally:
        await stop(task)


async def change(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(Attempt).values(id=new_id(), subject="x", at=datetime.now(UTC)))


async def test_a_change_by_this_process_and_by_another_is_seen(database: Database, database_url: str) -> None:
    other = Database(database_url)
    async with watching(database) as watcher, aclosing(watcher.watch()) as changes:
        for who in (database, other):
            waiting = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0.7)  # it has looked once
            await change(who)
            await asyncio.wait_for(waiting, SOON)
    await other.close()


async def test_reading_is_no_change(database: Database) -> None:
    """PostgreSQL also counts what it does by itself, now and then: so in one of a few times nothing is seen."""
    async with watching(database) as watcher, aclosing(watcher.watch()) as changes:
        waiting = asyncio.ensure_future(anext(changes))
        for _time in range(5):
            await asyncio.sleep(0.7)
            async with database.read() as connection:
                await connection.execute(select(Attempt))
            if not (await asyncio.wait([waiting], timeout=1))[0]:
                break
            waiting = asyncio.ensure_future(anext(changes))
        else:
            pytest.fail("each time something was read, a change was seen")
        await stop(waiting)


async def test_a_change_of_our_own_is_told_at_once(database: Database) -> None:
    watcher = Watcher(database)  # which does not even run
    async with aclosing(watcher.watch()) as changes:
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        watcher.tell()
        await asyncio.wait_for(waiting, 1)


async def test_every_watcher_is_woken_and_closing_ends_them_all(database: Database) -> None:
    watcher = Watcher(database)

    async def watch() -> int:
        return len([changed async for changed in watcher.watch()])

    tasks = [asyncio.create_task(watch()) for _ in range(3)]
    await asyncio.sleep(0)
    watcher.tell()
    await asyncio.sleep(0)
    watcher.close()
    assert await asyncio.wait_for(asyncio.gather(*tasks), 1) == [1, 1, 1]


async def test_while_nobody_watches_nothing_is_asked(database: Database) -> None:
    async with watching(database) as watcher:
        await asyncio.sleep(0.1)
        assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        async with aclosing(watcher.watch()) as changes:
            waiting = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0.2)
            assert database.engine.pool.checkedout() == 1  # type: ignore[attr-defined]
            await stop(waiting)
        await asyncio.sleep(0.7)
        assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
