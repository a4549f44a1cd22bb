"""The webhook: nothing is read of what does not carry the secret, and 200 is said after the commit alone."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot.channels import NotKept
from bot.metrics import REGISTRY
from bot.telegram import webhook
from bot.telegram.reading import UPDATES
from bot.telegram.webhook import HEADER, LONGEST, Listener, secret_of
from tests.telegram.fakes import ACCOUNT, message

TOKEN = f"{ACCOUNT}:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
SECRET = secret_of(TOKEN)


@dataclass
class Posted:
    """A webhook, and what it hears; `trouble` is raised instead of keeping."""

    heard: list[Any] = field(default_factory=list)
    trouble: Exception | None = None
    kept: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.kept.set()
        listener = Listener(SECRET, self.hear)
        application = Starlette(routes=[webhook.route(lambda account: listener if account == ACCOUNT else None)])
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="https://town.example")

    async def hear(self, updates: Sequence[Any]) -> None:
        if self.trouble is not None:
            raise self.trouble
        await self.kept.wait()
        self.heard += updates

    async def post(
        self, content: bytes | None = None, secret: str | None = SECRET, account: str = ACCOUNT
    ) -> httpx.Response:
        body = content if content is not None else json.dumps(message(7)).encode()
        headers = {HEADER.encode(): secret.encode()} if secret is not None else {}
        return await self.client.post(f"/telegram/{account}", content=body, headers=headers)


@pytest.fixture
async def posted() -> AsyncIterator[Posted]:
    one = Posted()
    yield one
    await one.client.aclose()


async def test_an_update_is_heard_and_acknowledged(posted: Posted) -> None:
    assert (await posted.post()).status_code == 200
    assert posted.heard == [message(7)]


async def test_it_is_acknowledged_once_it_is_kept_and_no_sooner(posted: Posted) -> None:
    posted.kept.clear()
    posting = asyncio.create_task(posted.post())
    done, _ = await asyncio.wait([posting], timeout=0.05)
    assert not done
    posted.kept.set()
    assert (await posting).status_code == 200


async def test_what_can_not_be_kept_is_to_be_sent_again(posted: Posted) -> None:
    posted.trouble = NotKept()
    response = await posted.post()
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize("secret", [None, "", "x" * 43, SECRET[:-1], SECRET + "=", "é" * 43])
async def test_without_the_secret_nothing_is_heard(posted: Posted, secret: str | None) -> None:
    response = await posted.post(secret=secret)
    assert (response.status_code, posted.heard) == (403, [])


@pytest.mark.parametrize("secret", [SECRET, ""])
async def test_a_bot_that_is_not_ours_looks_the_same_as_a_wrong_secret(posted: Posted, secret: str) -> None:
    response = await posted.post(account="1", secret=secret)
    assert (response.status_code, response.content, posted.heard) == (403, b"", [])


async def test_forgeries_are_refused_before_a_byte_is_read(posted: Posted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand of them: counted, and neither read nor parsed nor logged."""

    def parse(_body: bytes) -> Any:
        raise AssertionError("a forgery was parsed")

    monkeypatch.setattr(webhook, "_parsed", parse)
    before = REGISTRY.get_sample_value("palabre_webhooks_forged_total") or 0.0
    for number in range(10_000):
        forged = f"{number:043}" if number % 3 else None
        answer = await _raw(posted, f"/telegram/{ACCOUNT}", forged)
        assert answer == 403
    assert REGISTRY.get_sample_value("palabre_webhooks_forged_total") == before + 10_000
    assert posted.heard == []


async def _raw(posted: Posted, path: str, secret: str | None) -> int:
    """The status of a post whose body must not be asked for, without the cost of a client."""
    transport = posted.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    headers = [(b"host", b"town.example"), *([(HEADER.encode(), secret.encode())] if secret is not None else [])]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b""}
    statuses: list[int] = []

    async def receive() -> Any:
        raise AssertionError("a forgery was read")

    async def send(said: Any) -> None:
        if said["type"] == "http.response.start":
            statuses.append(said["status"])

    await transport.app({**scope, "headers": headers, "http_version": "1.1", "scheme": "https"}, receive, send)
    return statuses[0]


async def test_a_body_longer_than_any_update_is_not_read_to_its_end(posted: Posted) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _part in range(100):
            read += LONGEST // 4
            yield b" " * (LONGEST // 4)

    response = await posted.client.post(f"/telegram/{ACCOUNT}", content=body(), headers={HEADER: SECRET})
    assert (response.status_code, posted.heard) == (413, [])
    assert (await posted.post(b" " * (LONGEST + 1))).status_code == 413
    assert (await posted.post(json.dumps(message(7)).encode().ljust(LONGEST))).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"update_id": NaN}'])
async def test_what_is_no_json_is_acknowledged_or_it_would_come_for_ever(posted: Posted, body: bytes) -> None:
    assert (await posted.post(body)).status_code == 200
    assert posted.heard == [None]


async def test_nothing_but_a_post_is_answered(posted: Posted) -> None:
    assert (await posted.client.get(f"/telegram/{ACCOUNT}", headers={HEADER: SECRET})).status_code == 405


def test_the_secret_is_what_the_platform_takes_and_tells_nothing_of_the_token() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", SECRET)
    assert SECRET == secret_of(TOKEN) != secret_of(TOKEN + "x")
    assert not set(TOKEN.split(":")) & {SECRET}


def test_the_webhook_is_set_for_what_we_read_and_drops_nothing() -> None:
    call = webhook.opening("https://town.example", ACCOUNT, TOKEN)
    assert call.method == "setWebhook"
    assert call.parameters == {
        "url": f"https://town.example/telegram/{ACCOUNT}",
        "secret_token": SECRET,
        "max_connections": 40,
        "allowed_updates": UPDATES,
        "drop_pending_updates": False,
    }
    assert webhook.CLOSING.parameters == {"drop_pending_updates": False}
