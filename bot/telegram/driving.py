"""What the drivers (with_aiogram.py, with_ptb.py) say alike: which key is none, what an answer means, and which of our
errors takes the place of a library's.

The token is part of every address, and what libraries raise knows the address: so no error of theirs leaves a driver,
not even as the cause of ours.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Collection
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

from bot.telegram.api import Away, Call, NoAnswer, Wrong, WrongKey
from bot.telegram.replies import TOKEN, is_harmless, result_of
from storage.value import value

T = TypeVar("T")
Errors: TypeAlias = tuple[type[Exception], ...]
OFFICIAL = "https://api.telegram.org"
PATIENCE = timedelta(seconds=30)
CONNECTING = 10.0
"""Seconds to reach the server, waiting for a free connection included."""


@value
class Answer:
    """What the server said, as it came."""

    status: int
    body: bytes


class Driver(ABC):
    """One bot's, with its own connections. No dataclass: nothing shall print what it holds."""

    @abstractmethod
    async def _ask(self, call: Call, patience: timedelta | None) -> Answer:
        """Make a call. Raises Away, NoAnswer, or Wrong for what the Bot API doesn't have."""

    @abstractmethod
    async def _fetch(self, path: str, most: int) -> Answer:
        """A file, of which no more than a little over `most` bytes are read. Raises as `_ask` does."""

    @abstractmethod
    async def close(self) -> None:
        """See Api."""

    async def call(self, call: Call, *, patience: timedelta | None = None) -> Any:
        """See Api. Raises Wrong also for a method or a parameter that the Bot API doesn't have."""
        answer = await self._ask(call, patience)
        return result_of(answer.status, answer.body, harmless=is_harmless(call.method))

    async def download(self, file_id: str, most: int) -> bytes:
        """See Api."""
        match await self.call(Call("getFile", {"file_id": file_id})):
            case {"file_size": int(size)} if size > most:
                raise Wrong("The file is too large.")
            case {"file_path": str(path)}:
                answer = await self._fetch(path, most)
            case _:
                raise Wrong("The file is not there.")
        if answer.status != 200:
            raise (Wrong if answer.status < 500 else Away)(f"HTTP {answer.status} for a file")
        if len(answer.body) > most:
            raise Wrong("The file is too large.")
        return answer.body


def check_token(token: str) -> None:
    """Raises WrongKey for what can't be a token."""
    if not TOKEN.fullmatch(token):
        raise WrongKey("This is not the form of a token.")


def check_names(call: Call, known: Collection[str]) -> None:
    """Raises Wrong for a parameter that is not `known`: libraries would just send it, or say what it was given."""
    unknown = call.parameters.keys() - set(known)
    if unknown:
        raise Wrong(f"{call.method} has no {', '.join(sorted(unknown))}.")


def without_token(body: bytes, token: str) -> bytes:
    """What stands between the server and us may quote the address that it was asked for."""
    return body.replace(token.encode(), b"TOKEN")


async def safely(under_way: Awaitable[T], not_sent: Errors, lost: Errors) -> T:
    """What comes of it. Raises Away where nothing has left us (`not_sent`), NoAnswer where something may have (`lost`,
    or the time is over), and Wrong where it can't be written down as a request; raised outside of the handlers, so that
    they lead to no error of others."""
    failure: Exception
    in_doubt: Errors = (*lost, TimeoutError, OSError)
    try:
        return await under_way
    except not_sent as error:
        failure = Away(type(error).__name__)
    except in_doubt as error:
        failure = NoAnswer(type(error).__name__)
    except ValueError as error:
        failure = Wrong(type(error).__name__)
    raise failure
