"""Backing up and restoring with the real commands, beside a house that is answering."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.acceptance.process import PROGRAM, ROOT, palabre, running

PAGE = (ROOT / "docs" / "operating.md").read_text("utf-8")

FILE = """\
consultation: centre-ville
languages: [fr]
title: Le centre-ville
topic: sur le centre-ville
why: Vos réponses comptent.
questions:
  - {id: idea, kind: short_text, text: Votre idée}
"""


async def begin_again_and_again(url: str) -> int:
    """Newcomers begin to answer until this is cancelled."""
    count = 0
    headers = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(base_url=url) as client:
        while True:
            client.cookies.clear()
            form = {"begin": "1", "nonce": f"{count:040}"}
            response = await client.post("/c/centre-ville", data=form, headers=headers)
            assert response.status_code == 303
            count += 1


def rows(file: Path, table: str) -> int:
    connection = sqlite3.connect(file)
    [[count]] = connection.execute(f"SELECT count(*) FROM {table}")
    connection.close()
    return int(count)


@pytest.mark.long
async def test_a_backup_beside_a_busy_house_is_restored_elsewhere(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "town.yaml").write_text(FILE)
    imported = await palabre("import", "town.yaml", "--open", "--database", database_url, folder=tmp_path)
    assert imported.code == 0, imported.errors
    async with running(database_url, tmp_path) as house:
        answering = asyncio.create_task(begin_again_and_again(house.url))
        for name in ("first.gz", "second.gz"):
            await asyncio.sleep(0.5)
            ended = await palabre("backup", name, "--database", database_url, folder=tmp_path)
            assert ended.code == 0, ended.errors
        assert not answering.done()
        answering.cancel()
        await asyncio.wait([answering])
        assert await house.stop() == 0
    counts = []
    for name in ("first", "second"):
        ended = await palabre("restore", f"{name}.gz", "--database", f"sqlite:///{name}.db", folder=tmp_path)
        assert ended.code == 0, ended.errors
        file = tmp_path / f"{name}.db"
        assert rows(file, "inbox") == rows(file, "participants") == rows(file, "conversations") > 0
        counts.append(rows(file, "participants"))
    assert counts[0] < counts[1]


@pytest.mark.long
async def test_a_house_goes_on_in_the_database_it_moved_to(postgres_url: str, tmp_path: Path) -> None:
    (tmp_path / "town.yaml").write_text(FILE)
    await palabre("import", "town.yaml", "--open", folder=tmp_path)
    await palabre("backup", "town.gz", folder=tmp_path)
    ended = await palabre("restore", "town.gz", "--database", postgres_url, folder=tmp_path)
    assert ended.code == 0, ended.errors
    async with running(postgres_url, tmp_path) as house:
        assert (await house.get("/c/centre-ville")).status_code == 200
        assert await house.stop() == 0


def example(beginning: str) -> str:
    """The shell example of the page that begins like this."""
    [block] = [one for one in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if one.startswith(beginning)]
    return str(block)


class Server:
    """The small server of the page, in a folder of its own: `sudo` is nothing, and `systemctl` is written down."""

    def __init__(self, folder: Path) -> None:
        self.state, self.programs = folder / "state", folder / "bin"
        for made in (self.state, self.state / "backups", self.programs):
            made.mkdir()
        (self.state / "palabre.toml").write_text('backups = "backups"\n')
        self._program("sudo", 'exec "$@"')
        self._program("systemctl", f'echo "$@" >>{folder}/systemctl')
        self._program("palabre", f"cd {self.state} && exec {sys.executable} -W error -c '{PROGRAM}' \"$@\"")

    def _program(self, name: str, body: str) -> None:
        (self.programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (self.programs / name).chmod(0o755)

    async def type(self, lines: str) -> str:
        """Run them, ending at the first that fails; what they print."""
        # The rehearsal is of Monday's, on whatever day this runs.
        lines = lines.replace("/var/lib/palabre", str(self.state)).replace("monday", f"{datetime.now(UTC):%A}".lower())
        plain = {name: value for name, value in os.environ.items() if not name.startswith("PALABRE_")}
        process = await asyncio.create_subprocess_exec(
            *("sh", "-eu", "-c", lines),
            env={**plain, "PATH": f"{self.programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()


@pytest.mark.long
async def test_what_the_page_says_about_restoring_is_what_restores(tmp_path: Path) -> None:
    server = Server(tmp_path)
    (server.state / "town.yaml").write_text(FILE)
    await server.type("sudo palabre import town.yaml --open\nsudo palabre backup\n")
    rehearsed = await server.type(example("sudo palabre restore backups/palabre-monday.gz --database"))
    assert "rows restored" in rehearsed
    assert "wrong" not in rehearsed
    assert not (server.state / "rehearsal.db").exists()
    (server.state / "palabre.db").write_bytes(b"a disk has broken")
    serious = await server.type(example("sudo systemctl stop palabre\nsudo mkdir"))
    assert "rows restored" in serious
    assert (server.state / "broken" / "palabre.db").read_bytes() == b"a disk has broken"
    assert (tmp_path / "systemctl").read_text() == "stop palabre\nstart palabre\n"
    async with running("sqlite:///palabre.db", server.state) as house:
        assert (await house.get("/c/centre-ville")).status_code == 200
        assert await house.stop() == 0


@pytest.mark.long
async def test_what_the_page_says_about_moving_moves(tmp_path: Path, postgres_url: str) -> None:
    server = Server(tmp_path)
    (server.state / "town.yaml").write_text(FILE)
    await server.type("sudo palabre import town.yaml --open\nsudo palabre backup\n")
    lines = example("sudo systemctl stop palabre\nsudo palabre backup move.gz")
    moved = await server.type(lines.replace("postgresql://palabre@db.example/palabre", postgres_url))
    assert moved.count("rows restored") == 1
    assert "wrong" not in await server.type(f"sudo palabre check --database {postgres_url}")
