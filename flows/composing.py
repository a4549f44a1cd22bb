"""A turn's replies: what was said and the prompt that was reached, as at most two messages."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from flows.answers import Choice
from flows.commands import Command
from flows.conversation import AS_ANSWER, AS_COMMAND, BACK, KEEP, SKIP, Show
from flows.messages import Button, Line, Message, Role
from flows.texts import Said, _, translate

MOST_MESSAGES = 2
"""Telegram allows one message a second in a chat; talks.md, rule 1."""


def compose(
    said: Sequence[tuple[Said, ...]], show: Show | None, echo: Said | None, conversation: int, language: str
) -> list[Message]:
    """The echo comes first, then what was said, then ONE question with its buttons."""
    messages = [Message(tuple(Line(translate(line, language)) for line in lines)) for lines in said]
    if show is not None:
        asked = doubted(show, conversation, language) if show.doubt else prompted(show, conversation, language)
        messages.append(asked)
    if echo is not None and (show is None or show.doubt is None):
        line = Line(translate(echo, language), "echo")
        head = messages[0] if messages else Message(())
        messages[:1] = [Message((line, *head.lines), head.buttons, head.media, head.wants, head.progress)]
    while len(messages) > MOST_MESSAGES:
        first, second, *rest = messages
        messages = [Message(first.lines + second.lines), *rest]
    return messages


def prompted(show: Show, conversation: int, language: str) -> Message:
    """The prompt a run stopped at. Corrected on its own it leaves out what stood before it in the order."""
    prompt = show.prompt
    lines: list[Line] = []

    def add(role: Role, *texts: Said) -> None:
        lines.extend(Line(translate(text, language), role) for text in texts)

    if show.reason is not None:
        add("say", show.reason)
    if not show.keep:
        add("echo", *prompt.before)
    add("ask", prompt.text)
    add("list", *prompt.listed)
    if show.former is not None:
        add("echo", _("Your answer was: {answer}.", answer=show.former))
    add("say", *prompt.after)
    buttons = [
        Button(translate(choice.label, language), press(conversation, show.key, choice.id))
        for choice in prompt.reader.choices()
    ]
    buttons += _own_buttons(show, conversation, language)
    return Message(tuple(lines), tuple(buttons), prompt.media, prompt.reader.wants, prompt.progress)


def _own_buttons(show: Show, conversation: int, language: str) -> list[Button]:
    """Keep, skip and back, always in this order and last."""
    own: list[tuple[Said, str, bool]] = []
    if show.keep:
        own.append((_("Change nothing"), KEEP, False))
    if show.optional and not show.keep:
        own.append((_("Skip"), SKIP, False))
    if show.back and not show.keep:
        own.append((_("Back"), BACK, True))
    return [
        Button(translate(label, language), press(conversation, show.key, value), minor) for label, value, minor in own
    ]


WHAT_IT_DOES: dict[Command, Said] = {
    Command.BACK: _("Go back"),
    Command.SKIP: _("Skip the question"),
    Command.STOP: _("Stop here"),
    Command.CONTINUE: _("Continue"),
    Command.CORRECT: _("Correct an answer"),
    Command.MENU: _("See the menu"),
    Command.HELP: _("Get help"),
    Command.LANGUAGE: _("Change the language"),
    Command.PRIVACY: _("Read about my data"),
    Command.DELETE: _("Erase everything"),
    Command.RETURN: _("Get a return code"),
}


def doubts(command: Command) -> tuple[Choice, Choice]:
    """The two things a command word may have meant; their ids are the engine's own taps."""
    return Choice(AS_ANSWER, _("It is my answer")), Choice(AS_COMMAND, WHAT_IT_DOES[command])


def doubted(show: Show, conversation: int, language: str) -> Message:
    """A free text that is exactly a command word: which was meant?"""
    assert show.doubt is not None
    question = _("You wrote “{word}”. Is it your answer?", word=show.word)
    buttons = [
        Button(translate(choice.label, language), press(conversation, show.key, choice.id))
        for choice in doubts(show.doubt)
    ]
    return Message((Line(translate(question, language), "ask"),), tuple(buttons), None, "choice")


def press(conversation: int, key: str, value: str) -> str:
    """What a button carries, within Telegram's 64 bytes: 11 characters, a key of 33 at most, a value of 16."""
    return f"{base64.urlsafe_b64encode(conversation.to_bytes(8, 'big'))[:11].decode()}:{key}:{value}"


def pressed(data: str) -> tuple[int, str, str] | None:
    """(conversation, key, value) of what a button carried; None when it is none of ours."""
    parts = data.split(":")
    if len(parts) != 3 or len(parts[0]) != 11:
        return None
    try:
        conversation = int.from_bytes(base64.b64decode(f"{parts[0]}=", altchars=b"-_", validate=True), "big")
    except ValueError:
        return None
    return conversation, parts[1], parts[2]
