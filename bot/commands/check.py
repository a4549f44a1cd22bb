"""`palabre check`: is everything ready to run?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.exc import SQLAlchemyError

from bot import sealing
from bot.checks import Finding, front_door, machine
from bot.commands.common import Config, DatabaseUrl, cure, in_short, read_settings
from bot.config import Settings
from bot.signal.checking import look as look_at_signal
from bot.telegram import keys
from bot.telegram.checking import Looked, look
from bot.telegram.keys import Key
from storage import accounts, migrating, secrecy, spaces
from storage.clock import utc_now
from storage.database import Database


def check(config: Config = None, database: DatabaseUrl = None) -> None:
    """Look whether everything is ready to run, and say what to do.

    One line each; ends with 1 when something is wrong. Nothing is changed, and it may be run beside a running house.
    """
    settings = read_settings(config, database)
    now = utc_now()
    findings = [*front_door.look(settings, now), _zones(), *machine.backed_up(settings, now)]
    findings += asyncio.run(_look(settings))
    for finding in findings:
        print(finding)
    if any(finding.todo for finding in findings):
        sys.exit(1)


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
            findings = list(machine.beside(file))
        if findings[-1:] != [machine.NOT_MADE]:
            findings += [finding async for finding in _ask(settings, database)]
    except (SQLAlchemyError, OSError) as error:
        todo = cure(error) or "Is it running, and is database_url right?"
        findings.append(Finding("database", f"it does not answer ({in_short(error)})", todo))
    finally:
        await database.close()
    return findings


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
    if settings.signal.accounts:
        async for finding in _numbers(settings, database):
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
    if found.by_account:
        for finding in machine.clock(settings.telegram.api_url, utc_now()):
            yield finding


async def _at_telegram(settings: Settings, key: Key, error: str | None) -> Looked:
    from bot.house import telegram_api  # loads a library that takes seconds, and only where there is a bot

    api = await telegram_api(settings)(key.token)
    try:
        return await look(api, key.account, settings.posted_to, error)
    finally:
        await api.close()


async def _numbers(settings: Settings, database: Database) -> AsyncIterator[Finding]:
    """What signal-cli says of each."""
    from bot.house import signal_daemon

    async with database.read() as connection:
        slugs = {space.slug for space in await spaces.listed(connection)}
        errors = {one.name: one.error for one in await accounts.listed(connection) if one.channel == "signal"}
    daemon = signal_daemon(settings)
    try:
        for slug, number in settings.signal.accounts.items():
            if slug not in slugs:
                todo = "Correct signal.accounts, or import a consultation."
                yield Finding(f"Signal of {slug}", "there is no such space", todo)
            else:
                yield await look_at_signal(daemon, slug, number, errors.get(number))
    finally:
        await daemon.close()
