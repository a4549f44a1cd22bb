"""aiosqlite with one hop into its thread for each statement instead of four, or none in a short transaction.

SQLAlchemy asks a cursor of aiosqlite to open, execute, fetch and close, and each of these is a message to the
connection's thread and back (60 to 250 µs). A batch of reception runs a dozen statements, so that most of its time
went into waiting. Here a statement is executed and its rows are fetched in one go; all results are small.

In a transaction whose statements are known to be short they run where they are asked for. Only what may wait, for
another writer or for the disk, is left to the thread: its begin and its commit.
docs/decisions/one-hop.md has the measurements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any

import aiosqlite
from aiosqlite.core import _connection_worker_thread


class OneHopCursor:
    """What SQLAlchemy's adapter expects of a cursor; rows are there when `execute` returns."""

    arraysize = 1

    def __init__(self, connection: OneHopConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> OneHopCursor:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> OneHopCursor:
        await self._connection.hop(self._run, sqlite3.Cursor.execute, operation, parameters)
        return self

    async def executemany(self, operation: str, parameters: Iterable[Sequence[Any]]) -> OneHopCursor:
        await self._connection.hop(self._run, sqlite3.Cursor.executemany, operation, parameters)
        return self

    def _run(self, connection: sqlite3.Connection, method: Callable[..., Any], *given: Any) -> None:
        cursor = connection.cursor()
        try:
            method(cursor, *given)
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
            self._rows = cursor.fetchall() if cursor.description else []
        finally:
            cursor.close()

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Closed already, in the hop that used it."""


class OneHopConnection(aiosqlite.Connection):
    """An aiosqlite connection that hands out such cursors. `short`: until its transaction is over, no hop at all."""

    short = False

    async def hop(self, function: Callable[..., Any], *given: Any) -> Any:
        """Run `function(sqlite3 connection, *given)` in the connection's thread."""
        if self.short:
            return function(self._conn, *given)
        return await self._execute(function, self._conn, *given)  # type: ignore[no-untyped-call]

    async def commit(self) -> None:
        self.short = False
        await super().commit()

    async def rollback(self) -> None:
        """The pool asks for one each time a connection comes back to it, mostly with nothing to undo."""
        self.short = False
        if self.in_transaction:
            await super().rollback()

    def cursor(self) -> OneHopCursor:  # type: ignore[override]
        return OneHopCursor(self)


def connect(database: str, **options: Any) -> OneHopConnection:
    """As aiosqlite.connect: await it to open."""
    connection = OneHopConnection(lambda: sqlite3.connect(database, **options), 64)
    # A daemon, as SQLAlchemy does: a forgotten connection must not keep the program alive.
    connection._thread = Thread(target=_work, args=(connection._tx,), daemon=True)
    return connection


def _work(orders: SimpleQueue[Any]) -> None:
    """A connection's thread. One that could not be opened may outlive its loop: then nobody waits for its answer."""
    with suppress(RuntimeError):
        _connection_worker_thread(orders)
