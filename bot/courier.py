"""The courier: takes deliveries from the outbox to their channels, in order, and notes what became of each.

A delivery claimed but not confirmed when the process died is uncertain. A channel that can repeat safely repeats
it under the same key; elsewhere its kind decides: replies and receipts are sent again, the rest is held and shown.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bot.channels import Channel, Outgoing, Refused, TryLater, Uncertain, Unreachable
from bot.finishing import finish
from bot.metrics import FAILED, OUTBOX_WAIT, SENT
from bot.reception import Clock, utc_now
from flows.messages import Media
from flows.telling import word
from flows.texts import LANGUAGES
from storage import erasure, files, outbox
from storage.database import Database
from storage.files import File
from storage.outbox import Claimed, Settled

MOST_TRIES = 24
"""Of a channel that asks to try later: half a day, with the pauses between them."""
MOST_DOUBTS = 5
"""Times a message is sent when nobody knows whether it arrived."""
MOST_NOTES = 30
"""Times, a second apart, that what became of deliveries is tried to be noted while the database is away."""
NOTED_AFTER = 0.5
"""Seconds after which what has left is noted without waiting for the rest of a claim."""
LONGEST_PAUSE = timedelta(hours=1)
LEASE = timedelta(minutes=2)
"""How long a claim of a courier on another machine is believed."""
LONGEST_CLAIM = timedelta(hours=1)
"""How long a claim is believed whose process seems to live: by then its number belongs to another program."""
REPEATED = frozenset({"reply", "receipt"})
"""Kinds sent again when nobody knows whether they arrived: twice is better than never."""
IDLE = 1.0
"""Seconds between looks at the outbox when nothing woke the courier: another process may have filled it."""

log = structlog.get_logger()


def my_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass
class Courier:
    """Sends what is due on these channels; with `only`, (account, sender), what is for this one person."""

    database: Database
    channels: Mapping[str, Channel]
    clock: Clock = utc_now
    name: str = field(default_factory=my_name)
    only: tuple[str, str] | None = None
    _woken: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def wake(self) -> None:
        """Something may be in the outbox."""
        self._woken.set()

    async def run(self) -> None:
        """Serve until cancelled; deliveries under way are finished and noted first."""
        await self.recover(own=True)
        while True:
            self._woken.clear()
            try:
                if await finish(self.deliver()):
                    continue
            except SQLAlchemyError as error:  # a full disk, a database that is away: look again
                log.error("cannot deliver", error=type(error).__name__)
            try:
                async with asyncio.timeout(IDLE):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def deliver(self) -> int:
        """Send what is due now; answers how many deliveries were taken."""
        now = self.clock()
        async with self.database.read() as connection:
            waiting = await outbox.any_due(connection, self.channels, now, self.only)
        if not waiting:
            return 0
        async with self.database.write() as connection:
            claimed = await outbox.claim(connection, self.channels, self.name, now, only=self.only)
        await self._send(claimed)
        return len(claimed)

    async def _send(self, claimed: Sequence[Claimed]) -> None:
        """Each participant's deliveries one after the other, participants side by side; one commit notes all, or those
        that have left while a slow one is on its way."""
        by_person: dict[int, list[Claimed]] = {}
        for item in claimed:
            by_person.setdefault(item.participant_id, []).append(item)
        sending = {asyncio.create_task(self._send_in_order(items)) for items in by_person.values()}
        while sending:
            done, sending = await asyncio.wait(sending, timeout=NOTED_AFTER)
            outcomes = [task.result() for task in done]
            settled = [item for person in outcomes for item in person[0]]
            unreachable = [person[1] for person in outcomes if person[1] is not None]
            if settled:
                await self._note(settled, unreachable, forget=any(item.erased for item in claimed))

    async def _note(self, settled: list[Settled], unreachable: list[tuple[int, int, str]], *, forget: bool) -> None:
        """What was sent is noted even if the database is away for a while: forgotten, it would be sent again."""
        for _attempt in range(MOST_NOTES):
            try:
                async with self.database.write() as connection:
                    await outbox.settle(connection, settled)
                    for address in unreachable:
                        await outbox.mark_unreachable(connection, *address)
                    if forget:
                        await erasure.forget_erased(connection)
                return
            except OperationalError as error:
                log.error("cannot note what was sent", error=type(error).__name__)
                await asyncio.sleep(1)

    async def _send_in_order(self, items: Sequence[Claimed]) -> tuple[list[Settled], tuple[int, int, str] | None]:
        """Stop at the first that did not leave: those behind it wait with it."""
        settled: list[Settled] = []
        for index, item in enumerate(items):
            try:
                settled.append(await self._send_one(item))
            except Unreachable as gone:
                rest = [self._settled(left, "failed", error=gone.why) for left in items[index:]]
                return settled + rest, (item.space_id, item.address_id, gone.why)
            if settled[-1].state == "waiting":
                return settled + [self._postponed(left, settled[-1].at) for left in items[index + 1 :]], None
        return settled, None

    async def _send_one(self, item: Claimed) -> Settled:
        channel = self.channels[item.channel]
        try:
            outgoing = self._outgoing(item)
        except Exception:
            log.exception("a delivery nobody can read", delivery=item.id)
            return self._failed(item, "unreadable")
        try:
            external = await channel.send(outgoing)
        except TryLater as later:
            if item.tries + 1 >= MOST_TRIES:
                return self._failed(item, "tried too often")
            pause = min(max(later.after, timedelta(seconds=2**item.tries)), LONGEST_PAUSE)
            return self._settled(item, "waiting", at=self.clock() + pause, error="try later")
        except Refused as refused:
            return self._failed(item, str(refused))
        except Uncertain:
            return self._uncertain(item)
        except Unreachable:
            raise
        except Exception:
            log.exception("a channel failed", channel=item.channel, delivery=item.id)
            return self._uncertain(item)
        SENT.labels(item.channel).inc()
        OUTBOX_WAIT.observe((self.clock() - item.made_at).total_seconds())
        return self._settled(item, "sent", external=external)

    def _outgoing(self, item: Claimed) -> Outgoing:
        language = item.language or LANGUAGES[0]
        message = word(item.body, language)
        file = partial(self._file, item.space_id, message.media)
        return Outgoing(str(item.id), item.account, item.sender, language, message, file)

    async def _file(self, space_id: int, media: Media | None) -> File | None:
        if media is None or not media.ours:
            return None
        async with self.database.read() as connection:
            return await files.shown(connection, space_id, media.address)

    def _uncertain(self, item: Claimed) -> Settled:
        """Nobody knows whether it arrived."""
        if item.tries + 1 >= MOST_DOUBTS:
            return self._failed(item, "tried too often")
        if self.channels[item.channel].capabilities.safe_again or item.kind in REPEATED:
            pause = timedelta(seconds=2**item.tries)
            return self._settled(item, "waiting", at=self.clock() + pause, error="uncertain")
        return self._settled(item, "held", error="uncertain")

    def _failed(self, item: Claimed, why: str) -> Settled:
        FAILED.labels(item.channel).inc()
        log.error("delivery failed", channel=item.channel, delivery=item.id)
        return self._settled(item, "failed", error=why)

    def _postponed(self, item: Claimed, until: datetime) -> Settled:
        return self._settled(item, "waiting", at=until)

    def _settled(
        self,
        item: Claimed,
        state: str,
        *,
        at: datetime | None = None,
        external: str | None = None,
        error: str | None = None,
    ) -> Settled:
        return Settled(item.space_id, item.id, state, at or self.clock(), external, error)

    async def recover(self, *, own: bool = False) -> None:
        """Settle what couriers that are no more had claimed; with `own`, at the start, also one of this very name."""
        now = self.clock()
        async with self.database.write() as connection:
            owners = await outbox.owners(connection)
            gone = [name for name, since in owners if (own and name == self.name) or self._is_gone(name, since, now)]
            if not gone:
                return
            left = await outbox.abandoned(connection, self.channels, gone)
            await outbox.settle(connection, [self._recovered(item, now) for item in left])

    def _recovered(self, item: Claimed, now: datetime) -> Settled:
        again = self.channels[item.channel].capabilities.safe_again or item.kind in REPEATED
        return Settled(item.space_id, item.id, "waiting" if again else "held", now, error="uncertain")

    def _is_gone(self, name: str, since: datetime, now: datetime) -> bool:
        """Whether the courier of this name has ended: known for this machine, believed for a while of another."""
        host, _, pid = name.rpartition(":")
        if name == self.name:
            return False
        if host == socket.gethostname() and pid.isdigit():
            return not _alive(int(pid)) or now - since > LONGEST_CLAIM
        return now - since > LEASE


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
