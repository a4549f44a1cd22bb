"""Signal: our numbers, a town each, through the daemon of signal-cli that stands beside us.

They stand in the settings: a number is registered with Signal by hand (docs/signal.md). What the daemon says and how it
is answered stands in bot/signal/.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.attachments import Attachments
from bot.channels import Outgoing, Receive, Refused, TryLater, Uncertain, Unreachable
from bot.finishing import stop
from bot.in_turn import InTurn, alone
from bot.parts import Parts
from bot.signal.api import Away, Call, Daemon, DaemonError, Gone, NoAnswer, NotNow, NotRegistered, TooFast
from bot.signal.downloading import download
from bot.signal.number import Number
from bot.signal.reading import CHANNEL
from bot.signal.writing import CAPABILITIES, delete, write
from flows.rendering import Capabilities
from storage import accounts, phases
from storage.clock import Clock, utc_now
from storage.database import Database

SOON = timedelta(seconds=2)
"""When to try again, at the earliest, what could not leave because the daemon is not well."""
LATER = timedelta(minutes=10)
"""Likewise, because the person's phones were not there."""
ANEW = 5.0
"""Seconds until what fell over begins anew."""

log = structlog.get_logger()


@dataclass
class Signal:
    """`numbers` are those of the settings, by the slug of their space."""

    database: Database
    daemon: Daemon
    numbers: Mapping[str, str] = field(repr=False)
    clock: Clock = utc_now
    hears: bool = True
    """Otherwise it only sends: another process hears."""
    in_turn: InTurn = alone
    capabilities: Capabilities = CAPABILITIES
    _numbers: list[Number] = field(init=False, default_factory=list)
    _parts: Parts[Call] = field(init=False, default_factory=Parts)
    _attachments: Attachments = field(init=False)

    def __post_init__(self) -> None:
        self._attachments = Attachments(self.database, CHANNEL, self._download, self.clock)

    async def run(self, receive: Receive) -> None:
        """Serve all numbers until cancelled."""
        fetching = asyncio.create_task(self._attachments.run() if self.hears else asyncio.Event().wait())
        serving: list[asyncio.Task[None]] = []
        try:
            await self.look()
            serving = [asyncio.create_task(self._serve(one, receive)) for one in self._numbers]
            await asyncio.Event().wait()
        finally:
            await asyncio.gather(*(stop(one) for one in serving))
            await stop(fetching)
            await self.daemon.close()

    async def look(self) -> None:
        """Whose the numbers are, as far as that is known already: what waits for them may leave at once."""
        while True:
            try:
                async with self.database.read() as connection:
                    spaces = await phases.spaces(connection)
                    known = {
                        one.name: one.account for one in await accounts.listed(connection) if one.channel == CHANNEL
                    }
            except SQLAlchemyError as error:
                log.error("cannot look at the accounts", channel=CHANNEL, error=type(error).__name__)
                await asyncio.sleep(ANEW)
                continue
            self._numbers = [
                Number(number, spaces[slug], self.daemon, self.database, self.clock, known.get(number))
                for slug, number in self.numbers.items()
                if slug in spaces
            ]
            return

    async def _serve(self, one: Number, receive: Receive) -> None:
        while True:
            try:
                await one.run(receive, self._attachments.heard, self.in_turn, hears=self.hears)
            except Exception:
                log.exception("a number fell over", channel=CHANNEL)
                await asyncio.sleep(ANEW)
            else:
                await asyncio.Event().wait()  # it is not ours

    def _find(self, account: str) -> Number:
        """Raises TryLater while nobody can say."""
        for one in self._numbers:
            if one.account == account:
                return one
        raise TryLater(SOON, all_of_them=True)

    async def _download(self, account: str, name: str, most: int) -> bytes:
        """A file that came to this account. Raises as `send` does."""
        with failing_as_agreed():
            return await download(self.daemon, self._find(account).number, name, most)

    # -- sending ---------------------------------------------------------------------------------------------------

    async def send(self, outgoing: Outgoing) -> str | None:
        """The timestamp of the message, which is its name; of its last where it takes several; None when there is
        nothing to say."""
        number = self._find(outgoing.account)
        if self._parts.begun(outgoing):
            calls = self._parts.rest(outgoing)
        else:
            shows = outgoing.message.media is not None and outgoing.message.media.kind != "video"
            calls = write(outgoing, await outgoing.file() if shows else None)
        with failing_as_agreed():
            match await self._parts.make(number.call, outgoing, calls):
                case {"timestamp": int(timestamp)}:
                    return str(timestamp)
        return None

    async def take_back(self, account: str, sender: str, external: str) -> None:
        """Of a message that took several, the last goes."""
        number = self._find(account)
        with failing_as_agreed():
            await number.call(delete(sender, external))


@contextmanager
def failing_as_agreed() -> Iterator[None]:
    """The daemon's failures, as a channel tells them."""
    try:
        yield
    except TooFast as error:
        raise TryLater(error.after or SOON, all_of_them=True) from error
    except (Away, NotRegistered) as error:
        raise TryLater(SOON, all_of_them=True) from error
    except NotNow as error:
        raise TryLater(LATER) from error
    except Gone as error:
        raise Unreachable("gone") from error
    except DaemonError as error:
        raise Refused(error.description) from error
    except NoAnswer as error:
        raise Uncertain from error
