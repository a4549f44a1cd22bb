"""The bytes of photos and documents, fetched once the message is kept: the platform has them for a while only.

What is to be fetched is told by the inbox, so that a restart loses none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.channels import Refused, TryLater, Uncertain, Unreachable
from flows.messages import Incoming
from flows.pictures import LARGEST, NotAPicture, sent
from storage import unfetched
from storage.database import Database
from storage.inbox import MessageKey
from storage.unfetched import Unfetched

GIVEN_UP_AFTER = timedelta(days=1)
AGAIN_AFTER = timedelta(minutes=1)

Download = Callable[[str, str, int], Awaitable[bytes]]
"""`await download(account, name, most)`: what the platform keeps under this name, at most so many bytes. Raises as
Channel.send does; Refused where it can never be had."""
log = structlog.get_logger()


@dataclass
class Attachments:
    """Fetches them one after the other; one that can't be had just now is tried again for a day."""

    database: Database
    channel: str
    download: Download
    clock: Callable[[], datetime]
    _due: dict[Unfetched, datetime] = field(init=False, default_factory=dict)
    _come: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def heard(self, incoming: Iterable[Incoming]) -> None:
        """These messages are kept."""
        for one in incoming:
            if one.attached is not None:
                key, now = MessageKey(one.channel, one.account, one.key), self.clock()
                self._due[Unfetched(key, one.attached.reference, now)] = now
                self._come.set()

    async def run(self) -> None:
        """Fetch until cancelled, at first what was left of the last day."""
        remembered = False
        while True:
            self._come.clear()
            try:
                if not remembered:
                    await self.remember()
                    remembered = True
                await self.fetch()
            except SQLAlchemyError as error:
                log.error("cannot keep attachments", channel=self.channel, error=type(error).__name__)
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(AGAIN_AFTER.total_seconds()):
                await self._come.wait()
        except TimeoutError:
            return

    async def remember(self) -> None:
        """Those of the last day that were not fetched."""
        now = self.clock()
        async with self.database.read() as connection:
            left = await unfetched.without_bytes(connection, self.channel, now - GIVEN_UP_AFTER)
        self._due.update(dict.fromkeys(left, now))

    async def fetch(self) -> None:
        """Those whose time has come."""
        for one in [one for one, at in self._due.items() if at <= self.clock()]:
            try:
                await self._fetch(one)
            except (Refused, NotAPicture) as error:
                self._give_up(one, error)
            except (TryLater, Uncertain, Unreachable) as error:
                self._later(one, error)
            else:
                del self._due[one]

    async def _fetch(self, attached: Unfetched) -> None:
        async with self.database.read() as connection:
            if await unfetched.space_of(connection, attached) is None:
                return
        _channel, account, name = attached.reference.split(":", 2)
        file = await sent(await self.download(account, name, LARGEST))
        async with self.database.write() as connection:
            await unfetched.keep(connection, attached, file, self.clock())

    def _later(self, attached: Unfetched, error: Exception) -> None:
        now = self.clock()
        if now - attached.at >= GIVEN_UP_AFTER:
            self._give_up(attached, error)
        else:
            wait = error.after if isinstance(error, TryLater) else AGAIN_AFTER
            self._due[attached] = now + max(wait, AGAIN_AFTER)

    def _give_up(self, attached: Unfetched, error: Exception) -> None:
        """The answer keeps its reference, and that one was sent counts."""
        del self._due[attached]
        log.error("an attachment could not be had", channel=self.channel, error=type(error).__name__)
