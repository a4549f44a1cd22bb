"""`palabre demo` as a newcomer starts it."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.acceptance.process import START_WITHIN, palabre, start


@asynccontextmanager
async def opened(folder: Path, *arguments: str, by: int = signal.SIGINT) -> AsyncIterator[dict[str, str]]:
    """A demo, and what it printed: each line's name and value. It is stopped by this signal, and ends well."""
    process = await start("demo", *arguments, folder=folder)
    assert process.stdout is not None
    told: dict[str, str] = {}
    try:
        while "Ctrl-C" not in (line := (await asyncio.wait_for(process.stdout.readline(), START_WITHIN)).decode()):
            assert line, "it ended"
            name, _, value = line.strip().partition(": ")
            told[name] = value
        yield told
        process.send_signal(by)
        assert await asyncio.wait_for(process.wait(), START_WITHIN) == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_newcomer_is_told_where_everything_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as told, httpx.AsyncClient(follow_redirects=True) as client:
        assert set(told) == {"Chat page", "Panel", "E-mail", "One-time password"}
        assert re.fullmatch(r"[a-z0-9]{4}(-[a-z0-9]{4}){3}", told["One-time password"])
        for page in ("Chat page", "Panel"):
            assert (await client.get(told[page])).status_code == 200, page


@pytest.mark.long
async def test_the_town_is_kept_until_somebody_begins_again(tmp_path: Path) -> None:
    async with opened(tmp_path, "--port", "0") as first:
        pass
    async with opened(tmp_path, "--port", "0") as second:
        assert second["One-time password"] == first["One-time password"]
    async with opened(tmp_path, "--port", "0", "--fresh") as third:
        assert third["One-time password"] != first["One-time password"]


async def test_a_port_that_is_taken_is_left_to_whoever_has_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8000))
            taken.listen()
        except OSError:
            pass  # somebody else has it, which does as well
        async with opened(tmp_path) as told:
            assert not told["Panel"].startswith("http://127.0.0.1:8000/")


async def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").touch()
    ended = await palabre("demo", "--fresh", "--folder", "photos", folder=tmp_path)
    assert ended.code == 2
    assert ended.errors == "palabre: photos holds something else than a demo; name another with --folder.\n"
    assert (tmp_path / "photos" / "1.jpg").exists()
