"""The stub as its own tests see it: with one account, one resident and a way to call it by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.signal_daemon import Account, Platform, Resident, serve
from tests.signal_daemon.real import daemon


@dataclass
class Client:
    """Asks the daemon as a program without a library would."""

    platform: Platform
    account: Account
    url: str
    http: httpx.AsyncClient

    async def answer(self, method: str, **params: Any) -> dict[str, Any]:
        """The whole answer to one request to the account."""
        params = {"account": self.account.number} | params
        request = {"jsonrpc": "2.0", "method": method, "id": 1, "params": params}
        response = await self.http.post(f"{self.url}/api/v1/rpc", json=request)
        assert response.status_code == 200
        told: dict[str, Any] = response.json()
        assert told["id"] == 1
        return told

    async def call(self, method: str, **params: Any) -> Any:
        """The result of a request that succeeds."""
        told = await self.answer(method, **params)
        assert "error" not in told, told
        return told["result"]

    async def refused(self, method: str, **params: Any) -> dict[str, Any]:
        """The error of one that fails."""
        told = await self.answer(method, **params)
        assert "result" not in told, told
        error: dict[str, Any] = told["error"]
        return error

    @asynccontextmanager
    async def listens(self) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
        """An event stream: the envelopes that come, one by one."""
        heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        account = {"account": self.account.number}
        before = len(self.account.mail.streams)

        async def hear() -> None:
            async with self.http.stream("GET", f"{self.url}/api/v1/events", params=account, timeout=30) as stream:
                async for line in stream.aiter_lines():
                    if line.startswith("data:"):
                        heard.put_nowait(json.loads(line.removeprefix("data:"))["envelope"])

        hearing = asyncio.create_task(hear())
        await self.platform.until(lambda: len(self.account.mail.streams) > before)
        try:
            yield heard
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def account(platform: Platform) -> Account:
    return platform.account("+33600000001", "Ville de Nantes")


@pytest.fixture
def anna(platform: Platform, account: Account) -> Resident:
    return platform.resident(account, "Anna")


@pytest.fixture
async def client(platform: Platform, account: Account) -> AsyncIterator[Client]:
    """(Reading the certificates of the world would take longer than the test.)"""
    async with serve(platform) as url, httpx.AsyncClient(verify=False) as http:
        yield Client(platform, account, url, http)


@pytest.fixture(scope="session")
def real_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real daemon, which has no account. (It starts within 4 s.)"""
    with daemon(tmp_path_factory.mktemp("signal-cli")) as url:
        yield url
