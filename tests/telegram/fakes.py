"""The Bot API from memory, for tests of one piece alone: it says what the test wrote down, and remembers what it was
asked. tests/telegram_api/ is the whole platform."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.channels import Incoming, NotKept
from bot.channels.telegram import Telegram
from bot.telegram.api import Call, NoAnswer
from storage import accounts, spaces
from storage.accounts import Account
from storage.database import Database
from tests.tables import make_tables

NOON = datetime(2027, 3, 6, 12, 0, tzinfo=UTC)
ACCOUNT = "7000000001"
ME = {"id": int(ACCOUNT), "is_bot": True, "first_name": "Montaubry", "username": "montaubry_bot"}


def message(update_id: Any, text: str = "bonjour", person: int = 11, language: str = "fr") -> dict[str, Any]:
    """An update with a text."""
    said = {"message_id": update_id, "from": _person(person, language), "chat": _chat(person), "text": text}
    return {"update_id": update_id, "message": {**said, "date": int(NOON.timestamp())}}


def tap(update_id: int, query: str = "q1", data: str = "x", person: int = 11, language: str = "fr") -> dict[str, Any]:
    """An update with a press of a button."""
    shown = {"message_id": 5, "date": int(NOON.timestamp()), "chat": _chat(person), "text": "Alors ?"}
    pressed = {"id": query, "from": _person(person, language), "message": shown, "chat_instance": "1", "data": data}
    return {"update_id": update_id, "callback_query": pressed}


def _person(id_: int, language: str) -> dict[str, Any]:
    return {"id": id_, "is_bot": False, "first_name": "Marie", "language_code": language}


def _chat(id_: int) -> dict[str, Any]:
    return {"id": id_, "type": "private", "first_name": "Marie"}


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
    """`says[method]` are its answers to that method one after the other, an exception being raised; then it answers
    `otherwise[method]`, or True. One of `waits` then waits until it is cancelled, as a long poll does while nobody
    writes: `waiting` is set while one does. `came[method]` is set once it was called."""

    says: dict[str, list[Any]] = field(default_factory=dict)
    otherwise: dict[str, Any] = field(default_factory=lambda: {"getMe": ME})
    waits: set[str] = field(default_factory=lambda: {"getUpdates"})
    calls: list[Call] = field(default_factory=list)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    came: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    closed: bool = False
    mute: bool = False
    """Whether a question that should not wait is not answered either."""

    async def call(self, call: Call, *, patience: timedelta | None = None) -> Any:
        if self.closed:
            raise NoAnswer
        self.calls.append(call)
        self.came[call.method].set()
        if said := self.says.get(call.method):
            return _tell(said.pop(0))
        if call.method not in self.waits:
            return _tell(self.otherwise.get(call.method, True))
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
    return said


def texts(kept: Sequence[Any]) -> list[str | None]:
    return [incoming.text for incoming in kept]


# -- a town ------------------------------------------------------------------------------------------------------


@dataclass
class Town:
    """The channel over two spaces, and what its bots say; `apis` are those that were opened, by token."""

    database: Database
    spaces: dict[str, int]
    clock: Now = field(default_factory=Now)
    script: dict[str, Scripted] = field(default_factory=lambda: defaultdict(Scripted))
    kept: list[Incoming] = field(default_factory=list)
    full: bool = False

    def __post_init__(self) -> None:
        self.telegram = Telegram(self.database, self.open, {}, clock=self.clock)

    async def open(self, token: str) -> Scripted:
        api = self.script[token]
        api.closed = False
        return api

    async def receive(self, *incoming: Incoming) -> None:
        if self.full:
            raise NotKept
        self.kept += incoming

    async def run(self) -> None:
        await self.telegram.run(self.receive)

    async def look(self) -> None:
        await self.telegram.look(self.receive)

    async def polls(self, token: str) -> None:
        """Returns once the bot with this token waits for something new."""
        await self.script[token].waiting.wait()

    async def put(self, token: str, slug: str = "montaubry", account: str = ACCOUNT) -> Account:
        """Set up in the panel."""
        async with self.database.write() as connection:
            named = {"name": "montaubry_bot", "title": "Montaubry"}
            return await accounts.put(
                connection, self.spaces[slug], "telegram", account, **named, token=token, now=self.clock()
            )

    async def accounts(self) -> dict[str, Account]:
        async with self.database.read() as connection:
            return {one.account: one for one in await accounts.listed(connection)}


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Town]:
    """Montaubry and Saint-Cyr."""
    database = Database(url)
    async with database.write() as connection:
        await make_tables(connection)
        made = [await spaces.create(connection, **_space(slug)) for slug in ("montaubry", "saint-cyr")]
    town = Town(database, {space.slug: space.id for space in made})
    try:
        yield town
    finally:
        await town.telegram.close()
        await database.close()


def _space(slug: str) -> dict[str, Any]:
    named = {"slug": slug, "name": {"fr": slug.title()}, "languages": ["fr", "en"], "zone": "Europe/Paris"}
    return {**named, "colour": None, "contact": {}, "privacy": {}, "now": NOON}
