"""Reception: whatever is waiting, up to a hundred messages, in ONE transaction; acknowledged after the commit.

When the house is idle a batch holds one message and its answer leaves within milliseconds; under load batches
grow by themselves. A flow that raises never takes others with it, and its sender keeps their place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.batch import Batch
from bot.channels import NotKept
from bot.finishing import finish
from bot.metrics import BATCH, HEARD, SET_ASIDE
from bot.seats import Poison, Surroundings
from flows.messages import Incoming, Line, Message
from flows.rendering import Capabilities
from flows.texts import _, translate
from storage import inbox, outbox
from storage.database import Database
from storage.inbox import Aside, MessageKey
from storage.outbox import NewDelivery

FULL = 100
BREATH = 0.006
"""Seconds in which another process may write to SQLite between full batches: without them one waited 3.1 s."""
BREATHE_EVERY = 0.06
"""Seconds of full batches one after the other between two such pauses."""

Clock: TypeAlias = "Callable[[], datetime]"
log = structlog.get_logger()


def utc_now() -> datetime:
    return datetime.now(UTC)


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
        messages = [message for item in taken for message in item.messages]
        try:
            await self.keep(messages)
        except (SQLAlchemyError, OSError) as error:
            if len(taken) > 1:  # one of them may be the cause: each half on its own
                middle = len(taken) // 2
                await self._serve(taken[:middle])
                await self._serve(taken[middle:])
                return
            log.error("not kept", error=type(error).__name__, messages=len(messages))
            self._finish(taken, NotKept())
        except Exception as error:
            log.exception("reception failed")
            self._finish(taken, NotKept() if len(taken) == 1 else error)
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
        """One transaction for these messages; a flow that raised after writing is left out and the rest run again."""
        failed: dict[MessageKey, Exception] = {}
        while True:
            try:
                await self._once(messages, failed)
            except Poison as poison:
                failed[poison.key] = poison.error
                continue
            break
        self.told()

    async def _once(self, messages: Sequence[Incoming], failed: Mapping[MessageKey, Exception]) -> None:
        now = self.clock()
        with BATCH.time():
            async with self.database.write() as connection:
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
            due = await inbox.due(connection, now)
        for aside in due:
            await self._retry(aside, now)
        if due:
            self.told()
        return len(due)

    async def _retry(self, aside: Aside, now: datetime) -> None:
        error = "Overtaken" if aside.overtaken else await self._again(aside, now)
        if error is None:
            return
        tries = inbox.MOST_TRIES if aside.overtaken else aside.tries + 1
        async with self.database.write() as connection:
            if await inbox.retried(connection, aside.id, now=now, tries=tries, error=error):
                batch = Batch(connection, self.around, now)
                await batch.seat([Incoming.unpack(aside.body)], noted=True)
                await outbox.put(
                    connection,
                    [
                        _given_up(
                            seat.person.space_id, seat.person.id, seat.person.language or seat.space.languages[0], now
                        )
                        for seat in batch.seats
                    ],
                )

    async def _again(self, aside: Aside, now: datetime) -> str | None:
        """Run one message that was set aside; None when it went well, otherwise what it failed of."""
        try:
            async with self.database.write() as connection:
                batch = Batch(connection, self.around, now)
                await batch.seat([Incoming.unpack(aside.body)], noted=True)
                await batch.run({})
                if batch.seats[0].error is not None:
                    raise batch.seats[0].error
                await batch.write()
                await inbox.retried(connection, aside.id, now=now, tries=aside.tries + 1, error=None)
        except Poison as poison:
            return type(poison.error).__name__
        except Exception as error:
            return type(error).__name__
        return None


def _given_up(space_id: int, participant_id: int, language: str, now: datetime) -> NewDelivery:
    sorry = _(
        "Sorry, I could not handle one of your messages. Please send it again, or write “help” to reach a person."
    )
    body = Message((Line(translate(sorry, language)),)).pack()
    return NewDelivery(space_id, participant_id, None, "receipt", body, now)
