"""Bringing a database to this program's schema, when the house starts and by `palabre migrate`.

Revisions are numbered (`0001`, `0002`, ...) and never branch, so the one this program needs is the last file of
storage/migrations/versions. Alembic is imported only when there is something to do: it takes a fifth of a second.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent / "migrations"
REVISIONS = tuple(sorted(file.name.partition("_")[0] for file in (FOLDER / "versions").glob("[0-9]*.py")))
NEEDED = max(REVISIONS, default="")
LOCK = 0x70616C61627265
"""The key of PostgreSQL's advisory lock: `palabre` in ASCII."""


class SchemaIsNewer(Exception):
    """The database (or backup) was made by a newer version of Palabre than this one."""

    def __init__(self, found: str, what: str = "database") -> None:
        super().__init__(
            f"The {what} has schema {found}, newer than this program's {NEEDED}. "
            "Install the version of Palabre that was used last, or a later one."
        )


class NotMigrated(Exception):
    """The database has an older schema than this program's, or none."""

    def __init__(self, found: str | None) -> None:
        what = f"has schema {found}" if found else "is empty"
        super().__init__(f"The database {what}, and this program needs schema {NEEDED}. Run `palabre migrate` first.")


async def migrate(database: Database) -> bool:
    """Bring the schema up to date; answers whether there was anything to do.

    Everything happens in one transaction that no other process can enter at the same time: whoever starts
    second finds the work done. Raises SchemaIsNewer, and changes nothing then.
    """
    async with database.read() as connection:
        if await revision(connection) == NEEDED:
            return False
    async with database.write() as connection:
        await lock(connection)
        found = await revision(connection)
        if found == NEEDED:
            return False
        await connection.run_sync(upgrade, NEEDED)
        return True


async def lock(connection: AsyncConnection) -> None:
    """Keep other processes from migrating until this transaction ends. On SQLite the only writer is alone anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


async def revision(connection: AsyncConnection) -> str | None:
    """The schema's revision; None in an empty database. Raises SchemaIsNewer for one this program does not know."""
    if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
        return None
    found: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and found not in REVISIONS:
        raise SchemaIsNewer(found)
    return found


def upgrade(connection: Connection, target: str) -> None:
    """Run what is missing up to this revision, in the transaction under way."""
    from alembic import command  # only now: see above

    command.upgrade(alembic(connection), target)


def alembic(connection: Connection | None = None) -> Config:
    """Alembic's configuration, which needs no file of its own."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
