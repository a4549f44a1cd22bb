"""Names that a process holds at PostgreSQL for as long as it lives: one courier, one who asks a platform what is new.

Each is an advisory lock of one session. The database lets go of it when the session ends, however the process ended and
on whichever machine it ran. On SQLite one process has the house to itself, and nobody is asked.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database

EVERY = 1.0
"""Seconds between looks: whether a name is free, or still ours."""
_WATCHED = ("SET tcp_keepalives_idle = 5", "SET tcp_keepalives_interval = 5", "SET tcp_keepalives_count = 3")
"""A machine that has lost its power ends no session: the database notices within twenty seconds."""
_TAKE = text("SELECT pg_try_advisory_lock(:key)")
_LET_GO = text("SELECT pg_advisory_unlock(:key)")
_HELD = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid::bigint = :high AND objid::bigint = :low)"
)


class Holding:
    """The names of one process, on one connection of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._connection: AsyncConnection | None = None
        self._names: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    async def hold(self, name: str) -> bool:
        """Whether this name is ours now: it was and still is, or nobody else had it. A database that is away has taken
        all of them from us."""
        if self.database.sqlite:
            return True
        async with self._one_at_a_time:
            try:
                return await self._hold(name)
            except (SQLAlchemyError, OSError):
                await self._lose()
                return False

    async def _hold(self, name: str) -> bool:
        if self._connection is None:
            opened = await self.database.engine.connect()
            self._connection = await opened.execution_options(isolation_level="AUTOCOMMIT")
            for setting in _WATCHED:
                await self._connection.execute(text(setting))
        if name in self._names:
            await self._connection.execute(text("SELECT 1"))
        elif await self._connection.scalar(_TAKE, {"key": _key(name)}):
            self._names.add(name)
        return name in self._names

    async def _lose(self) -> None:
        connection, self._connection, self._names = self._connection, None, set()
        if connection is not None:
            with suppress(SQLAlchemyError, OSError):
                await connection.invalidate()
                await connection.close()

    async def release(self, name: str) -> None:
        async with self._one_at_a_time:
            if name in self._names and self._connection is not None:
                self._names.discard(name)
                with suppress(SQLAlchemyError, OSError):
                    await self._connection.execute(_LET_GO, {"key": _key(name)})

    async def while_held(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do this work whenever the name is ours, until cancelled; it is cancelled when the name is lost."""
        if self.database.sqlite:
            return await work()
        try:
            while True:
                if not await self.hold(name):
                    await asyncio.sleep(EVERY)
                    continue
                await self._until_lost(name, asyncio.ensure_future(work()))
        finally:
            await self.release(name)

    async def _until_lost(self, name: str, working: asyncio.Future[None]) -> None:
        """Raises what the work does."""
        try:
            while await self.hold(name):
                done, _pending = await asyncio.wait([working], timeout=EVERY)
                if done:
                    return working.result()
        finally:
            if not working.done():
                working.cancel()
                await asyncio.wait([working])

    async def close(self) -> None:
        async with self._one_at_a_time:
            connection, self._connection, self._names = self._connection, None, set()
            if connection is not None:
                with suppress(SQLAlchemyError, OSError):
                    await connection.execute(text("SELECT pg_advisory_unlock_all()"))
                    await connection.close()


async def is_held(connection: AsyncConnection, name: str) -> bool:
    """Whether a process that lives holds this name."""
    key = _key(name) & (2**64 - 1)
    return bool(await connection.scalar(_HELD, {"high": key >> 32, "low": key & (2**32 - 1)}))


def _key(name: str) -> int:
    """PostgreSQL's locks have numbers, 64 bits with a sign."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
