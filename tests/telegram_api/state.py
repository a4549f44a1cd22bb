"""What the platform remembers: people, bots, chats and the messages in them, and how they look in JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from storage.value import value
from tests.telegram_api.mailbox import Mailbox

COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,32}\b")
LINK = re.compile(r"https?://\S+")
TAPS, MEMBERS = 3 << 33, 5 << 33
"""Taps and blocked bots travel in webhook queues of their own: what is added to the person's or the chat's id."""


@dataclass(eq=False)
class Person:
    """Somebody with the app. `deactivated` once their account was deleted."""

    id: int
    name: str
    language: str
    deactivated: bool = False

    def json(self) -> dict[str, Any]:
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": self.language}


@value
class Webhook:
    """Where a bot's updates are sent, as it was set."""

    url: str
    secret: str
    connections: int
    ip: str


@dataclass(eq=False)
class Poll:
    """What the server remembers of getUpdates: the last call, and the one that waits (a second ends it). Then the
    monotonic seconds before which a 409 is held back and another setWebhook refused."""

    offset: int = -1
    began: float = float("-inf")
    waiting: object | None = None
    next_conflict: float = float("-inf")
    next_webhook: float = float("-inf")


@dataclass(eq=False)
class Tap:
    """A press of a button. `answer` is what the bot said to it (None: the button's wheel still turns)."""

    id: str
    person: Person
    message: Message = field(repr=False)
    data: str
    until: float
    answer: dict[str, Any] | None = None


@dataclass(eq=False)
class Bot:
    """A bot. `menus` by scope and language, `about` by (which description, language)."""

    id: int
    token: str
    name: str
    username: str
    mailbox: Mailbox
    chats: dict[int, Chat] = field(default_factory=dict, repr=False)
    taps: dict[str, Tap] = field(default_factory=dict, repr=False)
    menus: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    about: dict[tuple[str, str], str] = field(default_factory=dict)
    poll: Poll = field(default_factory=Poll)
    webhook: Webhook | None = None
    webhook_error: tuple[int, str] | None = None

    def json(self) -> dict[str, Any]:
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}


Sender: TypeAlias = Person | Bot


@dataclass(eq=False)
class Message:
    """A message in a chat, as it is now. `content` holds the fields of the Bot API that tell its kind: text and
    entities, or photo and caption, and so on. The markup is what the person sees below it."""

    id: int
    chat: Chat = field(repr=False)
    sender: Sender
    date: int
    content: dict[str, Any]
    markup: dict[str, Any] | None = None
    reply_to: Message | None = None
    edited: int | None = None
    deleted: bool = False

    @property
    def text(self) -> str:
        """Its text, or what is written below its picture."""
        return str(self.content.get("text") or self.content.get("caption") or "")

    @property
    def mine(self) -> bool:
        """Whether the resident wrote it."""
        return isinstance(self.sender, Person)

    @property
    def buttons(self) -> list[dict[str, Any]]:
        """The inline buttons below it, row by row, as the Bot API writes them."""
        return [button for row in (self.markup or {}).get("inline_keyboard", []) for button in row]

    @property
    def labels(self) -> list[str]:
        return [button["text"] for button in self.buttons]

    def json(self, *, whole: bool = True) -> dict[str, Any]:
        """As it is sent to the bot. A message that was replied to is not `whole`: replies are not followed further."""
        shown: dict[str, Any] = {"message_id": self.id, "from": self.sender.json(), "chat": self.chat.json()}
        shown["date"] = self.date
        if self.edited is not None:
            shown["edit_date"] = self.edited
        if whole and self.reply_to is not None and not self.reply_to.deleted:
            shown["reply_to_message"] = self.reply_to.json(whole=False)
        shown |= self.content
        if self.buttons:
            shown["reply_markup"] = self.markup
        return shown


@dataclass(eq=False)
class Chat:
    """A chat of one bot: private with one person, or a group. The bot can't write to it before it is `open`, which it
    becomes when the person writes first. Each chat counts its messages from 1, so that two chats have the same ids."""

    id: int
    kind: str
    title: str
    bot: Bot = field(repr=False)
    person: Person | None = None
    open: bool = False
    blocked: bool = False
    moved_to: int | None = None
    messages: list[Message] = field(default_factory=list)

    def post(
        self,
        sender: Sender,
        content: dict[str, Any],
        date: float,
        *,
        markup: dict[str, Any] | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """A new message in it."""
        message = Message(len(self.messages) + 1, self, sender, int(date), content, markup, reply_to)
        self.messages.append(message)
        return message

    def find(self, message_id: int) -> Message | None:
        """The message with this id, unless it was deleted."""
        if not 0 < message_id <= len(self.messages) or self.messages[message_id - 1].deleted:
            return None
        return self.messages[message_id - 1]

    @property
    def visible(self) -> list[Message]:
        return [message for message in self.messages if not message.deleted]

    def json(self) -> dict[str, Any]:
        if self.kind == "private":
            return {"id": self.id, "first_name": self.title, "type": self.kind}
        return {"id": self.id, "title": self.title, "type": self.kind}


def utf16(text: str) -> int:
    """Its length as entities count it: in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def written(text: str, key: str = "text") -> dict[str, Any]:
    """A text that somebody typed, with the commands and links that the platform marks in it."""
    marked = sorted(
        (utf16(text[: found.start()]), utf16(found.group()), kind)
        for kind, pattern in (("bot_command", COMMAND), ("url", LINK))
        for found in pattern.finditer(text)
    )
    entities = [{"offset": offset, "length": length, "type": kind} for offset, length, kind in marked]
    return {key: text} | ({"entities" if key == "text" else "caption_entities": entities} if entities else {})
