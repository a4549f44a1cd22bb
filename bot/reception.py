"""Reception: whatever is waiting, up to a hundred messages, in ONE transaction; acknowledged after the commit.

When the house is idle a batch holds one message and its answer leaves within milliseconds; under load batches
grow by themselves. A flow that raises never takes others with it, and its sender keeps their place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import sorry
from bot.batch import Batch
from bot.channels import NotKept
from bot.finishing import finish
from bot.metrics import BATCH, HEARD, SET_ASIDE
from bot.seats import Poison, Surroundings, key_of
from flows.messages import Incoming
from flows.rendering import Capabilities
from flows.texts import LANGUAGES
from storage import inbox, outbox
from storage.clock import Clock, utc_now
from storage.database import Database
from storage.inbox import Aside, MessageKey, Overtaken
from storage.outbox import NewDelivery
from storage.participants import Moved

FULL = 100
BREATH = 0.006
"""Seconds in which another process may write to SQLite between full batches: without them one waited 3.1 s."""
BREATHE_EVERY = 0.06
"""Seconds of full batches one after the other between two such pauses."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Waiting:
    messages: Sequence[Incoming]
    kept: asyncio.Future[None]


@dataclass
class Reception:
    """Takes messages in. `told` is called after each commit that put something into the outbox."""

    database: Database
    channels: Mapping[str, Capabilities]
    clock: Clock = utc_now
    told: Callable[[], None] = lambda: None
    around: Surroundings = field(init=False)
    _queue: list[_Waiting] = field(init=False, default_factory=list)
    _arrived: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.around = Surroundings(self.channels)

    async def receive(self, *messages: Incoming) -> None:
        """Returns once these are committed. Raises NotKept when they could not be: then nothing of them was."""
        waiting = _Waiting(messages, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._arrived.set()
        await waiting.kept

    async def run(self) -> None:
        """Serve until cancelled; a batch under way is finished first."""
        breathed = time.monotonic()
        while True:
            await self._arrived.wait()
            taken = self._take()
            if not taken:
                self._arrived.clear()
                continue
            await finish(self._serve(taken))
            if self.database.sqlite and self._queue and time.monotonic() - breathed > BREATHE_EVERY:
                await asyncio.sleep(BREATH)
                breathed = time.monotonic()

    def _take(self) -> list[_Waiting]:
        """Whatever is waiting, up to a full batch; one caller's messages stay together."""
        count = taken = 0
        for item in self._queue:
            if taken and count + len(item.messages) > FULL:
                break
            count, taken = count + len(item.messages), taken + 1
        batch, self._queue = self._queue[:taken], self._queue[taken:]
        return batch

    async def _serve(self, taken: Sequence[_Waiting]) -> None:
        try:
            await self.keep([message for item in taken for message in item.messages])
        except Exception as error:
            log.error("not kept", error=type(error).__name__, waiting=len(taken), exc_info=error)
            self._finish(taken, NotKept())
        else:
            self._finish(taken, None)

    @staticmethod
    def _finish(taken: Sequence[_Waiting], error: Exception | None) -> None:
        for item in taken:
            if item.kept.done():
                continue
            if error is None:
                item.kept.set_result(None)
            else:
                item.kept.set_exception(error)

    async def keep(self, messages: Sequence[Incoming]) -> None:
        """Keep these messages, in one transaction unless one of them makes a statement fail: then by halves.

        Raises what the database said when it is the database that can't (a full disk, a lost connection). Halves
        that were kept before that end as repeats when they come again.
        """
        try:
            await self._keep_whole(messages, {})
        except StatementError as error:
            if _is_the_databases(error):
                raise
            await self._keep_by_halves(messages, error)
        self.told()

    async def _keep_by_halves(self, messages: Sequence[Incoming], error: StatementError) -> None:
        """One of these made a statement fail, or another process noted one meanwhile: then it is gone when the rest
        is tried. What fails alone twice is set aside like a message whose flow raised."""
        middle = len(messages) // 2
        for half in (messages[:middle], messages[middle:]) if middle else (messages,):
            try:
                await self._keep_whole(half, {})
            except StatementError as again:
                if _is_the_databases(again):
                    raise
                if middle:
                    await self._keep_by_halves(half, again)
                else:
                    await self._keep_whole(half, {key_of(half[0]): again})

    async def _keep_whole(self, messages: Sequence[Incoming], failed: Mapping[MessageKey, Exception]) -> None:
        """One transaction for these messages; a flow that raised after writing is left out and the rest run again. So
        they are where an address came to be somebody else's meanwhile."""
        failing = dict(failed)
        while True:
            try:
                return await self._once(messages, failing)
            except Poison as poison:
                failing[poison.key] = poison.error
            except Moved:
                continue

    async def _once(self, messages: Sequence[Incoming], failed: Mapping[MessageKey, Exception]) -> None:
        now = self.clock()
        with BATCH.time():
            async with self.database.write(short=True) as connection:
                batch = Batch(connection, self.around, now)
                await batch.seat(messages)
                await batch.run(failed)
                await batch.write()
                await batch.note()
        HEARD.inc(len(batch.seats))
        for seat in batch.seats:
            if seat.error is not None:
                SET_ASIDE.inc()
                log.error(
                    "message set aside",
                    conversation=seat.person.current_id,
                    message=seat.note.id,
                    exc_info=seat.error,
                )

    async def retry(self, now: datetime) -> int:
        """Try again what was set aside; answers how many were tried. What was overtaken is told, never misfiled."""
        async with self.database.read() as connection:
            due = await inbox.due(connection, self.channels, now)
        for aside in due:
            await self._retry(aside, now)
        if due:
            self.told()
        return len(due)

    async def _retry(self, aside: Aside, now: datetime) -> None:
        try:
            async with self.database.write() as connection:
                await self._again(connection, aside, now)
        except Moved:
            return  # it is due still
        except Exception as error:
            cause = error.error if isinstance(error, Poison) else error
            log.error("message failed again", message=aside.id, exc_info=cause)
            async with self.database.write() as connection:
                sender = await inbox.failed_again(connection, aside, type(cause).__name__, now)
                if sender is not None:
                    body = sorry.given_up(sender.language or LANGUAGES[0]).pack()
                    new = NewDelivery(sender.space_id, sender.participant_id, None, "receipt", body, now)
                    await outbox.put(connection, [new])

    async def _again(self, connection: AsyncConnection, aside: Aside, now: datetime) -> None:
        """Run one message that was set aside, unless another process is at it; raises what it failed of."""
        if not await inbox.take(connection, aside):
            return
        batch = Batch(connection, self.around, now)
        await batch.seat([Incoming.unpack(aside.body)], noted=True)
        if await inbox.overtaken(connection, aside):
            raise Overtaken
        await batch.run({})
        for seat in batch.seats:
            if seat.error is not None:
                raise seat.error
        await batch.write()
        for seat in batch.seats:
            blanked = (seat.note.shown, seat.note.tap) != (seat.incoming.text, seat.incoming.tap)
            await inbox.handled(connection, aside, seat.note.conversation_id, blank=blanked)


def _is_the_databases(error: StatementError) -> bool:
    """Whether the database failed, not the message: a full disk, a lock that was not let go, a lost connection."""
    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
