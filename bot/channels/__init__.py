"""The contract that every channel keeps: it carries messages in and out, and knows nothing else.

A channel turns what its platform sends into Incoming and hands it to `receive`, which returns after the commit;
only then does it acknowledge. It sends what the courier hands it, or raises one of five failures.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import field
from datetime import timedelta
from typing import Any, Protocol, TypeAlias, runtime_checkable

from starlette.routing import BaseRoute

from flows.messages import Incoming, Message
from flows.rendering import Capabilities
from storage.files import File
from storage.value import value

Receive: TypeAlias = "Callable[..., Awaitable[None]]"
"""`await receive(*incoming)`: returns once all are committed; raises NotKept when they are not, and nothing of
them was: don't acknowledge."""


class NotKept(Exception):
    """The messages could not be kept (a full disk, a database that is away). Nothing of them was."""


class TryLater(Exception):
    """The platform asks to wait, or can't be reached; `after` is how long. `all_of_them`: it asks it of the whole
    account, so that nothing may be sent to anybody meanwhile."""

    def __init__(self, after: timedelta, *, all_of_them: bool = False) -> None:
        super().__init__(f"again in {after}")
        self.after = after
        self.all_of_them = all_of_them


class Unreachable(Exception):
    """This address can't be written to any more; `why` is `blocked` or `gone`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Moved(Exception):
    """The platform calls this person or group by another id now, `to`: the message is sent there at once."""

    def __init__(self, to: str) -> None:
        super().__init__("another id")
        self.to = to


class Refused(Exception):
    """The platform refuses this message: our fault. Logged, and shown to the organiser."""


class Uncertain(Exception):
    """Nobody knows whether it arrived (a read timeout): never repeated blindly."""


GetFile: TypeAlias = "Callable[[], Awaitable[File | None]]"


async def no_file() -> File | None:
    return None


async def at_once() -> None:
    """One more may leave."""


@value
class Outgoing:
    """One message to send: our account, the platform's id of the person, and the delivery's key, the same each time.

    `language` is what the words around the choices are written in. `await file()` hands out the bytes of what the
    message shows, if those are ours (`message.media.ours`), else None; their reference `message.media.address` always
    means the same bytes, so that a channel may remember what its platform calls them.

    Who sends one message in several that the platform counts does `await another()` before each but the first, which
    returns when one more may leave. It raises TryLater when that is not soon: the channel lets that pass, and sends
    only what is left when it is handed the same key again.

    `paid`: it leaves at the pace that the platform is paid for.
    """

    key: str
    account: str
    sender: str
    language: str
    message: Message
    file: GetFile = field(default=no_file, compare=False)
    another: Callable[[], Awaitable[None]] = field(default=at_once, compare=False)
    paid: bool = False


class Channel(Protocol):
    """A door. `capabilities.name` is its name in addresses."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def send(self, outgoing: Outgoing) -> str | None:
        """Send one message; the platform's id of it. Raises TryLater, Unreachable, Moved, Refused or
        Uncertain."""

    async def run(self, receive: Receive) -> None:
        """Carry messages in until cancelled. A channel that is served by the web pages just waits."""


@runtime_checkable
class TakesBack(Protocol):
    """A channel by which what was sent can be deleted again, if it is not older than `capabilities.edits`."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def take_back(self, account: str, sender: str, external: str) -> None:
        """Delete this message, which may be gone already. Raises as `send` does."""


@runtime_checkable
class Posted(Protocol):
    """A channel whose platform posts to our pages."""

    def routes(self) -> Sequence[BaseRoute]:
        """Where it posts to."""


@runtime_checkable
class Handed(Protocol):
    """A channel that hears what the program we live in has heard of its platform."""

    async def hears_soon(self, account: str) -> None:
        """Returns once what this account is handed can be heard."""

    async def hear(self, account: str, updates: Sequence[Any]) -> None:
        """Returns once these updates, as the platform sent them, are committed. Raises NotKept."""


@runtime_checkable
class Paying(Protocol):
    """A channel whose platform may be paid for a faster pace (`capabilities.rates.paid`)."""

    def pays(self, account: str) -> bool:
        """Whether it is paid for this account of ours."""


__all__ = [
    "Channel",
    "Handed",
    "Incoming",
    "Moved",
    "NotKept",
    "Outgoing",
    "Paying",
    "Posted",
    "Receive",
    "Refused",
    "TakesBack",
    "TryLater",
    "Uncertain",
    "Unreachable",
]
