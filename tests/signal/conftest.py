"""The channel as a house runs it, before the stub of the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.channels import Incoming, NotKept, Outgoing
from bot.channels.signal import Signal
from bot.finishing import stop
from bot.signal.client import Client
from bot.signal.writing import CAPABILITIES
from flows.messages import Line, Message
from storage import accounts
from storage.accounts import Account as Ours
from storage.database import Database
from tests.channels.conftest import fast_readers
from tests.channels.little import build_town
from tests.signal_daemon import Account, Platform, Resident, serve

__all__ = ["fast_readers"]
"""Here too."""


@dataclass
class Bench:
    """Montaubry's number at the daemon, Anna who writes to it, and what is kept of it; nothing is while `full`."""

    platform: Platform
    account: Account
    anna: Resident
    database: Database
    signal: Signal
    kept: list[Incoming] = field(default_factory=list)
    full: bool = False
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    running: asyncio.Task[None] | None = None

    async def receive(self, *incoming: Incoming) -> None:
        self.tried.set()
        if self.full:
            raise NotKept
        self.kept += incoming
        self.platform.called.ring()

    async def start(self) -> None:
        self.running = asyncio.create_task(self.signal.run(self.receive))
        await self.platform.until(lambda: self.account.mail.listened)

    async def stop(self) -> None:
        if self.running is not None:
            await stop(self.running)
            self.running = None

    async def until(self, true: Callable[[], object]) -> None:
        await self.platform.until(true)

    async def until_noted(self, error: str | None) -> Ours:
        """Wait until this is what the account is said to suffer from."""
        async with asyncio.timeout(30):
            while True:
                async with self.database.read() as connection:
                    listed = await accounts.listed(connection)
                if listed and listed[0].error == error:
                    return listed[0]
                await asyncio.sleep(0.02)

    def has(self, text: str) -> bool:
        return text in self.texts()

    def texts(self) -> list[str | None]:
        return [one.text for one in self.kept]

    def outgoing(self, text: str = "Merci.", key: str = "1", to: Resident | None = None) -> Outgoing:
        return Outgoing(key, self.account.aci, (to or self.anna).person.aci, "fr", Message((Line(text),)))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    database = Database(f"sqlite:///{tmp_path}/palabre.db")
    await build_town(database)
    platform = Platform()
    account = platform.account()
    anna = platform.resident(account, "Anna")
    async with serve(platform) as url:
        signal = Signal(database, Client(url), {"montaubry": account.number})
        signal.capabilities = replace(CAPABILITIES, rates=None)
        bench = Bench(platform, account, anna, database, signal)
        yield bench
        await bench.stop()
        await signal.daemon.close()
    await database.close()
