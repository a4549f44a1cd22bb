"""The house: builds everything, runs it, and closes it in order.

The only place that imports the web pages, and a channel only when it is switched on.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

import admin_web.application
from admin_web import illustrations
from admin_web.doors import Doors, Introduced, NotIntroduced
from bot import health
from bot.abandoned import by_its_name, my_name
from bot.bell import Bell
from bot.channels import Channel, Posted
from bot.config import Settings
from bot.courier import Courier
from bot.finishing import stop
from bot.jobs import Jobs, all_jobs
from bot.joining import Joining
from bot.mistakes import Mistake
from bot.preview import Said, preview
from bot.reception import Reception
from bot.signal.api import Daemon
from bot.telegram.api import Api, ApiError, Away, NoAnswer, TooFast, WrongKey
from bot.telegram.introducing import introduce
from bot.watching import Watcher
from storage import migrating, spaces
from storage.accounts import AWAY, KEY, OTHER
from storage.clock import Clock, utc_now
from storage.database import Database
from storage.holding import Holding
from storage.participants import AddressKey
from storage.types import new_id

WEB = "web"
RECEIVE, COURIER, JOBS = PARTS = ("receive", "courier", "jobs")
"""What several processes may share: the channels, the pages and reception; sending; and what is done periodically."""
LAST_REQUESTS = 10
"""Seconds that requests under way have to end once the house closes."""

log = structlog.get_logger()


@asynccontextmanager
async def opened(
    settings: Settings, clock: Clock = utc_now, parts: Collection[str] = PARTS, *, handed: Collection[str] = ()
) -> AsyncIterator[House]:
    """A house on this database, or these parts of one, migrated; nothing runs yet. Raises SchemaIsNewer, Mistake, or
    what the database says. `handed`: the bots whose updates the program we live in hands us (bot/embedding.py)."""
    if settings.sqlite_file is not None and set(parts) != set(PARTS):
        raise Mistake("--only is for PostgreSQL: a house on SQLite is one process.")
    database = Database(settings.database_url.get_secret_value())
    holding = Holding(database)
    try:
        if await migrating.migrate(database):
            log.info("schema migrated", schema=migrating.NEEDED)
        await _check_accounts(database, settings)
        channels = _switched_on(settings, database, clock, holding, hears=RECEIVE in parts, handed=handed)
        yield House(settings, database, channels, clock, parts, holding)
    finally:
        await holding.close()
        await database.close()


async def _check_accounts(database: Database, settings: Settings) -> None:
    """Raises Mistake when an account of the settings is for a space that is not there."""
    async with database.read() as connection:
        slugs = {space.slug for space in await spaces.listed(connection)}
    named = [("telegram.bots", slug) for slug in settings.telegram.bots]
    named += [("signal.accounts", slug) for slug in settings.signal.accounts]
    for setting, slug in named:
        if slug not in slugs:
            there = ", ".join(sorted(slugs)) or "none yet; `palabre import` makes one"
            raise Mistake(f"{setting}: there is no space {slug}. There are: {there}.")


def _switched_on(
    settings: Settings, database: Database, clock: Clock, holding: Holding, *, hears: bool, handed: Collection[str]
) -> list[Channel]:
    """The channels of a house. Telegram is always one of them: a bot may be added in the panel at any time."""
    from bot.channels.telegram import Telegram
    from bot.channels.web import Web

    telegram = Telegram(database, telegram_api(settings), settings.telegram.tokens, settings.posted_to, clock)
    telegram.hears, telegram.in_turn, telegram.paid = hears, holding.while_held, settings.telegram.paid
    telegram.handed = handed
    signal = [_signal(settings, database, clock, holding, hears=hears)] if settings.signal.accounts else []
    return [Web(), telegram, *signal]


def _signal(settings: Settings, database: Database, clock: Clock, holding: Holding, *, hears: bool) -> Channel:
    from bot.channels.signal import Signal

    signal = Signal(database, signal_daemon(settings), settings.signal.accounts, clock)
    signal.hears, signal.in_turn = hears, holding.while_held
    return signal


def signal_daemon(settings: Settings) -> Daemon:
    """The daemon of signal-cli that the settings name."""
    from bot.signal.client import Client

    return Client(settings.signal.url)


def telegram_api(settings: Settings) -> Callable[[str], Awaitable[Api]]:
    """Opens the Bot API with a token. The library, which takes seconds and much memory, is loaded with the first one,
    in a thread, so that talks go on meanwhile; the other never is. Raises Mistake when it is not installed."""
    _check_installed(settings.telegram.driver)

    def load() -> Callable[..., Api]:
        if settings.telegram.driver == "python-telegram-bot":
            from bot.telegram.with_ptb import open as with_ptb

            return with_ptb
        from bot.telegram.with_aiogram import open as with_aiogram

        return with_aiogram

    async def opened(token: str) -> Api:
        driver = await asyncio.to_thread(load)
        return driver(token, settings.telegram.api_url)

    return opened


def _check_installed(package: str) -> None:
    """Raises Mistake, at the start rather than at the first message."""
    try:
        distribution(package)
    except PackageNotFoundError:
        todo = "`pip install 'palabre[ptb]'` in Palabre's environment adds it."
        raise Mistake(f"telegram.driver: {package} is not installed. {todo}") from None


def open_terminal(
    who: AddressKey, lines: AsyncIterator[str], show: Callable[[str], None], base_url: str = "", **options: Any
) -> Channel:
    """The channel of `palabre talk`, which runs it beside the house or without one."""
    from bot.channels.terminal import Terminal

    files = base_url + illustrations.folder(who.account) if base_url else None
    return Terminal(who, lines, show, files=files, **options)


@dataclass
class House:
    """Everything, connected."""

    settings: Settings
    database: Database
    open_channels: Sequence[Channel]
    clock: Clock = utc_now
    parts: Collection[str] = PARTS
    holding: Holding | None = None
    channels: dict[str, Channel] = field(init=False)
    watcher: Watcher = field(init=False)
    bell: Bell = field(init=False)
    courier: Courier = field(init=False)
    reception: Reception = field(init=False)
    joining: Joining = field(init=False)
    jobs: Jobs = field(init=False)
    application: Starlette = field(init=False)

    def __post_init__(self) -> None:
        self.channels = {channel.capabilities.name: channel for channel in self.open_channels}
        capabilities = {name: channel.capabilities for name, channel in self.channels.items()}
        self.watcher = Watcher(self.database)
        self.bell = Bell(self.database, self._woken)
        self.courier = self._courier()
        self.reception = Reception(self.database, capabilities, self.clock, told=self._told)
        self.reception.around.pages = self.settings.address
        self.joining = Joining(self.database, self.reception.around, self.clock, told=self._told)
        history = timedelta(days=self.settings.history_days)
        self.jobs = Jobs(all_jobs(self.database, self.reception, self.courier, history), self.clock)
        self.application = self._pages() if RECEIVE in self.parts else Starlette(routes=health.routes(self.database))

    def _courier(self) -> Courier:
        """On PostgreSQL each has a name of its own, which it holds while it lives."""
        if self.database.sqlite:
            return Courier(self.database, self.channels, self.clock)
        name = f"{my_name()}:{new_id()}"
        return Courier(self.database, self.channels, self.clock, name, gone=by_its_name, told=self._told)

    def _pages(self) -> Starlette:
        return admin_web.application.build(
            self.database,
            Doors(self.reception.receive, self._preview, self.watcher.watch, self._introduce, self._silent),
            base_url=self.settings.address,
            clock=self.clock,
            routes=[*health.routes(self.database), *self._posted_to()],
        )

    @property
    def _silent(self) -> list[str]:
        return [name for name, channel in self.channels.items() if not channel.capabilities.writes_first]

    def _posted_to(self) -> Iterable[BaseRoute]:
        return (route for one in self.open_channels if isinstance(one, Posted) for route in one.routes())

    def _told(self) -> None:
        """We have committed something."""
        self._woken()
        self.bell.ring()

    def _woken(self) -> None:
        """Something was committed, here or by another process."""
        self.courier.wake()
        self.joining.wake()
        self.watcher.tell()

    async def _preview(self, space_id: int, consultation_id: int, language: str, steps: Sequence[str]) -> Said:
        now: datetime = self.clock()
        around = self.reception.around
        return await preview(self.database, around, WEB, space_id, consultation_id, language, steps, now)

    async def _introduce(self, _channel: str, token: str) -> Introduced:
        """Whose key this is. Telegram's only: no other channel has any."""
        try:
            api = await telegram_api(self.settings)(token)
            try:
                me = await introduce(api)
            finally:
                await api.close()
        except WrongKey:
            raise NotIntroduced(KEY) from None
        except (Away, NoAnswer, TooFast):
            raise NotIntroduced(AWAY) from None
        except ApiError:
            raise NotIntroduced(OTHER) from None
        return Introduced(me.account, me.name, me.title)

    async def serve(self, listening: socket.socket, stopping: asyncio.Event, ready: Callable[[], None]) -> None:
        """Run until `stopping` is set, then close in order; `ready` is called once pages are answered.

        Whatever ends by itself ends the house, so that whoever watches over it can start it anew.
        """
        async with AsyncExitStack() as stack:
            tasks = [await self._start(stack, work) for work in self._works()]
            server = _Server(self.application, self.settings.trusted_proxies, ready)
            tasks.append(asyncio.create_task(server.serve([listening])))
            stack.push_async_callback(self._close_pages, server, tasks[-1])
            waiting = asyncio.create_task(stopping.wait())
            await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            ended = [task for task in tasks if task.done()]
            log.info("closing")
        for task in ended:
            task.result()

    def _works(self) -> Iterable[Coroutine[Any, Any, None]]:
        """What runs beside the pages; closed in the opposite order, each finishing what it has begun."""
        yield self.bell.run()
        yield self.watcher.run()
        if COURIER in self.parts:
            yield self._deliver()
        yield self.reception.run()
        if JOBS in self.parts:
            yield self.jobs.run()
            yield self.joining.run()
        for channel in self.channels.values() if {RECEIVE, COURIER} & set(self.parts) else ():
            yield channel.run(self.reception.receive)

    async def _deliver(self) -> None:
        if self.holding is None:
            await self.courier.run()
        else:
            await self.holding.while_held(self.courier.name, self.courier.run)

    async def _start(self, stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        stack.push_async_callback(stop, task)
        return task

    async def _close_pages(self, server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
        """Take no new request, end the streams, and let requests under way end: reception still answers them."""
        self.watcher.close()
        server.should_exit = True
        await asyncio.wait([serving])


class _Server(uvicorn.Server):
    """Uvicorn without its signals, since the house closes in its own order, and without a log of who came."""

    def __init__(self, application: Starlette, trusted_proxies: str, ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=LAST_REQUESTS,
            server_header=False,
            forwarded_allow_ips=trusted_proxies,
        )
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    @contextmanager
    def capture_signals(self) -> Any:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket on this address; port 0 is any free one. OSError when it is taken."""
    family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening
