"""What one number hears: read as it comes, and kept at once.

The daemon waits for no answer and repeats nothing. What it has handed out is nowhere else until it is committed: while
that can't be done it is held here, and nothing more is taken from the daemon once much is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from bot.channels import Incoming, NotKept, Receive
from bot.patience import Patience, Pause, Trouble
from bot.signal.api import Away, Daemon
from bot.signal.patience import FAILURES
from bot.signal.reading import CHANNEL, Ours, read
from bot.wellbeing import Wellbeing

MOST = 100
"""Messages that are kept together."""
MOST_WAITING = 1_000
LAST_WORD = 10.0
"""Seconds that what is held has to be kept when the house closes."""

log = structlog.get_logger()


@dataclass
class Ear:
    """One number's. `kept` is told which messages were kept; `listening` while the daemon hands out to us."""

    daemon: Daemon
    ours: Ours
    receive: Receive
    wellbeing: Wellbeing
    clock: Callable[[], datetime]
    kept: Callable[[Sequence[Incoming]], None] = lambda _incoming: None
    pause: Pause = asyncio.sleep
    listening: bool = field(init=False, default=False)
    _held: list[Incoming] = field(init=False, default_factory=list)
    _come: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _gone: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    async def run(self, patience: Patience) -> None:
        """Hear until cancelled, by one connection after the other; what was heard is kept first."""
        keeping = asyncio.create_task(self._keep())
        try:
            while True:
                await self._listen(patience)
        finally:
            await self._last_word(keeping)

    async def _listen(self, patience: Patience) -> None:
        """One connection, to its end; never two, or all would come twice."""
        try:
            async with aclosing(self.daemon.events(self.ours.number)) as stream:  # type: ignore[type-var]
                async for events in stream:
                    if self.listening:
                        patience.relieve()  # not by the first sign of life: one that opens and breaks is no good
                    self.listening = True
                    self._hold(events)
                    await self._room()
            raise Away("the events ended")
        except FAILURES as error:
            self.listening = False
            await patience.bear(error)
        finally:
            self.listening = False

    def _hold(self, events: Sequence[Any]) -> None:
        for event in events:
            try:
                heard = read(event, self.ours, self.clock())
            except Exception:
                log.exception("an event nobody can read", channel=CHANNEL)
                continue
            if heard:
                self._held += heard
                self._come.set()

    async def _room(self) -> None:
        """Returns once not too much is held."""
        while len(self._held) >= MOST_WAITING:
            self._gone.clear()
            await self._gone.wait()

    # -- keeping ---------------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Keep what is held, as much at once as waits, in its order."""
        patience = Patience(self.wellbeing, (Exception,), _not_kept, self.pause)
        while True:
            await self._come.wait()
            self._come.clear()
            while batch := self._held[:MOST]:
                await patience.insist(lambda batch=batch: self.receive(*batch))  # type: ignore[misc]
                del self._held[: len(batch)]
                self.kept(batch)
                self._gone.set()

    async def _last_word(self, keeping: asyncio.Task[None]) -> None:
        """What is held is kept, or lost: nobody sends it again."""
        try:
            async with asyncio.timeout(LAST_WORD):
                while self._held:
                    self._gone.clear()
                    await self._gone.wait()
        except TimeoutError:
            log.error("messages that could not be kept are lost", channel=CHANNEL, count=len(self._held))
        keeping.cancel()
        await asyncio.wait([keeping])


def _not_kept(error: Exception) -> Trouble:
    """Whatever it is, they are held: nobody would send them again."""
    if not isinstance(error, NotKept):
        log.error("messages could not be kept", channel=CHANNEL, exc_info=error)
    return Trouble()
