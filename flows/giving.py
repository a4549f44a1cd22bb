"""What is said in several modules when somebody gives something: until when it can be changed, who reads it, whom to
call, and what a refusal means."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flows.conversation import Talk
from flows.host import person_to_call
from flows.texts import Said, Words, _, plural
from storage.phases import PhaseFacts
from storage.refusals import TooMany


def quoted(text: Said) -> Said:
    """Somebody's words, between the marks of the language."""
    return _("“{text}”", text=text)


def language_of(talk: Talk) -> str:
    """The language in which all texts of a space are cut to stems, so that they are found by their words."""
    return talk.scene.space.languages[0]


def called(talk: Talk) -> tuple[Said, ...]:
    """A person to talk to, where there is one."""
    call = person_to_call(talk.scene)
    return (call,) if call is not None else ()


def supporters(count: int) -> Said:
    """How many people support something."""
    if count == 0:
        return _("Nobody supports it yet.")
    return plural("{count} person supports it.", "{count} people support it.", count)


def too_many(refusal: TooMany) -> Said:
    """Said where somebody has given enough for a day."""
    return plural(
        "I take {count} text in 24 hours from each person. This one was not sent. Please come back tomorrow.",
        "I take {count} texts in 24 hours from each person. This one was not sent. Please come back tomorrow.",
        refusal.details.get("most", 1),
    )


def reading(phase: PhaseFacts, text: str) -> Said:
    """When others see what was just written: at once, or once it was read."""
    if phase.moderation == "before":
        return _("Thank you. Once it was read, others see this, without your name: “{text}”", text=text)
    return _("Thank you. Others see this, without your name: “{text}”", text=text)


def to_change(talk: Talk, what: Said) -> Said:
    """How something can be done about what was given, and until when."""
    moment = closing(talk)
    if moment is None:
        return _("To {what}: “What I have given”, in the menu.", what=what)
    return _("To {what} until {moment}: “What I have given”, in the menu.", what=what, moment=moment)


def closing(talk: Talk) -> date | datetime | None:
    """When the phase closes, as far as that is set; only the day when it is its last minute."""
    return closes_on(talk.phase, ZoneInfo(talk.scene.space.zone))


def closes_on(phase: PhaseFacts, zone: ZoneInfo) -> date | datetime | None:
    """The same, for those who are told outside of a conversation."""
    if phase.closes_at is None:
        return None
    there = phase.closes_at.astimezone(zone)
    return there.date() if (there.hour, there.minute) == (23, 59) else there


def decided(phase: PhaseFacts) -> tuple[Said, ...]:
    """Who decides, what is done with what was given, and when the answer comes, as far as it was said."""
    lines: list[Said] = []
    if phase.decides:
        lines.append(_("Who decides: {who}.", who=Words(phase.decides)))
    if phase.does:
        lines.append(Words(phase.does))
    if phase.answer_on is not None:
        lines.append(_("The answer comes on {day}.", day=phase.answer_on))
    return tuple(lines)
