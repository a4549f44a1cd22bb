"""The daemon of signal-cli from memory, for tests of one piece alone: it says what the test wrote down, and remembers
what it was asked. tests/signal_daemon/ is the whole of it."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.signal.api import Call

NOON = datetime(2027, 3, 6, 12, 0, tzinfo=UTC)
NUMBER = "+33600000001"
ACI = "0c5ae3a0-6a6c-4f1d-9a53-7d1f4f5c0001"
MARIE = "6d3c7a52-2f0e-4c9b-8d11-0a2b3c4d0002"
ME = [
    {"number": "+33600000009", "uuid": MARIE, "trustLevel": "TRUSTED_UNVERIFIED"},
    {"number": NUMBER, "uuid": ACI, "trustLevel": "TRUSTED_VERIFIED"},
]
CLOCK = int(NOON.timestamp() * 1000)


def event(timestamp: int = CLOCK, text: str | None = "bonjour", person: str = MARIE, **content: Any) -> dict[str, Any]:
    """What somebody wrote to us, as the daemon hands it out; `content` is what their message holds besides."""
    message = {"timestamp": timestamp, "message": text, "expiresInSeconds": 0, "viewOnce": False, **content}
    return enveloped(timestamp, person, dataMessage=message)


def enveloped(timestamp: int = CLOCK, person: str | None = MARIE, **content: Any) -> dict[str, Any]:
    envelope = {"source": person, "sourceNumber": None, "sourceUuid": person, "sourceName": "Marie", "sourceDevice": 1}
    times = {"timestamp": timestamp, "serverReceivedTimestamp": CLOCK - 100, "serverDeliveredTimestamp": CLOCK - 50}
    return {"envelope": envelope | times | content, "account": NUMBER}


@dataclass
class Scripted:
    """`says[method]` are its answers to that method one after the other, an exception being raised; then it answers as
    it should. `streams` are its streams of events one after the other: each a list of what it hands out at a time, or
    raises; the last stays open. What is pushed comes by the one that is open."""

    says: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    streams: list[list[Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    opened: int = 0
    open: int = 0
    closed: bool = False
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    sending: asyncio.Event = field(default_factory=asyncio.Event)
    pushed: asyncio.Queue[Sequence[Any]] = field(default_factory=asyncio.Queue)
    clock: Iterator[int] = field(default_factory=lambda: itertools.count(CLOCK))

    async def call(self, account: str, call: Call) -> Any:
        assert account == NUMBER
        self.calls.append(call)
        if self.says[call.method]:
            return _tell(self.says[call.method].pop(0))
        if call.method == "listIdentities":
            return ME
        self.sending.set()
        return {"timestamp": next(self.clock), "results": [{"type": "SUCCESS"}]}

    async def events(self, account: str) -> AsyncIterator[Sequence[Any]]:
        assert account == NUMBER
        self.opened += 1
        self.open += 1
        assert self.open == 1, "two streams of one account"
        try:
            yield []
            handed = self.streams.pop(0) if self.streams else None
            for one in handed or []:
                yield _tell(one)
            while handed is None or not self.streams:
                self.waiting.set()
                yield await self.pushed.get()
        finally:
            self.waiting.clear()
            self.open -= 1

    async def close(self) -> None:
        self.closed = True

    def sent(self) -> list[dict[str, Any]]:
        """The parameters of each message it was given."""
        return [dict(call.parameters) for call in self.calls if call.method == "send"]


def _tell(said: Any) -> Any:
    if isinstance(said, BaseException):
        raise said
    return said
