"""What one process of a house has committed wakes the others."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.bell import Bell
from storage.database import Database


@pytest.mark.long
async def test_the_others_are_woken_within_milliseconds_and_who_rang_is_not(postgres_url: str) -> None:
    database, rung = Database(postgres_url), {"ours": asyncio.Event(), "theirs": asyncio.Event()}
    bells = {who: Bell(database, event.set) for who, event in rung.items()}
    running = [asyncio.create_task(bell.run()) for bell in bells.values()]
    while not rung["theirs"].is_set():  # until both listen
        bells["ours"].ring()
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    took = []
    for _ in range(10):
        rung["theirs"].clear()
        began = time.perf_counter()
        bells["ours"].ring()
        await asyncio.wait_for(rung["theirs"].wait(), 5)
        took.append(time.perf_counter() - began)
    assert sorted(took)[5] < 0.05
    assert not rung["ours"].is_set()
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    await database.close()


async def test_on_sqlite_there_is_nobody_to_wake(tmp_path: object) -> None:
    bell = Bell(Database(f"sqlite+aiosqlite:///{tmp_path}/palabre.db"), lambda: None)
    bell.ring()
    running = asyncio.create_task(bell.run())
    await asyncio.sleep(0)
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])
