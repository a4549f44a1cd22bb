"""One schema, however a database came to it: by the models or by the migrations, alone or two at once."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage import migrating
from storage.database import Database
from storage.migrating import NEEDED, REVISIONS, SchemaIsNewer, migrate, revision
from storage.models import Base


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


def differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


async def test_the_migrations_lead_to_the_models(database: Database) -> None:
    assert await migrate(database)
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_on_sqlite_they_lead_to_the_very_same_statements(tmp_path: object) -> None:
    """Alembic compares neither WITHOUT ROWID nor deferred references."""

    async def statements(url: str, *, by_migration: bool) -> dict[str, list[str]]:
        database = Database(url)
        if by_migration:
            await migrate(database)
        async with database.write() as connection:
            await connection.run_sync(Base.metadata.create_all)
            rows = await connection.execute(
                text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%' AND sql IS NOT NULL")
            )
            # A revision adds its columns at the end, on one line, wherever the models name them.
            found = {name: sorted(filter(None, re.split(r"[,\s]*\n\s*|, ", statement))) for name, statement in rows}
        await database.close()
        return found

    by_models = await statements(f"sqlite+aiosqlite:///{tmp_path}/models.db", by_migration=False)
    assert await statements(f"sqlite+aiosqlite:///{tmp_path}/migrated.db", by_migration=True) == by_models


async def test_a_second_start_finds_nothing_to_do(database: Database) -> None:
    assert await migrate(database)
    assert not await migrate(database)
    async with database.read() as connection:
        assert await revision(connection) == NEEDED


async def test_an_empty_database_has_no_revision(database: Database) -> None:
    async with database.read() as connection:
        assert await revision(connection) is None


async def test_a_newer_schema_is_refused_and_left_alone(database: Database) -> None:
    await migrate(database)
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaIsNewer, match="schema 9999, newer than this program's"):
        await migrate(database)


async def test_a_migration_that_fails_leaves_nothing_behind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = migrating.upgrade

    def half(connection: Connection, target: str) -> None:
        whole(connection, target)
        raise RuntimeError("the power went")

    monkeypatch.setattr(migrating, "upgrade", half)
    with pytest.raises(RuntimeError):
        await migrate(database)
    async with database.read() as connection:
        assert await revision(connection) is None


def start(url: str, go: Any, outcomes: Any) -> None:
    """What each of several processes does."""

    async def opened() -> bool:
        database = Database(url)
        try:
            return await migrate(database)
        finally:
            await database.close()

    go.wait()
    try:
        outcomes.put(asyncio.run(opened()))
    except Exception as error:
        outcomes.put(repr(error))


async def test_of_processes_that_start_at_once_one_migrates(database_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    go, outcomes = context.Event(), context.Queue()
    processes = [context.Process(target=start, args=(database_url, go, outcomes)) for _ in range(4)]
    for process in processes:
        process.start()
    await asyncio.sleep(2)  # until they all wait: starting takes longer than migrating
    go.set()
    found = [await asyncio.to_thread(outcomes.get, timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(found, key=str) == [False, False, False, True]


async def test_the_house_starts_without_alembic_when_there_is_nothing_to_do(database_url: str) -> None:
    program = (
        "import asyncio, sys\n"
        "from storage.database import Database\n"
        "from storage.migrating import migrate\n"
        f"asyncio.run(migrate(Database({database_url!r})))\n"
        "print('alembic' in sys.modules)"
    )
    for imported in (b"True", b"False"):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        assert output.strip() == imported


def test_revisions_are_numbered_and_never_branch() -> None:
    scripts = ScriptDirectory.from_config(migrating.alembic())
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS
    assert tuple(f"{number:04}" for number in range(1, len(REVISIONS) + 1)) == REVISIONS
