"""Lanes: what leaves by one of our accounts, at the pace of its platform. None of them waits for another.

They are found from what is due: an account that appears while the house runs has its lane with its first delivery.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels import Channel, Paying
from bot.lane import Lane, Time
from bot.pace import Pace
from bot.sharing import SharedLane, Sharing
from storage import lanes
from storage.outbox import Claim, LaneKey


class Lanes:
    """Those on these channels; with `only`, (account, sender), that of this account."""

    def __init__(
        self, channels: Mapping[str, Channel], time: Time, only: tuple[str, str] | None, sharing: Sharing | None = None
    ) -> None:
        self.channels, self.time, self.sharing = channels, time, sharing
        self._since = time.now()
        self._account = only[0] if only is not None else None
        self._open: dict[LaneKey, Lane] = {}

    async def due(self, connection: AsyncConnection, now: datetime, *, locked: bool = False) -> list[Lane]:
        """The lanes in which something is due, each with the room it has. `locked`: those whose pace is shared have
        none unless they were locked before."""
        lanes = await self._due(connection, now)
        if self.sharing is not None and not locked:
            await self.sharing.read(connection, lanes)
        for lane in lanes:
            lane.look()
            if locked and self.sharing is not None and not self.sharing.is_locked(lane):
                lane.room, lane.bulk, lane.next_at = 0, 0, self.time.now()  # due since we looked: with the next round
        return lanes

    async def lock(self, connection: AsyncConnection, now: datetime) -> None:
        """Lock the pace of those that are shared and in which something is due, or has ended."""
        if self.sharing is not None:
            ended = [lane for lane in self._open.values() if isinstance(lane, SharedLane) and lane.over]
            await self.sharing.lock(connection, [*await self._due(connection, now), *ended])

    async def note(self, connection: AsyncConnection, claims: Sequence[tuple[Lane, Claim]]) -> None:
        """Write what the couriers who share a pace have to know of this round."""
        if self.sharing is not None:
            await self.sharing.note(connection, [(lane, claim.taken) for lane, claim in claims])

    def kept(self) -> None:
        """That was committed."""
        if self.sharing is not None:
            self.sharing.kept()

    async def _due(self, connection: AsyncConnection, now: datetime) -> list[Lane]:
        keys = [key for key in await lanes.due(connection, now) if self._is_ours(key)]
        found = [self._open.get(key) or await self._open_lane(connection, key, now) for key in keys]
        for lane in found:
            if lane.paying != self._pays(lane.key):
                lane.pays(not lane.paying)
        return found

    def _is_ours(self, key: LaneKey) -> bool:
        return key.channel in self.channels and self._account in (None, key.account)

    def _pays(self, key: LaneKey) -> bool:
        channel = self.channels[key.channel]
        return isinstance(channel, Paying) and channel.pays(key.account)

    async def _open_lane(self, connection: AsyncConnection, key: LaneKey, now: datetime) -> Lane:
        """A lane nothing has left by since the house began; its account may have been asked to wait before."""
        channel, rates = self.channels[key.channel], self.channels[key.channel].capabilities.rates
        pace = Pace(None if rates is None else replace(rates, paid=None), self._since)
        if self.sharing is not None and rates is not None:
            lane: Lane = SharedLane(key, channel, self.time, pace, sharing=self.sharing)
        else:
            lane = Lane(key, channel, self.time, pace)
            until = await lanes.paused_until(connection, key, now)
            if until is not None:
                lane.pause(until - now)
        self._open[key] = lane
        return lane
