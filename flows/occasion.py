"""An occasion: why we write to somebody who has not just written to us. The catalog is the folder flows/occasions.

What it says is worked out when it leaves, from what is true at that moment; and what is no longer true is not sent. A
new one is one file there, with whatever queues its deliveries (storage/spreading.py): the courier knows none by name.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

import flows.occasions
from flows.commands import Command
from flows.composing import WHAT_IT_DOES
from flows.messages import COMMAND_TAP, TAKES, Button, Message
from flows.texts import Said, translate
from storage.leaving import Dropped, Due, Halted, Later
from storage.types import LARGEST_ID
from storage.value import value

PHASE, TALK = "phase", "talk"
"""Where it leads: into a phase, or back into a conversation."""


class Look(Protocol):
    """A verb of storage: for each of these, in their order, what its words need to know, or why it does not leave."""

    def __call__(
        self, connection: AsyncConnection, due: Sequence[Due], now: datetime
    ) -> Awaitable[Sequence[Any | Dropped | Halted | Later]]: ...


class Occasion(ABC):
    """Why we write. `kind` begins the cause of its deliveries, `<kind>:<id of what it is about>`, and never changes."""

    kind: ClassVar[str]
    look: ClassVar[Look]

    @abstractmethod
    def word(self, facts: Any, due: Due, language: str, now: datetime) -> Message:
        """What is said, of what `look` found."""


@value
class Taken:
    """What a button under such a message says: where to, which one, and under which delivery it stood."""

    to: str
    about: int
    delivery_id: int


def taking(label: Said, to: str, about: int, due: Due, language: str) -> Button:
    """A button that takes whoever presses it there. Telegram's 64 bytes hold 20 characters of `to` and two ids."""
    return Button(translate(label, language), f"{TAKES}{to}:{about}:{due.delivery_id}")


def asking(command: Command, language: str) -> Button:
    """A button that asks for a command, as if it had been typed."""
    return Button(translate(WHAT_IT_DOES[command], language), f"{COMMAND_TAP}{command.value}")


def taken(tap: str) -> Taken | None:
    """What such a button carried; None when it is none of these."""
    parts = tap.removeprefix(TAKES).split(":")
    if not tap.startswith(TAKES) or len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts[1:]):
        return None
    about, delivery_id = int(parts[1]), int(parts[2])
    return Taken(parts[0], about, delivery_id) if max(about, delivery_id) <= LARGEST_ID else None


def about(cause: str) -> tuple[str, int]:
    """The kind of a cause, and the id of what it is about."""
    kind, _, id_ = cause.partition(":")
    return kind, int(id_)


@cache
def catalog() -> Mapping[str, Occasion]:
    """Every occasion of the folder, by its kind."""
    for found in pkgutil.iter_modules(flows.occasions.__path__):
        importlib.import_module(f"flows.occasions.{found.name}")
    ours = [kind for kind in Occasion.__subclasses__() if kind.__module__.startswith(flows.occasions.__name__)]
    return {kind.kind: kind() for kind in ours}
