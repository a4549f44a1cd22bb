"""The memory of a house that has a number at Signal."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bot.bench import memory
from bot.bench.town import SLUG, questionnaire, town

NUMBER = "+33700000000"
PATIENCE = 60.0
"""Seconds a house has to ask its daemon for what is new."""


async def memory_of_a_house() -> float:
    """Megabytes of resident memory once it listens to the daemon, which is a program of its own and not counted."""
    async with town(0, questionnaire(10)) as built:
        with _daemon() as (address, asked):
            settings = {
                "PALABRE_DATABASE_URL": f"sqlite:///{built.database.url.database}",
                "PALABRE_SIGNAL_ACCOUNTS": json.dumps({SLUG: NUMBER}),
                "PALABRE_SIGNAL_URL": address,
            }
            return memory.running(settings, lambda: _until(asked))


def _until(asked: threading.Event) -> None:
    if not asked.wait(PATIENCE):
        raise RuntimeError("the house did not listen")


@contextmanager
def _daemon() -> Iterator[tuple[str, threading.Event]]:
    """One that knows this number and never has anything new: its address, and whether it was listened to."""
    asked = threading.Event()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            call = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            body = json.dumps({"jsonrpc": "2.0", "id": call.get("id"), "result": []}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            asked.set()
            with suppress(OSError):  # the house has closed
                while True:
                    self.wfile.write(b":\n")
                    time.sleep(1)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
