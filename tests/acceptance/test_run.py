"""`palabre run` as a real process: it opens, answers, and closes when it is told to."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import time
from pathlib import Path

import httpx
import pytest

from tests.acceptance.process import palabre, running

FILE = """\
consultation: centre-ville
languages: [fr]
title: Le centre-ville
topic: sur le centre-ville
why: Vos réponses comptent.
questions:
  - {id: idea, kind: short_text, text: Votre idée}
"""


async def test_it_opens_answers_and_closes_on_sigterm(database_url: str, tmp_path: Path) -> None:
    async with running(database_url, tmp_path) as house:
        assert (await house.get("/healthz")).text == "alive\n"
        assert (await house.get("/readyz")).text == "ready\n"
        metrics = (await house.get("/metrics")).text
        assert "palabre_messages_heard_total" in metrics
        assert "palabre_dead_letters 0.0" in metrics
        began = time.monotonic()
        assert await house.stop() == 0
        assert time.monotonic() - began < 5
    assert not [line for line in house.log if '"level": "error"' in line or "Traceback" in line]


@pytest.mark.long
async def test_ctrl_c_closes_it_as_well(tmp_path: Path) -> None:
    async with running(f"sqlite:///{tmp_path}/palabre.db", tmp_path) as house:
        assert await house.stop(signal.SIGINT) == 0


@pytest.mark.long
async def test_two_started_at_once_on_one_empty_database_both_open(database_url: str, tmp_path: Path) -> None:
    async def open_and_close() -> int:
        async with running(database_url, tmp_path) as house:
            assert (await house.get("/readyz")).status_code == 200
            return await house.stop()

    assert set(await asyncio.gather(open_and_close(), open_and_close())) == {0}


async def test_a_page_that_is_open_does_not_hold_it(tmp_path: Path) -> None:
    """A stream that reads on for ever, and a connection kept for the next request, must not keep an update waiting."""
    (tmp_path / "town.yaml").write_text(FILE)
    assert (await palabre("import", "town.yaml", "--open", folder=tmp_path)).code == 0
    async with (
        running(f"sqlite:///{tmp_path}/palabre.db", tmp_path) as house,
        httpx.AsyncClient(base_url=house.url, headers={"Origin": house.url}) as client,
    ):
        begun = await client.post("/c/centre-ville", data={"begin": "1", "nonce": "0" * 40})
        assert begun.status_code == 303
        async with client.stream("GET", "/c/centre-ville/stream") as stream:
            assert await anext(stream.aiter_raw())
            began = time.monotonic()
            assert await house.stop() == 0
            assert time.monotonic() - began < 5


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = await palabre("run", "--port", str(port), folder=tmp_path)
    assert ended.code == 2
    where = f"127.0.0.1:{port}"
    assert (
        ended.errors == f"palabre: {where} cannot be listened on (Address already in use); name another with --port.\n"
    )


@pytest.mark.long
async def test_a_database_that_goes_away_is_said_and_the_house_stays_alive(tmp_path: Path) -> None:
    async with running(f"sqlite:///{tmp_path}/palabre.db", tmp_path) as house:
        assert (await house.get("/healthz")).status_code == 200
        _make_newer(tmp_path / "palabre.db")
        answer = await house.get("/readyz")
        assert answer.status_code == 503
        assert "newer than this program's" in answer.text
        assert (await house.get("/healthz")).status_code == 200


def _make_newer(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


async def test_a_schema_that_is_newer_is_refused_in_one_sentence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/palabre.db"
    assert (await palabre("migrate", "--database", url, folder=tmp_path)).code == 0
    _make_newer(tmp_path / "palabre.db")
    ended = await palabre("run", "--database", url, "--port", "0", folder=tmp_path)
    assert ended.code == 1
    assert ended.errors.startswith("palabre: The database has schema 9999, newer than this program's")
    assert ended.errors.count("\n") == 1


@pytest.mark.long
async def test_looking_after_it_changes_nothing(tmp_path: Path) -> None:
    async with running(f"sqlite:///{tmp_path}/palabre.db", tmp_path) as house, httpx.AsyncClient() as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await client.post(f"{house.url}{path}")).status_code in (403, 405)
