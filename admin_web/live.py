"""The event stream of live pages: it says only that something changed, and the page fetches itself anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from admin_web.doors import Watch
from admin_web.session import Me, signed_in
from admin_web.site import site_of

CALM = 1.0
"""Seconds between two events at the least: a page that is fetched anew need not be faster."""
ALIVE = 20.0
"""Seconds after which a silent stream says that it is still there, so that proxies keep it and the dead are noticed."""


def routes() -> list[BaseRoute]:
    return [Route("/panel/stream", signed_in(stream), methods=["GET"])]


async def stream(request: Request, _me: Me) -> Response:
    return event_stream(site_of(request).doors.watch)


def event_stream(watch: Watch) -> StreamingResponse:
    """A response that sends one event each time the database has changed."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(watch), media_type="text/event-stream", headers=headers)


async def _events(watch: Watch) -> AsyncIterator[bytes]:
    yield b"retry: 3000\n\n"
    changes = watch()
    pending: asyncio.Task[None] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(changes))
            done, _ = await asyncio.wait({pending}, timeout=ALIVE)
            if not done:
                yield b": still here\n\n"
                continue
            try:
                pending.result()
            except StopAsyncIteration:
                return
            pending = None
            yield b"data: changed\n\n"
            await asyncio.sleep(CALM)
    finally:
        if pending:
            pending.cancel()
