"""Palabre inside somebody else's bot: one process, one key, and a program that hears for both.

A key is asked about by one program alone (409), so the host goes on hearing and hands over what it leaves
(bot/telegram/within_aiogram.py, within_ptb.py). All else is a whole house, its pages and its courier, in the host's
event loop. docs/embedding.md says what that is worth.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot import house
from bot.channels import Handed, Incoming, NotKept
from bot.config import Settings
from bot.finishing import finish, stop
from bot.house import House
from bot.telegram.keys import account_of
from bot.telegram.reading import CHANNEL, read
from flows.commands import command, named
from flows.composing import pressed
from flows.messages import COMMAND_TAP, TAKES
from flows.occasion import taken
from storage import codes, conversations, phases, rounds
from storage.clock import Clock, utc_now
from storage.participants import AddressKey

PATIENCE = 10.0
"""Seconds in which a message that can't be kept is tried again: a database that is started anew takes fewer."""
PAUSE = 0.2
START = 60.0
"""Seconds in which a bot is switched on: its library is loaded, and Telegram asked who it is."""

Only: TypeAlias = "Callable[[Incoming], bool | Awaitable[bool]]"
"""Whether Palabre takes this message; what it does not take is the host's."""

log = structlog.get_logger()


@asynccontextmanager
async def embedded(settings: Settings, bots: Mapping[str, str], clock: Clock = utc_now) -> AsyncIterator[Guest]:
    """A house that runs until the end, and for which the host hears: `bots` are the tokens by the slug of the space
    that each is for. Raises BadSettings, Mistake, OSError where its port is taken, and at the end what it fell over."""
    handed, stopping = {account_of(token): slug for slug, token in bots.items()}, asyncio.Event()
    with house.listen(settings.host, settings.port) as listening:
        settings = settings.with_bots(bots).at(None, listening.getsockname()[1])
        async with house.opened(settings, clock, handed=handed) as built:
            serving = asyncio.create_task(built.serve(listening, stopping, lambda: None))
            guest = Guest(built, handed, serving)
            serving.add_done_callback(guest.ended)
            try:
                await guest.begun()
                yield guest
            finally:
                await guest.close()
                stopping.set()
                await serving


@dataclass
class Guest:
    """Palabre, to whom the host hands what it has heard, by these accounts for these spaces (their slugs). One update
    at a time: what one person sends stays in order."""

    house: House
    handed: Mapping[str, str]
    serving: asyncio.Task[None]
    patience: float = PATIENCE
    _closed: bool = field(init=False, default=False)
    _in_turn: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    async def take(self, account: str, update: Any, only: Only | None = None) -> bool:
        """Whether this update (JSON, as the platform sent it) was for Palabre; if so it is committed.

        Raises NotKept when it should have been and could not: the platform is to send it again, where the host can
        still make it. That somebody has blocked the bot is heard, and left to the host as well.
        """
        incoming = read(update, account, self.house.clock()).incoming
        if incoming is None or account not in self.handed:
            return False
        time = asyncio.get_running_loop().time
        until = time() + self.patience
        async with self._in_turn:
            while True:
                try:
                    return await finish(self._take(incoming, update, only))
                except (NotKept, SQLAlchemyError) as error:
                    if self._closed or time() > until:
                        raise NotKept from error
                await asyncio.sleep(PAUSE)

    async def expects(self, incoming: Incoming) -> bool:
        """An `only`: the code of a link of ours, a button of ours, and what is said in a talk that waits for an
        answer. A command is left to the host unless it is one of ours."""
        if incoming.tap is not None:
            return True  # it would have been left to the host
        text = incoming.text or ""
        if text.startswith("/") and command(text) is None:
            return False
        if incoming.code is not None:
            return await self._knows(incoming.account, incoming.code)
        async with self.house.database.read() as connection:
            return await conversations.waits_for(connection, AddressKey(CHANNEL, incoming.account, incoming.sender))

    async def begun(self) -> None:
        """Returns once each bot can hear, and in any case after START: a message that came before would be lost to a
        host that acknowledges it whatever becomes of it."""
        hearing = asyncio.create_task(self._all_hear())
        await asyncio.wait([hearing, self.serving], timeout=START, return_when=asyncio.FIRST_COMPLETED)
        await stop(hearing)

    async def _all_hear(self) -> None:
        for account in self.handed:
            await self._channel.hears_soon(account)

    async def close(self) -> None:
        """Take no more; what is being taken is finished first."""
        self._closed = True
        async with self._in_turn:
            pass

    def ended(self, serving: asyncio.Task[None]) -> None:
        """The house is closed. When it fell over, nothing is kept any more, and the host goes on."""
        if not self._closed:
            self._closed = True
            error = None if serving.cancelled() else serving.exception()
            log.critical("Palabre has ended inside its host", exc_info=error)

    async def _take(self, incoming: Incoming, update: Any, only: Only | None) -> bool:
        if self._closed:
            raise NotKept
        if incoming.presence is None and not await self._is_ours(incoming, only):
            return False
        hearing = asyncio.ensure_future(self._channel.hear(incoming.account, [update]))
        await asyncio.wait([hearing, self.serving], return_when=asyncio.FIRST_COMPLETED)
        if not hearing.done():  # whoever would have kept it is gone
            hearing.cancel()
            raise NotKept
        hearing.result()
        return incoming.presence is None

    @property
    def _channel(self) -> Handed:
        channel = self.house.channels[CHANNEL]
        assert isinstance(channel, Handed)
        return channel

    async def _is_ours(self, incoming: Incoming, only: Only | None) -> bool:
        if incoming.tap is not None and not await self._has_made(incoming.account, incoming.tap):
            return False
        answer = only(incoming) if only is not None else True
        return await answer if inspect.isawaitable(answer) else answer

    async def _has_made(self, account: str, tap: str) -> bool:
        """Whether this button is one of ours. One of the host's may look like it, and names no conversation of ours."""
        if tap.startswith(COMMAND_TAP):
            return named(tap.removeprefix(COMMAND_TAP)) is not None
        if tap.startswith(TAKES):
            return taken(tap) is not None
        parts = pressed(tap)
        if parts is None:
            return False
        async with self.house.database.read() as connection:
            space = (await phases.spaces(connection))[self.handed[account]]
            return await conversations.is_held(connection, space.id, parts[0])

    async def _knows(self, account: str, code: str) -> bool:
        if rounds.is_code(code):
            return True
        async with self.house.database.read() as connection:
            return await codes.find_entrance(connection, code, self.handed[account]) is not None
