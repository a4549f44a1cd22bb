"""Noticing that the database has changed, whoever changed it: this process, `palabre talk`, another house.

SQLite tells each connection when another one has committed (`PRAGMA data_version`). On PostgreSQL the snapshot, which
names the transactions that are over, is compared with the one before: only those that write are counted in it. (A
NOTIFY in each transaction would make all commits wait for one lock.) Both take some microseconds, three times a second,
and only while somebody watches.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database

EVERY = 0.3
"""Seconds between two looks."""

log = structlog.get_logger()


class Watcher:
    """Looks at the database, and wakes everybody who watches."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.closed = False
        self._watching: set[asyncio.Event] = set()
        self._watched = asyncio.Event()

    async def watch(self) -> AsyncGenerator[None, None]:
        """Yields each time the database has changed, several changes at once counting as one, until `close`."""
        changed = asyncio.Event()
        self._watching.add(changed)
        self._watched.set()
        try:
            while not self.closed:
                await changed.wait()
                changed.clear()
                if not self.closed:
                    yield
        finally:
            self._watching.discard(changed)

    def tell(self) -> None:
        """Something has changed: wake everybody without waiting for the next look."""
        for changed in self._watching:
            changed.set()

    def close(self) -> None:
        """End every watch: the house is closing."""
        self.closed = True
        self.tell()

    async def run(self) -> None:
        """Look until cancelled; a database that is away is looked at again."""
        while True:
            await self._watched.wait()
            try:
                async with self.database.engine.connect() as connection:
                    await self._look(connection)
            except SQLAlchemyError as error:
                log.warning("cannot watch the database", error=type(error).__name__)
                await asyncio.sleep(1)

    async def _look(self, connection: AsyncConnection) -> None:
        """Look while anybody watches, on one connection: SQLite counts for each what the others committed."""
        query = "PRAGMA data_version" if self.database.sqlite else "SELECT pg_current_snapshot()::text"
        seen = None
        while self._watching:
            found = (await connection.exec_driver_sql(query)).scalar_one()
            await connection.rollback()  # an open transaction would see one moment for ever
            if seen is not None and found != seen:
                self.tell()
            seen = found
            await asyncio.sleep(EVERY)
        self._watched.clear()
