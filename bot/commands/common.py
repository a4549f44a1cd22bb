"""What several commands share: their options, and the first steps with settings and database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from sqlalchemy.exc import SQLAlchemyError

from bot import config
from bot.mistakes import Mistake
from storage.database import Database

Config: TypeAlias = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The settings; palabre.toml in this folder if there is one."),
]
DatabaseUrl: TypeAlias = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="Another database than that of the settings."),
]

Told: TypeAlias = Callable[[str, int, int | None], None]
"""Called with (what is done now, how many are done, of how many if that is known)."""


class Unusable(Exception):
    """The database cannot be used."""


def read_settings(file: Path | None, database: str | None = None) -> config.Settings:
    """The settings, with another database if one is named. Raises Mistake, also where its file has no folder."""
    try:
        settings = config.load(file)
        settings = settings.with_database(database) if database else settings
    except config.BadSettings as error:
        raise Mistake(str(error)) from error
    if (sqlite := settings.sqlite_file) and not sqlite.absolute().parent.is_dir():
        raise Mistake(f"there is no folder {sqlite.absolute().parent} for the database.")
    return settings


@asynccontextmanager
async def opened(settings: config.Settings, *, make: bool = False) -> AsyncIterator[Database]:
    """The database of these settings. Raises Unusable, without quoting any row, when it fails.

    A file that can't be opened is a Mistake; so is one that is not there, unless it may be made: SQLite would make an
    empty one under a wrong name.
    """
    if not make and (file := settings.sqlite_file):
        _check_that_it_is_there(file)
    database = Database(settings.database_url.get_secret_value())
    try:
        with usable(settings):
            yield database
    finally:
        await database.close()


def _check_that_it_is_there(file: Path) -> None:
    if not file.exists():
        raise Mistake(f"there is no database {file}; name another with --database, or make it with `palabre migrate`.")


@contextmanager
def usable(settings: config.Settings) -> Iterator[None]:
    """Raises Unusable for whatever a database raises in there, and Mistake for a file that can't be opened."""
    try:
        yield
    except SQLAlchemyError as error:
        file, todo = settings.sqlite_file, cure(error)
        if file is not None and todo is not None:
            raise Mistake(f"{file.absolute()} cannot be used ({in_short(error)}). {todo}") from error
        raise Unusable(f"The database cannot be used: {in_short(error)}") from error


_GIVE = "It has to be a file that the user who runs Palabre may write, in a folder where they may."
_CURES = {"CANTOPEN": _GIVE, "READONLY": _GIVE, "NOTADB": "It is some other file; name the one of the database."}


def cure(error: Exception) -> str | None:
    """What to do about a file that SQLite can't open; None of other errors."""
    name: str = getattr(getattr(error, "orig", None), "sqlite_errorname", "")
    return _CURES.get(name.removeprefix("SQLITE_").partition("_")[0])


def in_short(error: Exception) -> str:
    """What went wrong, as the database said it, without the statement and the values it was about."""
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(error).__name__


@contextmanager
def counting(doing: str) -> Iterator[Told]:
    """Draws a bar in a terminal, and nothing elsewhere."""
    from rich.console import Console  # only long work draws bars
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task(doing, total=None)
        yield lambda what, done, total: bars.update(bar, description=f"{doing} {what}", completed=done, total=total)
