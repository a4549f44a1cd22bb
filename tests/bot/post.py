"""A post office for tests of the courier: accounts at a platform that counts, people at each, and a clock that is set.

Nothing here waits for real time: the courier's rounds, the platform's answers and whatever a test does take place at
moments of the clock, one after the other.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels import Outgoing, Receive
from bot.courier import IDLE, Courier
from bot.lane import Time
from flows.messages import Line, Message
from flows.rendering import Capabilities, Rates
from storage import outbox, participants
from storage.database import Database
from storage.models import Address, Base, Delivery, Heard, Participant
from storage.outbox import NewDelivery
from storage.participants import AddressKey
from storage.types import new_id
from tests.bot.town import NOON

TELEGRAM = Capabilities("street", rates=Rates(overall=30, person=1, group=20, groups="-"))
SPACE = 7
ROWS = 5_000


class Clock:
    """Seconds that pass when the test says so; whoever sleeps is woken at their moment."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def moment(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def now(self) -> float:
        return self.seconds

    async def everywhere(self, _connection: AsyncConnection) -> float:
        """The database's clock."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self.sleepers, (self.seconds + seconds, next(self._order), woken))
        await woken

    def next_at(self) -> float:
        return self.sleepers[0][0] if self.sleepers else inf

    def set(self, seconds: float) -> None:
        self.seconds = max(self.seconds, seconds)
        while self.next_at() <= self.seconds:
            _at, _order, woken = heapq.heappop(self.sleepers)
            if not woken.done():
                woken.set_result(None)


@dataclass
class Sent:
    """One message that arrived at the platform: when, by which account, to whom, which delivery, what it says."""

    at: float
    account: str
    chat: str
    key: str
    text: str


@dataclass
class Platform:
    """A channel whose sends take time, on the way there and on the way back. `answer` may raise what the platform
    answers; what it raises as Lost never arrived."""

    clock: Clock
    capabilities: Capabilities = TELEGRAM
    there: Callable[[], float] = lambda: 0.03
    back: Callable[[], float] = lambda: 0.03
    answer: Callable[[Outgoing], None] = lambda _outgoing: None
    sent: list[Sent] = field(default_factory=list)

    async def send(self, outgoing: Outgoing) -> str | None:
        await self.clock.sleep(self.there())
        try:
            self.answer(outgoing)
            self.arrive(outgoing)
        finally:
            await self.clock.sleep(self.back())
        return f"m{len(self.sent)}"

    def arrive(self, outgoing: Outgoing) -> None:
        text = outgoing.message.lines[0].text
        self.sent.append(Sent(self.clock.seconds, outgoing.account, outgoing.sender, outgoing.key, text))

    async def run(self, receive: Receive) -> None:
        raise NotImplementedError

    def texts(self, chat: str | None = None) -> list[str]:
        return [one.text for one in self.sent if chat in (None, one.chat)]


@dataclass
class Post:
    """The database, the platform and the courier between them."""

    database: Database
    clock: Clock
    platform: Platform
    courier: Courier = field(init=False)
    people: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    couriers: list[Courier] = field(default_factory=list)
    """All there ever were; what the last had on the wire may still arrive."""
    others: list[Courier] = field(default_factory=list)
    """Those of other houses, which do their rounds as well."""
    dead: set[str] = field(default_factory=set)
    """The names of couriers that are no more."""

    def __post_init__(self) -> None:
        self.courier = self.new_courier()

    def new_courier(self, name: str = "here", *, shared: bool | None = None) -> Courier:
        time = Time(self.clock.now, self.clock.sleep, self.clock.everywhere)
        channels = {self.platform.capabilities.name: self.platform}
        self.couriers.append(
            Courier(self.database, channels, self.clock.moment, name, time=time, gone=self._is_dead, shared=shared)
        )
        return self.couriers[-1]

    async def _is_dead(self, _connection: AsyncConnection, name: str, _since: datetime, _now: datetime) -> bool:
        return name in self.dead

    @property
    def _awake(self) -> list[Courier]:
        return [self.courier, *self.others]

    async def close(self) -> None:
        """Nothing more arrives."""
        left = [task for courier in self.couriers for task in courier._under_way]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self.database.close()

    async def comes(self, *chats: str, account: str = "bot") -> None:
        """People who can be written to by this account."""
        rows = [(chat, new_id(), new_id()) for chat in chats]
        self.people |= {chat: person for chat, person, _address in rows}
        self.accounts |= dict.fromkeys(chats, account)
        known = {"space_id": SPACE, "channel": self.platform.capabilities.name, "created_at": NOON}
        async with self.database.write() as connection:
            for start in range(0, len(rows), ROWS):
                some = rows[start : start + ROWS]
                person = [{**known, "id": p, "language": "en", "groups": [], "address_id": a} for _chat, p, a in some]
                await connection.execute(insert(Participant), person)
                address = [{**known, "id": a, "participant_id": p, "sender": c, "account": account} for c, p, a in some]
                await connection.execute(insert(Address), address)

    async def put(self, *told: tuple[str, str], kind: str = "reply", **later: float) -> None:
        """Deliveries of (person, text), due now or so much later."""
        at = self.clock.moment() + timedelta(**later)
        new = [
            NewDelivery(SPACE, self.people[chat], None, kind, Message((Line(text),)).pack(), at) for chat, text in told
        ]
        async with self.database.write() as connection:
            await outbox.put(connection, new)
        for courier in self._awake:
            courier.wake()

    async def hears(self, chat: str) -> None:
        """This person writes."""
        heard = {"id": new_id(), "space_id": SPACE, "participant_id": self.people[chat], "channel": "street"}
        row = {**heard, "account": self.accounts[chat], "key": str(new_id()), "state": "handled", "tries": 1}
        async with self.database.write() as connection:
            await participants.find(connection, [AddressKey("street", self.accounts[chat], chat)])
            await connection.execute(insert(Heard).values(**row, heard_at=self.clock.moment()))

    # -- time passes -------------------------------------------------------------------------------------------

    async def passes(self, seconds: float = 0.0) -> None:
        """The courier does its rounds until then, as in its own loop."""
        until = self.clock.seconds + seconds
        await self.settle()
        while self.clock.seconds < until:
            await self.step(until)

    async def step(self, until: float) -> None:
        """On to the next moment at which something happens, and what happens then."""
        lanes = min((lane.next_at for courier in self._awake for lane in courier._due), default=inf)
        self.clock.set(min(until, self.clock.next_at(), lanes, self.clock.seconds + IDLE))
        await self.settle()

    async def settle(self) -> None:
        """All that can happen at this moment."""
        while True:
            await self._until_all_sleep()
            if not any([await self._round(courier) for courier in self._awake]):
                return

    @staticmethod
    async def _round(courier: Courier) -> bool:
        """Whether there may be more to do."""
        courier._woken.clear()
        return bool(await courier.round(look_first=True)) or courier._woken.is_set()

    async def _until_all_sleep(self) -> None:
        """Every send under way waits for the clock."""
        asleep = -1
        while asleep != len(self.clock.sleepers) or sum(len(one._under_way) for one in self.couriers) > asleep:
            asleep = len(self.clock.sleepers)
            for _ in range(5):
                await asyncio.sleep(0)

    # -- what is left ------------------------------------------------------------------------------------------

    async def states(self, *columns: Any) -> list[Any]:
        """Of all deliveries, in the order of their ids."""
        wanted = columns or (Delivery.state,)
        async with self.database.read() as connection:
            rows = await connection.execute(select(*wanted).order_by(Delivery.id))
            return [row[0] if len(wanted) == 1 else tuple(row) for row in rows]


@asynccontextmanager
async def post_office(url: str, capabilities: Capabilities = TELEGRAM) -> AsyncIterator[Post]:
    clock = Clock()
    post = Post(Database(url), clock, Platform(clock, capabilities))
    try:
        async with post.database.write() as connection:
            await connection.run_sync(Base.metadata.create_all)
        clock.set(clock.seconds + 2)  # what was sent before this house began is forgotten
        yield post
    finally:
        await post.close()


async def killed(post: Post) -> None:
    """The house dies with what it has on the wire, and another one starts."""
    for task in post.courier._under_way:
        task.cancel()
    post.clock.sleepers.clear()
    post.courier = post.new_courier()
    await post.courier.recover(own=True)


def busiest(moments: list[float], length: float) -> int:
    """The most of these moments in any window of this length."""
    ordered, first, most = sorted(moments), 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= length:
            first += 1
        most = max(most, last - first + 1)
    return most
