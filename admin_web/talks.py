"""A resident's conversation as the chat page draws it: bubbles, the choices that are offered, and what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, tzinfo

from flows.composing import WHAT_IT_DOES
from flows.messages import COMMAND_TAP, DOCUMENT, TAKES, Button, Line, Media, Message
from flows.telling import word
from flows.texts import _, translate
from storage.attached import GIVEN
from storage.files import SCHEME
from storage.history import Entry
from storage.value import value

ASKED_FOR = {f"{COMMAND_TAP}{command.value}": label for command, label in WHAT_IT_DOES.items()}
"""What the page's own buttons ask for: no message offered them."""


@value
class Bubble:
    """One message; `day` is its moment, in the town's time, where another day begins with it."""

    message: Message
    mine: bool
    day: datetime | None


@value
class Talk:
    """`prompt` is what waits for an answer: the last message with choices or a question since the resident spoke; and
    below its own the buttons of what we wrote first, which take nothing of it away, until one is pressed.

    `now` is the place of the first bubble since then, `last` the id of the last message, 0 before the first one.
    """

    bubbles: Sequence[Bubble]
    prompt: Message
    now: int
    last: int


@value
class Folders:
    """Where the page finds what the resident sent, what prompts show to everybody, and what came with the texts of
    others."""

    sent: str
    files: str
    given: str

    def found(self, message: Message, *, mine: bool) -> Message:
        return message.with_files_in(self.sent if mine else self.files).with_files_in(self.given, GIVEN)


def draw(entries: Sequence[Entry], zone: tzinfo, language: str, folders: Folders) -> Talk:
    """The conversation of these messages."""
    bubbles: list[Bubble] = []
    labels: dict[str, str] = {}
    prompt = Message(())
    takes: tuple[Button, ...] = ()
    day: date | None = None
    now = 0
    for entry in entries:
        mine = entry.body is None
        message = _heard(entry, labels, language) if entry.body is None else word(entry.body, language)
        if message is None:
            continue
        message, here = folders.found(message, mine=mine), entry.at.astimezone(zone)
        bubbles.append(Bubble(message, mine, here if here.date() != day else None))
        now = len(bubbles) if mine else now
        day = here.date()
        labels |= {button.data: button.label for button in message.buttons}
        if mine:
            prompt = Message(())
            takes = () if entry.tap in {button.data for button in takes} else takes
        elif message.buttons and all(button.data.startswith(TAKES) for button in message.buttons):
            takes = message.buttons
        elif message.buttons or message.wants != "nothing":
            prompt = message
    prompt = replace(prompt, buttons=(*prompt.buttons, *takes))
    return Talk(bubbles, prompt, now, entries[-1].id if entries else 0)


def _heard(entry: Entry, labels: dict[str, str], language: str) -> Message | None:
    """What the resident sent, a tap by the label it had; None when the message with that label is not kept any more."""
    if entry.attached is not None and entry.attached.startswith(SCHEME):
        if entry.media_type == DOCUMENT:
            return Message((), media=Media("document", entry.attached, translate(_("Your document"), language)))
        return Message((), media=Media("picture", entry.attached, translate(_("Your photo"), language)))
    text = entry.text
    if entry.tap is not None:
        text = labels.get(entry.tap) or translate(ASKED_FOR.get(entry.tap, ""), language)
    return Message((Line(text),)) if text else None
