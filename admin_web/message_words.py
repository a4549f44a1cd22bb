"""What the pages of messages to many say of them: their state, what became of them, and who gets none and why."""

from __future__ import annotations

from collections.abc import Mapping

from flows.texts import Said, Text, Words, _, plural
from storage import left_out
from storage.broadcast_figures import Figures
from storage.broadcasts import CANCELLED, DRAFT, GIVEN_UP, PAUSED, PLANNED, QUEUEING, SENDING, SENT, Broadcast
from storage.value import value

_STATES: Mapping[str, tuple[str, Said]] = {
    DRAFT: ("watch", _("Draft")),
    PLANNED: ("", _("Planned")),
    QUEUEING: ("good", _("Leaving now")),
    SENDING: ("good", _("Leaving now")),
    PAUSED: ("watch", _("Paused")),
    SENT: ("good", _("It has left")),
    CANCELLED: ("", _("Called off")),
}


def standing(one: Broadcast) -> tuple[str, Said]:
    """The colour of its tag, and the word in it."""
    return ("", _("Taken back")) if one.undone_at is not None else _STATES[one.state]


_OCCASIONS: Mapping[str, Said] = {
    "opens": _("It opens: told to those it is for."),
    "closes": _("It closes soon: told to those who have not taken part."),
    "results": _("The results are out: told to those who asked for them."),
}
"""What the program announces of a step by itself."""


def first_words(one: Broadcast) -> Said:
    """How it stands in a list."""
    if one.occasion == "opens" and one.nth:
        return _("It opens again: told to those it is for who have not taken part.")
    if one.occasion is not None:
        return _OCCASIONS.get(one.occasion, _("The program writes of a step by itself."))
    return Words({language: _shortened(text) for language, text in one.text.items()})


SHOWN = 90
"""Characters of a text in a list."""


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN].rsplit(' ', 1)[0]}…"


def why_none(reason: str, people: int) -> Said:
    """Who of an audience gets none."""
    return _LEFT_OUT[reason].of(people)


@value
class Sentence:
    """One that counts people, before the number is known."""

    one: str
    several: str

    def of(self, people: int) -> Text:
        return Text(self.one, {"count": people}, self.several, people)


def _counting(marked: Text) -> Sentence:
    """What `plural` marked, so that its words are found for translation."""
    return Sentence(marked.singular, marked.plural or marked.singular)


_LEFT_OUT: Mapping[str, Sentence] = {
    left_out.STOPPED: _counting(
        plural("{count} person has asked to receive nothing.", "{count} people have asked to receive nothing.", 1)
    ),
    left_out.NEVER_AGREED: _counting(
        plural(
            "{count} person has not agreed to take part in anything so far.",
            "{count} people have not agreed to take part in anything so far.",
            1,
        )
    ),
    left_out.UNREACHABLE: _counting(
        plural("{count} person can no longer be reached.", "{count} people can no longer be reached.", 1)
    ),
    left_out.SILENT: _counting(
        plural(
            "{count} person uses a door by which the town cannot write first.",
            "{count} people use a door by which the town cannot write first.",
            1,
        )
    ),
    left_out.ENOUGH: _counting(
        plural(
            "{count} person has had as many messages this month as the town allows.",
            "{count} people have had as many messages this month as the town allows.",
            1,
        )
    ),
}


def parts(figures: Figures) -> list[tuple[Said, int]]:
    """What became of it, person by person: those that are not nought, which add up to its recipients."""
    named: list[tuple[Said, int]] = [
        (_("have left"), figures.sent),
        (_("still to leave"), figures.waiting),
        (_("in doubt"), figures.held),
        (_("failed"), figures.failed),
        (_("taken back"), figures.undone),
        (_("wanted nothing any more before it left"), figures.stopped),
        (_("did not leave: called off, over, or not true any more"), figures.called_off),
        (_("did not leave in time"), figures.too_old),
        (_("erased since, at their own wish"), figures.erased),
    ]
    return [(words, people) for words, people in named if people]


_FAILURES: Mapping[str, Sentence] = {
    "blocked": _counting(plural("{count} person has blocked the robot.", "{count} people have blocked the robot.", 1)),
    "gone": _counting(
        plural("{count} person is no more where they were.", "{count} people are no more where they were.", 1)
    ),
    "closed": _counting(
        plural(
            "{count} person came by a door that the town has closed.",
            "{count} people came by a door that the town has closed.",
            1,
        )
    ),
    "tried too often": _counting(
        plural(
            "For {count} person the platform could not be reached for too long.",
            "For {count} people the platform could not be reached for too long.",
            1,
        )
    ),
    GIVEN_UP: _counting(
        plural(
            "{count} person may have got it, or not: it was not sent again.",
            "{count} people may have got it, or not: it was not sent again.",
            1,
        )
    ),
}
_REFUSED = _counting(
    plural("The platform refused it for {count} person.", "The platform refused it for {count} people.", 1)
)


def failures(figures: Figures) -> list[tuple[Said, str]]:
    """A sentence for each reason, the most frequent first, and what the platform said where that is all we know."""
    ordered = sorted(figures.failures.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(_FAILURES.get(why, _REFUSED).of(people), "" if why in _FAILURES else why) for why, people in ordered]
