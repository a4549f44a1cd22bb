"""Backing up and restoring with the real commands, beside a house that is answering."""

from __future__ import annotations

import asyncio
import sqlite3
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
