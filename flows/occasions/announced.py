"""What the program tells of a phase by itself: that it opens, that it closes soon, that the results are out."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flows.commands import Command
from flows.giving import closes_on
from flows.messages import Line, Message
from flows.occasion import PHASE, Occasion, asking, taking
from flows.texts import Said, Words, _, plural, translate
from storage import announcements, reminded
from storage.broadcast_rows import Facts
from storage.leaving import Due
from storage.phases import PhaseFacts


class Opens(Occasion):
    kind = reminded.OPENS
    look = staticmethod(announcements.look)

    def word(self, facts: Facts, due: Due, language: str, now: datetime) -> Message:
        moment = closes_on(*_where(facts))
        until = () if moment is None else (_("It is open until {moment}.", moment=moment),)
        return _told(facts, due, language, _opens(facts, now), *until)


def _opens(facts: Facts, now: datetime) -> Said:
    phase, zone = _where(facts)
    title, begun = _called(facts), phase.opens_at
    if facts.broadcast.nth:
        return _("Hello. “{title}” is open again.", title=title)
    if begun is not None and begun.astimezone(zone).date() == now.astimezone(zone).date():
        return _("Hello. “{title}” opens today.", title=title)
    return _("Hello. “{title}” is open.", title=title)


class Closes(Occasion):
    kind = reminded.CLOSES
    look = staticmethod(announcements.look)

    def word(self, facts: Facts, due: Due, language: str, now: datetime) -> Message:
        phase, zone = _where(facts)
        title, moment = _called(facts), closes_on(phase, zone)
        if phase.closes_at is None or moment is None:  # its date was taken away since
            return _told(facts, due, language, _("Hello. “{title}” is open.", title=title), _NOTHING_YET)
        days = (phase.closes_at.astimezone(zone).date() - now.astimezone(zone).date()).days
        until = _("It is open until {moment}.", moment=moment)
        return _told(facts, due, language, _closes(title, days), until, _NOTHING_YET)


_NOTHING_YET = _("You have not sent anything yet.")


def _closes(title: Said, days: int) -> Said:
    if days == 0:
        return _("Hello. “{title}” closes today.", title=title)
    if days == 1:
        return _("Hello. “{title}” closes tomorrow.", title=title)
    return plural(
        "Hello. “{title}” closes in {count} day.", "Hello. “{title}” closes in {count} days.", days, title=title
    )


class Results(Occasion):
    """Asked for: no button is needed that stops it."""

    kind = announcements.RESULTS
    look = staticmethod(announcements.look)

    def word(self, facts: Facts, due: Due, language: str, now: datetime) -> Message:
        phase, _zone = _where(facts)
        lines = (
            _("Hello. The result of “{title}” is out.", title=Words(facts.whole)),
            _("You took part and asked for it. Thank you."),
        )
        button = taking(_("Read the result"), PHASE, phase.id, due, language)
        return Message(tuple(Line(translate(line, language)) for line in lines), (button,))


def _where(facts: Facts) -> tuple[PhaseFacts, ZoneInfo]:
    assert facts.phase is not None, "an announcement is of a phase"
    return facts.phase, ZoneInfo(facts.zone)


def _called(facts: Facts) -> Said:
    """A phase by its name and that of its consultation."""
    phase, _zone = _where(facts)
    if phase.title == facts.whole:
        return Words(phase.title)
    return _("{consultation}: {step}", consultation=Words(facts.whole), step=Words(phase.title))


def _told(facts: Facts, due: Due, language: str, *said: Said) -> Message:
    """Who writes, and how to hear no more of it: nobody asked for this."""
    phase, _zone = _where(facts)
    signed = _("From {host}. To receive nothing more, write “stop”.", host=Words(facts.host))
    lines = tuple(Line(translate(line, language)) for line in (*said, signed))
    return Message(lines, (taking(_("Take part"), PHASE, phase.id, due, language), asking(Command.MUTE, language)))
