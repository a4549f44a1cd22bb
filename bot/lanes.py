"""Lanes: what leaves by one of our accounts, at the pace of its platform. None of them waits for another.

They are found from what is due: an account that appears while the house runs has its lane with its first delivery.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels import Channel, TryLater
from bot.metrics import PAUSED
from bot.pace import Pace
from storage import outbox
from storage.outbox import LaneKey
from storage.value import value

AT_ONCE = 8
"""Sends under way where the platform has limits: at 30 a second each of them may take a quarter of a second."""
MOST_AT_ONCE = 100
"""Deliveries in hand anywhere else."""
SOON = 5.0
"""Seconds that a message of several parts waits between them, rather than being handed over again later."""
LOOK_AGAIN = 0.1
"""Seconds between its looks."""


@value
class Time:
    """Seconds of a clock that is never set back, and waiting for them to pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


@dataclass
class Lane:
    """One account. `in_hand` counts what was claimed and is not over; the rest is what `look` saw."""

    key: LaneKey
    channel: Channel
    pace: Pace
    time: Time
    in_hand: int = 0
    room: int = 0
    """How many may be claimed."""
    resting: list[str] = field(default_factory=list)
    """The chats to which nothing may be sent yet."""
    next_at: float = inf
    """When there will be more room, or a chat rested; `inf` if that depends on sends under way."""
    served: float = -inf

    @property
    def limited(self) -> bool:
        return self.pace.rates is not None

    @property
    def kept(self) -> int:
        """Places that what we begin ourselves leaves free for answers: a tenth."""
        return self.pace.rates.overall // 10 if self.pace.rates is not None else 0

    def look(self) -> None:
        now = self.time.now()
        most = AT_ONCE if self.limited else MOST_AT_ONCE
        self.room = max(0, min(most - self.in_hand, self.pace.free(now)))
        self.resting = self.pace.resting(now)
        self.next_at = self.pace.next_at(now)

    def begin(self, chat: str) -> bool:
        """Begin a send to this chat; False when that may not be."""
        if not self.pace.may_begin(chat, self.time.now()):
            return False
        self.pace.begin(chat)
        return True

    def end(self, chat: str) -> None:
        self.pace.end(chat, self.time.now())

    async def another(self, chat: str) -> None:
        """In the middle of a send: it ends, and one more begins once it may. Raises TryLater when that is not soon."""
        self.end(chat)
        try:
            while (wait := self.pace.opens_at(chat, self.time.now()) - self.time.now()) > 0:
                if self.paused_for:
                    raise TryLater(self.paused_for, all_of_them=True)
                if SOON < wait < inf:
                    raise TryLater(timedelta(seconds=wait))
                await self.time.sleep(min(wait, LOOK_AGAIN))
        finally:
            self.pace.begin(chat)

    def pause(self, how_long: timedelta) -> None:
        """Nothing may be sent for so long."""
        longer = how_long - self.paused_for
        PAUSED.labels(self.key.channel).inc(max(0.0, longer.total_seconds()))
        self.pace.pause(self.time.now() + how_long.total_seconds())

    @property
    def paused_for(self) -> timedelta:
        return timedelta(seconds=max(0.0, self.pace.paused_until - self.time.now()))


class Lanes:
    """Those on these channels; with `only`, (account, sender), that of this account."""

    def __init__(self, channels: Mapping[str, Channel], time: Time, only: tuple[str, str] | None) -> None:
        self.channels, self.time = channels, time
        self._since = time.now()
        self._account = only[0] if only is not None else None
        self._open: dict[LaneKey, Lane] = {}

    async def due(self, connection: AsyncConnection, now: datetime) -> list[Lane]:
        """The lanes in which something is due, each with the room it has."""
        keys = [key for key in await outbox.due(connection, now) if self._is_ours(key)]
        lanes = [self._open.get(key) or await self._open_lane(connection, key, now) for key in keys]
        for lane in lanes:
            lane.look()
        return lanes

    def _is_ours(self, key: LaneKey) -> bool:
        return key.channel in self.channels and self._account in (None, key.account)

    async def _open_lane(self, connection: AsyncConnection, key: LaneKey, now: datetime) -> Lane:
        """A lane nothing has left by since the house began; its account may have been asked to wait before."""
        channel = self.channels[key.channel]
        lane = self._open[key] = Lane(key, channel, Pace(channel.capabilities.rates, self._since), self.time)
        until = await outbox.paused_until(connection, key, now)
        if until is not None:
            lane.pause(until - now)
        return lane
