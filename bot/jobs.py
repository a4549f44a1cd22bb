"""Every periodic job, on one screen. APScheduler is only the metronome: a tick says what is due, our own task does it.

What a job does is decided by rows and their times, so a restart makes it late, never lost and never double.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import broadcasting, sealing, taking_back
from bot.courier import Courier
from bot.joining import Joining
from bot.metrics import DEAD, WAITING
from bot.reception import Reception
from flows.module import catalog
from storage import announcements, erasure, lanes, milestones, reminders, retention, spreading, turning
from storage.database import Database
from storage.value import value

LOOK_AT_CLOCK = 30.0
"""Seconds between looks at how far the wall clock and the monotonic one have drifted apart."""
DRIFT = 60.0
"""Seconds of drift after which the metronome is set again: after a jump back it would stay silent that long."""

log = structlog.get_logger()


@value
class Job:
    """One thing to do again and again; `work` is handed the time it is."""

    name: str
    every: timedelta
    work: Callable[[datetime], Awaitable[object]]


def all_jobs(database: Database, reception: Reception, courier: Courier, history: timedelta) -> list[Job]:
    """The jobs of a house, and how often each is done."""

    def on(work: Callable[..., Awaitable[object]], *more: object) -> Callable[[datetime], Awaitable[object]]:
        return partial(work, database, *more)

    joining = Joining(database, reception.around, told=reception.told)
    return [
        Job("try again what was set aside", timedelta(seconds=2), reception.retry),
        Job("make one person of those who typed a code", timedelta(seconds=5), joining.go_on),
        Job("recover deliveries of couriers that are no more", timedelta(seconds=5), partial(recover, courier)),
        Job("seal secret votes that are over", timedelta(minutes=1), on(sealing.seal)),
        Job("notice what opened and closed by itself", timedelta(seconds=20), on(notice_what_turned)),
        Job("announce what opens, closes and is known", timedelta(seconds=20), on(announce)),
        Job("let leave what waits for a channel that is off", timedelta(seconds=20), on(move_on, courier.channels)),
        Job("begin, go on with and end broadcasts", timedelta(seconds=5), on(broadcasting.go_on, courier.channels)),
        Job("take broadcasts back", timedelta(seconds=5), on(taking_back.go_on, courier.channels)),
        Job("tell the milestones of petitions", timedelta(seconds=10), on(tell_milestones)),
        Job("remind those who stopped", timedelta(minutes=5), on(remind)),
        Job("forget people who were erased", timedelta(minutes=5), on(forget_erased)),
        Job("forget what was kept long enough", timedelta(minutes=20), on(forget_history, history)),
        Job("count dead letters", timedelta(seconds=30), on(count_dead_letters)),
        Job("count what waits to be sent", timedelta(seconds=30), on(count_what_waits)),
    ]


async def recover(courier: Courier, _now: datetime) -> None:
    await courier.recover()


async def notice_what_turned(database: Database, now: datetime) -> None:
    async with database.read() as connection:
        turns = await turning.turned(connection, now)
    if turns:
        async with database.write() as connection:
            await turning.notice(connection, turns, now)


async def move_on(database: Database, channels: Collection[str], now: datetime) -> None:
    """By another door of whoever has one."""
    async with database.read() as connection:
        unserved = await lanes.unserved(connection, channels, now)
    for lane in unserved:
        async with database.write() as connection:
            await lanes.move_on(connection, lane, channels, now)


async def announce(database: Database, now: datetime) -> None:
    """What phases open, close and have results is planned from their dates."""
    gathering = [kind for kind, of in catalog().items() if of.gathers]
    async with database.read() as connection:
        changes = await announcements.changes(connection, gathering, now)
    if changes:
        async with database.write() as connection:
            await announcements.plan(connection, changes, now)


async def tell_milestones(database: Database, now: datetime) -> None:
    async with database.read() as connection:
        untold = await milestones.untold(connection)
    for one in untold:
        async with database.write() as connection:
            await milestones.tell(connection, [one], now)


async def remind(database: Database, now: datetime) -> None:
    async with database.read() as connection:
        found = await reminders.to_remind(connection, now)
    for one in found:
        async with database.write() as connection:
            await spreading.spread(connection, [one])


async def forget_erased(database: Database, _now: datetime) -> None:
    async with database.write() as connection:
        await erasure.forget_erased(connection)


async def forget_history(database: Database, history: timedelta, now: datetime) -> None:
    """Once a night, whichever process comes first."""
    async with database.read() as connection:
        night = await retention.night(connection, now)
    if night is None:
        return
    async with database.write() as connection:
        if await retention.begin(connection, night):
            await retention.forget(connection, texts_before=now - history, now=now)


async def count_what_waits(database: Database, _now: datetime) -> None:
    async with database.read() as connection:
        waiting = await lanes.waiting(connection)
    WAITING.clear()
    for (channel, kind), count in waiting.items():
        WAITING.labels(channel, kind).set(count)


async def count_dead_letters(database: Database, _now: datetime) -> None:
    async with database.read() as connection:
        DEAD.set(await retention.dead_letters(connection))


class Jobs:
    """Runs jobs, one at a time; one that fails is logged and done again at its next turn."""

    def __init__(self, jobs: Iterable[Job], clock: Callable[[], datetime]) -> None:
        self.jobs = {job.name: job for job in jobs}
        self.clock = clock
        self._due: set[str] = set(self.jobs)
        self._ticked = asyncio.Event()

    async def tick(self, now: datetime) -> None:
        """Do every job once, as if it were this time."""
        for job in self.jobs.values():
            await self._do(job, now)

    async def run(self) -> None:
        """Do each job when it is due, and all of them at the start, until cancelled."""
        metronome = self._wind_up()
        offset = time.time() - time.monotonic()
        try:
            while True:
                await self._do_what_is_due()
                if abs(time.time() - time.monotonic() - offset) > DRIFT:
                    log.warning("the clock was changed")
                    offset = time.time() - time.monotonic()
                    metronome.shutdown(wait=False)
                    metronome = self._wind_up()
        finally:
            metronome.shutdown(wait=False)

    def _wind_up(self) -> AsyncIOScheduler:
        metronome = AsyncIOScheduler(timezone=UTC)
        for job in self.jobs.values():
            metronome.add_job(
                self._is_due,
                "interval",
                [job.name],
                seconds=job.every.total_seconds(),
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        metronome.start()
        return metronome

    async def _is_due(self, name: str) -> None:
        """What APScheduler calls: a coroutine, so that it stays in our loop."""
        self._due.add(name)
        self._ticked.set()

    async def _do_what_is_due(self) -> None:
        self._ticked.clear()
        due, self._due = self._due, set()
        for name in sorted(due):
            await self._do(self.jobs[name], self.clock())
        try:
            async with asyncio.timeout(LOOK_AT_CLOCK):
                await self._ticked.wait()
        except TimeoutError:
            return

    async def _do(self, job: Job, now: datetime) -> None:
        try:
            await job.work(now)
        except Exception:
            log.exception("a job failed", job=job.name)
