"""What has begun is finished, also when the house is told to close meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from bot.finishing import finish, stop


async def test_work_under_way_is_finished_before_the_one_who_waits_is_cancelled() -> None:
    begun, go_on, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await go_on.wait()
        done.append("written")

    async def serve() -> None:
        await finish(work())
        done.append("served the next")

    task = asyncio.create_task(serve())
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["written"]


async def test_the_result_of_the_work_is_handed_on() -> None:
    async def work() -> int:
        return 3

    assert await finish(work()) == 3


async def test_stopping_waits_until_the_task_has_ended() -> None:
    ended = []

    async def serve() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            ended.append(True)

    task = asyncio.create_task(serve())
    await asyncio.sleep(0)
    await stop(task)
    assert ended
