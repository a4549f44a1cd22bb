"""New databases: their tables are compiled once and handed to PostgreSQL all at once, and files are gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import create_mock_engine
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.migrating import NEEDED
from storage.models import Base


async def make_tables(connection: AsyncConnection) -> None:
    """Leave an empty database as `migrate` does; tests/storage/test_migrating.py holds both to be the same."""
    backend = connection.dialect.name
    for statement in [";".join(statements(backend))] if backend == "postgresql" else statements(backend):
        await connection.exec_driver_sql(statement)


@cache
def statements(backend: str) -> list[str]:
    """What makes everything, in its order."""
    found: list[str] = []

    def note(statement: Any, *_given: Any, **_options: Any) -> None:
        found.append(str(statement.compile(dialect=engine.dialect)))

    engine: MockConnection = create_mock_engine(f"{backend}://", note)
    Base.metadata.create_all(engine, checkfirst=False)
    return [
        *found,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
        f"INSERT INTO alembic_version VALUES ('{NEEDED}')",
    ]


@contextmanager
def a_file(folder: Path, seed: int) -> Iterator[str]:
    """The URL of an SQLite file for one example of many; nothing is left of it."""
    try:
        yield f"sqlite+aiosqlite:///{folder}/{seed}.db"
    finally:
        for part in folder.glob(f"{seed}.db*"):
            part.unlink()
