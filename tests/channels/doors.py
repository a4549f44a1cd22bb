"""Every channel's own door, as a test goes through it: typed lines, posts of a form. A new channel adds one here."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import select

from admin_web import talks
from bot.channels import Incoming, Receive
from bot.channels.signal import Signal
from bot.channels.telegram import Telegram
from bot.channels.terminal import CAPABILITIES, Terminal
from bot.courier import Courier
from bot.finishing import stop
from bot.house import House
from bot.reception import Reception
from bot.telegram.api import Api
from flows.commands import command
from flows.journal import Journal
from flows.messages import Button, Message
from flows.rendering import numbered
from storage import accounts, history, models, spaces
from storage.participants import AddressKey
from tests.channels.open_house import Browser, browser
from tests.signal import fakes as signal_fakes
from tests.telegram.fakes import ACCOUNT, Scripted, message, tap


@dataclass(frozen=True)
class Left:
    """What a talk left behind: the answers so far, what waits, and what was sent."""

    answers: Mapping[str, Any]
    waiting: str | None
    sent: Mapping[str, Any] | None
    place: str | None
    messages: int


class Door(Protocol):
    """One person at one channel."""

    @property
    def who(self) -> AddressKey: ...

    @property
    def house(self) -> House: ...

    @property
    def beforehand(self) -> int:
        """How many messages it took to begin, besides the first."""

    async def begin(self, code: str) -> None:
        """Come with a poster's code."""

    async def write(self, text: str) -> None:
        """Send words."""

    async def press(self, button: Button, offered: Message) -> None:
        """Take one of the choices of this message, as people do it here."""

    async def replay(self, recorded: Mapping[str, Any]) -> None:
        """Send what was recorded at this channel."""


async def offered(door: Door) -> Message:
    """The message whose choices this person sees."""
    async with door.house.database.read() as connection:
        seen = await history.behind(connection, door.who)
        assert seen is not None
        said = await history.entries(connection, seen, door.house.clock())
    return talks.draw(said, ZoneInfo("UTC"), "en", talks.Folders("", "", "")).prompt


async def left(door: Door) -> Left:
    """What this person's talk left in the database."""
    async with door.house.database.read() as connection:
        seen = await history.behind(connection, door.who)
        assert seen is not None
        mine = models.Conversation.participant_id == seen.participant_id
        talk = models.Conversation
        query = select(talk.journal, talk.waiting, talk.place).where(mine, talk.phase_id.is_not(None))
        row = (await connection.execute(query.order_by(talk.id.desc()).limit(1))).first()
        sent = await connection.scalar(
            select(models.Contribution.fields).where(models.Contribution.participant_id == seen.participant_id)
        )
        heard = select(models.Heard.id).where(models.Heard.participant_id == seen.participant_id)
        messages = len((await connection.execute(heard)).all()) - door.beforehand
    answers = Journal.loads(row.journal).answers() if row else {}
    return Left(answers, row.waiting if row else None, sent, row.place if row else None, messages)


@dataclass
class AtTerminal:
    """Each line is typed into a terminal opened anew, as by a pipe that is closed after it."""

    house: House
    who: AddressKey = field(default_factory=lambda: AddressKey("terminal", "montaubry", secrets.token_hex(4)))
    printed: list[str] = field(default_factory=list)
    beforehand: int = 0
    shown: Message | None = None

    def terminal(self, *lines: str, code: str | None = None) -> Terminal:
        async def typed() -> AsyncIterator[str]:
            for line in lines:
                yield line

        return Terminal(self.who, typed(), self.printed.append, "en", code, self.shown)

    async def type(self, *lines: str, code: str | None = None) -> None:
        terminal = self.terminal(*lines, code=code)
        await terminal.run(self.receiver(terminal))
        self.shown = terminal.offered

    def receiver(self, terminal: Terminal) -> Receive:
        reception = Reception(self.house.database, {"terminal": CAPABILITIES})
        courier = Courier(self.house.database, {"terminal": terminal}, only=(self.who.account, self.who.sender))

        async def receive(*incoming: Incoming) -> None:
            await reception.keep(incoming)
            while await courier.deliver():
                pass

        return receive

    async def begin(self, code: str) -> None:
        await self.type(code=code)

    async def write(self, text: str) -> None:
        await self.type(text)

    async def press(self, button: Button, offered: Message) -> None:
        if numbered(offered):
            await self.type(str(offered.buttons.index(button) + 1))
            return
        meant = command(button.label)
        await self.type(f"/{meant[0].value}" if meant is not None else button.label)

    async def replay(self, recorded: Mapping[str, Any]) -> None:
        await self.type(*recorded["typed"], code=recorded["code"])


@dataclass
class AtPage:
    """Each message is a form of the chat page."""

    house: House
    browser: Browser
    address: str = "/c/centre"
    beforehand: int = 0

    @property
    def who(self) -> AddressKey:
        token = self.browser.client.cookies["palabre-talk"]
        return AddressKey("web", "montaubry", sha256(token.encode()).hexdigest())

    async def begin(self, code: str) -> None:
        self.address = f"/c/{code}"
        await self.browser.open(self.address)
        await self.browser.send(self.address, begin="yes")

    async def write(self, text: str) -> None:
        await self.browser.send(self.address, text=text)

    async def press(self, button: Button, offered: Message) -> None:
        await self.browser.send(self.address, tap=button.data)

    async def replay(self, recorded: Mapping[str, Any]) -> None:
        await self.begin(recorded["code"])
        for post in recorded["posts"]:
            fields = {**post, "tap": self.browser.button(post["tap"])} if "tap" in post else post
            await self.browser.send(self.address, **fields)


@dataclass
class AtTelegram:
    """Each message is an update, as the platform sends it to our bot."""

    house: House
    hear: Callable[[Sequence[Any]], Awaitable[None]]
    person: int = field(default_factory=lambda: secrets.randbelow(1 << 40) + 1)
    updates: Iterator[int] = field(default_factory=lambda: itertools.count(secrets.randbelow(1 << 30)))
    beforehand: int = 0

    @property
    def who(self) -> AddressKey:
        return AddressKey("telegram", ACCOUNT, str(self.person))

    async def begin(self, code: str) -> None:
        await self.write(f"/start {code}")

    async def write(self, text: str) -> None:
        await self.hear([message(next(self.updates), text, self.person, "en")])

    async def press(self, button: Button, offered: Message) -> None:
        number = next(self.updates)
        await self.hear([tap(number, str(number), button.data, self.person, "en")])

    async def replay(self, recorded: Mapping[str, Any]) -> None:
        for update in recorded["updates"]:
            self.person = next(part["from"]["id"] for part in update.values() if isinstance(part, dict))
            await self.hear([await self._with_our_data(update)])

    async def _with_our_data(self, update: dict[str, Any]) -> dict[str, Any]:
        """What a recorded button carries is its label in brackets: the ids in it are another town's."""
        if "callback_query" not in update:
            return update
        [data] = [
            button.data
            for button in (await offered(self)).buttons
            if f"[{button.label}]" == update["callback_query"]["data"]
        ]
        return {**update, "callback_query": {**update["callback_query"], "data": data}}


@dataclass
class AtSignal:
    """Each message is an event, as the daemon hands it out. Signal tells nobody's language: it is asked first."""

    house: House
    daemon: signal_fakes.Scripted
    kept: asyncio.Queue[Incoming]
    person: str = field(default_factory=lambda: str(uuid.uuid4()))
    beforehand: int = 0

    @property
    def who(self) -> AddressKey:
        return AddressKey("signal", signal_fakes.ACI, self.person)

    async def begin(self, code: str) -> None:
        await self.write(code)
        await self.write("English")
        self.beforehand = 1

    async def write(self, text: str) -> None:
        await self.hear(signal_fakes.event(next(self.daemon.clock), text, self.person))

    async def press(self, button: Button, offered: Message) -> None:
        meant = command(button.label)
        await self.write(f"/{meant[0].value}" if meant is not None else button.label)

    async def hear(self, event: Any) -> None:
        self.daemon.pushed.put_nowait([event])
        await asyncio.wait_for(self.kept.get(), 30)

    async def replay(self, recorded: Mapping[str, Any]) -> None:
        for event in recorded["events"]:
            self.person = event["envelope"]["sourceUuid"]
            await self.hear(event)


@asynccontextmanager
async def at_terminal(house: House) -> AsyncIterator[Door]:
    yield AtTerminal(house)


@asynccontextmanager
async def at_page(house: House) -> AsyncIterator[Door]:
    async with browser(house) as one:
        yield AtPage(house, one)


@asynccontextmanager
async def at_telegram(house: House) -> AsyncIterator[Door]:
    """With a bot whose platform takes what it is sent."""
    telegram, platform = house.channels["telegram"], Scripted()
    assert isinstance(telegram, Telegram)

    async def opened(_token: str) -> Api:
        return platform

    telegram.open = opened
    async with house.database.write() as connection:
        [space] = await spaces.listed(connection)
        named = {"name": "montaubry_bot", "title": "Montaubry", "token": f"{ACCOUNT}:key"}
        await accounts.put(connection, space.id, "telegram", ACCOUNT, **named, now=house.clock())
    await telegram.look(house.reception.receive)
    yield AtTelegram(house, telegram.bot(ACCOUNT).ear.hear)
    await telegram.close()


@asynccontextmanager
async def at_signal(house: House) -> AsyncIterator[Door]:
    """With a daemon that takes what it is given."""
    signal, daemon = house.channels["signal"], signal_fakes.Scripted()
    kept: asyncio.Queue[Incoming] = asyncio.Queue()
    assert isinstance(signal, Signal)
    signal.daemon = daemon

    async def receive(*incoming: Incoming) -> None:
        await house.reception.receive(*incoming)
        for one in incoming:
            kept.put_nowait(one)

    running = asyncio.create_task(signal.run(receive))
    await daemon.waiting.wait()
    yield AtSignal(house, daemon, kept)
    await stop(running)


DOORS: Mapping[str, Callable[[House], AbstractAsyncContextManager[Door]]] = {
    "terminal": at_terminal,
    "web": at_page,
    "telegram": at_telegram,
    "signal": at_signal,
}
