"""What several commands share: their options, and the first steps with settings and database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
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


class Unusable(Exception):
    """The database cannot be used."""


def read_settings(file: Path | None, database: str | None = None) -> config.Settings:
    """The settings, with another database if one is named. Raises Mistake."""
    try:
        settings = config.load(file)
        return settings.with_database(database) if database else settings
    except config.BadSettings as error:
        raise Mistake(str(error)) from error


@asynccontextmanager
async def opened(settings: config.Settings) -> AsyncIterator[Database]:
    """The database of these settings. Raises Unusable, without quoting any row, when it fails."""
    database = Database(settings.database_url.get_secret_value())
    try:
        with usable():
            yield database
    finally:
        await database.close()


@contextmanager
def usable() -> Iterator[None]:
    """Raises Unusable for whatever a database raises in there."""
    try:
        yield
    except SQLAlchemyError as error:
        raise Unusable(f"The database cannot be used: {in_short(error)}") from error


def in_short(error: Exception) -> str:
    """What went wrong, as the database said it, without the statement and the values it was about."""
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(error).__name__
