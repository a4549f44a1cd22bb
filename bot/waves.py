"""Waves: many flows run side by side, and ONE statement for all that ask the database the same thing.

Flows are stepped until each waits for a Call; equal calls are collected, reads answered before writes, and the
results (or refusals) handed back. So a vote costs as little as a question, whatever the size of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.run import Call, Verb
from flows.turn import Turn


class Rider(Protocol):
    """Whoever has a turn under way. `fell` takes what its flow raised: raise it on, or leave the rider out."""

    @property
    def turn(self) -> Turn: ...

    def fell(self, error: Exception) -> None: ...


R = TypeVar("R", bound=Rider)


async def ride(connection: AsyncConnection, riders: Sequence[R]) -> None:
    """Run these turns to their ends."""
    waiting = [(rider, call) for rider in riders if (call := _step(rider, rider.turn.start)) is not None]
    while waiting:
        results = await _answer(connection, [call for _, call in waiting])
        waiting = [
            (rider, call)
            for (rider, _), result in zip(waiting, results, strict=True)
            if (call := _step(rider, partial(rider.turn.answer, result))) is not None
        ]


def _step(rider: Rider, move: Callable[[], Call | None]) -> Call | None:
    try:
        return move()
    except Exception as error:  # whatever a flow raises concerns its own message, not the batch
        rider.turn.close()
        rider.fell(error)
        return None


async def _answer(connection: AsyncConnection, calls: Sequence[Call]) -> list[Any]:
    """One statement a verb; results in the order of the calls."""
    groups: dict[tuple[bool, Verb[Any, Any]], list[int]] = {}
    for index, call in enumerate(calls):
        groups.setdefault((call.write, call.verb), []).append(index)
    results: list[Any] = [None] * len(calls)
    for (_write, verb), indexes in sorted(groups.items(), key=lambda group: group[0][0]):
        answers = await verb(connection, [calls[index].argument for index in indexes])
        for index, answer in zip(indexes, answers, strict=True):
            results[index] = answer
    return results
