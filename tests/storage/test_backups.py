"""A backup holds one moment, whole, and any database of ours is filled from it."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import func, insert, select

from storage import backups, migrating
from storage.backups import NotABackup, NotEmpty, backup, restore
from storage.contributions import Part
from storage.database import Database
from storage.migrating import NotMigrated, SchemaIsNewer, migrate
from storage.models import Answer, Base, Contribution, File
from tests.crowd import MORNING, Crowd
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, 12, tzinfo=UTC)
PARTS = (Part("visits", choice="daily"), Part("seats", number=3.0), Part("change", text="Des bancs", folded="bancs"))

Open = Callable[[str], Database]


@pytest.fixture
async def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens an empty database of a kind."""
    numbers = itertools.count()
    async with AsyncExitStack() as stack:

        def opened(kind: str) -> Database:
            url = f"sqlite:///{tmp_path}/{next(numbers)}.db"
            database = Database(url if kind == "sqlite" else request.getfixturevalue("postgres_url"))
            stack.push_async_callback(database.close)
            return database

        yield opened


def quiet(_table: str, _done: int, _total: int) -> None:
    """Nobody looks."""


async def settle(database: Database, *, photo: bytes = b"\x89PNG\x00\xff") -> Crowd:
    """A town with a consultation, some responses and a photo."""
    async with database.write() as connection:
        await make_tables(connection)
        crowd = await Crowd.gather(connection)
        for name in ("Anaïs", "Bilal", "Chloé"):
            await crowd.sends(name, *PARTS)
        await connection.execute(
            insert(File).values(
                space_id=crowd.space_id, id=1, digest="d", media_type="image/png", content=photo, created_at=MORNING
            )
        )
    return crowd


async def everything(database: Database) -> dict[str, list[Any]]:
    async with database.read() as connection:
        return {
            table.name: [tuple(row) for row in await connection.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.parametrize(("source", "target"), [("sqlite", "postgres"), ("postgres", "sqlite"), ("sqlite", "sqlite")])
async def test_a_town_moves_from_one_database_to_another(
    source: str, target: str, open_database: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "AT_ONCE", 2)
    here, there = open_database(source), open_database(target)
    await settle(here)
    written = await backup(here, tmp_path / "town.gz", NOW, quiet)
    restored = await restore(there, tmp_path / "town.gz", quiet)
    assert written == restored
    assert restored.rows["answers"] == 9
    assert await everything(there) == await everything(here)
    async with there.read() as connection:
        assert await migrating.revision(connection) == migrating.NEEDED


async def test_it_holds_one_moment_while_others_write(database_url: str, open_database: Open, tmp_path: Path) -> None:
    here, there = Database(database_url), open_database("sqlite")
    crowd = await settle(here)
    sent = 3
    written = asyncio.Event()

    async def write() -> None:
        nonlocal sent
        while True:
            async with here.write() as connection:
                crowd.connection = connection
                await crowd.sends(f"person {sent}", *PARTS)
            sent += 1
            written.set()
            await asyncio.sleep(0)

    writing = asyncio.create_task(write())
    for number in range(5):
        await written.wait()
        written.clear()
        before = sent
        header = await backup(here, tmp_path / f"{number}.gz", NOW, quiet)
        assert before <= header.rows["contributions"] <= sent
    writing.cancel()
    await asyncio.wait([writing])
    assert header.rows["contributions"] > 3
    await restore(there, tmp_path / "4.gz", quiet)
    async with there.read() as connection:
        per_person = await connection.execute(
            select(func.count(Answer.id)).select_from(Contribution).outerjoin(Answer).group_by(Contribution.id)
        )
        assert {row[0] for row in per_person} == {len(PARTS)}
    await here.close()


async def test_progress_is_told_to_the_last_row(open_database: Open, tmp_path: Path) -> None:
    here, there = open_database("sqlite"), open_database("sqlite")
    await settle(here)
    told: list[tuple[str, int, int]] = []

    def seen(table: str, done: int, total: int) -> None:
        told.append((table, done, total))

    header = await backup(here, tmp_path / "a.gz", NOW, seen)
    assert told[-1][1:] == (header.total, header.total)
    told.clear()
    await restore(there, tmp_path / "a.gz", seen)
    assert told[-1][1:] == (header.total, header.total)


async def test_only_its_owner_may_read_it(open_database: Open, tmp_path: Path) -> None:
    here = open_database("sqlite")
    await settle(here)
    await backup(here, tmp_path / "a.gz", NOW, quiet)
    assert (tmp_path / "a.gz").stat().st_mode & 0o777 == 0o600
    assert "a.gz.part" not in os.listdir(tmp_path)


async def test_a_backup_that_fails_leaves_the_old_one_alone(open_database: Open, tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(b"yesterday's")
    with pytest.raises(NotMigrated, match="is empty, and this program needs"):
        await backup(open_database("sqlite"), tmp_path / "a.gz", NOW, quiet)
    assert (tmp_path / "a.gz").read_bytes() == b"yesterday's"
    assert "a.gz.part" not in os.listdir(tmp_path)


async def test_a_database_with_anything_in_it_is_refused(
    database_url: str, open_database: Open, tmp_path: Path
) -> None:
    here, there = open_database("sqlite"), Database(database_url)
    await settle(here)
    await backup(here, tmp_path / "a.gz", NOW, quiet)
    await settle(there)
    before = await everything(there)
    with pytest.raises(NotEmpty):
        await restore(there, tmp_path / "a.gz", quiet)
    assert await everything(there) == before
    await there.close()


async def test_one_that_was_only_migrated_is_filled(database_url: str, open_database: Open, tmp_path: Path) -> None:
    here, there = open_database("sqlite"), Database(database_url)
    await settle(here)
    await backup(here, tmp_path / "a.gz", NOW, quiet)
    await migrate(there)
    await restore(there, tmp_path / "a.gz", quiet)
    assert await everything(there) == await everything(here)
    await there.close()


def without_its_end(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def without_a_row(lines: list[bytes]) -> list[bytes]:
    rows = [number for number, line in enumerate(lines) if line.startswith(b"[")]
    return lines[: rows[-1]] + lines[rows[-1] + 1 :]


def with_nonsense(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], b'"?"', *lines[3:]]


def of_another_program(lines: list[bytes]) -> list[bytes]:
    return [b'{"format": "something else"}', *lines[1:]]


def of_nothing(_lines: list[bytes]) -> list[bytes]:
    return []


@pytest.mark.parametrize("spoil", [without_its_end, without_a_row, with_nonsense, of_another_program, of_nothing])
async def test_a_file_that_is_not_whole_changes_nothing(
    spoil: Callable[[list[bytes]], list[bytes]], database_url: str, open_database: Open, tmp_path: Path
) -> None:
    here, there = open_database("sqlite"), Database(database_url)
    await settle(here)
    await backup(here, tmp_path / "a.gz", NOW, quiet)
    lines = gzip.decompress((tmp_path / "a.gz").read_bytes()).splitlines()
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"\n".join(spoil(lines))))
    with pytest.raises(NotABackup):
        await restore(there, tmp_path / "a.gz", quiet)
    async with there.read() as connection:
        assert await migrating.revision(connection) is None
    await there.close()


@pytest.mark.parametrize("cut", [0, 5, 200, -3])
async def test_a_file_cut_anywhere_is_told_from_a_whole_one(cut: int, open_database: Open, tmp_path: Path) -> None:
    here = open_database("sqlite")
    await settle(here)
    await backup(here, tmp_path / "a.gz", NOW, quiet)
    (tmp_path / "a.gz").write_bytes((tmp_path / "a.gz").read_bytes()[:cut])
    with pytest.raises(NotABackup):
        await restore(open_database("sqlite"), tmp_path / "a.gz", quiet)


async def test_a_backup_of_a_newer_program_is_refused(open_database: Open, tmp_path: Path) -> None:
    header = {"format": backups.FORMAT, "schema": "9999", "made_at": NOW, "rows": {}}
    (tmp_path / "a.gz").write_bytes(gzip.compress(orjson.dumps(header)))
    with pytest.raises(SchemaIsNewer, match="The backup has schema 9999, newer than this program's"):
        await restore(open_database("sqlite"), tmp_path / "a.gz", quiet)


async def test_a_nul_that_sqlite_kept_does_not_hold_a_town_back(open_database: Open, tmp_path: Path) -> None:
    here, there = open_database("sqlite"), open_database("postgres")
    crowd = await settle(here)
    async with here.write() as connection:
        crowd.connection = connection
        await crowd.sends("Dora", Part("change", text="Des\0 bancs"), fields={"change": ["a\0b"]})
    await backup(here, tmp_path / "a.gz", NOW, quiet)
    await restore(there, tmp_path / "a.gz", quiet)
    async with there.read() as connection:
        assert await connection.scalar(select(Answer.text).where(Answer.text.like("Des banc%"))) == "Des bancs"
