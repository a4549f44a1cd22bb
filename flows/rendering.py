"""What a channel can show, and a message made to fit: buttons, or numbered lists, or words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count

from flows.answers import Choice, OneOf
from flows.folding import fold
from flows.messages import BACK, COMMAND_TAP, KEEP, SKIP, TAKES, Button, Message, Wants
from flows.splitting import MEASURES, Unit, split
from flows.texts import Said, _, translate
from storage.addressing import Served
from storage.value import value


@value
class Rates:
    """How much one account may send: messages a second over all, a second to one chat, and a minute to a group.
    `groups` is how the platform's ids of groups begin; without it there are none. `paid` is how many a second what we
    begin ourselves may be where it is paid for, everything counted."""

    overall: int
    person: int
    group: int
    groups: str | None = None
    paid: int | None = None


@value
class Capabilities:
    """What one channel can do: all that the rest of the house knows of it.

    Shown: `buttons`, or else numbers and words to send; `numbered`, where a number sent is read as the choice of the
    last message, whatever waits by then; texts of at most `longest`, counted in `unit`, and buttons whose label has
    at most `label` characters. `edits` is how long a message that was sent can still be changed or deleted (None: not
    at all). `drawn` tells that it shows what we keep: a message that is not kept any more can't be read there.

    Taken in: `photos` (and documents) and `places` shared from a phone. `links` tells that the link of a poster brings
    its code along; elsewhere people type it.

    Sent: `writes_first` tells that somebody who has not just written may be written to, `safe_again` that a delivery
    may be repeated under the same key without being shown twice. `rates` are the platform's limits on sending, for
    each account. `hosted` tells that our accounts there are made at a platform and belong to a space each
    (storage/accounts.py); elsewhere an account is a space's slug.

    Said: `identity` is what it lets the town know of a person, said at consent; `reach` what must be said where a
    message is promised, on a channel that can't write by itself.
    """

    name: str
    buttons: bool = True
    numbered: bool = False
    longest: int = 4096
    unit: Unit = "characters"
    label: int = 64
    edits: timedelta | None = None
    photos: bool = True
    places: bool = True
    links: bool = True
    safe_again: bool = False
    hosted: bool = False
    drawn: bool = False
    rates: Rates | None = None
    writes_first: bool = True
    identity: Said | None = None
    reach: Said | None = None

    def fits(self, text: str) -> bool:
        """Whether this is short enough for one message."""
        return MEASURES[self.unit](text) <= self.longest


FOREVER = timedelta.max
"""For `edits`: nothing is too old to be changed or deleted."""
PLAIN = Capabilities("plain")


def served(channels: Iterable[Capabilities]) -> Served:
    """What choosing a door has to know of these channels."""
    those = sorted(channels, key=lambda one: one.name)
    return Served(
        on=tuple(one.name for one in those),
        quiet=tuple(one.name for one in those if one.reach is not None),
        silent=tuple(one.name for one in those if not one.writes_first),
    )


@value
class Rendered:
    """A message as one channel sends it: texts in order, each short enough, the last with the buttons."""

    texts: tuple[str, ...]
    buttons: tuple[Button, ...]


def render(message: Message, channel: Capabilities, language: str) -> Rendered:
    """Fit a message to a channel. Labels too long for a button, and choices without buttons, go to the text, and so
    does what can't be done there."""
    lines = [line.text for line in message.lines]
    if message.media is not None:
        where = "" if message.media.ours else f" {message.media.address}"
        lines.append(message.media.description + where)
    if (missing := _missing(message, channel)) is not None:
        lines.append(translate(missing, language))
    shown: tuple[Button, ...] = ()
    if channel.numbered:
        lines += _listed(message)
    elif not channel.buttons:
        lines += _worded(message, language)
    else:
        told, shown = _labelled(message.buttons, channel.label)
        lines += told
    return Rendered(tuple(split("\n".join(lines), channel.longest, channel.unit)), shown)


def _missing(message: Message, channel: Capabilities) -> Said | None:
    """What is said where the answer that a prompt wants can't be given on this channel."""
    if message.wants == "place" and not channel.places:
        return _("A place cannot be shared here: write where it is.")
    if message.wants not in ELSEWHERE or channel.photos:
        return None
    optional = any(button.data.endswith(f":{SKIP}") for button in message.buttons)
    return ELSEWHERE[message.wants][optional]


ELSEWHERE: Mapping[Wants, tuple[Said, Said]] = {
    "photo": (
        _("A photo cannot be sent here: send it from the chat page."),
        _("A photo cannot be sent here: send it from the chat page, or go on without it."),
    ),
    "file": (
        _("A file cannot be sent here: send it from the chat page."),
        _("A file cannot be sent here: send it from the chat page, or go on without it."),
    ),
}
"""What must be sent, and what may be."""


# -- buttons -------------------------------------------------------------------------------------------------------


def _labelled(buttons: Sequence[Button], longest: int) -> tuple[list[str], tuple[Button, ...]]:
    """Buttons whose labels fit, and the lines that tell the others: where an answer's does not, all answers stand in
    the text in their order, and their numbers on the buttons. Where labels are numbers none is made up: a label is
    cut, and told whole."""
    if all(len(button.label) <= longest for button in buttons):
        return [], tuple(buttons)
    numeric = _numeric(buttons)
    lines, fitted = [], []
    for number, button in enumerate(buttons, 1):
        long = len(button.label) > longest
        if numeric and long:
            lines.append(button.label)
            fitted.append(replace(button, label=f"{button.label[: longest - 1]}…"))
        elif long or not (numeric or _own(button)):
            lines.append(f"{number}. {button.label}")
            fitted.append(replace(button, label=str(number)))
        else:
            fitted.append(button)
    return lines, tuple(fitted)


def _own(button: Button) -> bool:
    """Whether it is one of the engine's own (Back, Skip, Change nothing, See the menu, Continue)."""
    own = button.minor or button.data.startswith((COMMAND_TAP, TAKES))
    return own or button.data.rpartition(":")[2] in (BACK, SKIP, KEEP)


def _numeric(buttons: Sequence[Button]) -> bool:
    """Whether numbers are answers, so that none may stand for the place of one."""
    return any(fold(button.label).isdecimal() for button in buttons)


# -- numbers, on a terminal ----------------------------------------------------------------------------------------


def _listed(message: Message) -> list[str]:
    """Choices for a numbered channel; those that can't be told by a number stand in brackets on one line."""
    if numbered(message):
        return [f"{number}. {button.label}" for number, button in enumerate(message.buttons, 1)]
    return [" ".join(f"[{button.label}]" for button in message.buttons)] if message.buttons else []


def numbered(message: Message) -> bool:
    """Whether a number means a choice: not where labels are numbers, nor where the answer is written, nor where a
    choice sends something off, for a number typed twice must not."""
    return message.wants in ("choice", "nothing") and not _sends(message) and not _numeric(message.buttons)


def _sends(message: Message) -> bool:
    return any(button.data.endswith(":send") for button in message.buttons)


def pressed(message: Message, text: str) -> Button | None:
    """The button that a text typed on a numbered channel means: its number, or its label, which stands there to be
    typed even where it is a command word as well."""
    said = fold(text)
    for button in message.buttons:
        if fold(button.label) == said:
            return button
    if said.isdecimal() and numbered(message) and len(said) < 4 and 1 <= int(said) <= len(message.buttons):
        return message.buttons[int(said) - 1]
    return None


# -- words, where there are no buttons -----------------------------------------------------------------------------


def to_send(message: Message) -> list[tuple[str, Button]]:
    """What may be sent for each choice where there are no buttons: numbers, but words for yes and no, for sending
    something off, beside labels that are numbers, and for the engine's own, whose numbers would be read as answers."""
    numbers, by_number = count(1), _by_number(message)
    return [
        (str(next(numbers)), button) if by_number and not _own(button) else (_word(button, message.buttons), button)
        for button in message.buttons
    ]


def _by_number(message: Message) -> bool:
    main = [button for button in message.buttons if not _own(button)]
    return numbered(message) and not any(_yes_or_no(button) for button in main)


def _yes_or_no(button: Button) -> str | None:
    value = button.data.rpartition(":")[2]
    return value if value in ("yes", "no") else None


def _word(button: Button, among: Sequence[Button]) -> str:
    """The label; of a yes or a no its first word, where that tells it from all others."""
    words = button.label.replace(",", " ").split()
    if _yes_or_no(button) is None or not any(map(str.isalpha, words[0] if words else "")):
        return button.label
    others = (fold(other.label).replace(",", " ").split() for other in among if other is not button)
    return button.label if any(fold(words[0]) in other for other in others) else words[0]


def _worded(message: Message, language: str) -> list[str]:
    """The choices as lines: numbered, or the words to send."""
    main = [(said, button) for said, button in to_send(message) if not _own(button)]
    own = [said for said, button in to_send(message) if _own(button)]
    lines: list[Said] = []
    if main and _by_number(message):
        lines = [f"{number}. {button.label}" for number, button in main]
        lines.append(_("Send a number."))
    elif main:
        lines.append(_("Send {words}.", words=_either([said for said, _button in main], language)))
    if own:
        either = _either(own, language)
        lines.append(_("Or send {words}.", words=either) if main else _("Send {words}.", words=either))
    return [translate(line, language) for line in lines]


def _either(words: list[str], language: str) -> str:
    """Words to send, in capitals."""
    *first, last = [word.upper() for word in words]
    return translate(_("{first} or {last}", first=", ".join(first), last=last), language) if first else last


def meant(message: Message, text: str) -> Button | None:
    """The choice of this message that a text about it means: its label or a part of it, its number or its word."""
    said = fold(text)
    for word, button in to_send(message):
        if said and said in (fold(button.label), fold(word)):
            return button
    values = {_yes_or_no(button): button.data for button in message.buttons}
    options = tuple(Choice(button.data, button.label) for button in message.buttons)
    found = OneOf(options, yes=values.get("yes", ""), no=values.get("no", "")).match(text, numbers=False)
    return next((button for button in message.buttons if found is not None and button.data == found.id), None)
