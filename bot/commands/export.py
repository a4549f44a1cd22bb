"""`palabre export`: what was sent to a consultation, as a table."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.common import Config, DatabaseUrl, Told, counting, opened, read_settings
from bot.config import Settings
from bot.mistakes import Mistake
from flows import exporting, module
from flows.figures import Cell, PhaseRef, Reports
from flows.texts import LANGUAGES
from storage import consultations, spaces
from storage.consultations import Consultation


class Format(Enum):
    """What the file is for."""

    csv = "csv"
    json = "json"
    xlsx = "xlsx"


class Separator(Enum):
    """What stands between the cells of a CSV."""

    comma = "comma"
    semicolon = "semicolon"


@dataclass(frozen=True)
class Wanted:
    """Which table, and how."""

    slug: str
    space: str | None
    format: exporting.Format
    separator: exporting.Separator
    language: str | None


def export(
    consultation: Annotated[str, typer.Argument(help="Its name in addresses: centre-ville.")],
    format: Annotated[Format, typer.Option(help="What the file is for.")] = Format.csv,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file; the standard output if not told.")
    ] = None,
    separator: Annotated[
        Separator, typer.Option(help="Of a CSV; semicolons are what a French spreadsheet opens by a double click.")
    ] = Separator.comma,
    space: Annotated[
        str | None, typer.Option(metavar="SLUG", help="The town or association; needless where there is only one.")
    ] = None,
    language: Annotated[str | None, typer.Option(metavar="CODE", help="The language of headers and choices.")] = None,
    config: Config = None,
    database: DatabaseUrl = None,
) -> None:
    """Write what was sent to a consultation as CSV, XLSX or JSON.

    One row a response; what residents wrote can never become a formula.
    """
    if output is None and format is Format.xlsx and sys.stdout.isatty():
        raise Mistake("a terminal cannot show a spreadsheet; name a file with --output.")
    if language is not None and language not in LANGUAGES:
        raise Mistake(f"there is no language {language}, only: {', '.join(LANGUAGES)}.")
    mark: exporting.Separator = ";" if separator is Separator.semicolon else ","
    wanted = Wanted(consultation, space, format.value, mark, language)
    with tempfile.TemporaryFile() as file:  # whole or not at all
        rows = asyncio.run(_export(wanted, read_settings(config, database), file))
        file.seek(0)
        _copy(file, output)
    if output is not None:
        print(f"{rows} responses written to {output}.")


def _copy(file: IO[bytes], output: Path | None) -> None:
    if output is None:
        shutil.copyfileobj(file, sys.stdout.buffer)
        return
    try:
        with output.open("wb") as target:
            shutil.copyfileobj(file, target)
    except OSError as error:
        raise Mistake(f"{output} cannot be written: {error.strerror}.") from error


async def _export(wanted: Wanted, settings: Settings, file: IO[bytes]) -> int:
    async with opened(settings) as database, database.read() as connection:
        found, language = await _find(connection, wanted)
        phases = await consultations.phases(connection, found.space_id, found.id)
        reports = module.load(phases[0].kind, phases[0].settings) if phases else None
        if not isinstance(reports, Reports):
            raise Mistake(f"{wanted.slug} has no responses to export.")
        table = reports.table(connection, PhaseRef(found.space_id, phases[0].id), language)
        with counting("Exporting") as told:
            return await exporting.write(_counted(table, told), file, wanted.format, wanted.separator)


async def _counted(table: AsyncIterator[Sequence[Cell]], told: Told) -> AsyncIterator[Sequence[Cell]]:
    done = -1
    async for row in table:
        done += 1
        told("responses", done, None)
        yield row


async def _find(connection: AsyncConnection, wanted: Wanted) -> tuple[Consultation, str]:
    """The consultation of this name, and the language to write in. Raises Mistake, saying which ones there are."""
    towns = await spaces.listed(connection)
    if wanted.space is not None and wanted.space not in {space.slug for space in towns}:
        raise Mistake(f"there is no space {wanted.space}, only: {', '.join(space.slug for space in towns)}.")
    asked = [space for space in towns if wanted.space in (None, space.slug)]
    found = [(space, await consultations.find_by_slug(connection, space.id, wanted.slug)) for space in asked]
    here = [(space, one) for space, one in found if one is not None]
    if len(here) > 1:
        raise Mistake(
            f"several spaces have {wanted.slug}; name one of {', '.join(s.slug for s, _ in here)} with --space."
        )
    if not here:
        raise Mistake(f"there is no consultation {wanted.slug}.")
    [(space, consultation)] = here
    return consultation, wanted.language or space.languages[0]
