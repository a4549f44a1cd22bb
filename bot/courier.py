"""The courier: takes deliveries from the outbox to their channels, in order, and notes what became of each.

It goes in rounds. A round notes what has ended and claims what may leave now, in ONE transaction; the sends go on by
themselves, and their ends, a new delivery, or a lane that has room again begin the next round. So what is claimed
leaves at once, answers pass whatever else waits, and a slow send holds up nobody but its own participant.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from math import inf

import structlog
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import leaving, paying
from bot.abandoned import Gone, by_its_process, my_name
from bot.channels import Channel
from bot.finishing import finish
from bot.lane import Lane, Time
from bot.lanes import Lanes
from bot.metrics import BLOCKED, UNCERTAIN
from bot.pace import Place
from bot.sending import SILENCE_AFTER_DEATH, Outcome, Sending, in_doubt, untried
from bot.sharing import Sharing, give_back, holders
from flows.rendering import Rates, served
from storage import doubts, erasure, outbox, settling
from storage.addressing import Served
from storage.clock import Clock, utc_now
from storage.database import Database
from storage.outbox import Claim, Claimed, Wanted

IDLE = 1.0
"""Seconds between looks at the outbox when nothing woke the courier: another process may have filled it."""
LANES_AT_ONCE = 8
"""Lanes served by one transaction, so that reception need not wait long for it."""
MOST_NOTES = 30
"""Times, a second apart, that what became of deliveries is tried to be noted before it is given up."""

log = structlog.get_logger()


@dataclass
class Courier:
    """Sends what is due on these channels; with `only`, (account, sender), what is for this one person.

    `shared`: others may send by the same accounts, and the pace is kept in the database; on SQLite nobody else does.
    `told` is called once what pages show has left.
    """

    database: Database
    channels: Mapping[str, Channel]
    clock: Clock = utc_now
    name: str = field(default_factory=my_name)
    only: tuple[str, str] | None = None
    time: Time = field(default_factory=Time)
    gone: Gone = by_its_process
    shared: bool | None = None
    told: Callable[[], None] = lambda: None
    sharing: Sharing | None = field(init=False)
    lanes: Lanes = field(init=False)
    sending: Sending = field(init=False)
    served: Served = field(init=False)
    _woken: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _one_round: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _due: list[Lane] = field(init=False, default_factory=list)
    _soon: asyncio.TimerHandle | None = field(init=False, default=None)
    _under_way: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _ended: list[Outcome] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        shared = self.shared if self.shared is not None else not self.database.sqlite
        self.sharing = Sharing(self.database, self.name, self.time, self._one_round) if shared else None
        self.lanes = Lanes(self.channels, self.time, self.only, self.sharing)
        self.sending = Sending(self.database, lambda: self.clock())
        self.served = served([channel.capabilities for channel in self.channels.values()])

    def wake(self) -> None:
        """Something may be in the outbox."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._woken.set()

    async def run(self) -> None:
        """Serve until cancelled; sends under way are finished and noted first."""
        await self.recover(own=True)
        woken = False
        try:
            while True:
                self._woken.clear()
                try:
                    await finish(self.round(look_first=not woken))
                    woken = await self._rest()
                except SQLAlchemyError as error:  # a full disk, a database that is away: what has ended is kept in mind
                    log.error("cannot deliver", error=type(error).__name__)
                    await asyncio.sleep(IDLE)
        finally:
            await self._finish()

    async def deliver(self) -> int:
        """Send what may leave now, and wait until it has; answers how many left their lane."""
        taken = await self.round(look_first=True)
        await self._finish()
        return taken

    async def round(self, *, look_first: bool = False) -> int:
        """Note what has ended, take what may leave now and begin to send it; answers how many deliveries left their
        lane, for the platform or for another lane.

        `look_first`: probably there is nothing to do, and to see that takes no writer.
        """
        async with self._one_round:
            if look_first and not self._ended and not await self._could_take():
                return 0
            claims = await self._write(claim=True)
        for lane, claim in claims:
            self._start(lane, claim)
        return sum(len(claim.taken) + claim.passed for _lane, claim in claims)

    async def _rest(self) -> bool:
        """Wait until something begins the next round; False when it is only that nothing has for a while."""
        wait = min((lane.next_at for lane in self._due), default=inf) - self.time.now()
        try:
            async with asyncio.timeout(max(0.0, min(wait, IDLE))):
                await self._woken.wait()
        except TimeoutError:
            return wait < IDLE
        return True

    async def _finish(self) -> None:
        """Wait for the sends under way and note what became of them, even if the database is away for a while:
        forgotten, they would be sent again."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        for _attempt in range(MOST_NOTES):
            if not self._ended:
                return
            try:
                async with self._one_round:
                    await self._write(claim=False)
            except OperationalError as error:
                log.error("cannot note what was sent", error=type(error).__name__)
                await asyncio.sleep(IDLE)

    # -- one round ---------------------------------------------------------------------------------------------

    async def _could_take(self) -> bool:
        async with self.database.read() as connection:
            now = self.clock()
            self._due = await self.lanes.due(connection, now)
            for lane in self._due:
                if lane.room and (
                    await outbox.any_due(connection, self._wanted(lane, now), bulk=lane.bulk > 0)
                    or await doubts.any_over(connection, lane.key, now)
                ):
                    return True
        return False

    def _wanted(self, lane: Lane, now: datetime) -> Wanted:
        only = self.only[1] if self.only is not None else None
        return Wanted(lane.key, now, lane.limited, lane.resting, only, self.served)

    async def _write(self, *, claim: bool) -> list[tuple[Lane, Claim]]:
        """The transaction of a round."""
        ended = list(self._ended)
        erased = any(outcome.item.erased for outcome in ended)
        async with self.database.write(short=not erased) as connection:
            await self.lanes.lock(connection, self.clock())
            await self._note(connection, ended)
            if erased:
                await erasure.forget_erased(connection)
            claims = await self._claim(connection) if claim else []
            await self.lanes.note(connection, claims)
        self.lanes.kept()
        del self._ended[: len(ended)]
        if any(outcome.settled.drawn for outcome in ended):
            self.told()
        return claims

    async def _note(self, connection: AsyncConnection, ended: Sequence[Outcome]) -> None:
        await settling.settle(connection, [outcome.settled for outcome in ended])
        await paying.pay_back(connection, ended)
        for outcome in ended:
            item, shut = outcome.item, outcome.shut
            if outcome.moved is not None and not await settling.readdress(connection, item, outcome.moved):
                shut = "gone"
            if shut is not None:
                BLOCKED.labels(item.channel).inc(await settling.shut(connection, item, shut))

    async def _claim(self, connection: AsyncConnection) -> list[tuple[Lane, Claim]]:
        """What may leave now of each lane that has room; if there are many, of those served longest ago."""
        now = self.clock()
        self._due = await self.lanes.due(connection, now, locked=True)
        able = sorted((lane for lane in self._due if lane.room), key=lambda lane: lane.served)
        if len(able) > LANES_AT_ONCE:
            self.wake()
        claims = []
        for lane in able[:LANES_AT_ONCE]:
            lane.served = self.time.now()
            await doubts.clear(connection, lane.key, now)
            claim = await outbox.claim(connection, self._wanted(lane, now), self.name, lane.room, lane.bulk)
            writes_first = lane.channel.capabilities.writes_first
            claim = await leaving.look(connection, lane.key, claim, now, writes_first=writes_first)
            claims.append((lane, await paying.pay(connection, lane, claim, now)))
        return claims

    # -- what is claimed ---------------------------------------------------------------------------------------

    def _start(self, lane: Lane, claim: Claim) -> None:
        """Send it, participants side by side."""
        by_person: dict[int, list[tuple[Claimed, Place]]] = defaultdict(list)
        lane.begun(claim.taken)
        for item in claim.taken:
            place = lane.place(item)
            lane.begin(place)
            by_person[item.participant_id].append((item, place))
        lane.in_hand += len(claim.taken)
        for items in by_person.values():
            task = asyncio.create_task(self._send(lane, items))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        BLOCKED.labels(lane.key.channel).inc(claim.shut)
        if claim.passed:
            self.wake()

    async def _send(self, lane: Lane, items: Sequence[tuple[Claimed, Place]]) -> None:
        """One participant's deliveries, one after the other; one that does not leave keeps those behind it back."""
        left, again = list(items), None
        while left and again is None and not lane.paused_for:
            item, place = left.pop(0)
            outcome = await self.sending.send(lane.channel, item, partial(lane.another, place), paid=place[1])
            lane.end(place, moved=outcome.moved is not None)
            if outcome.pause is not None:
                lane.pause(outcome.pause)
            if outcome.settled.state == "waiting":
                again = outcome.settled.at
            self._end(lane, replace(outcome, paid=place[1]))
        for item, place in left:
            lane.end(place)
            settled = untried(item, again or self.clock() + lane.paused_for)
            self._end(lane, Outcome(item, settled, paid=place[1]))

    def _end(self, lane: Lane, outcome: Outcome) -> None:
        """To be noted with the next round."""
        lane.in_hand -= 1
        self._ended.append(outcome)
        if not lane.gathers:
            self.wake()
        elif self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(lane.gathers, self.wake)

    # -- what was left behind ----------------------------------------------------------------------------------

    async def recover(self, *, own: bool = False) -> None:
        """Settle what couriers that are no more had claimed; with `own`, at the start, also one of this very name."""
        now = self.clock()
        async with self.database.read() as connection:
            gone = await self._gone(connection, now, own)
        if not gone:
            return
        async with self.database.write() as connection:
            if self.sharing is not None:
                await give_back(connection, gone, self._rates, await self.time.shared(connection))
            left = await doubts.abandoned(connection, self.channels, gone)
            again = [in_doubt(self.channels[item.channel], item, now, now + SILENCE_AFTER_DEATH) for item in left]
            await settling.settle(connection, again)
        for item in left:
            UNCERTAIN.labels(item.channel).inc()
        self.wake()

    async def _gone(self, connection: AsyncConnection, now: datetime, own: bool) -> list[str]:
        """Couriers that are no more, and have left something."""
        left = dict(await doubts.owners(connection))
        if self.sharing is not None:
            left = dict.fromkeys(await holders(connection, self._rates), now) | left
        return [
            name
            for name, since in left.items()
            if (own if name == self.name else await self.gone(connection, name, since, now))
        ]

    @property
    def _rates(self) -> dict[str, Rates | None]:
        return {name: channel.capabilities.rates for name, channel in self.channels.items()}
