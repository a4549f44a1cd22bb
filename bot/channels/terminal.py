"""The terminal: a talk in plain text, one message a line, choices as numbered lines. `palabre talk` runs it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.channels import Incoming, Outgoing, Receive, TryLater
from flows.messages import Message
from flows.rendering import Capabilities, pressed, render
from flows.texts import _
from storage.clock import Clock, utc_now
from storage.participants import AddressKey

CAPABILITIES = Capabilities(
    "terminal",
    numbered=True,
    longest=1_000_000,
    photos=False,
    places=False,
    identity=_("This terminal tells us only the name it was opened with."),
    reach=_("This terminal cannot write to you when it is closed."),
)
A_MOMENT = timedelta(seconds=1)


@dataclass
class Terminal:
    """One person's terminal in one space.

    `lines` hands out what is typed, without line ends; `show` prints one message. `code` is what a poster would
    have carried, heard first. `offered` is the message whose choices a typed number means: at first the last one
    of an earlier talk. `files` begins the addresses at which our pages show pictures and documents, where it is known.
    """

    who: AddressKey
    lines: AsyncIterator[str]
    show: Callable[[str], None]
    language: str | None = None
    code: str | None = None
    offered: Message | None = None
    files: str | None = None
    clock: Clock = utc_now
    capabilities: Capabilities = CAPABILITIES

    async def send(self, outgoing: Outgoing) -> str | None:
        """Print it; a terminal has no ids of its own. Raises TryLater when nobody reads the output any more."""
        message = outgoing.message.with_files_in(self.files) if self.files else outgoing.message
        try:
            for text in render(message, self.capabilities, outgoing.language).texts:
                self.show(text)
        except OSError as error:
            raise TryLater(A_MOMENT) from error
        if message.buttons:
            self.offered = message
        return None

    async def run(self, receive: Receive) -> None:
        """Until the last line. `receive` returns once the replies were printed too, so that a talk can be piped."""
        if self.code is not None:
            await receive(self._incoming(code=self.code))
        async for line in self.lines:
            await receive(self._read(line))

    def _read(self, line: str) -> Incoming:
        """A number or a label under the last message is a tap, whatever else is typed a text."""
        button = pressed(self.offered, line) if self.offered is not None else None
        self.offered = None
        return self._incoming(tap=button.data) if button is not None else self._incoming(text=line)

    def _incoming(self, text: str | None = None, tap: str | None = None, code: str | None = None) -> Incoming:
        return Incoming(
            self.who.channel,
            self.who.account,
            self.who.sender,
            uuid.uuid4().hex,
            self.clock(),
            text=text,
            tap=tap,
            code=code,
            language=self.language,
        )
