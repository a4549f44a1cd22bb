"""What the web pages need of the rest of the house, handed over as functions (admin_web never imports bot)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias

from flows.messages import Incoming, Message
from flows.texts import Said
from storage.value import value

Receive: TypeAlias = Callable[[Incoming], Awaitable[None]]
Preview: TypeAlias = Callable[[int, int, str, Sequence[str]], Awaitable[list[tuple[bool, Message]]]]
Watch: TypeAlias = Callable[[], AsyncIterator[None]]


@value
class Doors:
    """`receive(incoming)` returns once the message is committed and raises when it can't be kept.

    `preview(space_id, consultation_id, language, steps)` answers the whole talk so far as (from the resident?,
    message), replayed in a transaction that is always rolled back; a step is what a resident types, or the label
    of the button they press. `watch()` yields each time the database has changed.
    """

    receive: Receive
    preview: Preview
    watch: Watch


@value
class Offered:
    """A door that is switched on besides the web page, as the public page offers it.

    `address` opens it; `{code}` in it becomes the code the resident came with, or the consultation's slug.
    """

    name: Said
    about: Said
    open: Said
    address: str
