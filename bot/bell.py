"""Waking the other processes of a house that is split: what one has committed concerns another.

On PostgreSQL a NOTIFY of its own follows the commit (within it, all commits would wait for one lock); one that is lost
costs a second, after which everybody looks anyway. On SQLite there is nobody to wake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from sqlalchemy import text

from storage.database import Database
from storage.types import new_id

NAME = "palabre"
AGAIN = 1.0
"""Seconds until a database that was away is tried again."""
_RING = text("SELECT pg_notify(:name, :who)")

log = structlog.get_logger()


@dataclass
class Bell:
    """`rung` is called when another process has rung."""

    database: Database
    rung: Callable[[], None]
    _who: str = field(init=False, default_factory=lambda: str(new_id()))
    _ringing: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def ring(self) -> None:
        """Something was committed; several times at once count as one."""
        self._ringing.set()

    async def run(self) -> None:
        """Ring and listen until cancelled."""
        if self.database.sqlite:
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._again_and_again(self._ring))
            both.create_task(self._again_and_again(self._listen))

    async def _again_and_again(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception as error:  # the driver's own as well, which only who uses it knows
                log.warning("the other processes cannot be woken", error=type(error).__name__)
                await asyncio.sleep(AGAIN)

    async def _ring(self) -> None:
        async with self.database.alone() as connection:
            while True:
                await self._ringing.wait()
                self._ringing.clear()
                await connection.execute(_RING, {"name": NAME, "who": self._who})

    async def _listen(self) -> None:
        async with self.database.alone() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            try:
                await driver.execute(f"LISTEN {NAME}")
                async for notice in driver.notifies():
                    if notice.payload != self._who:
                        self.rung()
            finally:
                await connection.invalidate()
