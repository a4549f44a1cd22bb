"""What is said when something went wrong on our side: once for each message, and never what it was."""

from __future__ import annotations

from flows.messages import Line, Message
from flows.texts import Said, _, translate


def trying_again(language: str) -> Message:
    """The message is kept, and so is its sender's place."""
    return _message(_("Sorry, something went wrong on our side. Your message is kept and I am trying again."), language)


def given_up(language: str) -> Message:
    """The message will not be handled: it was tried too often, or overtaken, or must not be kept."""
    return _message(
        _("Sorry, I could not handle one of your messages. Please send it again, or write “help” to reach a person."),
        language,
    )


def _message(said: Said, language: str) -> Message:
    return Message((Line(translate(said, language)),))
