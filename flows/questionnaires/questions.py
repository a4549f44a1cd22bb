"""Every kind of question as a frozen value.

A question says what can be answered (`options`, `rows`), which choices an answer takes for the conditions of later
questions (`taken`), and which rows of the answers table it becomes (`parts`). Answers are JSON, one shape a kind:

    short_text, long_text   "text"
    number                  12 or 3.5, in its unit
    date                    "2027-03-19"
    one_of                  "choice", or {"other": "text"}
    yes_no                  "yes", "no" or "none" (no opinion)
    several_of              ["choice", ..., {"other": "text"}], in the order chosen
    ranking                 ["choice", ...], the preferred first
    grades, matrix          {"item": "choice", ...}; the choices of a matrix of numbers are "1", "2" ...
    scale                   4
    place                   {"lat": 48.85, "lon": 2.35} or {"text": "by the church"}
    photo                   {"photo": "reference"}
    email, phone            "a@b.fr", "+33261910012"

A question that was skipped is None. How they are written in a file is said in docs/questionnaire-file.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import ClassVar, Literal

from flows.answers import Json
from flows.folding import fold
from flows.questionnaires.settings import Option
from flows.texts import Words, _
from storage.contributions import Part
from storage.rules import Rule
from storage.value import value

OTHER = "other"
"""The choice an answer in somebody's own words counts as."""


@value
class Illustration:
    """What a question shows: the address of a picture, a document or a video, and what is in it."""

    kind: Literal["picture", "document", "video"]
    address: str
    description: Words


@dataclass(frozen=True, kw_only=True)
class Step:
    """A section or a question. `when` is its condition on earlier answers, or on the person."""

    kind: ClassVar[str]
    id: str
    text: Words
    media: Illustration | None = None
    when: Rule | None = None


@dataclass(frozen=True, kw_only=True)
class Section(Step):
    """A text said before the next question; nothing is asked."""

    kind = "section"


@dataclass(frozen=True, kw_only=True)
class Question(Step):
    """What all questions have: a short name for recaps and tables, an explanation, whether it can be skipped."""

    seconds: ClassVar[int] = 20
    """How long it takes to answer, from which `minutes` is worked out."""
    pivot: ClassVar[bool] = False
    """Whether later questions may depend on it."""

    short: Words | None = None
    help: Words | None = None
    required: bool = True

    @cached_property
    def name(self) -> Words:
        """The short name, or else the question without its question mark."""
        return self.short or Words({language: text.rstrip(" ?\xa0\u202f") for language, text in self.text.items()})

    def options(self) -> tuple[Option, ...]:
        """The choices that are counted, in the order they were written."""
        return ()

    def rows(self) -> tuple[Option, ...]:
        """What is judged one by one: the rows of a matrix, the items that are graded."""
        return ()

    def taken(self, answer: Json) -> tuple[str, ...]:
        """The ids of the choices this answer takes, for conditions."""
        return ()

    def parts(self, answer: Json) -> Iterator[Part]:
        """The countable answers in this one; a question that was skipped has none."""
        yield Part(self.id, text=answer, folded=fold(answer))

    def duration(self) -> int:
        """Seconds, about."""
        return self.seconds + 10 * max(0, len(self.rows()) - 1)


@dataclass(frozen=True, kw_only=True)
class ShortText(Question):
    kind, seconds = "short_text", 30
    max: int = 200


@dataclass(frozen=True, kw_only=True)
class LongText(Question):
    kind, seconds = "long_text", 60
    max: int = 4000


@dataclass(frozen=True, kw_only=True)
class Number(Question):
    """Bounds are included; `decimals` lets `3.5` be an answer."""

    kind = "number"
    min: float | None = None
    max: float | None = None
    unit: Words | None = None
    decimals: bool = False

    def parts(self, answer: Json) -> Iterator[Part]:
        yield Part(self.id, number=answer)


@dataclass(frozen=True, kw_only=True)
class Date(Question):
    """Bounds are included. Counted by its ISO day, which is kept as the choice."""

    kind = "date"
    earliest: date | None = None
    latest: date | None = None

    def parts(self, answer: Json) -> Iterator[Part]:
        yield Part(self.id, choice=answer)


@dataclass(frozen=True, kw_only=True)
class OneOf(Question):
    """`other` takes an answer in one's own words; `shuffle` draws the order anew for each person."""

    kind, pivot = "one_of", True
    choices: tuple[Option, ...]
    other: bool = False
    shuffle: bool = False

    def options(self) -> tuple[Option, ...]:
        return (*self.choices, Option(OTHER, _("Other"))) if self.other else self.choices

    def taken(self, answer: Json) -> tuple[str, ...]:
        return () if answer is None else (OTHER if isinstance(answer, dict) else answer,)

    def parts(self, answer: Json) -> Iterator[Part]:
        yield _chosen(self.id, answer)


@dataclass(frozen=True, kw_only=True)
class SeveralOf(Question):
    """At least `min` and at most `max` choices, or `exactly` so many."""

    kind, pivot, seconds = "several_of", True, 30
    choices: tuple[Option, ...]
    min: int | None = None
    max: int | None = None
    exactly: int | None = None
    other: bool = False
    shuffle: bool = False

    def bounds(self) -> tuple[int, int]:
        """At least and at most how many."""
        if self.exactly is not None:
            return self.exactly, self.exactly
        possible = len(self.choices) + self.other
        return self.min or 1, min(self.max or possible, possible)

    def options(self) -> tuple[Option, ...]:
        return (*self.choices, Option(OTHER, _("Other"))) if self.other else self.choices

    def taken(self, answer: Json) -> tuple[str, ...]:
        return tuple(OTHER if isinstance(one, dict) else one for one in answer or ())

    def parts(self, answer: Json) -> Iterator[Part]:
        for one in answer:
            yield _chosen(self.id, one)


@dataclass(frozen=True, kw_only=True)
class Ranking(Question):
    """The choices in order of preference; with `max`, only the first so many."""

    kind, seconds = "ranking", 40
    choices: tuple[Option, ...]
    max: int | None = None
    shuffle: bool = False

    def ranks(self) -> int:
        return min(self.max or len(self.choices), len(self.choices))

    def options(self) -> tuple[Option, ...]:
        return self.choices

    def parts(self, answer: Json) -> Iterator[Part]:
        for rank, choice in enumerate(answer, 1):
            yield Part(self.id, choice=choice, rank=rank)


GRADES = tuple(
    Option(id, Words(fr=fr, en=en))
    for id, fr, en in (
        ("very_good", "Très bien", "Very good"),
        ("good", "Bien", "Good"),
        ("fair", "Assez bien", "Fairly good"),
        ("passable", "Passable", "Passable"),
        ("poor", "Insuffisant", "Poor"),
        ("reject", "À rejeter", "To be rejected"),
    )
)
"""The six grades of the first majority judgments (Balinski and Laraki, 2007), best first."""


@dataclass(frozen=True, kw_only=True)
class Grades(Question):
    """Majority judgment: every item gets one of the grades; the best is written first."""

    kind = "grades"
    items: tuple[Option, ...]
    grades: tuple[Option, ...] = GRADES

    def options(self) -> tuple[Option, ...]:
        return self.grades

    def rows(self) -> tuple[Option, ...]:
        return self.items

    def parts(self, answer: Json) -> Iterator[Part]:
        for item, grade in answer.items():
            yield Part(self.id, item=item, choice=grade)


def steps_of_scale(least: int, most: int) -> tuple[Option, ...]:
    """The numbers of a scale as choices."""
    return tuple(Option(str(number), str(number)) for number in range(least, most + 1))


@dataclass(frozen=True, kw_only=True)
class Scale(Question):
    """A number between two ends; `low` and `high` say what the ends mean."""

    kind, pivot = "scale", True
    min: int = 1
    max: int = 5
    low: Words | None = None
    high: Words | None = None

    def options(self) -> tuple[Option, ...]:
        return steps_of_scale(self.min, self.max)

    def taken(self, answer: Json) -> tuple[str, ...]:
        return () if answer is None else (str(answer),)

    def parts(self, answer: Json) -> Iterator[Part]:
        yield Part(self.id, choice=str(answer), number=answer)


@dataclass(frozen=True, kw_only=True)
class Matrix(Question):
    """Every row is answered on one scale: of numbers, or of words when `choices` are given."""

    kind = "matrix"
    items: tuple[Option, ...]
    choices: tuple[Option, ...] = ()
    min: int = 1
    max: int = 5
    low: Words | None = None
    high: Words | None = None

    def options(self) -> tuple[Option, ...]:
        return self.choices or steps_of_scale(self.min, self.max)

    def rows(self) -> tuple[Option, ...]:
        return self.items

    def parts(self, answer: Json) -> Iterator[Part]:
        for row, choice in answer.items():
            yield Part(self.id, item=row, choice=choice, number=None if self.choices else float(choice))


@dataclass(frozen=True, kw_only=True)
class YesNo(Question):
    kind, pivot = "yes_no", True
    no_opinion: bool = False

    def options(self) -> tuple[Option, ...]:
        both = (Option("yes", _("Yes")), Option("no", _("No")))
        return (*both, Option("none", _("No opinion"))) if self.no_opinion else both

    def taken(self, answer: Json) -> tuple[str, ...]:
        return () if answer is None else (answer,)

    def parts(self, answer: Json) -> Iterator[Part]:
        yield Part(self.id, choice=answer)


@dataclass(frozen=True, kw_only=True)
class Place(Question):
    """Shared from the phone (choice `point`, the text `48.85660, 2.35220`) or typed (choice `text`)."""

    kind, seconds = "place", 30

    def parts(self, answer: Json) -> Iterator[Part]:
        if "text" in answer:
            yield Part(self.id, choice="text", text=answer["text"], folded=fold(answer["text"]))
        else:
            yield Part(self.id, choice="point", text=f"{answer['lat']:.5f}, {answer['lon']:.5f}")


@dataclass(frozen=True, kw_only=True)
class Given(Question):
    """What is counted as given and never shown among answers: the value is in the contribution's fields only."""

    def parts(self, answer: Json) -> Iterator[Part]:
        yield Part(self.id, choice="given")


@dataclass(frozen=True, kw_only=True)
class Photo(Given):
    kind, seconds = "photo", 40


@dataclass(frozen=True, kw_only=True)
class Email(Given):
    kind, seconds = "email", 30


@dataclass(frozen=True, kw_only=True)
class Phone(Given):
    kind, seconds = "phone", 30


def _chosen(question: str, answer: Json) -> Part:
    if isinstance(answer, dict):
        return Part(question, choice=OTHER, text=answer[OTHER], folded=fold(answer[OTHER]))
    return Part(question, choice=answer)


KINDS: Mapping[str, type[Step]] = {
    kind.kind: kind
    for kind in (
        *(Section, ShortText, LongText, Number, Date, OneOf, SeveralOf, Ranking, Grades),
        *(Scale, Matrix, YesNo, Place, Photo, Email, Phone),
    )
}
