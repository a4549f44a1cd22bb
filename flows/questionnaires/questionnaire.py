"""The questionnaire's settings as a whole, and the one place that decides which questions count.

Chat, panel and export all ask `asked` here, so that branching is never written twice.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from flows.answers import Json
from flows.questionnaires.questions import KINDS, Question, Step
from flows.questionnaires.settings import Path, Reading, write
from flows.texts import Said, _
from storage.contributions import Part
from storage.rules import Facts

Replies: TypeAlias = Literal["one", "several"]


class BadSettings(ValueError):
    """These are not the settings of a questionnaire."""


@dataclass(frozen=True, kw_only=True)
class Questionnaire:
    """What is asked, in order, and how often a person may reply.

    `minutes` is what residents are told; when it is not given it is worked out: 20 seconds for a choice, a number
    or a scale, 30 for several choices, a line of text or an address, 40 for a ranking or a photo, a minute for a
    long text, 10 more for each further row of a matrix or of grades; half for a question with a condition; rounded up.
    """

    steps: tuple[Step, ...]
    replies: Replies = "one"
    minutes: int | None = None

    @property
    def questions(self) -> list[Question]:
        """The steps that ask something."""
        return [step for step in self.steps if isinstance(step, Question)]

    def duration(self) -> int:
        """Minutes, about: as written, or worked out."""
        if self.minutes is not None:
            return self.minutes
        seconds = sum(question.duration() / (2 if question.when else 1) for question in self.questions)
        return max(1, math.ceil(seconds / 60))

    def asked(
        self, answers: Mapping[str, Json], area: str | None = None, groups: Collection[str] = ()
    ) -> list[Question]:
        """The questions that count for these answers of this person: those whose condition holds.

        An answer to a question that is not asked any more counts neither in results nor in later conditions.
        """
        chosen: dict[str, Collection[str]] = {}
        facts = Facts(chosen, area, groups)
        asked = []
        for question in self.questions:
            if question.when is None or question.when.judge(facts):
                asked.append(question)
                chosen[question.id] = question.taken(answers.get(question.id))
            else:
                chosen[question.id] = ()
        return asked

    def outdated(self, answers: Mapping[str, Json]) -> tuple[str, ...]:
        """The ids of questions whose answers take a choice that is not offered any more."""
        return tuple(question.id for question in self.questions if _is_outdated(question, answers.get(question.id)))

    def parts(
        self, answers: Mapping[str, Json], area: str | None = None, groups: Collection[str] = ()
    ) -> tuple[Part, ...]:
        """The countable answers of a response: of the questions that were asked and not skipped."""
        given = [(question, answers.get(question.id)) for question in self.asked(answers, area, groups)]
        return tuple(part for question, answer in given if answer is not None for part in question.parts(answer))

    def to_settings(self) -> dict[str, Any]:
        """As it is kept in a phase's settings; `from_settings` reads it back."""
        spoken = sorted({language for step in self.steps for language in step.text})
        extra = {"minutes": self.minutes} if self.minutes is not None else {}
        questions = [{"kind": step.kind, **write(step)} for step in self.steps]
        return {"languages": spoken, "replies": self.replies, **extra, "questions": questions}

    @staticmethod
    def from_settings(settings: Mapping[str, Any]) -> Questionnaire:
        """What was kept, read back. Raises BadSettings, which a program older than its database may meet."""
        reading = Reading(settings.get("languages", ()))
        steps = [
            read_step(reading, data, ("questions", index)) for index, data in enumerate(settings.get("questions", ()))
        ]
        if reading.problems:
            raise BadSettings(reading.problems[0])
        return Questionnaire(
            steps=tuple(step for step in steps if step is not None),
            replies=settings.get("replies", "one"),
            minutes=settings.get("minutes"),
        )


def _is_outdated(question: Question, answer: Json) -> bool:
    offered = {option.id for option in question.options()}
    return bool(offered) and answer is not None and any(part.choice not in offered for part in question.parts(answer))


def read_step(reading: Reading, data: Any, path: Path) -> Step | None:
    """A question or a section from its data; None when something in it is wrong, which is then noted."""
    kind = data.get("kind") if isinstance(data, Mapping) else None
    if not isinstance(kind, str) or kind not in KINDS:
        reading.wrong((*path, "kind") if kind else path, _kinds())
        return None
    return reading.read(KINDS[kind], data, path, also=("kind",))


def _kinds() -> Said:
    return _("`kind` must be one of: {kinds}.", kinds=", ".join(KINDS))
