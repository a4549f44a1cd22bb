"""kill -9 of the real `palabre run`, while residents answer on its chat page and one form in ten is sent twice."""

from __future__ import annotations

import asyncio
import html
import os
import random
import re
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson
import pytest

from bot.bench.memory import free_port
from tests.acceptance.process import START_WITHIN, palabre, start

QUESTIONS = 5
AT_ONCE = 8
TWICE = 0.1
HEAD = "consultation: centre\nlanguages: [en]\ntitle: The centre\ntopic: about the centre\nwhy: Yes.\nquestions:\n"
QUESTION = "  - {{id: q{0}, kind: short_text, text: Say something about {0}}}\n"
FILE = HEAD + "".join(QUESTION.format(number) for number in range(1, QUESTIONS + 1))


@dataclass
class Resident:
    """Somebody at the page who sends each form until the house has it, and sometimes once more."""

    name: str
    client: httpx.AsyncClient
    chance: random.Random
    sent: int = 0

    async def talk(self) -> None:
        await self._send(begin="yes")
        await self._press("Yes, begin")
        for number in range(1, QUESTIONS + 1):
            await self._send(text=f"{self.name} says {number}")
        await self._press("Send")

    async def _press(self, label: str) -> None:
        """The button with this label, once the page shows it."""
        page = await self._page()
        found = re.search(rf'name="tap" value="([^"]+)"[^>]*>{label}</button>', page)
        assert found is not None, page
        await self._send(page, tap=html.unescape(found[1]))

    async def _send(self, page: str | None = None, **fields: str) -> None:
        page = page if page is not None else await self._page()
        hidden = {name: value for name in ("nonce", "last") if (value := _hidden(page, name)) is not None}
        await self._until_kept({**hidden, **fields})
        self.sent += 1
        if self.chance.random() < TWICE:
            await self._until_kept({**hidden, **fields})

    async def _until_kept(self, form: dict[str, str]) -> None:
        while True:
            try:
                response = await self.client.post("/c/centre", data=form, headers={"Sec-Fetch-Site": "same-origin"})
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if response.status_code in (200, 303):
                return
            assert response.status_code == 503, response.text

    async def _page(self) -> str:
        while True:
            try:
                return (await self.client.get("/c/centre")).text
            except httpx.TransportError:
                await asyncio.sleep(0.05)


def _hidden(page: str, name: str) -> str | None:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return html.unescape(found[1]) if found is not None else None


@dataclass
class Crowd:
    """Residents who come as long as the town is open, so many at a time."""

    url: str
    chance: random.Random
    open: bool = True
    residents: list[Resident] = field(default_factory=list)

    async def talk(self) -> None:
        await asyncio.gather(*(self._one_after_the_other() for _ in range(AT_ONCE)))

    async def _one_after_the_other(self) -> None:
        while self.open:
            async with httpx.AsyncClient(base_url=self.url, timeout=20) as client:
                resident = Resident(f"r{len(self.residents)}", client, self.chance)
                self.residents.append(resident)
                await resident.talk()


@pytest.mark.long
async def test_the_program_killed_fifty_times_under_load_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "centre.yaml").write_text(FILE)
    assert (await palabre("import", "centre.yaml", "--open", folder=tmp_path)).code == 0
    chance, port = random.Random(50), free_port()
    crowd = Crowd(f"http://127.0.0.1:{port}", chance)
    talking = asyncio.create_task(crowd.talk())
    for _life in range(50):
        async with _alive(tmp_path, port) as pid:
            await asyncio.sleep(chance.uniform(0.05, 0.8))
            os.kill(pid, signal.SIGKILL)
    crowd.open = False
    async with _alive(tmp_path, port):
        await asyncio.wait_for(talking, 60)
        await _all_delivered(tmp_path)
    _check(tmp_path, crowd.residents)


@asynccontextmanager
async def _alive(folder: Path, port: int) -> AsyncIterator[int]:
    """One life of the house, open; its process id."""
    process = await start("run", folder=folder, environment={"PALABRE_PORT": str(port)})
    reading = asyncio.create_task(process.communicate())
    async with asyncio.timeout(START_WITHIN), httpx.AsyncClient() as client:
        while True:
            assert process.returncode is None
            try:
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                    break
            except httpx.TransportError:
                await asyncio.sleep(0.02)
    try:
        yield process.pid
    finally:
        if process.returncode is None:
            process.kill()
        await reading


async def _all_delivered(folder: Path) -> None:
    async with asyncio.timeout(60):
        waiting = True
        while waiting:
            waiting = bool(_rows(folder, "SELECT 1 FROM deliveries WHERE state != 'sent'"))
            await asyncio.sleep(0.1)


def _rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "palabre.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def _check(folder: Path, residents: list[Resident]) -> None:
    """Every answer once and in its place, every message noted once, every question put once and in order."""
    given = [orjson.loads(str(row[0])) for row in _rows(folder, "SELECT fields FROM contributions")]
    assert sorted(fields["q1"] for fields in given) == sorted(f"{resident.name} says 1" for resident in residents)
    for fields in given:
        name = fields["q1"].split()[0]
        assert [fields[f"q{number}"] for number in range(1, QUESTIONS + 1)] == [
            f"{name} says {number}" for number in range(1, QUESTIONS + 1)
        ]
    noted = _rows(folder, "SELECT count(*), count(DISTINCT participant_id), sum(state = 'handled') FROM inbox")
    messages = sum(resident.sent for resident in residents)
    assert noted == [(messages, len(residents), messages)]
    said = _rows(folder, "SELECT participant_id, body FROM deliveries ORDER BY id")
    asked: dict[object, list[str]] = {}
    for participant, body in said:
        asked.setdefault(participant, []).extend(re.findall(r"Question (\d) of", str(body)))
    expected = [str(number) for number in range(1, QUESTIONS + 1)]
    assert all(numbers == expected for numbers in asked.values()), "a reply was lost, doubled or out of order"
    assert len(asked) == len(residents)
