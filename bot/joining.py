"""Two participants become one person, and hear of it: what somebody who typed a code has left word of (flows/doors.py).

Each join is one transaction: the two are made one, what waits is shown again at the door where the code was typed, and
the other doors are told. Whatever a killed house left is found by the next look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.batch import Batch
from bot.finishing import finish
from bot.seats import Seat, Surroundings
from flows import doors as words
from flows.conversation import Go
from flows.journal import Journal
from flows.messages import Incoming
from flows.routing import Destination
from flows.run import Tell
from flows.telling import pack_tell
from flows.texts import Said, Words
from storage import join_doors, joining, linking, phases
from storage.clock import Clock, utc_now
from storage.database import Database
from storage.join_doors import TypedAt
from storage.joining import BothVoted, Joined
from storage.participants import Moved
from storage.phases import PhaseFacts
from storage.refusals import Gone

BREATH = 0.2
"""Seconds between two looks: each commit may be the one that left word."""
A_WHILE = timedelta(minutes=1)
"""How long a join is left to whoever has the door where its code was typed, as `palabre talk` has."""

log = structlog.get_logger()


@dataclass
class Joining:
    """Makes the joins that wait. `told` is called after each."""

    database: Database
    around: Surroundings
    clock: Clock = utc_now
    told: Callable[[], None] = lambda: None
    _woken: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def wake(self) -> None:
        """Something was committed."""
        self._woken.set()

    async def run(self) -> None:
        """Serve until cancelled; a join under way is finished first."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await finish(self.go_on(self.clock()))
            except SQLAlchemyError as error:  # the job looks again
                log.error("cannot join", error=type(error).__name__)
            await asyncio.sleep(BREATH)

    async def go_on(self, now: datetime) -> None:
        """All that wait and can be made here."""
        async with self.database.read() as connection:
            waiting = await linking.waiting(connection)
        for space_id, join_id in waiting:
            try:
                async with self.database.write() as connection:
                    await self._join(connection, space_id, join_id, now)
            except Moved:  # somebody changed doors meanwhile: with the next look
                self.wake()
            except SQLAlchemyError:
                raise
            except Exception:  # one that nobody can make must not keep the others waiting
                log.exception("a join failed", join=join_id)
            self.told()

    async def _join(self, connection: AsyncConnection, space_id: int, join_id: int, now: datetime) -> None:
        here = await join_doors.typed_at(connection, space_id, join_id)
        served = here is not None and here.key.channel in self.around.channels
        if here is not None and not served and now < here.at + A_WHILE:
            return
        found = await joining.join(connection, space_id, join_id, now, repeatable=self._is_repeatable, progress=how_far)
        if found is None:
            return
        if isinstance(found, Joined):
            told = pack_tell(Tell(found.participant_id, words.LINKED))
            its_id = here.address_id if here is not None else None
            await join_doors.tell_others(connection, space_id, found.participant_id, its_id, told, now)
        if here is not None and served:
            await self._say(connection, here, f"join:{join_id}", await _lead(connection, found), now)

    def _is_repeatable(self, phase: PhaseFacts) -> bool:
        return self.around.module(phase.kind, phase).repeatable

    async def _say(
        self, connection: AsyncConnection, door: TypedAt, key: str, lead: tuple[Said, ...], now: datetime
    ) -> None:
        """Where the code was typed: what came of it, and what waits for an answer there now."""
        batch = _Told(connection, self.around, now)
        batch.destination = Destination(go=Go(), lead=lead)
        await batch.seat([Incoming(door.key.channel, door.key.account, door.key.sender, key, now)])
        await batch.run({})
        await batch.write()
        await batch.note()


class _Told(Batch):
    """Its one message is not the person's own: where it goes is known."""

    destination: Destination

    def _routed(self, seat: Seat) -> Destination:
        return self.destination


def how_far(journal: str) -> int:
    """How many answers a conversation has."""
    return len(Journal.loads(journal).answers())


async def _lead(connection: AsyncConnection, found: Joined | BothVoted | Gone) -> tuple[Said, ...]:
    """What is said of it."""
    if isinstance(found, Joined):
        return (words.IT_IS_DONE, words.DROPPED) if found.dropped else (words.IT_IS_DONE,)
    if isinstance(found, Gone):
        return (words.GONE,)
    phase = int(found.details["phase"])
    facts = await phases.load(connection, [phase])
    return words.refused(Words(facts[phase].title))
