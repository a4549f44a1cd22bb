"""Somebody stopped in the middle: reminded once, a day later, of how little is left."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flows import module
from flows.commands import Command
from flows.composing import WHAT_IT_DOES
from flows.giving import closes_on
from flows.journal import Journal
from flows.messages import Line, Message
from flows.module import Left
from flows.occasion import TALK, Occasion, asking, taking
from flows.texts import Said, Words, _, plural, translate
from storage import reminders
from storage.leaving import Due
from storage.phases import PhaseFacts
from storage.reminded import STOPPED
from storage.reminders import Begun


class Stopped(Occasion):
    kind = STOPPED
    look = staticmethod(reminders.look)

    def word(self, facts: Begun, due: Due, language: str, now: datetime) -> Message:
        left = module.load(facts.phase.kind, facts.phase.settings).left(Journal.loads(facts.journal).answers())
        lines = (*_begun(facts.phase, left), *_until(facts))
        return Message(
            tuple(Line(translate(line, language)) for line in lines),
            (
                taking(WHAT_IT_DOES[Command.CONTINUE], TALK, due.about, due, language),
                asking(Command.LATER, language),
                asking(Command.MUTE, language),
            ),
        )


def _begun(phase: PhaseFacts, left: Left | None) -> tuple[Said, ...]:
    if left is None or not phase.topic:
        return (_("Hello. You began “{title}” and did not finish.", title=Words(phase.title)),)
    begun = _("Hello. You began to answer {topic}.", topic=Words(phase.topic))
    if not left.questions:
        return begun, _("Your answers only need to be sent.")
    time = plural("about one minute", "about {count} minutes", left.minutes)
    return begun, plural(
        "There is {count} question left, {time}.",
        "There are {count} questions left, {time}.",
        left.questions,
        time=time,
    )


def _until(facts: Begun) -> tuple[Said, ...]:
    moment = closes_on(facts.phase, ZoneInfo(facts.space.zone))
    return (_("It is open until {moment}.", moment=moment),) if moment is not None else ()
