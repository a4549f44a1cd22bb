"""Turns that come as Telegram's JSON, and the memory of a house that has a bot."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from bot.bench import memory
from bot.bench.town import SLUG, Town, questionnaire, town
from bot.bench.turns import BURSTS
from bot.telegram.api import Call
from bot.telegram.hearing import Courtesies, Ear
from bot.telegram.writing import CAPABILITIES
from storage.clock import utc_now

BOT = "4200"
TOKEN = f"{BOT}:bench"
PATIENCE = 60.0
"""Seconds a house has to ask its bot's server for what is new."""


async def unused(call: Call, **_options: Any) -> Any:
    """The API of a bot that is never called: words are no taps."""
    raise AssertionError(call.method)


async def turns_per_second() -> float:
    """From the bytes of updates to their commit with the replies in the outbox, bursts of a hundred people."""
    async with town(1_000, questionnaire(10), door=CAPABILITIES, account=BOT) as built:
        ear = Ear(BOT, built.reception.receive, Courtesies(unused), utc_now)
        bursts = list(_bursts(built))
        began = time.perf_counter()
        for burst in bursts:
            await ear.hear(orjson.loads(burst)["result"])
        return sum(burst.count(b"update_id") for burst in bursts) / (time.perf_counter() - began)


def _bursts(built: Town) -> Iterator[bytes]:
    """What getUpdates answers, again and again."""
    chance = random.Random(3)
    for burst in range(BURSTS):
        people = enumerate(built.some(chance))
        updates = [_update(burst * 1_000 + index, person) for index, person in people]
        yield json.dumps({"ok": True, "result": updates}).encode()


def _update(number: int, person: int) -> dict[str, Any]:
    who = {"id": person, "first_name": "Monique", "last_name": "Martin", "username": "monique_martin"}
    message = {
        "message_id": number,
        "from": {**who, "is_bot": False, "language_code": "fr"},
        "chat": {**who, "type": "private"},
        "date": int(time.time()),
        "text": "2",
    }
    return {"update_id": number, "message": message}


async def memory_of_a_house(driver: str = "aiogram") -> float:
    """Megabytes of resident memory once the bot has asked for what is new, through this library."""
    async with town(0, questionnaire(10)) as built:
        with _server() as (address, asked):
            settings = {
                "PALABRE_DATABASE_URL": f"sqlite:///{built.database.url.database}",
                "PALABRE_TELEGRAM_BOTS": json.dumps({SLUG: TOKEN}),
                "PALABRE_TELEGRAM_API_URL": address,
                "PALABRE_TELEGRAM_DRIVER": driver,
            }
            return memory.running(settings, lambda: _until(asked))


def _until(asked: threading.Event) -> None:
    if not asked.wait(PATIENCE):
        raise RuntimeError("the bot did not ask")


@contextmanager
def _server() -> Iterator[tuple[str, threading.Event]]:
    """A Bot API that knows this one bot and never has anything new: its address, and whether it was asked for that."""
    asked = threading.Event()
    me = {"id": int(BOT), "is_bot": True, "first_name": SLUG, "username": SLUG}

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            method = self.path.rpartition("/")[2]
            if method == "getUpdates":
                asked.set()
                time.sleep(1)
            results: dict[str, Any] = {"getMe": me, "getUpdates": []}
            body = json.dumps({"ok": True, "result": results.get(method, True)}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # the house has closed
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
