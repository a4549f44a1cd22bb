"""Plays a transcript through the real Reception and Courier, on any channel and database."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels import Outgoing, Receive, terminal, web
from bot.courier import Courier
from bot.jobs import Jobs, all_jobs
from bot.joining import Joining
from bot.reception import Reception
from flows import offering
from flows.host import channel_name
from flows.messages import DOCUMENT, Attachment, Incoming, Message
from flows.modules.questionnaire import Questionnaire
from flows.rendering import Capabilities, numbered, pressed, render
from flows.texts import translate
from storage import broadcasts, consultations, files, spaces
from storage.broadcasts import Content
from storage.database import Database
from storage.files import File
from tests.tables import make_tables
from tests.talks.towns import open_here
from tests.talks.transcript import OPENED, PARIS, Shown, Transcript, Turn

FOLDER = Path(__file__).parent
WRITTEN_ON = web.CAPABILITIES
"""The channel on which transcripts are written down."""
CONVERSE = Questionnaire.converse
BEGAN = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
CONTACT = {
    "name": "Claire Morel",
    "phone": "02 61 91 00 12",
    "hours": {"fr": "du lundi au vendredi, de 9 h à 12 h", "en": "Monday to Friday, 9 am to noon"},
    "host": {"fr": "la mairie de Montaubry", "en": "the town hall of Montaubry"},
}
WORDS_KEPT = {
    "fr": "Les textes de cette conversation sont effacés après 30 jours.",
    "en": "The texts of this conversation are erased after 30 days.",
}
PLAN = "file:" + "d" * 64
OURS = re.compile(r"(Telegram|Signal) \([^)]*\), ")
"""The town's robot or number, where it has one, among the doors that are named."""
UNREAD = {"A sticker": "sticker", "A voice message": "voice", "A spreadsheet": "document"}
"""What stands in brackets and is no button, and how a channel names it."""


@dataclass
class Phone:
    """A channel as one person holds it: what was sent, as it was rendered here."""

    capabilities: Capabilities
    holder: str = "resident"
    sent: list[Outgoing] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    async def send(self, outgoing: Outgoing) -> str | None:
        self.sent.append(outgoing)
        self.texts += render(outgoing.message, self.capabilities, outgoing.language).texts
        return str(len(self.sent))

    async def run(self, receive: Receive) -> None:
        raise NotImplementedError


@dataclass
class Player:
    """A town with its two consultations, and one resident."""

    database: Database
    phone: Phone
    monkeypatch: pytest.MonkeyPatch
    now: datetime = BEGAN
    second: Phone = field(init=False)
    """Another door of theirs."""
    names: dict[str, str] = field(init=False)
    """How the doors of the talk as it is written are called here."""
    hand: Phone = field(init=False)
    """Where the line of this turn is said."""
    language: str | None = "fr"
    code: str = ""
    _keys: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        other = terminal.CAPABILITIES if self.phone.capabilities is WRITTEN_ON else WRITTEN_ON
        self.second = Phone(other, "second")
        self.hand = self.phone
        written = zip((WRITTEN_ON, terminal.CAPABILITIES), (self.phone.capabilities, other), strict=True)
        self.names = {channel_called(was): channel_called(now) for was, now in written}
        phones = {phone.capabilities.name: phone for phone in (self.phone, self.second)}
        channels = {name: phone.capabilities for name, phone in phones.items()}
        self.reception = Reception(self.database, channels, lambda: self.now)
        self.courier = Courier(self.database, phones, lambda: self.now)
        self.reception.around.pages = "https://participe.montaubry.example"
        self.joining = Joining(self.database, self.reception.around, lambda: self.now)
        jobs = all_jobs(self.database, self.reception, self.courier, timedelta(days=30))
        self.jobs = Jobs(jobs, lambda: self.now)
        letters = itertools.cycle("K7PMR2XW9TQH")
        self.monkeypatch.setattr("storage.returning.secrets.choice", lambda _alphabet: next(letters))
        self.monkeypatch.setattr("flows.conversation.Talk.chance", lambda _talk, name: random.Random(name))

    async def play(self, talk: Transcript) -> Transcript:
        """The same talk as it goes now: what the resident says stays, what the bot answers is written anew."""
        return Transcript([await self._turn(turn) for turn in talk.turns], talk.after)

    async def _turn(self, turn: Turn) -> Turn:
        self.now = turn.moment() or self.now + timedelta(seconds=20)
        self.code = turn.code() or self.code
        if (language := turn.language()) is not None:
            self.language = None if language == "none" else language
        self._break(turn)
        self.hand, other = (self.second, self.phone) if turn.second else (self.phone, self.second)
        before, there = len(self.hand.sent), len(other.sent)
        await self._withdraw(turn.withdrawn())
        await self._write(turn.written())
        if await self.reception.retry(self.now):
            await self._deliver()
            self.now += timedelta(seconds=5)
        await (self.jobs.tick(self.now) if turn.waits else self.hear(turn))
        await self.joining.go_on(self.now)
        await self._deliver()
        shown = [self._shown(outgoing.message) for outgoing in self.hand.sent[before:]]
        shown += [replace(self._shown(outgoing.message), elsewhere=True) for outgoing in other.sent[there:]]
        return replace(turn, answers=shown)

    async def _deliver(self) -> None:
        while await self.courier.deliver():
            pass

    async def hear(self, turn: Turn) -> None:
        """The resident does it; returns once it is kept."""
        if turn.tapped == "A PDF":
            async with self.database.write() as connection:
                [space] = await spaces.listed(connection)
                await files.put(connection, space.id, PLAN, File(b"%PDF-1.7", DOCUMENT), self.now)
        await self.reception.keep([self._incoming(turn)])

    async def _withdraw(self, number: int | None) -> None:
        """What the town does in the panel: a proposal of its vote can't be chosen any more."""
        if number is None:
            return
        async with self.database.write() as connection:
            [space] = await spaces.listed(connection)
            [listed] = await consultations.listed(connection, space.id, self.now)
            [phase] = await consultations.phases(connection, space.id, listed.consultation.id)
            option = phase.settings["options"][number - 1]["id"]
            await offering.withdraw(connection, phase, option, space.zone, self.now)
        await self._deliver()

    async def _write(self, text: str | None) -> None:
        """What the town does in the panel: a message to many, which leaves with the next tick."""
        if text is None:
            return
        async with self.database.write() as connection:
            [space] = await spaces.listed(connection)
            listed = await consultations.listed(connection, space.id, self.now)
            other = min((one.consultation for one in listed), key=lambda one: one.slug)
            [phase] = await consultations.phases(connection, space.id, other.id)
            one = await broadcasts.write(connection, space.id, Content({"fr": text}, phase.id), None, self.now)
            await broadcasts.plan(connection, one.ref, None, space.zone, self.now)

    def _break(self, turn: Turn) -> None:
        """A program that fails: the module raises until it works again."""
        if turn.says("The program fails here."):

            def fails(*_given: Any) -> Any:
                raise RuntimeError("a fault on purpose")

            self.monkeypatch.setattr(Questionnaire, "converse", fails)
        if turn.says("The program works again."):
            self.monkeypatch.setattr(Questionnaire, "converse", CONVERSE)

    def _shown(self, message: Message) -> Shown:
        beside = (f"({message.media.description})",) if message.media is not None else ()
        return Shown(
            (*(line.text for line in message.lines), *beside), tuple(button.label for button in message.buttons)
        )

    # -- what the resident does ----------------------------------------------------------------------------

    def _incoming(self, turn: Turn) -> Incoming:
        if turn.tapped in ("Démarrer", "Start"):
            code, self.code = self.code, ""
            return self._message(code=code)
        if turn.tapped is None:
            return self._typed(turn.said)
        label = self.names.get(turn.tapped, turn.tapped)
        if label in UNREAD:
            return self._message(unread=UNREAD[label])
        if label == "A PDF":
            return self._message(attached=Attachment(PLAN, DOCUMENT))
        return self._tap(label)

    def _tap(self, label: str) -> Incoming:
        """Tap it; where there are no buttons, send its number, or the word to send instead."""
        message = self.offering(label)
        number = 1 + [button.label for button in message.buttons].index(label)
        channel = self.hand.capabilities
        if channel.numbered:
            return self._typed(str(number) if numbered(message) else label)
        if channel.buttons:
            return self._message(tap=message.buttons[number - 1].data)
        text = render(message, channel, self.language or "fr").texts[-1]
        if f"{number}. {label}" in text:
            return self._typed(str(number))
        return self._typed(label.upper())

    def offering(self, label: str) -> Message:
        """The newest message with this button."""
        for outgoing in reversed(self.hand.sent):
            if any(button.label == label for button in outgoing.message.buttons):
                return outgoing.message
        raise AssertionError(f"nobody offered [{label}]; the last words were {self.hand.texts[-2:]}")

    def _typed(self, text: str) -> Incoming:
        """On a numbered channel a number or a label is a tap, as the terminal reads it."""
        if self.hand.capabilities.numbered and self.hand.sent:
            button = pressed(self.hand.sent[-1].message, text)
            if button is not None:
                return self._message(tap=button.data)
        return self._message(text=text)

    def _message(self, **given: Any) -> Incoming:
        name, key = self.hand.capabilities.name, f"k{next(self._keys)}"
        return Incoming(name, "montaubry", self.hand.holder, key, self.now, language=self.language, **given)


@asynccontextmanager
async def montaubry(
    url: str, channel: Capabilities, monkeypatch: pytest.MonkeyPatch, opened: Sequence[str] = OPENED
) -> AsyncIterator[Player]:
    """A resident of the town of the talks, at this channel."""
    async with town(url, opened) as database:
        yield Player(database, Phone(channel), monkeypatch)


@asynccontextmanager
async def town(url: str, opened: Sequence[str] = OPENED) -> AsyncIterator[Database]:
    """The town of the talks, with these consultations open."""
    database = Database(url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
            space = await spaces.create(
                connection,
                slug="montaubry",
                name={"fr": "Montaubry"},
                languages=["fr", "en"],
                zone=PARIS.key,
                colour=None,
                contact=CONTACT,
                privacy=WORDS_KEPT,
                now=BEGAN,
            )
            for name in opened:
                await open_here(connection, space, name, BEGAN)
        yield database
    finally:
        await database.close()


def channel_called(channel: Capabilities) -> str:
    return translate(channel_name(channel.name), "fr")


def own_lines(channel: Capabilities) -> set[str]:
    """What only this channel says of itself."""
    said = [said for said in (channel.identity, channel.reach) if said is not None]
    return {translate(line, language) for line in said for language in ("fr", "en")}


def without_own(talk: Transcript, channel: Capabilities, second: Capabilities) -> list[tuple[str, list[Shown]]]:
    """The talk without what its channels say of themselves, and without their names."""
    own = own_lines(channel) | own_lines(second)
    names = {channel_called(one): at for at, one in (("1", channel), ("2", second))}

    def unnamed(text: str) -> str:
        text = OURS.sub("", text)
        for name, at in names.items() if talk.needs_two else ():
            text = text.replace(name, f"door {at}")
        return text

    def shown(one: Shown) -> Shown:
        lines = tuple(unnamed(line) for line in one.lines if line not in own)
        return Shown(lines, tuple(unnamed(label) for label in one.buttons), one.elsewhere)

    return [(turn.said, [shown(one) for one in turn.answers]) for turn in talk.turns]
