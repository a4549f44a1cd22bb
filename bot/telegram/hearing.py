"""What one bot hears, be it polled for or posted to us: read, kept, and only then told to be heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.channels import Incoming, Receive
from bot.telegram.api import ApiError, Away, Call, NoAnswer
from bot.telegram.reading import read
from bot.telegram.writing import answered

AT_ONCE = 8
MOST_WAITING = 1_000
"""What is told is a courtesy (a tap stops glowing): beyond these it is left out."""
TOO_LATE = 150.0
"""Seconds after which the platform takes no answer to a tap."""
PATIENCE = timedelta(seconds=10)
LAST_MOMENT = 2.0
"""Seconds that calls under way have when the house closes."""

log = structlog.get_logger()


class Courtesies:
    """Calls that nobody waits for, made beside everything else; one that fails is left at that. `make(call, patience=)`
    is Api.call or like it."""

    def __init__(self, make: Callable[..., Awaitable[Any]]) -> None:
        self._call = make
        self._under_way: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(AT_ONCE)

    def make(self, calls: Iterable[Call]) -> None:
        for call in calls:
            if len(self._under_way) >= MOST_WAITING:
                return
            task = asyncio.create_task(self._make(call, asyncio.get_running_loop().time()))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _make(self, call: Call, since: float) -> None:
        async with self._free:
            if asyncio.get_running_loop().time() - since > TOO_LATE:
                return
            try:
                await self._call(call, patience=PATIENCE)
            except (ApiError, Away, NoAnswer) as error:
                log.info("a tap was not answered", method=call.method, error=type(error).__name__)

    async def made(self) -> None:
        """Returns once all that were asked for have ended."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """Let those under way end for a moment, then drop them."""
        if self._under_way:
            _done, left = await asyncio.wait(self._under_way, timeout=LAST_MOMENT)
            for task in left:
                task.cancel()
            await self.made()


@dataclass
class Ear:
    """One bot's, by its account. `kept` is told which messages were kept."""

    account: str
    receive: Receive
    courtesies: Courtesies
    clock: Callable[[], datetime]
    kept: Callable[[Sequence[Incoming]], None] = lambda _incoming: None

    async def hear(self, updates: Sequence[Any]) -> None:
        """Returns once what these updates (dictionaries, as the platform sends them) say is committed; what we can't
        use is passed over. Raises NotKept: then nothing of them was."""
        readings = [self._read(update) for update in updates]
        incoming = [one for one, _courtesies in readings if one is not None]
        if incoming:
            await self.receive(*incoming)
            self.kept(incoming)
        self.courtesies.make(call for _one, courtesies in readings for call in courtesies)

    def _read(self, update: Any) -> tuple[Incoming | None, Sequence[Call]]:
        """What it says, and what is to be told the platform afterwards. Nothing, of one that makes our program fail:
        it would fail again, and hold up all behind it."""
        try:
            reading = read(update, self.account, self.clock())
            return reading.incoming, answered(reading)
        except Exception:
            log.exception("an update nobody can read", channel="telegram")
            return None, ()
