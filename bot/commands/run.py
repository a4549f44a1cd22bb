"""`palabre run`: the house, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Collection
from typing import Annotated

import structlog
import typer

from bot import collector, house, logging
from bot.commands.common import Config, DatabaseUrl, read_settings, usable
from bot.config import Settings
from bot.mistakes import Mistake

log = structlog.get_logger()


def run(
    config: Config = None,
    database: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on, instead of the settings'.")] = None,
    port: Annotated[int | None, typer.Option(help="The port, instead of the settings'; 0 takes a free one.")] = None,
    only: Annotated[
        str | None, typer.Option(metavar="PARTS", help="Parts of the house, of receive,courier,jobs; all if not told.")
    ] = None,
) -> None:
    """Run the house: the chat page, the panel, and every channel that is switched on.

    With --only several processes share one PostgreSQL: `receive` is the channels and the pages, `courier` sends, `jobs`
    does what is due. Each part may run several times. Without `receive` only /healthz, /readyz and /metrics answer.

    SIGTERM or Ctrl-C stops it: requests, batches and deliveries under way are finished first.
    """
    settings, parts = read_settings(config, database).at(host, port), parts_of(only)
    logging.configure(settings.log_level, settings.log_format)
    with listen(settings) as listening:
        settings = settings.at(None, listening.getsockname()[1])
        asyncio.run(serve(settings, listening, lambda: log.info("open", path=settings.address), parts))


def parts_of(only: str | None) -> list[str]:
    """The parts that are named. Raises Mistake when one is none."""
    named = list(house.PARTS) if only is None else [part.strip() for part in only.split(",")]
    for part in named:
        if part not in house.PARTS:
            raise Mistake(f"--only: {part or 'nothing'} is no part of a house; there are {', '.join(house.PARTS)}.")
    return named


async def serve(
    settings: Settings, listening: socket.socket, ready: Callable[[], None], parts: Collection[str] = house.PARTS
) -> None:
    """The house of these settings, until SIGTERM or SIGINT; `ready` is called once pages are answered."""
    stopping = stop_on_signals()
    with usable(settings):
        async with house.opened(settings, parts=parts) as opened:
            collector.calm()
            await opened.serve(listening, stopping, ready)


def listen(settings: Settings) -> socket.socket:
    """The socket to serve on. Raises Mistake, saying what to do, when it is taken."""
    try:
        return house.listen(settings.host, settings.port)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise Mistake(f"{where} cannot be listened on ({error.strerror}); name another with --port.") from error


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping
