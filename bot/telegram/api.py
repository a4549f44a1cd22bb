"""The Bot API as the rest of this room sees it: calls by their names there, JSON back, and one error for each thing
that has to be done about it. A driver (with_aiogram.py, with_ptb.py) makes the calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from storage.value import value


@value
class Upload:
    """Bytes that go along with a call as a file."""

    name: str
    content: bytes
    media_type: str


@value
class Call:
    """A method of the Bot API with its parameters as that documentation names them; one that is an Upload is sent as a
    file."""

    method: str
    parameters: Mapping[str, Any]


class ApiError(Exception):
    """The platform answered that it won't. `description` is its sentence, in English, for the log: it holds no key and
    no word of a resident."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class TooFast(ApiError):
    """429: nothing may be sent by this bot for `after`."""

    def __init__(self, description: str, after: timedelta) -> None:
        super().__init__(description)
        self.after = after


class Shut(ApiError):
    """403: this person has blocked the bot, or is there no more. `gone` tells which."""

    def __init__(self, description: str, *, gone: bool) -> None:
        super().__init__(description)
        self.gone = gone


class Moved(ApiError):
    """400: the group has become a supergroup with another id, `to`."""

    def __init__(self, description: str, to: int) -> None:
        super().__init__(description)
        self.to = to


class WrongKey(ApiError):
    """401 or 404: the token is not, or no longer, the key of a bot."""


class UsedElsewhere(ApiError):
    """409: another program polls this bot, or a webhook is set."""


class Wrong(ApiError):
    """Any other 4xx: our fault, and the same when it is repeated."""


class Away(Exception):
    """It can't be reached, or answers that something is wrong with itself (5xx): nothing was done. Try again later."""


class NoAnswer(Exception):
    """The call left, and no answer came that can be read: nobody knows whether it was done."""


class Api(Protocol):
    """One bot's key."""

    async def call(self, call: Call, *, patience: timedelta | None = None) -> Any:
        """The result as JSON (dictionaries, lists, strings, numbers). `patience` is how long to wait for the answer,
        the driver's own when not given. Raises one of the ApiErrors, Away, or NoAnswer."""

    async def download(self, file_id: str, most: int) -> bytes:
        """The bytes of a file that somebody sent. Raises as `call` does; Wrong when it has more than `most` bytes."""

    async def close(self) -> None:
        """Let go of its connections."""
