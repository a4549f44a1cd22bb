"""Prepared statements do what the same statements do the usual way, and short transactions what all others do."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.models import Attempt, Heard
from storage.prepared import Prepared, among
from storage.types import LARGEST_ID
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, 30, 15, 123456, tzinfo=UTC)
COLUMNS = ("id", "space_id", "participant_id", "channel", "account", "key", "shown", "state", "tries", "heard_at")
ROWS = [
    (1, 7, None, "web", "town", "a", "C’est « l'été »; DROP TABLE inbox", "handled", 1, NOW),
    (2, 7, LARGEST_ID, "web", "town", "b'\"\\", None, "handled", 1, NOW + timedelta(microseconds=1)),
    (LARGEST_ID, 7, 12, "web", "town", "ç 🌳", "%(key)s ? :key", "aside", 2, datetime(1970, 1, 1, tzinfo=UTC)),
]
NOTE = Prepared(insert(Heard), *COLUMNS)
READ = Prepared(
    select(*(getattr(Heard, name) for name in COLUMNS))
    .where(Heard.state == bindparam("state"), among(Heard.key, "keys"))
    .order_by(Heard.id),
    "state",
    "keys",
)
BY_ID = Prepared(select(Heard.id).where(among(Heard.id, "ids")).order_by(Heard.id), "ids")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    async with opened.write() as connection:
        await make_tables(connection)
    yield opened
    await opened.close()


async def usual(connection: AsyncConnection) -> list[tuple[object, ...]]:
    rows = await connection.execute(select(*(getattr(Heard, name) for name in COLUMNS)).order_by(Heard.id))
    return [tuple(row) for row in rows]


async def test_rows_go_in_as_they_do_the_usual_way(database: Database) -> None:
    async with database.write(short=True) as connection:
        await NOTE.write(connection, ROWS)
        await NOTE.write(connection, [])
    async with database.read() as connection:
        assert await usual(connection) == ROWS


async def test_rows_come_out_as_they_do_the_usual_way(database: Database) -> None:
    async with database.write() as connection:
        await NOTE.write(connection, ROWS)
        keys = [str(row[5]) for row in ROWS]
        assert [tuple(row) for row in await READ.read(connection, "handled", [*keys, "unknown"])] == ROWS[:2]
        assert [tuple(row) for row in await READ.read(connection, "aside", keys)] == ROWS[2:]
        assert await READ.read(connection, "handled", []) == []
        assert [row[0] for row in await BY_ID.read(connection, [LARGEST_ID, 1, 5])] == [1, LARGEST_ID]


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = [(*ROWS[0][:-1], NOW.replace(tzinfo=None))]
    async with database.write(short=True) as connection:
        with pytest.raises(ValueError, match="zone"):
            await NOTE.write(connection, naive)


async def test_a_failed_short_transaction_leaves_nothing_behind(database: Database) -> None:
    async def write() -> None:
        async with database.write(short=True) as connection:
            await NOTE.write(connection, ROWS)
            await NOTE.write(connection, ROWS[:1])

    with pytest.raises(IntegrityError):
        await write()
    async with database.write(short=True) as connection:
        assert await usual(connection) == []
        await NOTE.write(connection, ROWS[:1])
    async with database.read() as connection:
        assert len(await usual(connection)) == 1


async def test_a_short_transaction_waits_for_another_writer_without_holding_up_the_loop(database: Database) -> None:
    if not database.sqlite:
        return  # only SQLite has one writer
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write() -> None:
        async with database.write(short=True) as connection:
            await connection.execute(insert(Attempt).values(subject="x", at=NOW, id=1))

    writing = asyncio.create_task(write())
    async with database.read() as connection:
        for _ in range(20):
            assert await connection.scalar(select(func.count()).select_from(Attempt)) == 0
    assert not writing.done(), "the other one has not let go yet"
    other.execute("COMMIT")
    other.close()
    await writing
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(Attempt)) == 1
