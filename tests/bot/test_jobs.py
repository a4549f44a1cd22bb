"""Periodic jobs: each does its work when it is due, and none can stop the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select
from structlog.testing import capture_logs

from bot import jobs
from bot.courier import Courier
from bot.finishing import stop
from bot.jobs import Job, Jobs, all_jobs
from bot.metrics import DEAD
from bot.reception import Reception
from storage import models
from storage.database import Database
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, 12, tzinfo=UTC)
SHORTLY = timedelta(milliseconds=50)


def clock() -> datetime:
    return NOW


class Counted:
    """Work that counts how often it was done."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self, now: datetime) -> None:
        assert now == NOW
        self.times += 1


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  (what is waited for knows no event)
            await asyncio.sleep(0.01)


async def test_each_job_is_done_at_the_start_and_again_and_again() -> None:
    often, seldom = Counted(), Counted()
    running = Jobs([Job("often", SHORTLY, often), Job("seldom", timedelta(hours=1), seldom)], clock)
    task = asyncio.create_task(running.run())
    await until(lambda: often.times >= 3)
    assert seldom.times == 1
    await stop(task)


async def test_a_job_that_fails_stops_neither_the_others_nor_itself() -> None:
    tried = 0

    async def fail(_now: datetime) -> None:
        nonlocal tried
        tried += 1
        raise RuntimeError("no")

    good = Counted()
    with capture_logs() as log:
        task = asyncio.create_task(Jobs([Job("bad", SHORTLY, fail), Job("good", SHORTLY, good)], clock).run())
        await until(lambda: tried >= 2 and good.times >= 2)
        await stop(task)
    assert {(line["event"], line["job"]) for line in log} == {("a job failed", "bad")}


async def test_a_job_that_is_slow_is_never_run_twice_at_once() -> None:
    running = most = done = 0

    async def slow(_now: datetime) -> None:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1
        done += 1

    task = asyncio.create_task(Jobs([Job("slow", SHORTLY, slow)], clock).run())
    await until(lambda: done >= 2)
    await stop(task)
    assert most == 1


async def test_after_the_clock_was_set_back_the_metronome_is_wound_up_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    often, wound = Counted(), 0
    running = Jobs([Job("often", SHORTLY, often)], clock)
    whole: Callable[[], object] = running._wind_up

    def wind_up() -> object:
        nonlocal wound
        wound += 1
        return whole()

    monkeypatch.setattr(running, "_wind_up", wind_up)
    monkeypatch.setattr(jobs, "LOOK_AT_CLOCK", 0.05)
    task = asyncio.create_task(running.run())
    await until(lambda: often.times >= 2)
    assert wound == 1
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    before = often.times
    await until(lambda: wound == 2 and often.times >= before + 2)
    await stop(task)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    async with opened.write() as connection:
        await make_tables(connection)
    yield opened
    await opened.close()


def heard(id: int, at: datetime, **values: object) -> dict[str, object]:
    return {
        "id": id,
        "space_id": 1,
        "channel": "web",
        "account": "a",
        "key": str(id),
        "shown": "Des bancs",
        "state": "handled",
        "tries": 1,
        "heard_at": at,
        "participant_id": None,
        "body": None,
        "error": None,
        **values,
    }


def delivery(id: int, at: datetime, state: str = "sent") -> dict[str, object]:
    return {
        "space_id": 1,
        "id": id,
        "participant_id": 1,
        "kind": "reply",
        "body": "{}",
        "state": state,
        "tries": 1,
        "due_at": at,
        "made_at": at,
    }


async def write(database: Database, table: type[models.Base], *rows: dict[str, object]) -> None:
    async with database.write() as connection:
        await connection.execute(insert(table), list(rows))


async def one_tick(database: Database) -> None:
    reception, courier = Reception(database, {}, clock), Courier(database, {}, clock)
    await Jobs(all_jobs(database, reception, courier, timedelta(days=7)), clock).tick(NOW)


async def kept(database: Database, query: object) -> list[object]:
    async with database.read() as connection:
        return list((await connection.execute(query)).scalars())  # type: ignore[call-overload]


async def test_what_was_kept_long_enough_is_forgotten(database: Database) -> None:
    day = timedelta(days=1)
    await write(database, models.Heard, heard(1, NOW - 31 * day), heard(2, NOW - 8 * day), heard(3, NOW - 6 * day))
    await write(
        database,
        models.Participant,
        {"space_id": 1, "id": 1, "groups": [], "channel": "web", "created_at": NOW},
    )
    await write(
        database,
        models.Delivery,
        *[delivery(1, NOW - 9 * day), delivery(2, NOW - 8 * day, "waiting"), delivery(3, NOW - 8 * day)],
    )
    await write(database, models.Attempt, {"id": 1, "subject": "x", "at": NOW - 2 * day})
    code = {"space_id": 1, "participant_id": 1, "created_at": NOW}
    await write(
        database,
        models.ReturnCode,
        {**code, "id": 1, "digest": "old", "expires_at": NOW - day},
        {**code, "id": 2, "digest": "new", "expires_at": NOW + day},
    )
    await one_tick(database)
    assert await kept(database, select(models.Heard.shown).order_by(models.Heard.id)) == [None, "Des bancs"]
    assert await kept(database, select(models.Delivery.id).order_by(models.Delivery.id)) == [2, 3]
    assert await kept(database, select(models.ReturnCode.digest)) == ["new"]
    assert await kept(database, select(func.count()).select_from(models.Attempt)) == [0]


async def test_dead_letters_are_counted(database: Database) -> None:
    await write(
        database,
        models.Heard,
        heard(1, NOW, state="dead", error="ValueError"),
        heard(2, NOW, state="dead", error="ValueError"),
        heard(3, NOW),
    )
    await one_tick(database)
    assert DEAD._value.get() == 2
