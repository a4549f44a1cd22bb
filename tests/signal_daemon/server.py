"""The daemon on a port of this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.serving import Cut, listen
from tests.signal_daemon.handling import handle
from tests.signal_daemon.mail import Handed, Stream
from tests.signal_daemon.platform import Platform
from tests.signal_daemon.state import Account

HEAD = [(b"content-type", b"text/event-stream")]


class Events(Response):
    """An event stream of these accounts, open until one side has gone."""

    def __init__(self, platform: Platform, accounts: list[Account]) -> None:
        super().__init__()
        self.platform = platform
        self.accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        over = asyncio.Event()
        begun = False

        async def write(data: bytes) -> None:
            nonlocal begun
            if not begun:
                begun = True
                await send({"type": "http.response.start", "status": 200, "headers": HEAD})
            await send({"type": "http.response.body", "body": data, "more_body": True})

        stream = Stream(write, over.set)
        if self.platform.flushes:
            await write(b"")
        for account in self.accounts:
            account.mail.streams.append(stream)
            account.mail.bell.ring()
        self.platform.called.ring()
        watching = asyncio.create_task(_watch(stream, receive, over))
        await over.wait()
        watching.cancel()
        self.platform.called.ring()
        if stream.cut and not stream.dead:
            await write(b"")
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _watch(stream: Stream, receive: Receive, over: asyncio.Event) -> None:
    """Notice that the client has gone; the daemon itself does so by writing."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.dead = True
    over.set()


async def hand_over(platform: Platform) -> None:
    """Hand over what waits, to whoever listens."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_comment(platform))
        for account in platform.accounts.values():
            group.create_task(_hand_over(platform, account))


async def _hand_over(platform: Platform, account: Account) -> None:
    mail = account.mail
    while True:
        if not (mail.waiting and mail.listened and account.registered):
            await mail.bell.heard(None)
            continue
        await _write(mail.listened, mail.take())
        platform.called.ring()


async def _comment(platform: Platform) -> None:
    """Keep the streams alive. (The real daemon counts each one's 15 s by itself.)"""
    while True:
        await asyncio.sleep(platform.keep_alive)
        for stream in {stream for account in platform.accounts.values() for stream in account.mail.listened}:
            await stream.put(b":\n")


async def _write(streams: list[Stream], envelope: Handed) -> None:
    """One envelope to every open stream."""
    data = f"event:receive\ndata:{json.dumps(envelope.event, ensure_ascii=False)}\n\n".encode()
    for stream in streams:
        (stream.handed if await stream.put(data) else stream.lost).append(envelope)


def application(platform: Platform) -> Starlette:
    """The three addresses."""

    async def check(request: Request) -> Response:
        return nothing(200 if request.method == "GET" else 405)

    async def rpc(request: Request) -> Response:
        if request.method != "POST":
            return nothing(405)
        if not request.headers.get("content-type", "").startswith("application/json"):
            return nothing(415)
        line = (request.scope["server"], request.scope["client"])
        told = await handle(platform, await request.body(), line)
        return Response(told.body, told.status, media_type=told.kind if told.body else None) if told else Cut()

    async def events(request: Request) -> Response:
        if request.method != "GET":
            return nothing(405)
        name = request.query_params.get("account", "")
        there = [account for account in platform.accounts.values() if account.registered]
        if name:
            there = [account] if (account := platform.find(name)) else []
            if not there:
                return nothing(400)
        return Events(platform, there)

    methods = ["GET", "POST", "PUT", "DELETE"]
    routes = [Route(f"/api/v1/{page.__name__}", page, methods=methods) for page in (check, rpc, events)]
    return Starlette(routes=routes, exception_handlers={404: lambda request, error: nothing(404)})


def nothing(status: int) -> Response:
    return Response(b"", status)


def unless_down(platform: Platform, app: ASGIApp) -> ASGIApp:
    """While the daemon is down every connection is cut."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        await (Cut() if platform.down else app)(scope, receive, send)

    return asked


@asynccontextmanager
async def serve(platform: Platform, port: int = 0) -> AsyncIterator[str]:
    """Run the daemon; gives its address, without `/api/v1`. Its accounts are those the platform has by now."""
    handing = asyncio.create_task(hand_over(platform))
    async with listen(unless_down(platform, application(platform)), port) as url:
        try:
            yield url
        finally:
            platform.cut_streams()
            handing.cancel()
            await asyncio.gather(handing, return_exceptions=True)
