"""What every request passes before it reaches a page, and what every response carries.

Three plain ASGI layers: headers on every response, requests that can't be answered refused in words, and requests
that change something accepted only from our own pages.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_LIMIT = 256 * 1024
PHOTO_BODY_LIMIT = 12 * 1024 * 1024
TAKES_PHOTOS = re.compile(
    r"/c/.*|/panel/consultations/\d+/steps/.*|/panel/messages/(new|\d+/edit)|/panel/people/contacts/(import|keep)"
)
"""The chat page, the forms of steps and of messages to many; and lists of contacts, which come back once they were
looked at."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: browsers would then send our own forms with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
}


class SafeHeaders:
    """Puts the strict headers on every response, errors included."""

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self.app = app
        self.headers = {**HEADERS, **({"Strict-Transport-Security": "max-age=31536000"} if secure else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class Refusals:
    """Answers in words, by `page`, what must not reach any page: forgeries, null bytes, bodies too large."""

    def __init__(self, app: ASGIApp, page: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self.app = app
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = _refused(scope)
        if status is None:
            with suppress(ClientDisconnect):  # who leaves in the middle of a form is nobody's mistake
                await self.app(scope, _bounded(scope, receive), send)
            return
        response = await self.page(Request(scope, receive), HTTPException(status))
        await response(scope, receive, send)


def _refused(scope: Scope) -> int | None:
    """The status of a refusal, or None."""
    headers = Headers(scope=scope)
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        return 400
    if scope["method"] not in SAFE_METHODS and not _from_our_own_pages(headers):
        return 403
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        return 400
    return 413 if int(length) > _limit(scope) else None


def _from_our_own_pages(headers: Headers) -> bool:
    """A browser tells where a form was sent from. One that tells nothing is no browser, and carries no cookie."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


def _limit(scope: Scope) -> int:
    return PHOTO_BODY_LIMIT if TAKES_PHOTOS.fullmatch(scope["path"]) else BODY_LIMIT


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """The same body, refused as soon as it is longer than allowed: a length need not be told, or be true."""
    left = _limit(scope)

    async def receive_bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413)
        return message

    return receive_bounded
