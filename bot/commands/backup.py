"""`palabre backup`: the whole database in one file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.common import Config, DatabaseUrl, counting, opened, read_settings
from bot.config import Settings
from bot.mistakes import Mistake
from storage import backups
from storage.clock import utc_now


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, palabre-2027-03-10.gz for example.")],
    config: Config = None,
    database: DatabaseUrl = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if there is one.")] = False,
) -> None:
    """Write the whole database into one file, also while the house is running.

    The file holds one moment, and fits SQLite and PostgreSQL alike. It holds what residents wrote: only its owner
    may read it, and it should be kept as carefully as the database.
    """
    if file.exists() and not overwrite:
        raise Mistake(f"{file} is there already; choose another name, or replace it with --overwrite.")
    if not file.absolute().parent.is_dir():
        raise Mistake(f"there is no folder {file.absolute().parent}.")
    asyncio.run(_backup(file, read_settings(config, database)))


async def _backup(file: Path, settings: Settings) -> None:
    async with opened(settings) as database:
        with counting("Writing") as progress:
            header = await backups.backup(database, file, utc_now(), progress)
    print(f"{header.total} rows written to {file}.")
