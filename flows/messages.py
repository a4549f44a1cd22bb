"""The words all channels share: what came in (Incoming), and what goes out (Message).

A Message is already translated and knows no platform: rendering.py fits it to what a channel can show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

import orjson

from storage.attached import GIVEN
from storage.files import SCHEME
from storage.value import value

Role: TypeAlias = Literal["echo", "say", "ask", "list"]
"""What a line is: the echo of an answer, something said, the one question, an entry of a list or recap."""

Wants: TypeAlias = Literal[
    "nothing", "choice", "text", "long", "number", "date", "email", "phone", "place", "photo", "file"
]
"""What the answer looks like, so that a page may offer the right field; a channel may ignore it."""


SKIP = "-skip"
BACK = "-back"
KEEP = "-keep"
AS_ANSWER = "-answer"
AS_COMMAND = "-command"
"""Taps of the engine's own buttons; an organiser's ids have no hyphen."""
COMMAND_TAP = "!"
"""Begins what a button carries that asks for a command: `!menu`."""
TAKES = ">"
"""Begins what a button carries that takes somebody from what we began to something else: `>phase:12:345`."""


DOCUMENT = "application/pdf"
"""The one kind of document that residents may send."""


@value
class Attachment:
    """A photo or a document a resident sent. `reference` is the channel's own, or `file:<digest>` once its bytes are
    stored."""

    reference: str
    media_type: str = "image/jpeg"

    @property
    def kind(self) -> Literal["photo", "document"]:
        return "document" if self.media_type == DOCUMENT else "photo"


@value
class Place:
    """A point shared from a phone; degrees, WGS 84."""

    latitude: float
    longitude: float


@value
class Incoming:
    """One message from a resident, whatever the platform; the account it came to decides the space.

    `key` is the platform's id of the message, unique within (channel, account): a repeat carries the same key.
    `tap` is what a button carried (see flows.conversation.Press); `code` what a poster's link carried.
    `language` is the platform's guess; `unread` names what we can't take (`voice`, `sticker`, `edit`), kindly refused.
    `presence` is no message at all: the person has shut this door (`left`) or opened it again (`back`).
    `about` is the platform's id of the message of ours that this one quotes, or reacts to.
    """

    channel: str
    account: str
    sender: str
    key: str
    at: datetime
    text: str | None = None
    tap: str | None = None
    code: str | None = None
    attached: Attachment | None = None
    place: Place | None = None
    language: str | None = None
    unread: str | None = None
    presence: Literal["left", "back"] | None = None
    about: str | None = None

    def pack(self) -> str:
        """The JSON kept while the message has to be tried again."""
        return orjson.dumps(self).decode()

    @staticmethod
    def unpack(body: str) -> Incoming:
        packed: dict[str, Any] = orjson.loads(body)
        packed["at"] = datetime.fromisoformat(packed["at"])
        packed["attached"] = Attachment(**packed["attached"]) if packed["attached"] else None
        packed["place"] = Place(**packed["place"]) if packed["place"] else None
        return Incoming(**packed)


@value
class Line:
    text: str
    role: Role = "say"


@value
class Button:
    """A choice as it is offered: its label, what a tap carries (64 bytes at most), and whether it is Back."""

    label: str
    data: str
    minor: bool = False


@value
class Media:
    """What a prompt shows beside its words: a picture, a document or a video link, always with its description.

    `address` is where everybody finds it; or `file:<digest>` while its bytes are only known to us; or that of what
    came with a resident's text (storage/attached.py).
    """

    kind: Literal["picture", "document", "video"]
    address: str
    description: str

    @property
    def ours(self) -> bool:
        return self.address.startswith((SCHEME, GIVEN))


@value
class Message:
    """One message out: its lines, the buttons below it, and what the answer should look like.

    `progress` is (question, of how many), for a page that draws it.
    """

    lines: tuple[Line, ...]
    buttons: tuple[Button, ...] = ()
    media: Media | None = None
    wants: Wants = "nothing"
    progress: tuple[int, int] | None = None

    def with_files_in(self, folder: str, scheme: str = SCHEME) -> Message:
        """The same, what it shows of ours under this scheme standing at its address in this folder of our pages."""
        if self.media is None or not self.media.address.startswith(scheme):
            return self
        address = folder + self.media.address.removeprefix(scheme)
        return replace(self, media=replace(self.media, address=address))

    def pack(self) -> str:
        """The JSON kept in the outbox, short because it is written once a turn."""
        packed: dict[str, Any] = {"l": [[line.role, line.text] for line in self.lines]}
        if self.buttons:
            packed["b"] = [[button.label, button.data, button.minor] for button in self.buttons]
        if self.media:
            packed["m"] = [self.media.kind, self.media.address, self.media.description]
        if self.wants != "nothing":
            packed["w"] = self.wants
        if self.progress:
            packed["p"] = self.progress
        return orjson.dumps(packed).decode()

    @staticmethod
    def unpack(body: str) -> Message:
        packed: Mapping[str, Any] = orjson.loads(body)
        return Message(
            tuple(Line(text, role) for role, text in packed["l"]),
            tuple(Button(*button) for button in packed.get("b", ())),
            Media(*packed["m"]) if "m" in packed else None,
            packed.get("w", "nothing"),
            tuple(packed["p"]) if "p" in packed else None,
        )
