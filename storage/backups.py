"""Backups: the whole database in one file that any database of ours can be filled from.

The file is JSON lines under gzip: a header, then each table's name and columns followed by its rows as arrays, and
an end that counts the rows. Each column says how its values are written (`plain`, `time`, `document`, `bytes`), so
that a file is read without the models it was written from: it is restored under the schema it was made with, and
migrated from there. docs/decisions/portable-backups.md says why this is not the database's own dump.
"""

from __future__ import annotations

import base64
import gzip
import os
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import orjson
from sqlalchemy import JSON, Connection, LargeBinary, Table, column, func, insert, inspect, select, table, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import NullType, TypeEngine

from storage import migrating
from storage.database import Database
from storage.models import Base
from storage.types import Document, UTCTime
from storage.value import value

FORMAT = "palabre-backup 1"
AT_ONCE = 500
"""Rows read, or written by one statement, at a time; fewer where a row may hold a photo."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with (table, rows done so far, rows in all)."""


class NotABackup(Exception):
    """This file is no backup of Palabre, or it is damaged or cut short."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class NotEmpty(Exception):
    """There is something in this database already; a backup is restored into an empty one only."""

    def __str__(self) -> str:
        return self.__doc__ or ""


@value
class Header:
    """What a backup says of itself; `rows` counts those of each table."""

    schema: str
    made_at: datetime
    rows: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


# -- writing -------------------------------------------------------------------------------------------------------


async def backup(database: Database, file: Path, now: datetime, progress: Progress) -> Header:
    """Write everything as it is at one moment, while others go on writing; the file is there whole or not at all.

    Raises SchemaIsNewer, or NotMigrated where the schema is older.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6) as packed:
                async with database.read() as connection:
                    header = await _header(connection, now)
                    async for line in _lines(connection, header, progress):
                        packed.write(line + b"\n")
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return header


async def _header(connection: AsyncConnection, now: datetime) -> Header:
    schema = await migrating.revision(connection)
    if schema != migrating.NEEDED:
        raise migrating.NotMigrated(schema)
    counts = {}
    for one in Base.metadata.sorted_tables:
        counts[str(one.name)] = (await connection.execute(select(func.count()).select_from(one))).scalar_one()
    return Header(schema, now, counts)


async def _lines(connection: AsyncConnection, header: Header, progress: Progress) -> AsyncIterator[bytes]:
    yield orjson.dumps({"format": FORMAT, "schema": header.schema, "made_at": header.made_at, "rows": header.rows})
    done = 0
    for one in Base.metadata.sorted_tables:
        writings = [_writing(found.type) for found in one.columns]
        named = [(str(found.name), writing) for found, writing in zip(one.columns, writings, strict=True)]
        yield orjson.dumps({"table": str(one.name), "columns": named})
        async for rows in _pages(connection, one, 10 if "bytes" in writings else AT_ONCE):
            for row in rows:
                yield orjson.dumps([_written(value) for value in row])
            done += len(rows)
            progress(one.name, done, header.total)
    yield orjson.dumps({"end": done})


async def _pages(connection: AsyncConnection, one: Table, size: int) -> AsyncIterator[Sequence[Sequence[Any]]]:
    """The rows of a table in the order of its key, so that no more than a page of them is held."""
    key = list(one.primary_key.columns)
    places = [one.columns.keys().index(part.name) for part in key]
    query = select(one).order_by(*key).limit(size)
    rows: Sequence[Sequence[Any]] = (await connection.execute(query)).all()
    while rows:
        yield rows
        last = [rows[-1][place] for place in places]
        rows = (await connection.execute(query.where(tuple_(*key) > tuple_(*last)))).all()


def _writing(type_: TypeEngine[Any]) -> str:
    """How the values of this type are written."""
    if isinstance(type_, UTCTime):
        return "time"
    if isinstance(type_, LargeBinary):
        return "bytes"
    return "document" if isinstance(type_, JSON) else "plain"


def _written(value: Any) -> Any:
    """A value as orjson writes it, which knows how to write a moment."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


# -- reading -------------------------------------------------------------------------------------------------------


async def restore(database: Database, file: Path, progress: Progress) -> Header:
    """Fill an empty database from a backup, in one transaction, and bring it to this program's schema.

    Raises NotABackup, NotEmpty, or SchemaIsNewer when the backup was made by a newer program: nothing is changed.
    """
    lines = _read(file)
    header = _read_header(next(lines, None))
    async with database.write() as connection:
        await migrating.lock(connection)
        await migrating.revision(connection)
        await connection.run_sync(_make_room, header.schema)
        await _fill(connection, lines, header, progress)
        if connection.dialect.name == "postgresql":  # it changes no table whose references are still to be checked
            await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        await connection.run_sync(migrating.upgrade, migrating.NEEDED)
    return header


def _read(file: Path) -> Iterator[Any]:
    try:
        with gzip.open(file) as packed:
            for line in packed:
                yield orjson.loads(line)
    except (gzip.BadGzipFile, EOFError, zlib.error, orjson.JSONDecodeError) as error:
        raise NotABackup from error


def _read_header(data: Any) -> Header:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise NotABackup
    header = Header(data["schema"], datetime.fromisoformat(data["made_at"]), data["rows"])
    if header.schema not in migrating.REVISIONS:
        raise migrating.SchemaIsNewer(header.schema, "backup")
    return header


def _make_room(connection: Connection, schema: str) -> None:
    """An empty database with the schema the backup was made with, whatever revision it is empty at."""
    there = set(inspect(connection).get_table_names())
    ours = [one for one in Base.metadata.sorted_tables if one.name in there]
    for one in ours:
        if connection.execute(select(text("1")).select_from(one).limit(1)).first() is not None:
            raise NotEmpty
    Base.metadata.drop_all(connection, ours)
    connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    migrating.upgrade(connection, schema)


async def _fill(connection: AsyncConnection, lines: Iterator[Any], header: Header, progress: Progress) -> None:
    done = 0
    filling: _Table | None = None
    for line in lines:
        if isinstance(line, list) and filling is not None:
            done += await filling.add(line)
            continue
        if filling is not None:
            done += await filling.write()
            progress(filling.name, done, header.total)
        if not isinstance(line, dict):
            raise NotABackup
        if "end" in line:
            after = next(lines, None)  # reading on also compares gzip's own checksum
            if done != line["end"] or done != header.total or after is not None:
                raise NotABackup
            return
        filling = _Table(connection, line["table"], line["columns"])
    raise NotABackup  # it has no end


class _Table:
    """A table being filled, some hundred rows a statement."""

    def __init__(self, connection: AsyncConnection, name: str, columns: Sequence[tuple[str, str]]) -> None:
        self.connection, self.name = connection, name
        self.names = [column_name for column_name, _ in columns]
        self.writings = [writing for _, writing in columns]
        self.insert = insert(table(name, *(column(one, TYPES.get(how, NullType())) for one, how in columns)))
        self.at_once = 10 if "bytes" in self.writings else AT_ONCE
        self.rows: list[dict[str, Any]] = []
        self.clean = _without_nul if connection.dialect.name == "postgresql" else _as_it_is

    async def add(self, row: Sequence[Any]) -> int:
        """Take a row; answers how many were written by it."""
        values = [self.clean(_value(value, how)) for value, how in zip(row, self.writings, strict=True)]
        self.rows.append(dict(zip(self.names, values, strict=True)))
        return await self.write() if len(self.rows) >= self.at_once else 0

    async def write(self) -> int:
        rows, self.rows = self.rows, []
        if rows:
            await self.connection.execute(self.insert, rows)
        return len(rows)


TYPES: Mapping[str, TypeEngine[Any]] = {"time": UTCTime(), "bytes": LargeBinary(), "document": Document}


def _value(value: Any, writing: str) -> Any:
    if value is None:
        return None
    if writing == "time":
        return datetime.fromisoformat(value)
    return base64.b64decode(value) if writing == "bytes" else value


def _as_it_is(value: Any) -> Any:
    return value


def _without_nul(value: Any) -> Any:
    """PostgreSQL keeps no NUL character in a text; SQLite does, if one ever came in."""
    if isinstance(value, str):
        return value.replace("\0", "") if "\0" in value else value
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(item) for name, item in value.items()}
    return value
