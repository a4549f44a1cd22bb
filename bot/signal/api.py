"""The daemon signal-cli as the rest of this room sees it: calls by their names there, JSON back, its events, and one
error for each thing that has to be done about it. client.py makes the calls.

What the daemon says when it won't names people by number: its sentences are read (replies.py) and kept nowhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from storage.value import value


@value
class Call:
    """A method of the daemon with its parameters as signal-cli-jsonrpc(5) names them."""

    method: str
    parameters: Mapping[str, Any]


class DaemonError(Exception):
    """The daemon answered that it won't. `description` is ours, for the log: it holds nothing of a resident."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class TooFast(DaemonError):
    """Signal wants this account to send nothing for `after`, which is None where it doesn't tell."""

    def __init__(self, description: str, after: timedelta | None) -> None:
        super().__init__(description)
        self.after = after


class CaptchaWanted(TooFast):
    """Likewise, and a person who solves a captcha for this `challenge` lifts it."""

    def __init__(self, description: str, after: timedelta | None, challenge: str) -> None:
        super().__init__(description, after)
        self.challenge = challenge


class Gone(DaemonError):
    """This person is not on Signal, or not any more."""


class NotNow(DaemonError):
    """Signal can't make ready a message for this person just now: none of their devices was there for long."""


class Untrusted(DaemonError):
    """This person has another key than before (a new phone), and the daemon was told to trust only the first."""


class NotRegistered(DaemonError):
    """The daemon doesn't have our number, or Signal has closed it to the daemon."""


class Wrong(DaemonError):
    """Any other refusal: our fault, and the same when it is repeated."""


class Away(Exception):
    """It can't be reached, or can't reach Signal: nothing was done. Try again later."""


class NoAnswer(Exception):
    """The call left, and nobody can tell whether it was done."""


class Daemon(Protocol):
    """One program for all our numbers; `account` is one of them, as the daemon calls it."""

    async def call(self, account: str, call: Call) -> Any:
        """The result as JSON. Raises one of the DaemonErrors, Away, or NoAnswer."""

    def events(self, account: str) -> AsyncIterator[Sequence[Any]]:
        """What comes in, as JSON, several at a time where several wait; an empty one at the beginning and while
        nothing comes. Whatever it hands out it never hands out again. Ends, or raises as `call` does, when the
        connection does."""

    async def close(self) -> None:
        """Let go of its connections."""
