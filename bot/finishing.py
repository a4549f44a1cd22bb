"""Work that is finished once it has begun, also when whoever waits for it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def finish(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of this work. When cancelled meanwhile, the work goes on to its end first (shield alone would
    leave it running with nobody waiting for it)."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def stop(task: asyncio.Task[Any]) -> None:
    """Cancel a task that serves for ever, and wait until it has ended; what it raised before was seen elsewhere."""
    task.cancel()
    await asyncio.wait([task])
