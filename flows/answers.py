"""Readers: how an answer is read from what a resident tapped or typed, and how it is echoed.

Every reader is a frozen value with the same four members; a reader that can't take what it heard raises Misread
with a sentence that says what to do. This file holds the contract and the two readers everything uses;
values (numbers, dates, places ...) are in flows/values.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from flows import gist
from flows.commands import Command
from flows.folding import clean, fold
from flows.messages import Attachment, Place, Wants
from flows.texts import LANGUAGES, Lowered, Said, _, translate
from storage.value import value

Json: TypeAlias = Any
"""What a journal can hold: strings, numbers, booleans, None, and lists and dictionaries of these."""


@value
class Choice:
    """A possible answer: its id `[a-z0-9_]{1,16}`, the label on its button, and how it reads in an echo."""

    id: str
    label: Said
    echo: Said | None = None

    def spoken(self) -> Said:
        return self.echo if self.echo is not None else Lowered(self.label)


YES_OR_NO = (Choice("yes", _("Yes")), Choice("no", _("No")))


@value
class Heard:
    """What a resident said to the prompt that waits: one of a tapped value, a text, a photo or document, or a place.

    `buttons` tells whether the channel shows buttons (or numbers, on a terminal) for the choices; where it does
    not, yes and no are words, so that a "1" sent twice never answers the next prompt. `command` is the command
    that the text is too, if it is one word of them.
    """

    text: str | None = None
    tap: str | None = None
    attached: Attachment | None = None
    place: Place | None = None
    language: str = "fr"
    buttons: bool = True
    command: Command | None = None


NO_DOCUMENT = _("I open only photos and PDF documents, where one is asked for. Otherwise please answer in writing.")


class Misread(ValueError):
    """The answer can't be read; `reason` says why and what to do."""

    def __init__(self, reason: Said) -> None:
        super().__init__("misread")
        self.reason = reason


class Reader(Protocol):
    """What reads one answer."""

    @property
    def wants(self) -> Wants: ...

    def choices(self) -> Sequence[Choice]:
        """What is offered as buttons, in the order shown."""

    def read(self, heard: Heard) -> Json:
        """The answer as it is kept, or Misread."""

    def echo(self, value: Json) -> Said | None:
        """The answer as it reads after "Noted:"; nothing for a text too long to repeat."""


@value
class FreeText:
    """A text in the resident's own words, of at most `most` characters."""

    most: int = 4000
    long: bool = False

    @property
    def wants(self) -> Wants:
        return "long" if self.long else "text"

    def choices(self) -> Sequence[Choice]:
        return ()

    def read(self, heard: Heard) -> str:
        text = clean(heard.text or "")
        if not text:
            raise Misread(_("Please write your answer in a few words."))
        if len(text) > self.most:
            raise Misread(
                _(
                    "This text has {count} characters, and {most} is the most I can keep. Please send a shorter one.",
                    count=len(text),
                    most=self.most,
                )
            )
        return text

    def echo(self, value: Json) -> Said | None:
        return value if len(value) <= 60 and not self.long and "\n" not in value else None


@dataclass(frozen=True)
class OneOf:
    """One of a few choices: tapped, typed as its label or a part of it, or by its number.

    An exact label beats a position, and where labels are numbers positions are not read at all. With `other`,
    a text that is none of them is the answer itself, kept as `{"other": text}`.
    """

    options: tuple[Choice, ...]
    other: bool = False

    wants: Wants = "choice"
    yes: str = "yes"
    no: str = "no"
    """The choices that a yes and a no mean, in whatever words, where they are offered."""

    def choices(self) -> Sequence[Choice]:
        return self.options

    def read(self, heard: Heard) -> Json:
        if heard.tap is not None:
            if heard.tap in self.by_id:
                return heard.tap
            raise Misread(_("This choice is no longer offered. Please choose again."))
        text = clean(heard.text or "")
        found = self.match(text, numbers=heard.buttons or not self.yes_no)
        if found is not None:
            return found.id
        if self.other and text and not text.isdigit():
            return {"other": FreeText(500).read(heard)}
        raise Misread(self._what_to_do())

    def _what_to_do(self) -> Said:
        """Said where nothing was understood: the answers by name where they are yes, no and maybe no opinion."""
        if self.by_id.keys() == {"yes", "no"}:
            return _("I did not understand. Please answer yes or no.")
        if self.by_id.keys() == {"yes", "no", "none"}:
            none = self.by_id["none"].spoken()
            return _("I did not understand. Please answer yes, no or {none}.", none=none)
        return _("I did not understand. Please choose one of the answers.")

    @cached_property
    def by_id(self) -> dict[str, Choice]:
        return {choice.id: choice for choice in self.options}

    @cached_property
    def spoken(self) -> dict[str, Said]:
        return {choice.id: choice.spoken() for choice in self.options}

    @cached_property
    def by_label(self) -> dict[str, Choice]:
        """The choices by their labels in every language, folded; the first of those that look the same."""
        return {
            fold(translate(choice.label, language)): choice
            for choice in reversed(self.options)
            for language in LANGUAGES
        }

    @cached_property
    def yes_no(self) -> bool:
        return "yes" in self.by_id

    @cached_property
    def numeric(self) -> bool:
        return any(label.isdecimal() for label in self.by_label)

    def offers(self, value: Json) -> bool:
        """Whether a recorded answer could still be given: its choice has not vanished."""
        if isinstance(value, dict):
            return self.other
        return offered(value, self.by_id)

    def match(self, text: str, *, numbers: bool = True) -> Choice | None:
        """The choice this text means, in any language and case; None if none, or more than one."""
        said = fold(text)
        if not said:
            return None
        found = self.by_label.get(said)
        if found is not None:
            return found
        if said.isdecimal():
            position = int(said) if len(said) < 4 else 0
            wanted = numbers and not self.numeric and 1 <= position <= len(self.options)
            return self.options[position - 1] if wanted else None
        return None if gist.is_only_thanks(said) else self._near(said)

    def _near(self, said: str) -> Choice | None:
        """The choice these words are a part of, or mean in a hurry; with `other` they may be an answer of their own."""
        near = list({choice.id: choice for label, choice in self.by_label.items() if _within(said, label)}.values())
        if near or self.other or len(said) > gist.LONGEST:
            return near[0] if len(near) == 1 else None
        if self.yes in self.by_id and (meant := gist.yes_or_no(said)) is not None:
            return self.by_id.get({"yes": self.yes, "no": self.no}.get(meant, meant))
        found = gist.held(said, list(self.by_label)) or gist.misspelt(said, list(self.by_label))
        return self.by_label.get(found) if found is not None else None

    def echo(self, value: Json) -> Said | None:
        if isinstance(value, dict):
            return value["other"]  # type: ignore[no-any-return]
        said = self.spoken.get(value)
        return said if said is not None else str(value)


def offered(value: Json, ids: Collection[str]) -> bool:
    """Whether all choices that an answer took are among these; other answers (none, one's own words) are."""
    if isinstance(value, str):
        return value in ids
    return all(offered(one, ids) for one in value) if isinstance(value, list) else True


def _within(said: str, label: str) -> bool:
    """Whether these words stand in the label as whole words: `voiture` in `en voiture`, `oui` in `oui, commencer`."""
    if len(said) < 3:
        return said == next(iter(label.replace(",", " ").split()), "")
    return f" {said} " in f" {label.replace(',', ' ')} ".replace("  ", " ")
