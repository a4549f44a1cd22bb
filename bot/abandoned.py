"""Couriers by their names, and which of them are no more: what they held has to be seen to by another."""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.holding import is_held

LEASE = timedelta(minutes=2)
"""How long a claim of a courier on another machine is believed."""
LONGEST_CLAIM = timedelta(hours=1)
"""How long a claim is believed whose process seems to live: by then its number belongs to another program."""

Gone: TypeAlias = "Callable[[AsyncConnection, str, datetime, datetime], Awaitable[bool]]"
"""`await gone(connection, name, since, now)`: whether this courier, which held something then, is no more."""


def my_name() -> str:
    """That of this process; a later one may have it again."""
    return f"{socket.gethostname()}:{os.getpid()}"


async def by_its_name(connection: AsyncConnection, name: str, _since: datetime, _now: datetime) -> bool:
    """As PostgreSQL tells, where each courier holds its name while it lives."""
    return not await is_held(connection, name)


async def by_its_process(_connection: AsyncConnection, name: str, since: datetime, now: datetime) -> bool:
    """As its process tells: known for this machine, believed for a while of another."""
    host, _, pid = name.rpartition(":")
    if host == socket.gethostname() and pid.isdigit():
        return not _alive(int(pid)) or now - since > LONGEST_CLAIM
    return now - since > LEASE


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
