"""A real house that is sent what no honest browser sends, and what must hold of it whatever comes.

Nothing is awaited here: a process, plain sockets and a plain client, so that Hypothesis can draw what is sent.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import text

from storage.database import Database
from storage.models import Base
from tests.acceptance.process import PROGRAM, ROOT, START_WITHIN

QUIET = 0.25
"""Seconds after which nothing more is expected of a connection that stays open."""
FORM = "application/x-www-form-urlencoded"
MARKS = ("Traceback", "sqlalchemy", "site-packages", 'File "', "Error:")
TOWN = """\
consultation: centre-ville
languages: [fr]
title: Le centre-ville et vous
topic: sur le centre-ville
why: Vos réponses aident à choisir les travaux.
questions:
  - {id: visits, kind: one_of, other: true, text: "Comment venez-vous ?", choices: {foot: À pied, car: En voiture}}
  - {id: uses, kind: several_of, other: true, text: "Pour quoi faire ?", choices: {shop: Courses, market: Marché}}
  - {id: far, kind: number, text: "Combien de minutes ?", min: 0, max: 60}
  - {id: when, kind: date, text: "Quand ?"}
  - {id: idea, kind: long_text, text: "Votre idée ?"}
  - {id: photo, kind: photo, text: "Une photo ?", required: false}
  - {id: email, kind: email, text: "Votre adresse ?", required: false}
  - {id: phone, kind: phone, text: "Votre numéro ?", required: false}
"""


def is_clear(response: httpx.Response) -> None:
    """An answer or a refusal, in words of ours."""
    assert response.status_code < 500, response.text
    assert not [mark for mark in MARKS if mark in response.text], response.text
    if response.status_code >= 400:
        assert "<h1" in response.text, response.text


PLANNED = frozenset({"broadcasts", "nights"})


@dataclass
class House:
    """A house, its address, its database, and the file it writes its log to."""

    url: str
    database_url: str
    folder: Path
    log: Path
    read: int = field(default=0)

    def client(self) -> httpx.Client:
        """A browser without a screen, new to the house; forms are sent as from our own pages."""
        headers = {"Origin": self.url, "Accept-Language": "fr"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def complaints(self) -> list[str]:
        """What the log holds, since it was last looked at, that it must never hold.

        A body that breaks off in the middle is refused by uvicorn itself, which then says of our answer that it came
        second; nothing of ours can help that.
        """
        log = self.log.read_text("utf-8", "replace")
        new, self.read = log[self.read :], len(log)
        found = [line for line in new.splitlines() if "Traceback" in line or '"level": "error"' in line]
        return [line for line in found if "h11/_state.py" not in line]

    def rows(self) -> dict[str, int]:
        """How many rows each table has, but for what the program plans by itself meanwhile."""
        return asyncio.run(self._rows())

    async def _rows(self) -> dict[str, int]:
        database = Database(self.database_url)
        async with database.read() as connection:
            found = {}
            for table in (one for one in Base.metadata.sorted_tables if one.name not in PLANNED):
                count = await connection.execute(text(f"SELECT count(*) FROM {table.name}"))
                found[table.name] = count.scalar_one()
        await database.close()
        return found

    def halves(self) -> list[str]:
        """Rows that a message left half written: somebody who never wrote, an answer of no response."""
        return asyncio.run(self._halves())

    async def _halves(self) -> list[str]:
        database = Database(self.database_url)
        async with database.read() as connection:
            found = [what for what, query in HALVES.items() if (await connection.execute(text(query))).scalar_one()]
        await database.close()
        return found

    def send(self, request: bytes) -> bytes:
        """The raw answer to raw bytes: what came until it was quiet for a while, or the connection closed."""
        host, port = self.url.removeprefix("http://").split(":")
        answer = b""
        with socket.create_connection((host, int(port)), timeout=QUIET) as connection:
            try:
                connection.sendall(request)
                while data := connection.recv(65_536):
                    answer += data
            except (TimeoutError, ConnectionError):
                pass
        return answer


_NOT_ONE = "SELECT count(*) FROM {0} AS one WHERE NOT EXISTS (SELECT 1 FROM {1} AS other WHERE {2})"
_MINE = "other.space_id = one.space_id AND other.participant_id = one.id"
_WHO = "other.space_id = one.space_id AND other.id = one.participant_id"
HALVES = {
    "a participant without an address": _NOT_ONE.format("participants", "addresses", _MINE),
    "a participant who never wrote": _NOT_ONE.format("participants", "inbox", _MINE),
    "a conversation of nobody": _NOT_ONE.format("conversations", "participants", _WHO),
    "a delivery to nobody": _NOT_ONE.format("deliveries", "participants", _WHO),
    "a message that could not be handled": "SELECT count(*) FROM inbox WHERE state <> 'handled'",
    "an answer of no response": _NOT_ONE.format(
        "answers", "contributions", "other.space_id = one.space_id AND other.id = one.contribution_id"
    ),
}


@dataclass
class Resident:
    """Somebody who answers by the page's form, and may lie in any of its fields."""

    house: House
    client: httpx.Client
    html: str = field(default="", repr=False)

    @property
    def page(self) -> str:
        return "/c/centre-ville"

    def open(self) -> str:
        response = self.client.get(self.page)
        assert response.status_code == 200
        self.html = response.text
        return self.html

    def begin(self) -> None:
        self.open()
        self.send(begin="yes")
        self.send(tap=self.button("Oui, commencer"))

    def send(self, **fields: str) -> httpx.Response:
        """The form with these fields, and the page after it."""
        response = self.client.post(self.page, data={**self.hidden(), **fields})
        self.open()
        return response

    def hidden(self) -> dict[str, str]:
        found = {name: re.search(rf'name="{name}" value="([^"]*)"', self.html) for name in ("nonce", "last")}
        return {name: match[1] for name, match in found.items() if match}

    def button(self, label: str) -> str:
        found = re.search(rf'name="tap" value="([^"]+)"[^>]*>{re.escape(label)}<', self.html)
        assert found, f"no button {label!r} in {self.html}"
        return found[1]

    def buttons(self) -> list[str]:
        return re.findall(r'name="tap" value="([^"!]+)"', self.html)

    def said(self) -> str:
        """The robot's last message."""
        last = re.findall(r'<li[^>]* class="bubble"[^>]*>(.*?)</li>', self.html, re.S)[-1]
        return re.sub(r"<[^>]+>", "\n", last).replace("\N{NO-BREAK SPACE}", " ").replace("’", "'").replace("&#39;", "'")


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`palabre` with these arguments, to its end."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_WITHIN,
        check=False,
    )


def environment() -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PALABRE_")}
    return {**plain, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "PALABRE_LOG_FORMAT": "json"}


@contextmanager
def opened(database_url: str, folder: Path, questionnaire: str) -> Iterator[House]:
    """A house with this questionnaire open in it, on a free port."""
    (folder / "town.yaml").write_text(questionnaire, "utf-8")
    brought = command("import", "town.yaml", "--open", "--database", database_url, folder=folder)
    assert brought.returncode == 0, brought.stderr
    log = folder / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, "run", "--port", "0", "--database", database_url],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
        )
    try:
        yield House(_address(log, process), database_url, folder, log)
        process.terminate()
        assert process.wait(START_WITHIN) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_WITHIN
    while not (found := re.search(r'"path": "(http://[^"]+)"', log.read_text())):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    return found[1]
