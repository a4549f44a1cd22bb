"""Telegram over an API from memory (fakes.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.telegram import Telegram
from tests.telegram.fakes import ACCOUNT, Town, opened


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Two spaces without a bot."""
    async with opened(f"sqlite:///{tmp_path}/palabre.db") as town:
        yield town


@pytest.fixture
async def telegram(town: Town) -> Telegram:
    """With a bot for one of the spaces."""
    await town.put(f"{ACCOUNT}:first")
    await town.look()
    return town.telegram
