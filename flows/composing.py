"""A turn's replies: what was said and the prompt that was reached, as at most two messages."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from flows.answers import Choice
from flows.commands import Command
from flows.messages import AS_ANSWER, AS_COMMAND, BACK, COMMAND_TAP, KEEP, SKIP, Button, Line, Message
from flows.run import Show
from flows.texts import Said, _, translate
from storage.types import LARGEST_ID

MOST_MESSAGES = 2
"""Telegram allows one message a second in a chat; talks.md, rule 1."""


def compose(
    said: Sequence[tuple[Said, ...]], show: Show | None, echo: Said | None, conversation: int, language: str
) -> list[Message]:
    """The echo comes first, then what was said, then ONE question with its buttons."""
    if show is not None and not said and show.doubt is None:
        return [prompted(show, conversation, language, echo)]
    messages = [Message(tuple(Line(translate(line, language)) for line in lines)) for lines in said]
    if show is not None:
        asked = doubted(show, conversation, language) if show.doubt else prompted(show, conversation, language)
        messages.append(asked)
    if echo is not None and (show is None or show.doubt is None):
        line = Line(translate(echo, language), "echo")
        head = messages[0] if messages else Message(())
        messages[:1] = [Message((line, *head.lines), head.buttons, head.media, head.wants, head.progress)]
    return merged(messages)


def merged(messages: list[Message]) -> list[Message]:
    """At most two messages a turn, also when it was handed on: what was said first becomes one."""
    while len(messages) > MOST_MESSAGES:
        first, second, *rest = messages
        messages = [Message(first.lines + second.lines), *rest]
    return messages


def prompted(show: Show, conversation: int, language: str, echo: Said | None = None) -> Message:
    """The prompt a run stopped at. Corrected on its own it leaves out what stood before it in the order."""
    prompt = show.prompt
    words = prompt.worded(language)
    heard = (Line(translate(echo, language), "echo"),) if echo is not None else ()
    reason = (Line(translate(show.reason, language)),) if show.reason is not None else ()
    before = words.before if not show.alone else ()
    former: tuple[Line, ...] = ()
    if show.former is not None:
        former = (Line(translate(_("Your answer was: {answer}.", answer=show.former), language), "echo"),)
    bearer = _bearer(conversation, show.key)
    buttons = [Button(label, bearer + id_) for id_, label in words.choices]
    buttons += _own_buttons(show, bearer, language)
    lines = heard + reason + before + words.asked + former + words.after
    return Message(lines, tuple(buttons), prompt.media, prompt.reader.wants, prompt.progress)


VEIL = _("This message was about a secret answer. It is not kept.")


@cache
def veil(language: str) -> str:
    """What is kept, packed, in place of a message that may show a secret, once it has left or was answered."""
    return Message((Line(translate(VEIL, language)),)).pack()


def with_menu(message: Message, language: str) -> Message:
    """The last message of a talk that is over: where to go from here."""
    button = Button(translate(WHAT_IT_DOES[Command.MENU], language), f"{COMMAND_TAP}{Command.MENU.value}", minor=True)
    return replace(message, buttons=(*message.buttons, button))


KEEP_IT, SKIP_IT, GO_BACK = _("Change nothing"), _("Skip"), _("Back")


def _own_buttons(show: Show, bearer: str, language: str) -> list[Button]:
    """Keep, skip and back, always in this order and last; of an answer that is corrected by itself only keep."""
    own = [Button(translate(KEEP_IT, language), bearer + KEEP)] if show.keep else []
    if show.optional and not show.alone:
        own.append(Button(translate(SKIP_IT, language), bearer + SKIP))
    if show.back and not show.alone:
        own.append(Button(translate(GO_BACK, language), bearer + BACK, minor=True))
    return own


WHAT_IT_DOES: dict[Command, Said] = {
    Command.BACK: _("Go back"),
    Command.SKIP: _("Skip the question"),
    Command.STOP: _("Stop here"),
    Command.CONTINUE: _("Continue"),
    Command.LATER: _("Not now"),
    Command.MUTE: _("Do not remind me again"),
    Command.CORRECT: _("Correct an answer"),
    Command.MENU: _("See the menu"),
    Command.HELP: _("Get help"),
    Command.LANGUAGE: _("Change the language"),
    Command.PRIVACY: _("Read about my data"),
    Command.DELETE: _("Erase everything"),
    Command.RETURN: _("Get a return code"),
    Command.LINK: _("Link another device"),
    Command.UNLINK: _("Unlink a device"),
    Command.ROUND: _("See my street list"),
}


def doubts(command: Command) -> tuple[Choice, Choice]:
    """The two things a command word may have meant; their ids are the engine's own taps."""
    return Choice(AS_ANSWER, _("It is my answer")), Choice(AS_COMMAND, WHAT_IT_DOES[command])


def doubted(show: Show, conversation: int, language: str) -> Message:
    """A free text that is exactly a command word: which was meant?"""
    assert show.doubt is not None
    question = _("You wrote “{word}”. Is it your answer?", word=show.word)
    bearer = _bearer(conversation, show.key)
    buttons = [Button(translate(choice.label, language), bearer + choice.id) for choice in doubts(show.doubt)]
    return Message((Line(translate(question, language), "ask"),), tuple(buttons), None, "choice")


def _bearer(conversation: int, key: str) -> str:
    """What every button under a prompt carries before its value. Telegram's 64 bytes hold 11 characters of
    conversation, a key of 33 and a value of 16."""
    return f"{base64.urlsafe_b64encode(conversation.to_bytes(8, 'big'))[:11].decode()}:{key}:"


def pressed(data: str) -> tuple[int, str, str] | None:
    """(conversation, key, value) of what a button carried; None when it is none of ours."""
    parts = data.split(":")
    if len(parts) != 3 or len(parts[0]) != 11:
        return None
    try:
        conversation = int.from_bytes(base64.b64decode(f"{parts[0]}=", altchars=b"-_", validate=True), "big")
    except ValueError:
        return None
    return (conversation, parts[1], parts[2]) if conversation <= LARGEST_ID else None
