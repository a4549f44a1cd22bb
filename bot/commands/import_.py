"""`palabre import`: a consultation from a questionnaire's file."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.common import Config, DatabaseUrl, opened, read_settings
from bot.config import Settings
from bot.importing import Brought, beside, bring_in, find_or_make_space, open_it
from bot.mistakes import Mistake
from flows.questionnaires.file import Draft, FileRefused, read_file
from storage import organisers
from storage.clock import utc_now
from storage.database import Database
from storage.migrating import migrate
from storage.spaces import Space

DONE = {
    "new": "is there now",
    "replaced": "was replaced",
    "reworded": "has its new words",
    "unchanged": "is there already, word for word",
}

UNSAID = {"decides": "who decides (`decides`)", "does": "what will be done with their answers (`does`)"}
"""What the panel wants before it opens anything; a file that is opened by hand is only warned."""


@dataclass(frozen=True)
class Wanted:
    """Where the file goes, and what else is asked for."""

    space: str | None
    name: str | None
    zone: str
    open: bool
    organiser: str | None


def import_(
    file: Annotated[Path, typer.Argument(help="The questionnaire: YAML or JSON, see docs/questionnaire-file.md.")],
    open: Annotated[bool, typer.Option("--open", help="Open it to residents at once.")] = False,
    space: Annotated[
        str | None, typer.Option(metavar="SLUG", help="The town or association; needless where there is only one.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Its name, when it is new.")] = None,
    zone: Annotated[str, typer.Option(help="Its time zone, when it is new.")] = "Europe/Paris",
    organiser: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Who will work in the panel; prints a one-time password.")
    ] = None,
    config: Config = None,
    database: DatabaseUrl = None,
) -> None:
    """Bring in a consultation from a questionnaire file, or bring in its changes.

    The whole file is checked first, and everything that is wrong is said with its line. While nobody has begun to
    answer, the file replaces the consultation of the same name; afterwards only its words may change.
    """
    draft = _read(file)
    wanted = Wanted(space, name, zone, open, organiser)
    asyncio.run(_import(draft, wanted, read_settings(config, database)))


def _read(file: Path) -> Draft:
    try:
        found = read_file(file.read_bytes(), beside(file.parent))
    except OSError as error:
        raise Mistake(f"{file} cannot be read: {error.strerror}.") from error
    except FileRefused as refused:
        for problem in refused.problems:
            print(f"{file}, {problem}", file=sys.stderr)
        count = len(refused.problems)
        raise Mistake(
            f"nothing was imported: {count} {'mistake' if count == 1 else 'mistakes'} in {file}."
        ) from refused
    for warning in found.warnings:
        print(f"{file}, {warning} (a warning)", file=sys.stderr)
    return found.draft


async def _import(draft: Draft, wanted: Wanted, settings: Settings) -> None:
    now = utc_now()
    async with opened(settings, make=True) as database:
        await migrate(database)
        async with database.write() as connection:
            space = await find_or_make_space(connection, wanted.space, wanted.name, wanted.zone, draft.languages, now)
            brought = await bring_in(connection, space, draft, now)
            if wanted.open:
                opened_now = await open_it(connection, brought.consultation, now)
                brought = Brought(space, opened_now, brought.outcome)
        _say(brought, draft, settings)
        if wanted.organiser is not None:
            await _welcome(database, space, wanted.organiser, now)


def _say(brought: Brought, draft: Draft, settings: Settings) -> None:
    consultation, space = brought.consultation, brought.space
    missing = set(space.languages) - set(draft.languages)
    if missing:
        print(f"{space.slug} also speaks {', '.join(sorted(missing))}, and the file does not.", file=sys.stderr)
    count = len(draft.questionnaire.questions)
    print(f"{consultation.slug} {DONE[brought.outcome]} in {space.slug}: {count} questions, {consultation.state}.")
    unsaid = [name for name in ("decides", "does") if not any(getattr(consultation, name).values())]
    if unsaid:
        print(f"Residents are not told {' or '.join(UNSAID[name] for name in unsaid)}.", file=sys.stderr)
    if consultation.state == "open":
        print(f"Once the house runs, residents answer at {settings.address}/c/{consultation.slug}")
    else:
        print("Open it in the panel, or by importing it with --open.")


async def _welcome(database: Database, space: Space, email: str, now: datetime) -> None:
    password = organisers.one_time_password()
    protected = await organisers.protect(password)
    try:
        async with database.write() as connection:
            await organisers.create(
                connection,
                space.id,
                email=email,
                name=email.partition("@")[0],
                role="organiser",
                protected=protected,
                now=now,
            )
    except organisers.AlreadyOrganiser:
        print(f"{email} works in the panel already.")
    else:
        print(f"{email} signs in with the one-time password {password}")
