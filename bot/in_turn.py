"""Work that one process at a time does: asking a platform what is new, hearing what it sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

InTurn: TypeAlias = "Callable[[str, Callable[[], Awaitable[None]]], Awaitable[None]]"
"""`await in_turn(name, work)`: does this work while no other process does what has this name."""


async def alone(_name: str, work: Callable[[], Awaitable[None]]) -> None:
    """There is no other process."""
    await work()
