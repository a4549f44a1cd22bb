"""The event stream of live pages."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.responses import StreamingResponse

from admin_web import live


async def heard(response: StreamingResponse) -> list[bytes]:
    return [chunk async for chunk in response.body_iterator if isinstance(chunk, bytes)]


async def test_changes_are_told_calmly_until_the_house_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CALM", 0)

    async def watch() -> AsyncIterator[None]:
        yield
        yield

    told = await heard(live.event_stream(watch))
    assert told == [b"retry: 3000\n\n", b"data: changed\n\n", b"data: changed\n\n"]


async def test_a_silent_stream_says_that_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "ALIVE", 0.01)

    async def watch() -> AsyncIterator[None]:
        await asyncio.sleep(0.05)
        return
        yield

    assert b": still here\n\n" in await heard(live.event_stream(watch))


async def test_a_watch_ends_with_its_reader() -> None:
    ended = asyncio.Event()

    async def watch() -> AsyncIterator[None]:
        try:
            await asyncio.Event().wait()
            yield
        finally:
            ended.set()

    reading = asyncio.create_task(heard(live.event_stream(watch)))
    await asyncio.sleep(0.01)
    reading.cancel()
    await asyncio.wait_for(ended.wait(), 1)


async def test_strangers_hear_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/panel/stream")).status_code == 303
