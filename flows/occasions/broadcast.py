"""A text that the town writes to many: its own words, a button into a phase, who writes, and how to hear no more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flows.messages import Button, Line, Media, Message
from flows.occasion import PHASE, Occasion, taking
from flows.texts import Words, _, translate
from storage import broadcast_rows, broadcasts
from storage.broadcast_rows import Facts
from storage.leaving import Due


class Broadcast(Occasion):
    kind = broadcasts.BROADCAST
    look = staticmethod(broadcast_rows.look)

    def word(self, facts: Facts, due: Due, language: str, now: datetime) -> Message:
        return compose(facts, due, language)


class Test(Occasion):
    """The same, for whoever asked for it to see it before the others."""

    kind = broadcasts.TEST
    look = staticmethod(broadcast_rows.look_at_test)

    def word(self, facts: Facts, due: Due, language: str, now: datetime) -> Message:
        return compose(facts, due, language)


def compose(facts: Facts, due: Due, language: str) -> Message:
    """The message as this person gets it; where something is not written in their language, in another."""
    one, phase = facts.broadcast, facts.phase
    signed = _("From {host}. To receive nothing more, write “stop”.", host=Words(facts.host))
    lines = (Line(Words(one.text).in_language(language)), Line(translate(signed, language)))
    buttons: tuple[Button, ...] = ()
    if phase is not None:
        label = Words(one.button if any(one.button.values()) else phase.title)
        buttons = (taking(label, PHASE, phase.id, due, language),)
    return Message(lines, buttons, media_of(one.media, language))


def media_of(media: Mapping[str, Any] | None, language: str) -> Media | None:
    if media is None:
        return None
    return Media(media["kind"], media["address"], Words(media["description"]).in_language(language))
