"""How our bots are doing, noted on their accounts so that the panel shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from storage import accounts
from storage.accounts import AWAY, KEY, OTHER, TAKEN
from storage.database import Database

CHANNEL = "telegram"
LASTING = timedelta(minutes=1)
"""A platform that can't be reached for less is nobody's concern."""
STILL_WELL = timedelta(minutes=10)
"""How old the time may be at which a bot last worked."""

log = structlog.get_logger()


@dataclass
class Health:
    """One bot's. Only changes are written; a database that is away misses one, and hears the next."""

    database: Database
    account: str
    clock: Callable[[], datetime]
    _noted: str | None = field(init=False, default=None)
    _noted_at: datetime | None = field(init=False, default=None)
    _away_since: datetime | None = field(init=False, default=None)

    async def worked(self) -> None:
        """The platform answered as it should."""
        self._away_since = None
        if self._noted is not None or self._noted_at is None or self.clock() - self._noted_at >= STILL_WELL:
            await self._note(None)

    async def key_refused(self) -> None:
        await self._failed(KEY)

    async def used_elsewhere(self) -> None:
        await self._failed(TAKEN)

    async def in_trouble(self) -> None:
        """Something that ought not to happen; the log has it."""
        await self._failed(OTHER)

    async def away(self) -> None:
        """It can't be reached: noted once that lasts."""
        self._away_since = self._away_since or self.clock()
        if self.clock() - self._away_since >= LASTING:
            await self._failed(AWAY)

    async def _failed(self, error: str) -> None:
        if self._noted != error:
            await self._note(error)

    async def _note(self, error: str | None) -> None:
        try:
            await self._write(error)
        except SQLAlchemyError as trouble:
            log.error("cannot note how a bot is doing", channel=CHANNEL, error=type(trouble).__name__)
            return
        self._noted, self._noted_at = error, self.clock()
        if error is not None:
            log.warning("a bot is not well", channel=CHANNEL, status=error)

    async def _write(self, error: str | None) -> None:
        now = self.clock()
        async with self.database.write() as connection:
            if error is None:
                await accounts.worked(connection, CHANNEL, self.account, now)
            else:
                await accounts.failed(connection, CHANNEL, self.account, error, now)
