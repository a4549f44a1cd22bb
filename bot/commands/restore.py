"""`palabre restore`: an empty database filled from a backup."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.common import Config, DatabaseUrl, counting, opened, read_settings
from bot.config import Settings
from bot.mistakes import Mistake
from storage import backups


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `palabre backup` wrote.")],
    config: Config = None,
    database: DatabaseUrl = None,
) -> None:
    """Fill an empty database from a backup, be it SQLite or PostgreSQL.

    All of it or nothing. A database with anything in it is refused. This is also how a town moves from SQLite to
    PostgreSQL: stop the house, back up, restore into the other database, start the house there.
    """
    if not file.is_file():
        raise Mistake(f"there is no file {file}.")
    asyncio.run(_restore(file, read_settings(config, database)))


async def _restore(file: Path, settings: Settings) -> None:
    async with opened(settings, make=True) as database:
        with counting("Restoring") as progress:
            header = await backups.restore(database, file, progress)
    print(f"{header.total} rows restored, as they were on {header.made_at:%Y-%m-%d at %H:%M} UTC.")
