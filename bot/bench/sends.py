"""How fast and how evenly messages leave, measured by who receives them: a server in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection

import orjson

from bot import house
from bot.bench.telegram import BOT, TOKEN
from bot.bench.town import SLUG, Town, questionnaire, town
from bot.config import Settings
from bot.courier import Courier
from bot.finishing import stop
from bot.telegram.writing import CAPABILITIES
from flows.messages import Incoming, Line, Message
from storage import outbox
from storage.outbox import LaneKey, NewDelivery

FREE, PAID = 30, 1_000
"""Messages a second that the platform takes."""
WINDOWS = 8
"""Seconds that are counted at the free pace."""
MANY = 4_000
"""Messages at the paid one."""
ME = {"message_id": 7, "id": int(BOT), "is_bot": True, "first_name": SLUG, "username": SLUG}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
LONG = 50.0
"""Seconds after which it has nothing new."""


class TooFast(Exception):
    """More left within a second than the platform takes."""


async def error_at_the_free_pace() -> float:
    """By how many percent fewer than 30 leave in a second, over WINDOWS of them. Raises TooFast."""
    times = await _sent(FREE * (WINDOWS + 3), paid=False)
    _check(times, FREE)
    counted = times[FREE : FREE * (WINDOWS + 1) + 1]  # the first second may begin in the middle
    return abs(FREE * WINDOWS / (counted[-1] - counted[0]) - FREE) / FREE * 100


async def paid_per_second() -> float:
    """How many leave in a second where that is paid for. Raises TooFast."""
    times = await _sent(MANY, paid=True)
    _check(times, PAID)
    counted = [at for at in times if at >= times[0] + 1]
    return (len(counted) - 1) / (counted[-1] - counted[0])


def _check(times: list[float], most: int) -> None:
    if any(last - first < 1.0 for first, last in zip(times, times[most:], strict=False)):
        raise TooFast


async def _sent(count: int, *, paid: bool) -> list[float]:
    """When so many messages to as many people arrived."""
    async with town(count, questionnaire(1), door=CAPABILITIES, account=BOT) as built:
        with server() as (address, results):
            async with _sending(built, address, paid=paid) as courier:
                await _put(built)
                courier.wake()
                arrived = asyncio.to_thread(results.recv)
                results.send(count)
                return list(await arrived)


@asynccontextmanager
async def _sending(built: Town, address: str, *, paid: bool) -> AsyncIterator[Courier]:
    """A house's courier, and its bot, which hears nothing."""
    bot = {"bots": {SLUG: TOKEN}, "api_url": address, "paid": [SLUG] if paid else []}
    settings = Settings.model_validate({"database_url": f"sqlite:///{built.database.url.database}", "telegram": bot})

    async def receive(*_incoming: Incoming) -> None:
        """There is none."""

    async with house.opened(settings) as opened:
        channel = opened.channels[CAPABILITIES.name]
        works = [asyncio.create_task(work) for work in (channel.run(receive), opened.courier.run())]
        try:
            yield opened.courier
        finally:
            for work in works[::-1]:
                await stop(work)


async def _put(built: Town) -> None:
    body, now = Message((Line("The consultation on the centre is open."),)).pack(), datetime.now(UTC)
    lane = LaneKey(CAPABILITIES.name, BOT)
    new = [NewDelivery(built.space_id, person, None, "broadcast", body, now, lane) for person in built.people]
    async with built.database.write() as connection:
        await outbox.put(connection, new)


# -- who receives them ---------------------------------------------------------------------------------------------


@contextmanager
def server() -> Iterator[tuple[str, Connection]]:
    """Its address, and where it is told how many to wait for and answers when each came."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}", ours
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection) -> None:
    asyncio.run(_listen(pipe))


async def _listen(pipe: Connection) -> None:
    times: list[float] = []
    server = await asyncio.get_running_loop().create_server(lambda: _Line(times), "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    count = await asyncio.to_thread(pipe.recv)
    while True:
        await asyncio.sleep(0.05)
        if len(times) >= count:
            return pipe.send(times)


class _Line(asyncio.Protocol):
    """One connection: requests one after the other, each with its length."""

    def __init__(self, times: list[float]) -> None:
        self.times = times
        self.read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.read += data
        while (end := self.read.find(b"\r\n\r\n")) >= 0:
            head = self.read[:end].lower()
            whole = end + 4 + int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self.read) < whole:
                return
            method = head.partition(b" http")[0].rpartition(b"/")[2]
            if method == b"sendmessage":
                self.times.append(time.monotonic())
            self.read = self.read[whole:]
            if method == b"getupdates":
                asyncio.get_running_loop().call_later(LONG, self._reply, [])
            else:
                self._reply(ME)

    def _reply(self, result: object) -> None:
        body = orjson.dumps({"ok": True, "result": result})
        assert isinstance(self.transport, asyncio.WriteTransport)
        self.transport.write(HEAD % len(body) + body)
