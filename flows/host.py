"""The host of a conversation: who speaks, whom to call, and what is said outside the dates."""

from __future__ import annotations

from collections.abc import Mapping

from flows.run import Scene
from flows.texts import Said, Words, _
from storage.phases import PhaseFacts

LANGUAGE_NAMES = {"fr": "Français", "en": "English"}
_CHANNEL_NAMES: Mapping[str, Said] = {
    "web": _("Web page"),
    "paper": _("Paper"),
    "field": _("By a volunteer"),
    "terminal": _("Terminal"),
    "telegram": "Telegram",
    "signal": "Signal",
    "matrix": "Matrix",
    "sms": "SMS",
}


def channel_name(channel: str) -> Said:
    """How a channel is called wherever somebody reads of it."""
    return _CHANNEL_NAMES.get(channel, channel)


def host(scene: Scene) -> Said:
    """Who speaks, as it reads after "of": the town hall of Montaubry."""
    return Words(scene.space.contact.get("host") or scene.space.name)


def greeting(scene: Scene) -> Said:
    """The first words to somebody new."""
    return _("Hello. I am the robot of {host}.", host=host(scene))


def person_to_call(scene: Scene) -> Said | None:
    """A person to talk to, with the hours; None where the organiser named nobody."""
    contact = scene.space.contact
    if not contact.get("name") or not contact.get("phone"):
        return None
    return _(
        "To talk to a person: {name}, {phone}, {hours}.",
        name=contact["name"],
        phone=contact["phone"],
        hours=Words(contact.get("hours") or {}),
    )


def closed(scene: Scene, phase: PhaseFacts, kept: Said | None = None) -> tuple[Said, ...]:
    """What is said outside the dates: always an answer, always what to do next; and of what somebody gave that it is
    `kept`."""
    lines: list[Said] = []
    if phase.opens_at is not None and scene.now < phase.opens_at:
        lines.append(_("This is not open yet. It opens on {moment}.", moment=scene.local(phase.opens_at)))
    elif phase.closes_at is not None and phase.closes_at <= scene.now:
        lines.append(_("This has been closed since {moment}.", moment=scene.local(phase.closes_at)))
    else:
        lines.append(_("This is closed."))
    if kept is not None:
        lines.append(kept)
    if phase.answer_on is not None:
        lines.append(_("The result comes out on {day}.", day=phase.answer_on))
    call = person_to_call(scene)
    return (*lines, call) if call is not None else tuple(lines)
