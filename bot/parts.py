"""Messages that leave in several calls: one after the other, and after a failure only what is left."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from bot.channels import Outgoing

MOST_BEGUN = 1_000
"""Messages that were sent in part, whose rest is remembered until the house closes."""
Call = TypeVar("Call")


class Parts(Generic[Call]):
    """The rest of the messages that were sent in part, so that a repeat under the same key does not begin anew."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, Sequence[Call]] = OrderedDict()

    def begun(self, outgoing: Outgoing) -> bool:
        """Whether this message was sent in part."""
        return outgoing.key in self._left

    def rest(self, outgoing: Outgoing) -> Sequence[Call]:
        """What is left of it, which is now to be made."""
        return self._left.pop(outgoing.key)

    async def make(self, make: Callable[[Call], Awaitable[Any]], outgoing: Outgoing, calls: Sequence[Call]) -> Any:
        """Make these calls of this message; the result of the last. Raises as `make` does."""
        result: Any = None
        for number, call in enumerate(calls):
            try:
                if number:
                    await outgoing.another()
                result = await make(call)
            except Exception:
                if number:
                    remember(self._left, outgoing.key, list(calls[number:]), MOST_BEGUN)
                raise
        return result


def remember(memory: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
    """The oldest goes when there are too many."""
    memory[key] = value
    if len(memory) > most:
        memory.popitem(last=False)
