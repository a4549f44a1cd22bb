"""The webhook: the platform posts what is new to us, one update a request, several at once.

Anybody can post to an address. The platform sends along a secret that we gave it, and without that nothing is read.
What is not answered with 200 it posts again, for a day: so 200 is only said once an update is committed.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels import NotKept
from bot.metrics import FORGED
from bot.telegram.api import Call
from bot.telegram.polling import Hear
from bot.telegram.reading import UPDATES
from storage.value import value

HEADER = "x-telegram-bot-api-secret-token"
LABEL = b"palabre webhook"
LONGEST = 256 * 1024
"""Bytes of a body; the longest update is half of that."""
AGAIN_IN = "2"
"""Seconds, told to the platform when an update could not be kept."""
AT_ONCE = 40
"""Requests the platform may make side by side: they come together in one batch."""


@value
class Listener:
    """One bot's: the secret its posts carry, and what hears them."""

    secret: str
    hear: Hear


Find = Callable[[str], Listener | None]
"""The listener of an account, None when it is not ours. Raises NotKept while that is not known yet: a house that has
just begun must not look like one that refuses."""


def secret_of(token: str) -> str:
    """43 characters that only the holder of the token can know; it need not be stored, and changes with the token."""
    digest = hmac.digest(token.encode(), LABEL, "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def address(base_url: str, account: str) -> str:
    """Where the updates of this account are posted to."""
    return f"{base_url}/telegram/{account}"


def opening(base_url: str, account: str, token: str) -> Call:
    """The call after which updates are posted to our address. What waits is kept."""
    parameters = {
        "url": address(base_url, account),
        "secret_token": secret_of(token),
        "max_connections": AT_ONCE,
        "allowed_updates": UPDATES,
        "drop_pending_updates": False,
    }
    return Call("setWebhook", parameters)


CLOSING = Call("deleteWebhook", {"drop_pending_updates": False})
"""The call after which updates wait to be polled."""


def route(find: Find) -> Route:
    """`POST /telegram/{account}`. 403 for a forgery, 413 for a body too long, 503 when it could not be kept."""

    async def post(request: Request) -> Response:
        try:
            return await _hear(request, find(request.path_params["account"]))
        except NotKept:
            return Response(status_code=503, headers={"Retry-After": AGAIN_IN})

    return Route("/telegram/{account}", post, methods=["POST"])


async def _hear(request: Request, listener: Listener | None) -> Response:
    # Compared in a time that tells nothing, also for an account that is not ours.
    given = request.headers.get(HEADER, "").encode()
    if not hmac.compare_digest(given, (listener.secret if listener else "").encode()) or listener is None:
        FORGED.inc()
        return Response(status_code=403)
    body = await _read(request)
    if body is None:
        return Response(status_code=413)
    await listener.hear([_parsed(body)])
    return Response(status_code=200)


async def _read(request: Request) -> bytes | None:
    """The body; None when it is longer than any update."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            return None
    return bytes(body)


def _parsed(body: bytes) -> Any:
    """None for what is no JSON: it would be none the next time either, and is passed over like any other update that
    we can't use."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
