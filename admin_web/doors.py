"""What the web pages need of the rest of the house, handed over as functions (admin_web never imports bot)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias

from flows.messages import Incoming, Message
from storage.accounts import OTHER
from storage.value import value


@value
class Introduced:
    """One of our accounts as its platform knows it: its id there, how residents find it, how it is called."""

    account: str
    name: str
    title: str


class NotIntroduced(Exception):
    """Whose key this is could not be learnt; `why` is a word of storage/accounts.py: KEY, AWAY or OTHER."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


Receive: TypeAlias = Callable[[Incoming], Awaitable[None]]
Preview: TypeAlias = Callable[[int, int, str, Sequence[str]], Awaitable[list[tuple[bool, Message]]]]
Watch: TypeAlias = Callable[[], AsyncIterator[None]]
Introduce: TypeAlias = Callable[[str, str], Awaitable[Introduced]]


async def nobody(_channel: str, _token: str) -> Introduced:
    """A house that knows no platform."""
    raise NotIntroduced(OTHER)


@value
class Doors:
    """`receive(incoming)` returns once the message is committed and raises when it can't be kept.

    `preview(space_id, consultation_id, language, steps)` answers the whole talk so far as (from the resident?,
    message), replayed in a transaction that is always rolled back; a step is what a resident types, or the label
    of the button they press. `watch()` yields each time the database has changed. `introduce(channel, token)` asks
    the platform whose key this is, and keeps nothing; raises NotIntroduced. `silent` are the names of the channels by
    which nobody is written to first.
    """

    receive: Receive
    preview: Preview
    watch: Watch
    introduce: Introduce = nobody
    silent: Sequence[str] = ()
