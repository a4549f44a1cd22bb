"""Long polling: the platform is asked again and again for what is new.

The offset of a question acknowledges everything before it, so it moves only once that is committed. Libraries' own
loops move it before: a kill in between loses every message under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, TypeAlias

from bot.finishing import finish
from bot.patience import Patience
from bot.telegram.api import ApiError, Away, Call, NoAnswer
from bot.telegram.patience import FAILURES
from bot.telegram.reading import UPDATES

LONG = timedelta(seconds=50)
"""How long the platform may wait for something new; it allows no more."""
GRACE = timedelta(seconds=10)
"""On top of that, for the answer to come."""
MOST = 100
LARGEST = 2**63
LAST_WORD = 2.0
"""Seconds that the last question may take when the house closes."""

Hear: TypeAlias = "Callable[[Sequence[Any]], Awaitable[None]]"
"""Returns once these updates are committed; raises NotKept."""


class Calling(Protocol):
    """A bot that makes calls: a pause that one of them is told binds all."""

    async def call(self, call: Call, *, patience: timedelta | None = None) -> Any: ...


@dataclass
class Poller:
    """Polls for one bot."""

    api: Calling
    hear: Hear
    patience: Patience
    offset: int | None = None
    _told: int | None = field(init=False, default=None)

    async def run(self) -> None:
        """Until cancelled: a question under way is ended at once, a batch under way is kept and acknowledged first."""
        try:
            while True:
                await self._round()
        finally:
            await self._acknowledge()

    async def _round(self) -> None:
        try:
            updates = await self._ask(LONG, MOST)
            await self.patience.wellbeing.worked()
            await finish(self._keep(updates))
        except FAILURES as error:
            await self.patience.bear(error)
        else:
            self.patience.relieve()

    async def _ask(self, wait: timedelta, most: int) -> list[Any]:
        """What is new, after waiting for it so long; raises as Api.call does."""
        offset = self.offset
        parameters: dict[str, Any] = {"timeout": int(wait.total_seconds()), "limit": most, "allowed_updates": UPDATES}
        if offset is not None:
            parameters["offset"] = offset
        self._told = offset  # also by a question that is cut short while it waits: it has been put
        try:
            updates = await self.api.call(Call("getUpdates", parameters), patience=wait + GRACE)
        except (ApiError, Away, NoAnswer):
            self._told = None
            raise
        if not isinstance(updates, list):
            raise Away("no list of updates")
        return updates

    async def _keep(self, updates: list[Any]) -> None:
        """Once all of them are committed, the next question acknowledges them. Raises NotKept."""
        if not updates:
            return
        await self.hear(updates)
        numbers = [number for update in updates if (number := _number(update)) is not None]
        if not numbers:
            raise Away("updates without a number")  # they will come again: not without a pause
        self.offset = max(numbers) + 1

    async def _acknowledge(self) -> None:
        """Tell what was kept since the last question, so that whoever polls next is not handed it again. Where that
        fails it is, and ends as a repeat in the inbox."""
        if self.offset == self._told:
            return
        with suppress(ApiError, Away, NoAnswer, TimeoutError):
            async with asyncio.timeout(LAST_WORD):
                await self._ask(timedelta(0), 1)


def _number(update: Any) -> int | None:
    """None where it has none that could be one."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if type(number) is int and 0 <= number < LARGEST else None
