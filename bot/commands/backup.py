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

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def backup(
    file: Annotated[
        Path | None,
        typer.Argument(help="The file to write; without it that of today in the settings' folder, palabre-monday.gz."),
    ] = None,
    config: Config = None,
    database: DatabaseUrl = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if there is one.")] = False,
) -> None:
    """Write the whole database into one file, also while the house is running.

    The file holds one moment, and fits SQLite and PostgreSQL alike. It holds what residents wrote: only its owner
    may read it, and it should be kept as carefully as the database. Without a name it replaces that of a week ago, so
    that none is kept for longer.
    """
    settings = read_settings(config, database)
    overwrite = overwrite or file is None
    file = file or _of_today(settings)
    if file.exists() and not overwrite:
        raise Mistake(f"{file} is there already; choose another name, or replace it with --overwrite.")
    if not file.absolute().parent.is_dir():
        raise Mistake(f"there is no folder {file.absolute().parent}.")
    asyncio.run(_backup(file, settings))


def _of_today(settings: Settings) -> Path:
    if not settings.backups:
        raise Mistake("name the file to write, or the folder of all backups in the setting backups.")
    return Path(settings.backups) / f"palabre-{DAYS[utc_now().weekday()]}.gz"


async def _backup(file: Path, settings: Settings) -> None:
    async with opened(settings) as database:
        with counting("Writing") as progress:
            header = await backups.backup(database, file, utc_now(), progress)
    print(f"{header.total} rows written to {file}.")
