"""Opening the database: SQLite by default, PostgreSQL when a town outgrows one machine.

Writers begin with BEGIN IMMEDIATE, readers with BEGIN: with the driver's default, two processes counting up
the same row lost four fifths of their work without a word (design.md 6).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from storage import one_hop

BUSY_SECONDS = 30.0
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
"""What people write, and the driver that we use."""


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


class Database:
    """One database, with the two ways of using it: `write()` and `read()`, each one transaction."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        if self.url.drivername in DRIVERS:
            self.url = self.url.set(drivername=DRIVERS[self.url.drivername])
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.sqlite else _postgres_engine(self.url)
        self._writers = self.engine.execution_options(writes=True)
        self._short_writers = self._writers.execution_options(short=True)

    @asynccontextmanager
    async def write(self, *, short: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write; commits when the block ends well, rolls back when it raises.

        `short`: each of its statements takes a few milliseconds at most, so that on SQLite none needs a thread.
        """
        async with (self._short_writers if short else self._writers).begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads, and sees one moment of the database."""
        async with self.engine.connect() as connection, connection.begin():
            if not self.sqlite:
                await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[AsyncConnection]:
        """No transaction at all, for what can't be done in one: VACUUM, and a checkpoint."""
        async with self.engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        await self.engine.dispose()


def _sqlite_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=8,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS, "isolation_level": None, "async_creator_fn": one_hop.connect},
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets readers go on beside the writer; FULL because votes must survive a power cut.

    The WAL is written back each 16 MB instead of each 4: a busy evening changes the same pages again and again.
    """
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
        "wal_autocheckpoint=4000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes", False) else "BEGIN")
    connection.connection.driver_connection.short = options.get("short", False)


def _postgres_engine(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=8,
        max_overflow=8,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        hide_parameters=True,
        pool_pre_ping=True,
    )
