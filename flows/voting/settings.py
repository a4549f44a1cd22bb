"""A vote's settings: by which method, on which candidates, and the rules that hold; and the form that asks for them.

As the panel keeps them: `{"method", "question": {language: text}, "options": [{"id", "label", "about", "withdrawn",
"idea"}], "least", "most", "points", "grades", "change", "hidden", "secret", "quorum", "entitled", "turnout",
"threshold", "blank_expressed"}`; what is missing is as DEFAULTS says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from flows.answers import Choice
from flows.counting import decision
from flows.forms import Fault, Faults, Field, options
from flows.texts import Said, Text, Words, _
from storage.value import value

FOR_AGAINST, ONE_OF, APPROVAL, BORDA = "for_against", "one_of", "approval", "borda"
SCHULZE, JUDGMENT, POINTS = "schulze", "judgment", "points"
RANKED = (BORDA, SCHULZE)
METHODS = (
    Choice(FOR_AGAINST, _("For or against")),
    Choice(ONE_OF, _("Choose one proposal")),
    Choice(APPROVAL, _("Choose several proposals")),
    Choice(BORDA, _("Rank them, counted in points (Borda)")),
    Choice(SCHULZE, _("Rank them, counted in duels (Condorcet-Schulze)")),
    Choice(JUDGMENT, _("Grade each of them (majority judgment)")),
    Choice(POINTS, _("Share out points")),
)
GRADES = (
    Choice("very_good", _("Very good")),
    Choice("good", _("Good")),
    Choice("fair", _("Fair")),
    Choice("poor", _("Poor")),
    Choice("reject", _("To be rejected")),
)
"""The best first, as docs/counting.md has them."""
THRESHOLDS: Mapping[str, tuple[Fraction, Said]] = {
    "half": (Fraction(1, 2), _("More than half")),
    "three_fifths": (Fraction(3, 5), _("Three fifths")),
    "two_thirds": (Fraction(2, 3), _("Two thirds")),
    "three_quarters": (Fraction(3, 4), _("Three quarters")),
}
MOST_OPTIONS, MOST_POINTS = 30, 10
DEFAULTS: Mapping[str, Any] = {"method": FOR_AGAINST, "change": True, "hidden": True, "threshold": "half", "points": 10}
_ID = re.compile(r"[a-z0-9_]{1,16}")
_BLANK_ID = "blank"


@value
class Candidate:
    """What can be voted for. Its number is published, and the same on every channel and on paper."""

    id: str
    number: int | None
    name: Said
    about: Said | None = None
    withdrawn: bool = False
    idea: int | None = None
    """The contribution it was taken over from."""

    @property
    def line(self) -> Said:
        """As it stands in a list: `4. Light the way to school`."""
        return Text("{number}. {name}", {"number": self.number, "name": self.name}) if self.number else self.name

    @property
    def choice(self) -> Choice:
        """Its button: its number, or for and against by name."""
        return Choice(self.id, str(self.number), self.line) if self.number else Choice(self.id, self.name)


BOTH = (Candidate("for", None, _("For")), Candidate("against", None, _("Against")))


@value
class Vote:
    """The settings of one vote, checked. `published` are all candidates there ever were, in the order of their numbers;
    `grades` the best first."""

    method: str
    question: Said
    published: tuple[Candidate, ...]
    least: int
    most: int
    points: int
    grades: tuple[Choice, ...]
    change: bool
    hidden: bool
    secret: bool
    rule: decision.Rule
    entitled: int | None

    @property
    def standing(self) -> tuple[Candidate, ...]:
        """Those that can be voted for now."""
        return tuple(candidate for candidate in self.published if not candidate.withdrawn)

    @property
    def ids(self) -> list[str]:
        return [candidate.id for candidate in self.standing]


def read(given: Mapping[str, Any]) -> Vote:
    """The settings as they may be used. Raises Faults."""
    asked = {**DEFAULTS, **{name: one for name, one in given.items() if one is not None}}
    faults = list(_faults(asked))
    if faults:
        raise Faults(*faults)
    published = BOTH if asked["method"] == FOR_AGAINST else _candidates(asked)
    standing = [candidate for candidate in published if not candidate.withdrawn]
    several = asked["method"] in (APPROVAL, *RANKED)
    least = asked.get("least", 1) if several else 1
    most = min(asked.get("most", len(standing)), len(standing)) if several else 1
    if not 1 <= least <= most:
        raise Faults(Fault("least", _("The least has to be between one and the most.")))
    return Vote(
        method=asked["method"],
        question=Words(asked["question"]),
        published=published,
        least=least,
        most=most,
        points=asked["points"],
        grades=tuple(Choice(one["id"], Words(one["label"])) for one in asked.get("grades") or ()) or GRADES,
        change=bool(asked["change"]),
        hidden=bool(asked["hidden"] or asked.get("secret")),  # totals that grow by one tell who has just voted what
        secret=bool(asked.get("secret")),
        rule=_rule(asked),
        entitled=asked.get("entitled"),
    )


def _candidates(asked: Mapping[str, Any]) -> tuple[Candidate, ...]:
    kept = {one["id"]: one for one in asked["options"]}
    return tuple(
        Candidate(
            one.id, one.number, Words(one.label), Words(one.about) if one.about else None,
            bool(kept[one.id].get("withdrawn")), kept[one.id].get("idea"),
        )
        for one in options(asked, "options")
    )  # fmt: skip


def _rule(asked: Mapping[str, Any]) -> decision.Rule:
    return decision.Rule(
        voters=asked.get("quorum", 0),
        turnout=Fraction(asked.get("turnout", 0), 100),
        threshold=THRESHOLDS[asked["threshold"]][0],
        blank_expressed=bool(asked.get("blank_expressed")),
    )


def _faults(asked: Mapping[str, Any]) -> Iterator[Fault]:
    """All that is wrong, so that it can be mended at once."""
    if asked["method"] not in {method.id for method in METHODS}:
        yield Fault("method", _("Please choose how people vote."))
    if not any((asked.get("question") or {}).values()):
        yield Fault("question", _("Please write the question."))
    if asked["method"] != FOR_AGAINST:
        yield from _faults_of_options(asked.get("options") or ())
    for name, least, most in NUMBERS:
        number = asked.get(name)
        if number is not None and not (isinstance(number, int) and least <= number <= (most or number)):
            yield Fault(name, _("This number can't be."))
    if asked.get("turnout") and not asked.get("entitled"):
        yield Fault("entitled", _("A share of those entitled to vote needs their number."))
    if asked["threshold"] not in THRESHOLDS:
        yield Fault("threshold", _("Please choose one of the shares."))
    grades = asked.get("grades") or ()
    if grades and not (2 <= len(grades) == len({one["id"] for one in grades})):
        yield Fault("grades", _("There have to be two grades at least."))


def _faults_of_options(given: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    ids = [one["id"] for one in given]
    if sum(not one.get("withdrawn") for one in given) < 2:
        yield Fault("options", _("There have to be two proposals at least."))
    if len(given) > MOST_OPTIONS:
        yield Fault("options", _("{most} proposals are the most that a vote takes.", most=MOST_OPTIONS))
    if len(set(ids)) < len(ids) or not all(_ID.fullmatch(id_) and id_ != _BLANK_ID for id_ in ids):
        yield Fault("options", _("Two proposals have the same id, or an id that can't be."))
    if not all(any(one["label"].values()) for one in given):
        yield Fault("options", _("Every proposal needs a name."))


NUMBERS = (
    ("least", 1, MOST_OPTIONS),
    ("most", 1, MOST_OPTIONS),
    ("points", 1, MOST_POINTS),
    ("quorum", 0, None),
    ("entitled", 1, None),
    ("turnout", 0, 100),
)
"""The numbers of the form: the least and the most each may be."""


def form() -> Sequence[Field]:
    """What the panel asks, in plain words; what few need stands behind "More choices"."""
    bounds = {name: (least, most) for name, least, most in NUMBERS}
    fields = (
        Field("question", "words", _("The question"), _("As people read it in the chat."), required=True),
        Field("method", "choice", _("How people vote"), required=True, choices=METHODS, default=FOR_AGAINST),
        Field("options", "options", _("The proposals"), _("Their numbers are those of the poster and of the paper.")),
        Field("secret", "flag", _("Secret vote"), _("Nothing is shown before closing, and then only totals are kept.")),
        Field("hidden", "flag", _("Hide the results until closing"), default=True),
        Field("change", "flag", _("People may change their vote until closing"), default=True),
        Field("least", "number", _("Proposals to choose at least"), rare=True),
        Field("most", "number", _("Proposals to choose at most"), rare=True),
        Field("points", "number", _("Points that each person shares out"), default=MOST_POINTS, rare=True),
        Field("grades", "options", _("The grades, the best first"), _("Left empty: five usual ones."), rare=True),
        Field("quorum", "number", _("People who have to vote for it to count"), rare=True),
        Field("turnout", "number", _("Percent of those entitled who have to vote"), rare=True),
        Field("entitled", "number", _("How many people are entitled to vote"), rare=True),
        Field(
            "threshold",
            "choice",
            _("Votes in favour that are needed"),
            choices=[Choice(id_, label) for id_, (_share, label) in THRESHOLDS.items()],
            default="half",
            rare=True,
        ),
        Field("blank_expressed", "flag", _("A blank vote counts like one against"), default=False, rare=True),
    )
    return [
        replace(field, least=bounds[field.name][0], most=bounds[field.name][1]) if field.name in bounds else field
        for field in fields
    ]
