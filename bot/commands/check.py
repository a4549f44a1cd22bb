"""`palabre check`: is everything ready to run?"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.exc import SQLAlchemyError

from bot import sealing
from bot.commands.common import Config, DatabaseUrl, cure, in_short, read_settings
from bot.config import Settings
from bot.telegram import keys
from bot.telegram.checking import Looked, look
from bot.telegram.keys import Key
from storage import migrating, secrecy, spaces
from storage.clock import utc_now
from storage.database import Database

ENOUGH = 1_000_000_000
"""Bytes: a town of 100,000 people needs less, and its backup fits beside it."""


@dataclass(frozen=True)
class Finding:
    """What was looked at and found; `todo` says what to do where it is not well."""

    what: str
    found: str
    todo: str | None = None

    def __str__(self) -> str:
        line = f"{'well ' if self.todo is None else 'wrong'}  {self.what}: {self.found}"
        return line if self.todo is None else f"{line}. {self.todo}"


NOT_MADE = Finding("database", "not made yet; `palabre run` makes it")


def check(config: Config = None, database: DatabaseUrl = None) -> None:
    """Look whether everything is ready to run, and say what to do.

    One line each; ends with 1 when something is wrong. Nothing is changed, and it may be run beside a running house.
    """
    settings = read_settings(config, database)
    findings = [_settings(settings), _zones(), *asyncio.run(_look(settings))]
    for finding in findings:
        print(finding)
    if any(finding.todo for finding in findings):
        sys.exit(1)


def _settings(settings: Settings) -> Finding:
    where = f"pages at {settings.address}, listening on {settings.host}:{settings.port}"
    if settings.host not in ("127.0.0.1", "::1", "localhost") and not settings.address.startswith("https://"):
        return Finding("settings", where, "Residents' answers would travel in clear: set base_url to https://...")
    return Finding("settings", where)


def _zones() -> Finding:
    try:
        ZoneInfo("Europe/Paris")
    except ZoneInfoNotFoundError:
        return Finding("time zones", "none on this machine", "Install the package tzdata.")
    return Finding("time zones", "there")


async def _look(settings: Settings) -> list[Finding]:
    database = Database(settings.database_url.get_secret_value())
    findings: list[Finding] = []
    try:
        if file := settings.sqlite_file:
            findings = _beside(file)
        if findings[-1:] != [NOT_MADE]:
            findings += [finding async for finding in _ask(settings, database)]
    except (SQLAlchemyError, OSError) as error:
        todo = cure(error) or "Is it running, and is database_url right?"
        findings.append(Finding("database", f"it does not answer ({in_short(error)})", todo))
    finally:
        await database.close()
    return findings


def _beside(file: Path) -> list[Finding]:
    """What the machine gives a file of SQLite."""
    file = file.absolute()
    return [_writable(file), _room(file), *([] if file.exists() else [NOT_MADE])]


def _writable(file: Path) -> Finding:
    for path in (file.parent, file):
        if path.exists() and not os.access(path, os.W_OK):
            return Finding("writing", f"{path} cannot be written", "Give it to the user who runs Palabre.")
    return Finding("writing", f"{file} can be written")


def _room(file: Path) -> Finding:
    free = shutil.disk_usage(file.parent).free
    found = f"{free / 1e9:.1f} GB free"
    return Finding("room", found, None if free >= ENOUGH else "Make room: a full disk keeps no answer.")


async def _ask(settings: Settings, database: Database) -> AsyncIterator[Finding]:
    async with database.read() as connection:
        try:
            found = await migrating.revision(connection)
        except migrating.SchemaIsNewer as newer:
            yield Finding("schema", "too new", str(newer))
            return
        if found != migrating.NEEDED:
            known = found or "none"
            yield Finding("schema", f"{known}; this program brings it to {migrating.NEEDED} when it starts")
            return
        yield Finding("schema", found)
        towns = await spaces.listed(connection)
    if not towns:
        yield Finding("spaces", "none yet", "Bring in a consultation: palabre import FILE --space SLUG --name NAME")
        return
    yield Finding("spaces", ", ".join(space.slug for space in towns))
    async for finding in _secret_votes(database, utc_now()):
        yield finding
    async for finding in _bots(settings, database):
        yield finding


async def _secret_votes(database: Database, now: datetime) -> AsyncIterator[Finding]:
    """What a running house does within a minute, and nobody did: choices can still be read."""
    async with database.read() as connection:
        over = await secrecy.to_seal(connection, now, sealing.is_secret)
        left = await secrecy.to_wipe(connection)
    if over:
        yield Finding("secret votes", f"{len(over)} over and not sealed", "Start `palabre run`, which seals them.")
    elif left:
        yield Finding("secret votes", "sealed, but the files still hold choices", "`palabre run` writes them anew.")


async def _bots(settings: Settings, database: Database) -> AsyncIterator[Finding]:
    """What Telegram says of each, and what a running house has noted."""
    tokens = settings.telegram.tokens
    async with database.read() as connection:
        found = await keys.read(connection, tokens)
    slugs = {space.id: space.slug for space in found.spaces.values()}
    for slug in sorted(set(tokens) - set(slugs.values())):
        yield Finding(f"bot of {slug}", "there is no such space", "Correct telegram.bots, or import a consultation.")
    for account in found.without:
        yield Finding(
            f"bot of {slugs[account.space_id]}", "nobody knows its token any more", "Set it in telegram.bots."
        )
    errors = {account.account: account.error for account in found.listed}
    for key in found.by_account.values():
        looked = await _at_telegram(settings, key, errors.get(key.account))
        yield Finding(f"bot of {slugs[key.space_id]}", looked.found, looked.todo)


async def _at_telegram(settings: Settings, key: Key, error: str | None) -> Looked:
    from bot.house import telegram_api  # loads a library that takes seconds, and only where there is a bot

    api = await telegram_api(settings)(key.token)
    try:
        return await look(api, key.account, settings.posted_to, error)
    finally:
        await api.close()
