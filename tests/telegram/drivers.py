"""Both drivers, by the word of the settings. A house loads one of them only; tests compare them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

import pytest

from bot.telegram import with_aiogram, with_ptb
from bot.telegram.api import Api
from bot.telegram.driving import OFFICIAL, PATIENCE

AIOGRAM, PTB = "aiogram", "python-telegram-bot"


class Driver(Protocol):
    """Opens the API with a token."""

    def __call__(self, token: str, api_url: str = OFFICIAL, *, timeout: timedelta = PATIENCE) -> Api: ...


DRIVERS: Mapping[str, Driver] = {AIOGRAM: with_aiogram.open, PTB: with_ptb.open}
OTHER_IS_LONG = (AIOGRAM, pytest.param(PTB, marks=pytest.mark.long))
"""For tests of what the driver has little part in."""
