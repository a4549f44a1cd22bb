"""The platform on a port of this machine."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving import Cut, listen
from tests.telegram_api.faults import Told
from tests.telegram_api.files import MOST_DOWN, Upload
from tests.telegram_api.handling import find_bot, handle
from tests.telegram_api.platform import Platform
from tests.telegram_api.refusal import Refusal
from tests.telegram_api.webhooks import deliver


def application(platform: Platform) -> Starlette:
    """The Bot API, and the files to download."""

    async def method(request: Request) -> Response:
        begun = time.monotonic()
        token, name = request.path_params["token"], request.path_params["method"]
        try:
            arguments, files = await read(request)
        except ValueError:
            return answer(refused(400, "Bad Request: can't parse parameters JSON object"))
        told = await handle(platform, token, name, arguments, files, begun)
        return answer(told) if told else Cut()

    async def file(request: Request) -> Response:
        try:
            bot = find_bot(platform, request.path_params["token"])
        except Refusal as refusal:
            return answer(refused(refusal.code, refusal.description))
        kept = platform.files.at(bot.id, request.path_params["path"])
        if kept is None or kept.size > MOST_DOWN:
            return answer(refused(404, "Not Found"))
        return Response(kept.upload.content, media_type="application/octet-stream")

    async def nothing(request: Request, error: Exception) -> Response:
        return answer(refused(404, "Not Found"))

    routes = [
        Route("/bot{token}/{method}", method, methods=["GET", "POST"]),
        Route("/file/bot{token}/{path:path}", file),
    ]
    return Starlette(routes=routes, exception_handlers={404: nothing})


def refused(code: int, description: str) -> Told:
    body = {"ok": False, "error_code": code, "description": description}
    return Told(code, json.dumps(body).encode())


def answer(told: Told) -> Response:
    headers = {"Retry-After": str(told.retry_after)} if told.retry_after else None
    return Response(told.body, told.status, headers, told.kind)


async def read(request: Request) -> tuple[dict[str, str], dict[str, Upload]]:
    """The arguments of a call, from its address, a form or JSON, each a string; and its files. ValueError for a body
    that is no JSON object."""
    arguments, files = dict(request.query_params), dict[str, Upload]()
    if request.headers.get("content-type", "").startswith("application/json"):
        given = json.loads(await request.body() or b"{}")
        if not isinstance(given, dict):
            raise ValueError("no object")
        return arguments | stringified(given), files
    async with request.form() as form:
        for name, part in form.multi_items():
            if isinstance(part, UploadFile):
                kind = part.content_type or "application/octet-stream"
                files[name] = Upload(part.filename or "file", await part.read(), kind)
            else:
                arguments[name] = part
    return arguments, files


def stringified(given: dict[str, Any]) -> dict[str, str]:
    return {name: part if isinstance(part, str) else json.dumps(part) for name, part in given.items()}


@asynccontextmanager
async def serve(platform: Platform, port: int = 0) -> AsyncIterator[str]:
    """Run the platform; gives its address, for `api_url`. Polls under way end empty at the end."""
    beside = [asyncio.create_task(deliver(platform)), asyncio.create_task(platform.rates.watch_the_time())]
    async with listen(application(platform), port) as url:
        platform.closing = False
        try:
            yield url
        finally:
            platform.closing = True
            for bot in platform.bots.values():
                bot.mailbox.bell.ring()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
