"""What the platform remembers: people, our accounts, and the messages between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from storage.value import value
from tests.signal_daemon.mail import Mail


@value
class File:
    """What travels with a message."""

    content: bytes
    kind: str
    name: str | None = None


@dataclass(eq=False)
class Person:
    """Somebody with the app. `number` is None for those who don't show it, as is usual. `registered` is over once they
    have left Signal; `newest` is the timestamp of what they did last, of which no two are alike."""

    aci: str
    name: str
    number: str | None = None
    registered: bool = True
    newest: int = 0

    def next(self, now: float) -> int:
        """The timestamp of what they do now, in milliseconds."""
        self.newest = max(self.newest + 1, int(now * 1000))
        return self.newest

    def address(self) -> dict[str, Any]:
        return {"uuid": self.aci, "number": self.number, "username": None}


@dataclass(eq=False)
class Account:
    """An account of ours at the daemon. `registered` is over once Signal no longer knows this device: the daemon then
    forgets the account. `captcha` is the challenge that Signal wants answered before anything leaves. `profile` is what
    people see of it, `files` what came with their messages, by the daemon's id."""

    number: str
    aci: str
    name: str
    mail: Mail
    registered: bool = True
    captcha: str | None = None
    newest: int = 0
    profile: dict[str, Any] = field(default_factory=dict)
    chats: dict[str, Chat] = field(default_factory=dict, repr=False)
    files: dict[str, File] = field(default_factory=dict, repr=False)

    def next(self, now: float) -> int:
        """The timestamp of the message it sends now, in milliseconds."""
        self.newest = max(self.newest + 1, int(now * 1000))
        return self.newest


@dataclass(eq=False)
class Message:
    """A message in a chat as the person's app shows it now. `mine`: the person wrote it. `timestamp` is its id,
    together with its author; `edits` are those it had before. `reactions` and `receipts` are the other side's."""

    timestamp: int
    mine: bool
    text: str
    files: tuple[File, ...] = ()
    quotes: Message | None = None
    deleted: bool = False
    edits: list[int] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Chat:
    """One person's chat with one account. Before it is `open`, which the person's first message makes it, the account
    writes to a stranger."""

    person: Person
    account: Account = field(repr=False)
    open: bool = False
    blocked: bool = False
    typing: bool = False
    messages: list[Message] = field(default_factory=list)

    def find(self, timestamp: int, *, mine: bool) -> Message | None:
        """The message with this id or one it had before it was edited, unless it was deleted."""
        for message in reversed(self.messages):
            if message.mine == mine and timestamp in (message.timestamp, *message.edits):
                return None if message.deleted else message
        return None
