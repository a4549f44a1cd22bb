"""`palabre talk`: one person's conversation with the robot, in this terminal or through a pipe."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from io import TextIOWrapper
from typing import Annotated, TextIO

import typer

from bot import logging
from bot.channels import Channel, Incoming, NotKept
from bot.commands.common import Config, DatabaseUrl, opened, read_settings
from bot.config import Settings
from bot.courier import Courier
from bot.house import open_terminal
from bot.joining import Joining
from bot.mistakes import Mistake
from bot.reception import Reception
from flows.messages import Message
from flows.telling import word
from flows.texts import LANGUAGES
from storage import history, migrating, spaces
from storage.clock import utc_now
from storage.database import Database
from storage.participants import AddressKey
from storage.spaces import Space

LOOK_EVERY = 1.0
"""Seconds between looks for messages that come by themselves while somebody is typing."""


class NotKeptHere(Exception):
    """Nothing could be kept just now; the talk goes on from there when it is run again."""


def talk(
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Who is talking; the same name goes on later.")],
    space: Annotated[
        str | None, typer.Option(metavar="SLUG", help="The town or association; needless where there is only one.")
    ] = None,
    database: DatabaseUrl = None,
    code: Annotated[
        str | None, typer.Option(metavar="CODE", help="What a poster's link would carry, heard first.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(metavar="CODE", help="The language to begin in; the space's first one if not told.")
    ] = None,
    config: Config = None,
) -> None:
    """Talk with the robot here, one message a line; the end of the input ends the talk.

    Choices are numbered lines: answer by the number, the label, or in your own words. Each reply is printed before
    the next line is read, so a talk can be piped. It works beside a running house, and on a database that is not
    there yet: it is made, with a space of that name.
    """
    settings = read_settings(config, database)
    logging.configure("error", settings.log_format)
    try:
        asyncio.run(_talk(settings, name, space, code, language))
    except NotKept as error:
        raise NotKeptHere("This message could not be kept. Run the same command again in a moment.") from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


async def _talk(settings: Settings, name: str, slug: str | None, code: str | None, language: str | None) -> None:
    async with opened(settings, make=True) as database:
        await migrating.migrate(database)
        space = await find_space(database, slug)
        who = AddressKey("terminal", space.slug, name)
        offered = await last_offered(database, who)
        speaks = language or space.languages[0]
        told = {"language": speaks, "code": code, "offered": offered}
        terminal = open_terminal(who, typed(sys.stdin), show, settings.base_url, **told)
        await converse(database, terminal, who, waits=sys.stdin.isatty())


async def find_space(database: Database, slug: str | None) -> Space:
    """The space of this name, or the only one; made in an empty database. Raises Mistake, naming those there are."""
    async with database.read() as connection:
        towns = await spaces.listed(connection)
    if not towns:
        return await _make_space(database, slug or "palabre")
    for space in towns:
        if space.slug == slug or (slug is None and len(towns) == 1):
            return space
    names = ", ".join(space.slug for space in towns)
    raise Mistake(f"there is no space {slug} here, only {names}." if slug else f"name one with --space: {names}.")


async def _make_space(database: Database, slug: str) -> Space:
    async with database.write() as connection:
        return await spaces.create(
            connection,
            slug=slug,
            name={LANGUAGES[0]: slug.replace("-", " ").title()},
            languages=list(LANGUAGES),
            zone="Europe/Paris",
            colour=None,
            contact={},
            privacy={},
            now=utc_now(),
        )


async def last_offered(database: Database, who: AddressKey) -> Message | None:
    """The last message of an earlier talk: its choices may still be answered by their numbers."""
    async with database.read() as connection:
        seen = await history.behind(connection, who)
        if seen is None:
            return None
        said = await history.entries(connection, seen, utc_now(), limit=1)
    return word(said[0].body, seen.language or LANGUAGES[0]) if said and said[0].body else None


async def converse(database: Database, terminal: Channel, who: AddressKey, *, waits: bool) -> None:
    """Carry what is typed to reception and its replies back, until the last line.

    `waits`: somebody sits there, and messages that come by themselves are shown meanwhile.
    """
    reception = Reception(database, {who.channel: terminal.capabilities})
    courier = Courier(database, {who.channel: terminal}, only=(who.account, who.sender))
    joining = Joining(database, reception.around)

    async def deliver() -> None:
        await reception.retry(reception.clock())  # no house has a terminal to answer: what failed here is ours to try
        await joining.go_on(joining.clock())
        while await courier.deliver():
            pass

    async def receive(*incoming: Incoming) -> None:
        await reception.receive(*incoming)
        await deliver()

    async def look() -> None:
        while True:
            await deliver()
            await asyncio.sleep(LOOK_EVERY)

    await courier.recover()
    await deliver()
    helpers = [asyncio.create_task(work()) for work in ((reception.run, look) if waits else (reception.run,))]
    try:
        await terminal.run(receive)
    finally:
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)


def show(text: str) -> None:
    """One message, and an empty line after it."""
    print(text, end="\n\n", flush=True)


async def typed(stream: TextIO) -> AsyncIterator[str]:
    """The lines of a stream; at a terminal, others are served until one is there."""
    seated = stream.isatty()
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="replace")
    while True:
        if seated:
            print("> ", end="", flush=True)
            await _readable(stream)
        line = stream.readline()
        if not line:
            return
        yield line.rstrip("\r\n").replace("\0", "")


async def _readable(stream: TextIO) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(stream, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(stream)
