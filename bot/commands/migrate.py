"""`palabre migrate`: bring the database to this program's schema."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.commands.common import Config, DatabaseUrl, opened, read_settings
from storage import migrating


def migrate(config: Config = None, database: DatabaseUrl = None) -> None:
    """Bring the database to this program's schema; `run` does it by itself.

    Two started at once do it once. A database of a newer program is refused and left as it is.
    """
    asyncio.run(_migrate(config, database))


async def _migrate(config: Path | None, url: str | None) -> None:
    async with opened(read_settings(config, url), make=True) as database:
        if await migrating.migrate(database):
            print(f"The database now has schema {migrating.NEEDED}.")
        else:
            print(f"The database has schema {migrating.NEEDED} already.")
