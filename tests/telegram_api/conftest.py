"""The stub as its own tests see it: with one bot, one resident and a way to call it by hand."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.telegram_api import Bot, Platform, Resident, serve
from tests.telegram_api.server import application


@dataclass
class Client:
    """Calls the methods of one bot, as a program without a library would."""

    bot: Bot
    url: str
    http: httpx.AsyncClient

    async def answer(self, method: str, files: Any = None, **arguments: Any) -> httpx.Response:
        """The HTTP answer to a call; arguments that are no strings go as JSON."""
        data = {name: one if isinstance(one, str) else json.dumps(one) for name, one in arguments.items()}
        return await self.http.post(f"{self.url}/bot{self.bot.token}/{method}", data=data, files=files)

    async def call(self, method: str, files: Any = None, **arguments: Any) -> Any:
        """The result of a call that succeeds."""
        body = (await self.answer(method, files, **arguments)).json()
        assert body["ok"], body
        return body["result"]

    async def refused(self, method: str, files: Any = None, **arguments: Any) -> str:
        """The status and the sentence of a call that is refused."""
        answer = await self.answer(method, files, **arguments)
        body = answer.json()
        assert not body["ok"], body
        assert answer.status_code == body["error_code"]
        return f"{body['error_code']} {body['description']}"


def picture(width: int = 200, height: int = 100) -> bytes:
    """A green JPEG of so many pixels."""
    jpeg = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(jpeg, "JPEG")
    return jpeg.getvalue()


@pytest.fixture
def platform() -> Platform:
    return Platform(conflict_pause=0.1)


@pytest.fixture
def bot(platform: Platform) -> Bot:
    return platform.bot("Ville de Nantes", "nantes_bot")


@pytest.fixture
def anna(platform: Platform, bot: Bot) -> Resident:
    """Somebody who has pressed Start, and whose update is confirmed."""
    anna = platform.resident(bot, "Anna")
    anna.starts()
    bot.mailbox.clear()
    return anna


@pytest.fixture
async def client(platform: Platform, bot: Bot) -> AsyncIterator[Client]:
    """Calls that need no connection."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application(platform))) as http:
        yield Client(bot, "http://telegram", http)


@pytest.fixture
async def served(platform: Platform, bot: Bot) -> AsyncIterator[Client]:
    """Calls over real connections. (Reading the certificates of the world would take longer than the test.)"""
    async with serve(platform) as url, httpx.AsyncClient(verify=False) as http:
        yield Client(bot, url, http)
