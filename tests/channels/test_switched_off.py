"""A house imports of a channel what it runs: nothing of one that is off, and no library of a platform without need."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from storage.database import Database
from tests.channels.little import build_town

ROOT = Path(__file__).parent.parent.parent
HOUSE = """
import asyncio, json, os, sys
from bot import house
from bot.config import Settings

async def look():
    async with house.opened(Settings()) as built:
        running = [asyncio.create_task(one.run(built.reception.receive)) for one in built.channels.values()]
        await asyncio.sleep(0.5)
        print(json.dumps([list(built.channels), sorted(sys.modules)]), flush=True)
        os._exit(0)

asyncio.run(look())
"""
LATE = frozenset(
    {
        *("aiogram", "bot.telegram.with_aiogram"),
        *("telegram", "bot.telegram.with_ptb"),
        *("bot.channels.signal", "bot.signal.client"),
        *("aiohttp", "bot.channels.terminal"),
    }
)
"""Of every channel what it alone needs: its file, and the library that speaks to its platform. bot.channels.telegram is
not among them: a bot may be added in the panel at any time, and it is small without its library."""


def imported(folder: Path, settings: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """The channels of a house with these settings, once it runs, and which of LATE it has imported."""
    environment = {"PYTHONPATH": str(ROOT), "PALABRE_DATABASE_URL": f"sqlite:///{folder}/palabre.db", **settings}
    command = [sys.executable, "-c", HOUSE]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    channels, modules = json.loads(done.stdout.splitlines()[-1])
    return set(channels), set(LATE & set(modules))


async def test_nothing_is_imported_of_a_channel_that_is_off(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/palabre.db")
    await build_town(database)
    await database.close()
    assert imported(tmp_path, {}) == ({"web", "telegram"}, set())


@pytest.mark.long
async def test_signal_brings_its_own_library_and_no_other(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/palabre.db")
    await build_town(database)
    await database.close()
    numbers = {"PALABRE_SIGNAL_ACCOUNTS": '{"montaubry": "+33700000000"}', "PALABRE_SIGNAL_URL": "http://127.0.0.1:9"}
    signal = {"aiohttp", "bot.channels.signal", "bot.signal.client"}
    assert imported(tmp_path, numbers) == ({"web", "telegram", "signal"}, signal)
