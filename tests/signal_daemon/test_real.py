"""The real daemon: what it answers to bodies of every form, and that our stub's answers have the same shape."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from bot.bench.memory import free_port
from bot.signal.api import Away, Call, NotRegistered, Wrong
from bot.signal.client import Client
from bot.signal.introducing import introduce
from tests.signal_daemon import Platform, serve

pytestmark = pytest.mark.long

JSON = {"content-type": "application/json"}
ACCOUNT = {"account": "+33600000001"}


def request(method: object = "version", **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "id": 1} | more


BODIES = [
    b"",
    b"   ",
    b"{",
    b"nonsense",
    b'{"jsonrpc":"2.0","method":"version","id":1} and more',
    [],
    [1],
    1,
    "a text",
    True,
    None,
    {},
    {"jsonrpc": "2.0"},
    {"jsonrpc": "2.0", "id": 7},
    request(jsonrpc="1.0"),
    request(),
    request(id="one"),
    request(id=1.5),
    request(id=None),
    request(id={"a": 1}),
    request(id=[1]),
    request(params=None),
    request(params=[]),
    request(params="text"),
    request(extra=2),
    request("nothing"),
    request("VERSION"),
    request(5),
    {"jsonrpc": "2.0", "method": "version"},
    {"jsonrpc": "2.0", "method": "nothing"},
    {"jsonrpc": "2.0", "result": {}, "id": 1},
    request(params=ACCOUNT),
    request("listAccounts"),
    request("listAccounts", params=ACCOUNT),
    *(
        request(name)
        for name in ("send", "getUserStatus", "getAttachment", "updateProfile", "submitRateLimitChallenge")
    ),
    *(request(name, params=ACCOUNT) for name in ("send", "remoteDelete", "sendReaction", "sendTyping", "sendReceipt")),
    [request(), request("nothing", id=2), {"jsonrpc": "2.0", "method": "version"}, 7, {"id": 4}],
    [{"jsonrpc": "2.0", "method": "version"}],
]
PAGES = [
    ("GET", "check"),
    ("POST", "check"),
    ("GET", "check/more"),
    ("GET", "rpc"),
    ("POST", "rpc"),
    ("GET", "rpc/more"),
    ("POST", "events"),
    ("GET", "events?account=%2B33600000001"),
    ("GET", "nothing"),
]


def shape(told: Any) -> Any:
    """What a client goes by: codes, ids, results; of the sentences about JSON, which name Java's classes, nothing."""
    if isinstance(told, list):
        return sorted((shape(one) for one in told), key=str)
    if told.get("error", {}).get("code") in (-32600, -32700):
        told["error"].pop("message")
    return told


async def said(url: str, body: Any) -> tuple[int, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body)
    async with httpx.AsyncClient(verify=False, timeout=30) as http:
        answer = await http.post(f"{url}/api/v1/rpc", content=content, headers=JSON)
    return answer.status_code, shape(answer.json()) if answer.content else None


async def test_the_real_daemon_and_our_stub_answer_alike(real_daemon: str) -> None:
    async with serve(Platform()) as stub:
        for body in BODIES:
            assert (body, await said(stub, body)) == (body, await said(real_daemon, body))


async def test_the_real_daemon_and_our_stub_have_the_same_pages(real_daemon: str) -> None:
    async with serve(Platform()) as stub, httpx.AsyncClient(verify=False, timeout=30) as http:
        for method, page in PAGES:
            ours, theirs = [(await http.request(method, f"{url}/api/v1/{page}")) for url in (stub, real_daemon)]
            assert (page, ours.status_code) == (page, theirs.status_code)


async def test_an_event_stream_opens_late_and_is_kept_alive_by_comments(real_daemon: str) -> None:
    """The headers wait for the first comment, 15 s: a client that is less patient never hears anything."""
    begun = time.monotonic()
    ours = asyncio.create_task(first_of_our_client(real_daemon))
    async with (
        httpx.AsyncClient(verify=False, timeout=30) as http,
        http.stream("GET", f"{real_daemon}/api/v1/events") as stream,
    ):
        assert 10 < time.monotonic() - begun < 25
        assert stream.status_code == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert await anext(stream.aiter_raw()) == b":\n"
    assert await ours == []


async def first_of_our_client(url: str) -> Sequence[Any]:
    """What our client hands out first of the stream of all accounts, of which there is none."""
    client = Client(url)
    async with aclosing(client.events("")) as stream:  # type: ignore[type-var]
        first = await anext(stream)
    await client.close()
    return first


async def test_our_client_tells_the_refusals_of_the_real_daemon_apart(real_daemon: str) -> None:
    client, number = Client(real_daemon), ACCOUNT["account"]
    assert await client.call(number, Call("listAccounts", {})) == []
    with pytest.raises(NotRegistered):
        await introduce(client, number)
    with pytest.raises(NotRegistered):
        await client.call(number, Call("send", {"recipient": [number], "message": "Bonjour"}))
    with pytest.raises(NotRegistered):
        await anext(client.events(number))
    with pytest.raises(Wrong):
        await client.call(number, Call("nothing", {}))
    await client.close()


async def test_our_client_finds_no_daemon_where_none_listens() -> None:
    client = Client(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Away):
        await client.call(ACCOUNT["account"], Call("send", {"recipient": ["+33600000002"], "message": "Bonjour"}))
    await client.close()
