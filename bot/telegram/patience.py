"""What is done when a call of ours fails: it is noted, and tried again after a while."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias, TypeVar

import structlog

from bot.channels import NotKept
from bot.telegram.api import ApiError, Away, NoAnswer, TooFast, UsedElsewhere, WrongKey
from bot.telegram.health import Health

LONGEST = 30.0
SHUT_OUT = timedelta(minutes=10)
"""Until a key that was refused is tried again: whoever sets another one begins anew at once, and a server that is just
starting may refuse any."""

FAILURES = (NotKept, ApiError, Away, NoAnswer)
Pause: TypeAlias = "Callable[[float], Awaitable[object]]"
"""Waits so many seconds."""
Result = TypeVar("Result")
log = structlog.get_logger()


@dataclass
class Patience:
    """One bot's."""

    health: Health
    pause: Pause = asyncio.sleep
    _failures: int = field(init=False, default=0)

    async def insist(self, step: Callable[[], Awaitable[Result]]) -> Result:
        """Take this step until it succeeds."""
        while True:
            try:
                result = await step()
            except FAILURES as error:
                await self.bear(error)
            else:
                self.relieve()
                return result

    def relieve(self) -> None:
        """It went well."""
        self._failures = 0

    async def bear(self, error: Exception) -> None:
        """Note one of the FAILURES, and wait as long as is good for it."""
        self._failures += 1
        await self._note(error)
        await self.pause(self._how_long(error))

    async def _note(self, error: Exception) -> None:
        match error:
            case NotKept() | TooFast():
                return
            case WrongKey():
                await self.health.key_refused()
            case UsedElsewhere():
                await self.health.used_elsewhere()
            case Away() | NoAnswer():
                await self.health.away()
            case ApiError():
                log.error(
                    "the platform refuses", channel="telegram", error=f"{type(error).__name__}: {error.description}"
                )
                await self.health.in_trouble()

    def _how_long(self, error: Exception) -> float:
        """Seconds: as long as we are asked to, or longer with each failure and never the same for two bots."""
        if isinstance(error, TooFast):
            return error.after.total_seconds()
        if isinstance(error, WrongKey):
            return SHUT_OUT.total_seconds()
        return min(LONGEST, 0.5 * 2.0 ** min(self._failures, 10)) * random.uniform(0.5, 1.0)
