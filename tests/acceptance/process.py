"""The real program as a process of its own, the way a town runs it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

PROGRAM = "from bot.commands import main; main()"
START_WITHIN = 60.0
"""Seconds: two busy cores, not the house, need more than two."""
ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    errors: str


async def start(
    *arguments: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    stdin: int = asyncio.subprocess.DEVNULL,
) -> asyncio.subprocess.Process:
    """`palabre` with these arguments, in this folder."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PALABRE_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", PROGRAM, *arguments),
        cwd=folder,
        env={**plain, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **(environment or {})},
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def palabre(
    *arguments: str, folder: Path, environment: Mapping[str, str] | None = None, typed: bytes = b""
) -> Ended:
    """Run a command to its end; `typed` is piped into it."""
    process = await start(*arguments, folder=folder, environment=environment, stdin=asyncio.subprocess.PIPE)
    output, errors = await asyncio.wait_for(process.communicate(typed), START_WITHIN)
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())


@dataclass
class House:
    """A running house: its pages' address, and what it has logged so far."""

    process: asyncio.subprocess.Process
    url: str
    log: list[str]

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url) as client:
            return await client.get(path)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send it this signal; its exit code."""
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), START_WITHIN)


@asynccontextmanager
async def running(database_url: str, folder: Path, *arguments: str) -> AsyncIterator[House]:
    """`palabre run` on a free port, open; killed at the end if the test has not stopped it."""
    environment = {"PALABRE_DATABASE_URL": database_url, "PALABRE_LOG_FORMAT": "json"}
    process = await start("run", "--port", "0", *arguments, folder=folder, environment=environment)
    log: list[str] = []
    try:
        url = await asyncio.wait_for(_opened(process, log), START_WITHIN)
        reading = asyncio.create_task(_read(process, log))
        yield House(process, url, log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    await reading


async def _opened(process: asyncio.subprocess.Process, log: list[str]) -> str:
    """The address it says that it has opened."""
    assert process.stderr is not None
    while line := (await process.stderr.readline()).decode():
        log.append(line)
        if '"event": "open"' in line and (found := re.search(r"http://[^\"]+", line)):
            return found[0]
    raise AssertionError(f"it never opened:\n{''.join(log)}")


async def _read(process: asyncio.subprocess.Process, log: list[str]) -> None:
    assert process.stderr is not None
    while line := (await process.stderr.readline()).decode():
        log.append(line)
