"""The real house on a test's database, with the little town in it, for those who come by the chat page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx
from sqlalchemy import func, select

from bot import house
from bot.config import Settings, Signal
from bot.finishing import stop
from bot.house import House
from storage import models
from storage.database import Database
from tests.channels.little import build_town
from tests.signal.fakes import NUMBER

BASE = "http://montaubry.example"
PAGE = "/c/centre"


Build: TypeAlias = Callable[[Database], Awaitable[object]]
"""Makes the town of a house in an empty database."""


def settings(url: str, base_url: str) -> Settings:
    return Settings.model_validate({"database_url": url, "base_url": base_url})


@asynccontextmanager
async def opened(url: str, base_url: str = BASE, build: Build = build_town) -> AsyncIterator[House]:
    """A house that answers, without a port: httpx speaks to its application."""
    database = Database(url)
    await build(database)
    await database.close()
    signal = Signal(accounts={"montaubry": NUMBER})
    async with house.opened(settings(url, base_url).model_copy(update={"signal": signal})) as built:
        works = [asyncio.create_task(work) for work in (built.reception.run(), built.courier.run())]
        yield built
        for work in works:
            await stop(work)


@asynccontextmanager
async def served(url: str, build: Build = build_town) -> AsyncIterator[tuple[House, str]]:
    """A house with all its works on a port of this machine, for real browsers; and its address."""
    database = Database(url)
    await build(database)
    await database.close()
    listening = house.listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with house.opened(settings(url, address)) as built:
        stopping, ready = asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(built.serve(listening, stopping, ready.set))
        await ready.wait()
        yield built, address
        stopping.set()
        await serving


@dataclass
class Browser:
    """A browser without a screen: it keeps its cookie, reads the form of the page and sends it."""

    client: httpx.AsyncClient
    html: str = ""

    async def open(self, address: str = PAGE) -> httpx.Response:
        return self._see(await self.client.get(address))

    async def send(self, address: str = PAGE, files: Any = None, **fields: str) -> httpx.Response:
        """Send the page's form with these fields; what the page hid in it goes along, unless a field says otherwise."""
        data = {"nonce": self.hidden("nonce"), "last": self.hidden("last"), **fields}
        return self._see(await self.client.post(address, data=data, files=files, follow_redirects=True))

    async def begin(self) -> httpx.Response:
        await self.open()
        return await self.send(begin="yes")

    async def press(self, label: str) -> httpx.Response:
        return await self.send(tap=self.button(label))

    def _see(self, response: httpx.Response) -> httpx.Response:
        self.html = response.text
        return response

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.html)
        return found[1] if found else ""

    def button(self, label: str) -> str:
        """What the button with this label carries."""
        found = re.search(rf'name="tap" value="([^"]+)"[^>]*>{re.escape(label)}<', self.html)
        assert found, f"no button {label!r} in {self.html}"
        return found[1]

    @property
    def bubbles(self) -> list[str]:
        """The text of each bubble, one line a line."""
        found = re.findall(r'<li[^>]* class="bubble[^>]*>(.*?)</li>', self.html, re.S)
        return ["\n".join(part for part in re.split(r"<[^>]+>|\n", one) if part.strip()) for one in found]


@asynccontextmanager
async def browser(built: House, language: str = "en") -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(built.application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Accept-Language": language}) as client:
        yield Browser(client)


async def count(database: Database, table: type[models.Base]) -> int:
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(table)) or 0
