"""Makes the calls to signal-cli's daemon (`signal-cli daemon --http`): JSON-RPC at /api/v1/rpc, its events at
/api/v1/events. It asks for no password: whoever reaches it is us."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from aiohttp import ClientError, ClientPayloadError, ClientSession, ClientTimeout, TCPConnector
from aiohttp.client_exceptions import ClientConnectorError, ConnectionTimeoutError

from bot.signal.api import Away, Call, NoAnswer, NotRegistered
from bot.signal.replies import SEND, result_of
from bot.signal.stream import Events

PATIENCE = 90.0
"""Seconds for an answer: a message that shows a picture takes some."""
CONNECTING = 5.0
SILENCE = 50.0
"""Seconds without a sign of life after which a stream of events is taken for dead: one comes every 15."""
LARGEST = 40 << 20
"""Bytes of an answer; a file comes as one, a third longer than it is."""
T = TypeVar("T")


@dataclass
class Client:
    """The daemon at this address."""

    url: str
    _numbers: itertools.count[int] = field(init=False, default_factory=itertools.count)
    _opened: ClientSession | None = field(init=False, default=None)

    async def call(self, account: str, call: Call) -> Any:
        """See Daemon."""
        parameters = {**call.parameters, "account": account}
        asked = {"jsonrpc": "2.0", "id": str(next(self._numbers)), "method": call.method, "params": parameters}
        status, body = await _safely(self._post(orjson.dumps(asked)), sends=call.method == SEND)
        return result_of(call.method, status, body)

    async def _post(self, asked: bytes) -> tuple[int, bytes]:
        limits = ClientTimeout(total=PATIENCE, connect=CONNECTING)
        kind = {"Content-Type": "application/json"}
        async with self._session.post(
            f"{self.url}/api/v1/rpc", data=asked, headers=kind, timeout=limits, allow_redirects=False
        ) as response:
            body = bytearray()
            async for part in response.content.iter_chunked(1 << 16):
                body += part
                if len(body) > LARGEST:
                    return response.status, b""
            return response.status, bytes(body)

    async def events(self, account: str) -> AsyncIterator[Sequence[Any]]:
        """See Daemon."""
        limits = ClientTimeout(total=None, sock_connect=CONNECTING, sock_read=SILENCE)
        try:
            async with self._session.get(
                f"{self.url}/api/v1/events", params={"account": account}, timeout=limits, allow_redirects=False
            ) as response:
                if response.status == 400:
                    raise NotRegistered("no such account")
                if response.status != 200:
                    raise Away(f"HTTP {response.status} for the events")
                events = Events()
                yield []
                while part := await response.content.readany():
                    yield events.feed(part)
        except (ClientError, TimeoutError, OSError) as error:
            raise Away(type(error).__name__) from None

    @property
    def _session(self) -> ClientSession:
        """A connection a call: one that was left open may be dead, and a message sent into it in doubt."""
        if self._opened is None:
            self._opened = ClientSession(connector=TCPConnector(force_close=True, limit=0))
        return self._opened

    async def close(self) -> None:
        """See Daemon."""
        if self._opened is not None:
            opened, self._opened = self._opened, None
            await opened.close()


async def _safely(under_way: Awaitable[T], *, sends: bool) -> T:
    """What comes of it. Raises Away where nothing has left us, or may be asked again; else NoAnswer."""
    failure: Exception
    try:
        return await under_way
    except (ClientConnectorError, ConnectionTimeoutError) as error:
        failure = Away(type(error).__name__)
    except (ClientError, ClientPayloadError, TimeoutError, OSError) as error:
        failure = (NoAnswer if sends else Away)(type(error).__name__)
    raise failure
