"""What a channel can show, and a message made to fit: buttons, or numbered lists, or words."""

from __future__ import annotations

from datetime import timedelta

from flows.folding import fold
from flows.messages import BACK, COMMAND_TAP, KEEP, SKIP, TAKES, Button, Message
from flows.splitting import MEASURES, Unit, split
from flows.texts import Said, Text, _, translate
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


@value
class Rendered:
    """A message as one channel sends it: texts in order, each short enough, the last with the buttons."""

    texts: tuple[str, ...]
    buttons: tuple[Button, ...]


def render(message: Message, channel: Capabilities, language: str) -> Rendered:
    """Fit a message to a channel. Labels too long for a button, and choices without buttons, go to the text."""
    lines = [line.text for line in message.lines]
    if message.media is not None:
        where = "" if message.media.ours else f" {message.media.address}"
        lines.append(message.media.description + where)
    buttons = message.buttons
    if channel.numbered:
        lines += _listed(message)
    elif not channel.buttons:
        lines += _worded(message, language)
    elif any(len(button.label) > channel.label for button in buttons):
        lines += [f"{number}. {button.label}" for number, button in enumerate(buttons, 1) if not button.minor]
        buttons = tuple(_shortened(button, number) for number, button in enumerate(buttons, 1))
    shown = buttons if channel.buttons and not channel.numbered else ()
    return Rendered(tuple(split("\n".join(lines), channel.longest, channel.unit)), shown)


def _listed(message: Message) -> list[str]:
    """Choices for a numbered channel; those that can't be told by a number stand in brackets on one line."""
    if numbered(message):
        return [f"{number}. {button.label}" for number, button in enumerate(message.buttons, 1)]
    return [" ".join(f"[{button.label}]" for button in message.buttons)] if message.buttons else []


def numbered(message: Message) -> bool:
    """Whether a number means a choice: not where labels are numbers, nor where the answer is written, nor where a
    choice sends something off, for a number typed twice must not."""
    if message.wants not in ("choice", "nothing") or _sends(message):
        return False
    return not any(button.label.isdigit() for button in message.buttons)


def _sends(message: Message) -> bool:
    return any(button.data.endswith(":send") for button in message.buttons)


def _worded(message: Message, language: str) -> list[str]:
    """Choices for a channel without buttons: numbers to send, but yes and no as words, and sending something off, and
    the engine's own: their numbers would be read as answers."""
    main = [button for button in message.buttons if not _own(button)]
    minor = [button for button in message.buttons if _own(button)]
    if any(button.data.endswith((":yes", ":no")) for button in main):
        lines = [_("Send {words}.", words=_either([_word(button) for button in main], language))]
    elif _sends(message):
        lines = [_("Send {words}.", words=_either([button.label for button in main], language))]
    elif any(button.label.isdigit() for button in main):
        lines = [_("Send your number.")]
        minor = [*(button for button in main if not button.label.isdigit()), *minor]
    else:
        numbers = [Text("{number}. {label}", {"number": n, "label": b.label}) for n, b in enumerate(main, 1)]
        lines = [*numbers, _("Send a number.")] if main else []
    if minor:
        either = _either([button.label for button in minor], language)
        lines.append(_("Or send {words}.", words=either) if main else _("Send {words}.", words=either))
    return [translate(line, language) for line in lines]


def _own(button: Button) -> bool:
    """Whether it is one of the engine's own (Back, Skip, Change nothing, See the menu, Continue)."""
    return button.data.startswith((COMMAND_TAP, TAKES)) or button.data.rpartition(":")[2] in (BACK, SKIP, KEEP)


def _word(button: Button) -> str:
    """What to send for yes, for no, or beside them: the first word of a label, but "no opinion" whole."""
    return button.label if button.data.endswith(":none") else button.label.replace(",", " ").split()[0]


def _either(words: list[str], language: str) -> str:
    """Words to send, in capitals."""
    *first, last = [word.upper() for word in words]
    return translate(_("{first} or {last}", first=", ".join(first), last=last), language) if first else last


def _shortened(button: Button, number: int) -> Button:
    return button if button.minor else Button(str(number), button.data)


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
