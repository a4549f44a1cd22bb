"""What is done when a call of ours to a platform fails: it is noted on our account, and tried again after a while."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias, TypeVar

from bot.wellbeing import Wellbeing
from storage.value import value

LONGEST = 30.0
"""Seconds between two tries, where the platform doesn't ask for more."""

Pause: TypeAlias = "Callable[[float], Awaitable[object]]"
"""Waits so many seconds."""
Result = TypeVar("Result")


@value
class Trouble:
    """What a failure is to us: the word of storage/accounts.py that is noted, if any, and how long the platform asks to
    be left alone, if it does."""

    word: str | None = None
    after: timedelta | None = None


@dataclass
class Patience:
    """One account's. `failures` are the errors that are borne, `diagnose` tells what each is."""

    wellbeing: Wellbeing
    failures: tuple[type[Exception], ...]
    diagnose: Callable[[Exception], Trouble]
    pause: Pause = asyncio.sleep
    _failures: int = field(init=False, default=0)

    async def insist(self, step: Callable[[], Awaitable[Result]]) -> Result:
        """Take this step until it succeeds."""
        while True:
            try:
                result = await step()
            except self.failures as error:
                await self.bear(error)
            else:
                self.relieve()
                return result

    def relieve(self) -> None:
        """It went well."""
        self._failures = 0

    async def bear(self, error: Exception) -> None:
        """Note one of the failures, and wait: as long as we are asked to, or longer with each failure and never the
        same for two accounts."""
        self._failures += 1
        trouble = self.diagnose(error)
        if trouble.word is not None:
            await self.wellbeing.failed(trouble.word)
        if trouble.after is not None:
            await self.pause(trouble.after.total_seconds())
        else:
            await self.pause(min(LONGEST, 0.5 * 2.0 ** min(self._failures, 10)) * random.uniform(0.5, 1.0))
