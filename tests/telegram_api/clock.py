"""The platform's time, which a test may push on: updates live for a day, and no test does."""

from __future__ import annotations

import asyncio
import time


class Bell:
    """Rung when something has changed; whoever waits looks again."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()

    async def heard(self, seconds: float | None) -> None:
        """Wait for the next ring, at most so many seconds (for ever when None)."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            return


class Clock:
    """Unix time. `pace` of its seconds pass in each real one, so that the 120 s before a webhook is tried again need
    not be waited for. Rates and long polls are in real seconds and don't ask this clock."""

    def __init__(self, *, pace: float = 1.0) -> None:
        self.pace = pace
        self._began = time.time()
        self._real = time.monotonic()
        self._skipped = 0.0
        self._moved = Bell()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._began + (time.monotonic() - self._real) * self.pace + self._skipped

    def skip(self, seconds: float) -> None:
        """Push it on by so many seconds at once; sleepers whose time has come wake."""
        self._skipped += seconds
        self._moved.ring()

    async def sleep(self, seconds: float) -> None:
        """So many seconds of this clock."""
        until = self.now() + seconds
        while (left := until - self.now()) > 0:
            await self._moved.heard(left / self.pace)
