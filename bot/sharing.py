"""The pace of accounts that several couriers send by: before any of them begins a send, its place is noted in the
database, in the transaction that claims it (bot/ledger.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.lane import Lane, Time
from bot.ledger import Ledger
from bot.pace import Place
from flows.rendering import Rates
from storage import paces
from storage.database import Database
from storage.outbox import ANSWERS, Claimed

Gone = Callable[[AsyncConnection, str], Awaitable[bool]]
"""Whether the courier of this name is no more."""


@dataclass
class SharedLane(Lane):
    """One account whose pace several couriers keep together. Its windows are those of the database's clock, as they
    were when the row was read last."""

    sharing: Sharing = field(kw_only=True)
    over: list[tuple[float, Place, bool]] = field(default_factory=list)
    """Sends of ours that have ended: when by our own clock, and whether their chat has moved; not in the row yet."""
    asked_until: float = -inf
    """Until when we were asked to send nothing, by our own clock."""
    ahead: float = 0.0
    """How many seconds the database's clock is ahead of ours, at least."""

    def now(self) -> float:
        return self.time.now() + self.ahead

    def begun(self, taken: Sequence[Claimed]) -> None:
        """They were noted with the claim."""

    def begin(self, place: Place) -> None:
        """Its place was taken with the claim."""

    def end(self, place: Place, *, moved: bool = False) -> None:
        self.over.append((self.time.now(), place, moved))

    async def begins_in(self, place: Place) -> float:
        return await self.sharing.take(self, place)

    def pause(self, how_long: timedelta) -> None:
        super().pause(how_long)
        self.asked_until = max(self.asked_until, self.time.now() + how_long.total_seconds())


@dataclass
class _Seen:
    """A row as it was read: its ledger with what has ended here since, and how many ends that were."""

    lane: SharedLane
    ledger: Ledger
    ends: int


@dataclass
class Sharing:
    """The part of the courier of this name. `one_at_a_time` is held by whoever has a transaction with a row."""

    database: Database
    courier: str
    time: Time
    one_at_a_time: asyncio.Lock
    _locked: dict[str, _Seen] = field(init=False, default_factory=dict)

    async def read(self, connection: AsyncConnection, lanes: Sequence[Lane]) -> None:
        """See how things stand, to know whether there is anything to do."""
        shared = {str(lane.key): lane for lane in lanes if isinstance(lane, SharedLane)}
        if shared:
            await self._see(connection, shared, await paces.read(connection, shared))

    async def lock(self, connection: AsyncConnection, lanes: Sequence[Lane]) -> None:
        """See how things stand, while nobody else takes places. `note` ends that."""
        shared = {str(lane.key): lane for lane in lanes if isinstance(lane, SharedLane)}
        self._locked = await self._see(connection, shared, await paces.lock(connection, shared)) if shared else {}

    def is_locked(self, lane: Lane) -> bool:
        return not isinstance(lane, SharedLane) or str(lane.key) in self._locked

    async def note(self, connection: AsyncConnection, claims: Sequence[tuple[Lane, Sequence[Claimed]]]) -> None:
        """Write what has ended, what is claimed, and pauses."""
        changed = {key for key, seen in self._locked.items() if seen.ends or seen.lane.asked_until > -inf}
        for lane, taken in claims:
            if isinstance(lane, SharedLane) and taken:
                changed.add(str(lane.key))
                ledger = self._locked[str(lane.key)].ledger
                lane.pace.spread(sum(item.kind not in ANSWERS for item in taken), lane.now())
                ledger.even = lane.pace.even
                for item in taken:
                    ledger.begin(self.courier, lane.place(item))
        packed = {key: seen.ledger.pack(seen.lane.now()) for key, seen in self._locked.items() if key in changed}
        await paces.write(connection, packed)

    def kept(self) -> None:
        """The transaction was committed."""
        for seen in self._locked.values():
            del seen.lane.over[: seen.ends]
            if seen.lane.asked_until <= self.time.now():
                seen.lane.asked_until = -inf
        self._locked = {}

    async def take(self, lane: SharedLane, place: Place) -> float:
        """Take a place in the middle of a message; or the seconds until it may be there."""
        async with self.one_at_a_time:
            async with self.database.write(short=True) as connection:
                await self.lock(connection, [lane])
                wait = lane.pace.opens_at(place[0], lane.now(), paid=place[1]) - lane.now()
                if wait <= 0:
                    self._locked[str(lane.key)].ledger.begin(self.courier, place)
                await self.note(connection, [(lane, [])])
            self.kept()
        return wait

    async def _see(
        self, connection: AsyncConnection, lanes: Mapping[str, SharedLane], rows: Mapping[str, str]
    ) -> dict[str, _Seen]:
        """The database's moment lies somewhere between our `before` and `after`: what has ended is noted as of the
        latest that it can have been, and what is read taken as of the earliest."""
        before = self.time.now()
        now = await self.time.shared(connection)
        after = self.time.now()
        seen = {}
        for key, lane in lanes.items():
            ledger = Ledger.unpack(lane.pace.rates or Rates(0, 0, 0), rows.get(key, ""))
            for at, place, moved in lane.over:
                ledger.end(self.courier, place, now - (before - at), moved=moved)
            if lane.asked_until > -inf:
                ledger.paused_until = max(ledger.paused_until, now + (lane.asked_until - before))
            lane.ahead = now - after
            lane.pace = ledger.pace(now)
            seen[key] = _Seen(lane, ledger, len(lane.over))
        return seen


async def holders(connection: AsyncConnection, rates: Mapping[str, Rates | None]) -> set[str]:
    """The couriers that hold places; `rates` by the name of the channel."""
    found = await paces.read(connection, await paces.lanes(connection))
    return {one for lane, row in found.items() for one, places in _read(lane, row, rates).held.items() if places}


async def give_back(
    connection: AsyncConnection, gone: Sequence[str], rates: Mapping[str, Rates | None], now: float
) -> None:
    """The places of couriers that are no more."""
    rows = await paces.lock(connection, await paces.lanes(connection)) if gone else {}
    changed = {}
    for lane, row in rows.items():
        ledger = _read(lane, row, rates)
        if not ledger.held.keys().isdisjoint(gone):
            for courier in gone:
                ledger.is_gone(courier, now)
            changed[lane] = ledger.pack(now)
    await paces.write(connection, changed)


def _read(lane: str, row: str, rates: Mapping[str, Rates | None]) -> Ledger:
    return Ledger.unpack(rates.get(lane.partition(":")[0]) or Rates(0, 0, 0), row)
