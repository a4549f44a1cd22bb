"""What people are told of a contribution by the town: that it is hidden and why, or how it answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.texts import Said, Words, _
from storage.shortening import shortened

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
    return shortened(" ".join(text.split()), QUOTED)


def hidden(text: str, reason: str, note: str, contact: Mapping[str, Any]) -> tuple[Said, ...]:
    """What the author of a hidden text is told: what, why, and what can be done. `contact` is that of the space."""
    lines: list[Said] = [
        _("Your text is not shown to others: “{text}”", text=quoted(text)),
        _("The reason: {reason}.", reason=REASONS[reason]),
    ]
    if note:
        lines.append(_("A word from those who read it: {note}", note=note))
    lines.append(_("You can correct it while it is open: write “menu”, then “What I have given”. It is read again."))
    return (*lines, *_call(contact))


def merged(text: str, into: str, contact: Mapping[str, Any], *, own: bool) -> tuple[Said, ...]:
    """What the author of a text is told that was merged into another, which may be their `own` as well."""
    supports = _("Everybody who supported yours supports it now, and so do you.")
    lines: list[Said] = [
        _("Your text says the same as another one, so both are one now: “{text}”", text=quoted(text)),
        _("The one that stays: “{text}”", text=quoted(into)),
        _("Everybody who supported the first supports the other now.") if own else supports,
    ]
    return (*lines, *_call(contact))


def _call(contact: Mapping[str, Any]) -> tuple[Said, ...]:
    """Whom to talk to, where the space names somebody."""
    if not contact.get("name") or not contact.get("phone"):
        return ()
    return (_("You do not agree? Call {name}, {phone}.", name=str(contact["name"]), phone=str(contact["phone"])),)


def answered(text: str, status: Said | None, reply: Mapping[str, str], host: Said) -> tuple[Said, ...]:
    """What the author, the supporters and the followers of a contribution are told, in the language they speak."""
    lines: list[Said] = [_("News from {host} about: “{text}”", host=host, text=quoted(text))]
    if status is not None:
        lines.append(_("Where it stands: {status}.", status=status))
    if any(reply.values()):
        lines.append(Words(reply))
    return tuple(lines)
