"""One lane: what leaves by one of our accounts, at the pace of its platform."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import inf

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels import Channel, TryLater
from bot.metrics import PAUSED
from bot.pace import Pace, Place
from storage import paces
from storage.outbox import ANSWERS, Claimed, LaneKey
from storage.value import value

AT_ONCE = 8
"""Sends under way where the platform has limits: at 30 a second each of them may take a quarter of a second."""
KEPT_AT_ONCE = 3
"""Of these, those that only answers take."""
PAID_AT_ONCE = 60
"""Where a thousand leave in a second: a send keeps its place in the window while it is in hand, so more would be fewer
(measured: 957 a second with 60, 820 with 100)."""
MOST_AT_ONCE = 100
"""Deliveries in hand anywhere else."""
TOGETHER = 0.01
"""Seconds, where a thousand leave in one."""
SOON = 5.0
"""Seconds that a message of several parts waits between them, rather than being handed over again later."""
LOOK_AGAIN = 0.1
"""Seconds between its looks."""


@value
class Time:
    """Seconds of a clock that is never set back, and waiting for them to pass; `shared` are those of the database's
    clock, which several houses have in common."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    shared: Callable[[AsyncConnection], Awaitable[float]] = paces.now


@dataclass
class Lane:
    """One account, whose pace this courier keeps alone. `in_hand` counts what was claimed and is not over; the rest is
    what `look` saw."""

    key: LaneKey
    channel: Channel
    time: Time
    pace: Pace
    paying: bool = False
    """Whether what we begin ourselves leaves at the pace that is paid for."""
    in_hand: int = 0
    room: int = 0
    """How many answers may be claimed."""
    bulk: int = 0
    """How many may be claimed when all of them are what we begin ourselves."""
    resting: list[int] = field(default_factory=list)
    """The addresses to which nothing may be sent yet."""
    next_at: float = inf
    """When there will be more room, or a chat rested; `inf` if that depends on sends under way."""
    served: float = -inf

    @property
    def limited(self) -> bool:
        return self.pace.rates is not None

    def now(self) -> float:
        """The seconds of its windows."""
        return self.time.now()

    def look(self) -> None:
        now = self.now()
        able = max(0, self.at_once - self.in_hand)
        self.room = max(0, min(able, self.pace.free(now)))
        self.bulk = max(0, min(able - self.kept, self._bulk(now)))
        self.resting = [int(chat.lstrip("-")) for chat in self.pace.resting(now)]
        self.next_at = self.time.now() + max(self.gathers, self.pace.next_at(now) - now)

    @property
    def at_once(self) -> int:
        """How many sends may be under way."""
        return MOST_AT_ONCE if not self.limited else PAID_AT_ONCE if self.paying else AT_ONCE

    @property
    def gathers(self) -> float:
        """Seconds in which what ends is gathered for the next round: at a thousand a second there would be one for
        each."""
        return TOGETHER if self.paying else 0.0

    @property
    def kept(self) -> int:
        """Of those that may be under way at once, how many are left to answers."""
        return 0 if not self.limited else KEPT_AT_ONCE if not self.paying else PAID_AT_ONCE // 10

    def _bulk(self, now: float) -> int:
        """How many of what we begin ourselves may leave: evenly, or where it is paid for, all that answers leave."""
        if self.paying and self.pace.rates is not None:
            return self.pace.free(now, paid=True) - self.pace.rates.overall
        return min(self.pace.free(now), self.pace.turns(now))

    def pays(self, paying: bool) -> None:
        """From now on it does, or no more; a second passes until it is known what has left before."""
        rates = self.channel.capabilities.rates
        if rates is not None and rates.paid is not None:
            self.paying, paused = paying, self.pace.paused_until
            self.pace = Pace(rates if paying else replace(rates, paid=None), self.now())
            self.pace.pause(paused)

    # -- one send ------------------------------------------------------------------------------------------------

    def place(self, item: Claimed) -> Place:
        """The place that sending it takes. A chat is known by the id of its address, after the sign of a group."""
        groups = self.pace.rates.groups if self.pace.rates is not None else None
        sign = groups if groups is not None and item.sender.startswith(groups) else ""
        return f"{sign}{item.address_id}", self.paying and item.kind not in ANSWERS

    def begun(self, taken: Sequence[Claimed]) -> None:
        """These are claimed."""
        self.pace.spread(sum(item.kind not in ANSWERS for item in taken), self.now())

    def begin(self, place: Place) -> None:
        self.pace.begin(place[0], paid=place[1])

    def end(self, place: Place, *, moved: bool = False) -> None:
        """`moved`: the platform knows this chat by another name, and has counted nothing for that one."""
        self.pace.end(place[0], self.now(), paid=place[1])
        if moved:
            self.pace.forget(place[0])

    async def another(self, place: Place) -> None:
        """In the middle of a send: it ends, and one more begins once it may. Raises TryLater when that is not soon."""
        self.end(place)
        try:
            while (wait := await self.begins_in(place)) > 0:
                if self.paused_for:
                    raise TryLater(self.paused_for, all_of_them=True)
                if SOON < wait < inf:
                    raise TryLater(timedelta(seconds=wait))
                await self.time.sleep(min(wait, LOOK_AGAIN))
        finally:
            self.begin(place)

    async def begins_in(self, place: Place) -> float:
        """Seconds until it may begin; once it may, its place is taken before anybody else looks."""
        now = self.now()
        return self.pace.opens_at(place[0], now, paid=place[1]) - now

    # -- pauses --------------------------------------------------------------------------------------------------

    def pause(self, how_long: timedelta) -> None:
        """Nothing may be sent for so long."""
        longer = how_long - self.paused_for
        PAUSED.labels(self.key.channel).inc(max(0.0, longer.total_seconds()))
        self.pace.pause(self.now() + how_long.total_seconds())

    @property
    def paused_for(self) -> timedelta:
        return timedelta(seconds=max(0.0, self.pace.paused_until - self.now()))
