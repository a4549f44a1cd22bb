"""What time it is: always UTC, always from the program (never from a database)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = "Callable[[], datetime]"
"""Whoever needs the time takes one, so that a test can set it."""


def utc_now() -> datetime:
    return datetime.now(UTC)
