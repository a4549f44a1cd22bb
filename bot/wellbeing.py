"""How our accounts at platforms are doing, noted there so that the panel shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from storage import accounts
from storage.accounts import AWAY
from storage.database import Database

LASTING = timedelta(minutes=1)
"""A platform that can't be reached for less is nobody's concern."""
STILL_WELL = timedelta(minutes=10)
"""How old the time may be at which an account last worked."""

log = structlog.get_logger()


@dataclass
class Wellbeing:
    """One account's. Only changes are written; a database that is away misses one, and hears the next."""

    database: Database
    channel: str
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

    async def failed(self, error: str) -> None:
        """It is not well, a word of storage/accounts.py; a platform that can't be reached is noted once that lasts."""
        if error == AWAY:
            self._away_since = self._away_since or self.clock()
            if self.clock() - self._away_since < LASTING:
                return
        if self._noted != error:
            await self._note(error)

    async def _note(self, error: str | None) -> None:
        try:
            await self._write(error)
        except SQLAlchemyError as trouble:
            log.error("cannot note how an account is doing", channel=self.channel, error=type(trouble).__name__)
            return
        self._noted, self._noted_at = error, self.clock()
        if error is not None:
            log.warning("an account is not well", channel=self.channel, status=error)

    async def _write(self, error: str | None) -> None:
        now = self.clock()
        async with self.database.write() as connection:
            if error is None:
                await accounts.worked(connection, self.channel, self.account, now)
            else:
                await accounts.failed(connection, self.channel, self.account, error, now)
