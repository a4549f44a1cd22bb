"""What people are told of a contribution by the town: that it is hidden and why, or how it answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.texts import Said, Words, _

REASONS: Mapping[str, Said] = {
    "person": _("It names or points at a person"),
    "hurtful": _("It may hurt somebody"),
    "unlawful": _("The law forbids such words"),
    "off_topic": _("It is about something else"),
    "advert": _("It is an advertisement"),
    "twice": _("It says the same as another"),
}
"""Why a text is reported, or hidden (storage/moderation.py), as residents and moderators choose it on a button and its
author reads it."""
QUOTED = 80
"""Of a text, this many letters are enough for its author to know it again."""


def quoted(text: str) -> str:
    """A text in one line, cut after a word where it is long."""
    line = " ".join(text.split())
    if len(line) <= QUOTED:
        return line
    return line[: QUOTED - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def hidden(text: str, reason: str, note: str, contact: Mapping[str, Any]) -> tuple[Said, ...]:
    """What the author of a hidden text is told: what, why, and what can be done. `contact` is that of the space."""
    lines: list[Said] = [
        _("Your text is not shown to others: “{text}”", text=quoted(text)),
        _("The reason: {reason}.", reason=REASONS[reason]),
    ]
    if note:
        lines.append(_("A word from those who read it: {note}", note=note))
    lines.append(_("You can correct it while it is open: write “menu”, then “What I have given”. It is read again."))
    if contact.get("name") and contact.get("phone"):
        lines.append(
            _("You do not agree? Call {name}, {phone}.", name=str(contact["name"]), phone=str(contact["phone"]))
        )
    return tuple(lines)


def answered(text: str, status: Said | None, reply: Mapping[str, str], host: Said) -> tuple[Said, ...]:
    """What the author, the supporters and the followers of a contribution are told, in the language they speak."""
    lines: list[Said] = [_("News from {host} about: “{text}”", host=host, text=quoted(text))]
    if status is not None:
        lines.append(_("Where it stands: {status}.", status=status))
    if any(reply.values()):
        lines.append(Words(reply))
    return tuple(lines)
