"""The settings of a collection of ideas, and the form the panel asks them with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flows.answers import Choice
from flows.forms import TAKES_CHOICES, Fault, Faults, Field, options
from flows.questionnaires import dead_ends
from flows.questionnaires.interview import Interview
from flows.questionnaires.questionnaire import BadSettings, Questionnaire
from flows.questionnaires.questions import Question
from flows.questionnaires.settings import Problem, Reading
from flows.texts import Words, _

MOST_THEMES = 9
"""So many that they are read at a glance and typed with one figure."""

CRITERIA = (2, 5)


@dataclass(frozen=True)
class Settings:
    """What an idea is asked with. `private`: only the organiser sees the ideas, until it is switched off."""

    question: Words | None
    themes: tuple[Choice, ...]
    area: bool
    photo: bool
    private: bool
    criteria: tuple[Choice, ...]
    own: Questionnaire

    @cached_property
    def interviews(self) -> tuple[Interview, ...]:
        """The organiser's own questions, ready to be asked."""
        return tuple(Interview(question, True) for question in self.own.questions if isinstance(question, Question))


def read(settings: Mapping[str, Any]) -> Settings:
    """The settings as they were kept. Raises Faults."""
    themes = options(settings, "themes")
    if len(themes) > MOST_THEMES:
        raise Faults(Fault("themes", _("There are at most {count} themes.", count=MOST_THEMES)))
    if len({theme.id for theme in themes}) < len(themes):
        raise Faults(Fault("themes", _("Two themes have the same id.")))
    return Settings(
        question=Words(settings["question"]) if settings.get("question") else None,
        themes=tuple(Choice(theme.id, Words(theme.label)) for theme in themes),
        area=bool(settings.get("area", True)),
        photo=bool(settings.get("photo", False)),
        private=bool(settings.get("private", False)),
        criteria=_criteria(settings),
        own=_own(settings.get("questions") or ()),
    )


def _criteria(settings: Mapping[str, Any]) -> tuple[Choice, ...]:
    """What a jury scores, beside the support (R23): two to five, or none."""
    criteria = options(settings, "criteria")
    if criteria and not CRITERIA[0] <= len(criteria) <= CRITERIA[1]:
        raise Faults(Fault("criteria", _("A jury has two to five criteria, or none.")))
    return tuple(Choice(one.id, Words(one.label)) for one in criteria)


def _own(questions: Sequence[Mapping[str, Any]]) -> Questionnaire:
    spoken = sorted({language for one in questions if isinstance(one.get("text"), Mapping) for language in one["text"]})
    try:
        own = Questionnaire.from_settings({"languages": spoken, "questions": list(questions)})
    except BadSettings as bad:
        raise Faults(_fault(bad.args[0])) from None
    reading = Reading(spoken)
    dead_ends.check(reading, [(("questions", at), step) for at, step in enumerate(own.steps)])
    wrong = [problem for problem in reading.problems if not problem.warning]
    if wrong:
        raise Faults(*map(_fault, wrong))
    return own


def _fault(problem: Problem) -> Fault:
    """Said at the wording of the question that it is about."""
    at = problem.path[1] if len(problem.path) > 1 else 0
    return Fault(f"questions.{at}.text", problem.sentence)


ASKED = (
    Choice("short_text", _("In a line of words")),
    Choice("number", _("With a number")),
    Choice("yes_no", _("With yes or no")),
    Choice(TAKES_CHOICES, _("With one of several choices")),
)
"""The kinds of questions the panel offers; a file may hold others."""
MOST_ASKED = 5

FORM = (
    Field("question", "words", _("The question"), _("Without one it is: What is your idea? One sentence is enough.")),
    Field("themes", "options", _("Themes"), _("At most nine. Each idea is about one of them.")),
    Field("area", "flag", _("Ask which district it is about"), default=True),
    Field("photo", "flag", _("Offer to send a photo or a document (PDF)"), default=False),
    Field(
        "questions",
        "questions",
        _("Questions of your own"),
        _("Asked after the idea, five at most. Only organisers see the answers."),
        choices=ASKED,
        most=MOST_ASKED,
    ),
    Field(
        "private",
        "flag",
        _("Collect in private"),
        _("Nobody else sees the ideas until you switch this off. Then they are published."),
        default=False,
    ),
    Field(
        "criteria",
        "options",
        _("Criteria of a jury"),
        _("Two to five. Its points stand beside the support and are never added to it."),
        rare=True,
    ),
)
