"""`palabre demo`: an invented town on SQLite, to look at what Palabre does."""

from __future__ import annotations

import asyncio
import shutil
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from bot import logging
from bot.commands.common import opened
from bot.commands.run import listen, serve
from bot.config import Settings
from bot.demo import content
from bot.mistakes import Mistake
from storage import consultations, organisers, spaces
from storage.clock import utc_now
from storage.database import Database
from storage.migrating import migrate

PASSWORD = "one-time-password"
"""The file that makes a folder a demo's. A real house keeps no password; this town is invented."""


@dataclass(frozen=True)
class Town:
    """What a newcomer is told. `password` is None once another one was chosen."""

    slug: str
    password: str | None
    over: bool


def demo(
    folder: Annotated[Path, typer.Option(help="Where the town is kept between two starts.")] = Path("demo"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin again: forget what was done in this town.")] = False,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 lets phones nearby in.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="The port; 8000, or a free one where that is taken.")] = None,
) -> None:
    """Set up a demo town and open its doors.

    Prints where the chat page and the panel are, and how to sign in. Ctrl-C closes it; the next start goes on.
    """
    _make_room(folder, fresh)
    # Made, not read: what is set for a real house on this machine is not for the demo.
    settings = Settings.model_construct(
        database_url=SecretStr(f"sqlite:///{folder / 'palabre.db'}"), host=host, log_level="warning"
    )
    logging.configure(settings.log_level, settings.log_format)
    with _listen(settings, port) as listening:
        settings = settings.at(None, listening.getsockname()[1])
        town = asyncio.run(_furnish(settings, folder))
        asyncio.run(serve(settings, listening, lambda: _show(settings.address, town)))


def _make_room(folder: Path, fresh: bool) -> None:
    """The folder, emptied if asked for; one that holds something else is left alone."""
    try:
        if folder.exists() and not (folder / PASSWORD).exists() and any(folder.iterdir()):
            raise Mistake(f"{folder} holds something else than a demo; name another with --folder.")
        if fresh and folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Mistake(f"{folder} cannot be used: {error.strerror}.") from error


def _listen(settings: Settings, port: int | None) -> socket.socket:
    """This port; where none was named the usual one, or a free one if that is taken."""
    if port is not None:
        return listen(settings.at(None, port))
    try:
        return listen(settings)
    except Mistake:
        return listen(settings.at(None, 0))


async def _furnish(settings: Settings, folder: Path) -> Town:
    """The town as it was left, or a new one."""
    async with opened(settings, make=True) as database:
        await migrate(database)
        now = utc_now()
        async with database.write() as connection:
            there = await spaces.find(connection, content.SLUG)
            if there is None:
                made = await content.furnish(connection, now)
                (folder / PASSWORD).touch(0o600)
                (folder / PASSWORD).write_text(made.password)
                return Town(made.consultation_slug, made.password, over=False)
        return await _as_it_was_left(database, folder, there.id, now)


async def _as_it_was_left(database: Database, folder: Path, space_id: int, now: datetime) -> Town:
    async with database.read() as connection:
        [account] = await organisers.find_by_email(connection, content.EMAIL)
        consultation = await consultations.find_by_slug(connection, space_id, content.read_draft().slug)
    assert consultation is not None, "the demo's town has lost its consultation"
    over = consultation.closes_at is not None and consultation.closes_at <= now
    password = (folder / PASSWORD).read_text() if account.must_change else None
    return Town(consultation.slug, password, over)


def _show(address: str, town: Town) -> None:
    """A line for each, so that a script can read them too."""
    print(f"Chat page: {address}/c/{town.slug}")
    print(f"Panel: {address}/panel")
    print(f"E-mail: {content.EMAIL}")
    print(f"One-time password: {town.password}" if town.password else "Password: the one you chose")
    if town.over:
        print("The consultation of this town is over. To begin again: palabre demo --fresh")
    print("Ctrl-C closes it.", flush=True)
