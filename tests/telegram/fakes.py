"""The Bot API from memory, for tests of one piece alone: it says what the test wrote down, and remembers what it was
asked. tests/telegram_api/ is the whole platform."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.telegram.api import Call, NoAnswer

NOON = datetime(2027, 3, 6, 12, 0, tzinfo=UTC)
ACCOUNT = "7000000001"
ME = {"id": int(ACCOUNT), "is_bot": True, "first_name": "Montaubry", "username": "montaubry_bot"}


def message(update_id: Any, text: str = "bonjour", sender: int = 11) -> dict[str, Any]:
    """An update with a text."""
    chat = {"id": sender, "type": "private", "first_name": "Marie"}
    person = {"id": sender, "is_bot": False, "first_name": "Marie", "language_code": "fr"}
    said = {"message_id": update_id, "date": int(NOON.timestamp()), "chat": chat, "from": person, "text": text}
    return {"update_id": update_id, "message": said}


def tap(update_id: int, query: str = "q1", data: str = "x") -> dict[str, Any]:
    """An update with a press of a button."""
    shown = {"message_id": 5, "date": int(NOON.timestamp()), "chat": {"id": 11, "type": "private"}, "text": "Alors ?"}
    person = {"id": 11, "is_bot": False, "first_name": "Marie"}
    return {
        "update_id": update_id,
        "callback_query": {"id": query, "from": person, "message": shown, "chat_instance": "1", "data": data},
    }


@dataclass
class Now:
    """A clock that moves when the test says so, and a pause that moves it."""

    now: datetime = NOON
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Scripted:
    """`says[method]` are its answers to that method one after the other, an exception being raised; then the method's
    last word is `otherwise[method]`, and where there is none the call waits until it is cancelled, as a long poll does
    when nobody writes. `waiting` is set while one does."""

    says: dict[str, list[Any]] = field(default_factory=dict)
    otherwise: dict[str, Any] = field(default_factory=lambda: {"getMe": ME, "deleteWebhook": True, "setWebhook": True})
    calls: list[Call] = field(default_factory=list)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False
    mute: bool = False
    """Whether it answers nothing that it was not told to, not even a question that should not wait."""

    async def call(self, call: Call, *, patience: timedelta | None = None) -> Any:
        if self.closed:
            raise NoAnswer
        self.calls.append(call)
        said = self.says.get(call.method, [])
        if said:
            return _tell(said.pop(0))
        if call.method in self.otherwise:
            return _tell(self.otherwise[call.method])
        if call.parameters.get("timeout") == 0 and not self.mute:
            return []
        self.waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.waiting.clear()

    async def download(self, file_id: str, most: int) -> bytes:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed = True

    def asked(self, method: str) -> list[dict[str, Any]]:
        """The parameters of each call of this method."""
        return [dict(call.parameters) for call in self.calls if call.method == method]

    def offsets(self) -> list[int | None]:
        return [parameters.get("offset") for parameters in self.asked("getUpdates")]


def _tell(said: Any) -> Any:
    if isinstance(said, BaseException):
        raise said
    return said() if isinstance(said, Callable) else said  # type: ignore[arg-type]


def texts(kept: Sequence[Any]) -> list[str | None]:
    return [incoming.text for incoming in kept]
