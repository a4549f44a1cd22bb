"""What is said in several modules when somebody gives something: until when it can be changed, who reads it, whom to
call, and what a refusal means."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flows.conversation import Talk
from flows.host import person_to_call
from flows.texts import Said, Words, _, plural
from storage.phases import PhaseFacts
from storage.refusals import Refusal


def quoted(text: Said) -> Said:
    """Somebody's words, between the marks of the language."""
    return _("“{text}”", text=text)


def called(talk: Talk) -> tuple[Said, ...]:
    """A person to talk to, where there is one."""
    call = person_to_call(talk.scene)
    return (call,) if call is not None else ()


def not_for_all(talk: Talk) -> tuple[Said, ...]:
    """Said where somebody is not, or not any more, among those a phase is for."""
    return (_("This is not for everybody at the moment."), *called(talk))


def too_many(refusal: Refusal) -> Said:
    """Said where somebody has given enough for a day."""
    most = refusal.details.get("most", 1)
    return plural(
        "I take {count} text a day from each person. Please come back tomorrow.",
        "I take {count} texts a day from each person. Please come back tomorrow.",
        most,
    )


def reading(phase: PhaseFacts, text: str) -> Said:
    """When others see what was just written: at once, or once it was read."""
    if phase.moderation == "before":
        return _("Thank you. Once it was read, others see this, without your name: “{text}”", text=text)
    return _("Thank you. Others see this, without your name: “{text}”", text=text)


def to_change(talk: Talk, what: Said) -> Said:
    """How something can be done about what was given, and until when; only the day when that is its last minute."""
    assert talk.scene.phase is not None
    closes = talk.scene.phase.closes_at
    if closes is None:
        return _("To {what}: “What I have given”, in the menu.", what=what)
    there = closes.astimezone(ZoneInfo(talk.scene.space.zone))
    moment = there.date() if (there.hour, there.minute) == (23, 59) else there
    return _("To {what} until {moment}: “What I have given”, in the menu.", what=what, moment=moment)


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
