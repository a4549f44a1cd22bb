"""One file, one consultation with its questionnaire: read, checked whole, every mistake told at once with its line.

The format is described in docs/questionnaire-file.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from flows.questionnaires import dead_ends, yaml_lines
from flows.questionnaires.dead_ends import Placed
from flows.questionnaires.illustrations import Open, bring_along
from flows.questionnaires.questionnaire import Questionnaire, Replies, read_step
from flows.questionnaires.settings import Path, Reading
from flows.texts import Said, Words, _, translate
from storage.civil import moment
from storage.files import File
from storage.value import value

MOST_QUESTIONS = 200
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4})?")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_SLUG = 60


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A consultation as it stands in a file, not yet in the database.

    `closes` is wall time, which the space's zone makes a moment (`closes_at`). `files` are those that its prompts
    show, by the references that stand there.
    """

    slug: str
    languages: tuple[str, ...]
    title: Words
    topic: Words
    why: Words
    decides: Words
    does: Words
    closes: datetime | None
    answer_on: date | None
    questionnaire: Questionnaire
    files: Mapping[str, File]

    def closes_at(self, zone: str) -> datetime | None:
        """The closing in UTC. A wall time that occurs twice means the first; one that doesn't exist, the first
        instant after it."""
        return moment(self.closes, zone) if self.closes is not None else None


@value
class Problem:
    """What is wrong in a file: the line, counted from 1, and the question if it is in one."""

    line: int
    question: str | None
    sentence: Said

    def __str__(self) -> str:
        return self.in_language("en")

    def in_language(self, language: str) -> str:
        """As it is shown: `line 12, question visits: ...`."""
        where: Said = _("line {line}", line=self.line)
        if self.question is not None:
            where = _("line {line}, question {question}", line=self.line, question=self.question)
        return translate(_("{where}: {sentence}", where=where, sentence=self.sentence), language)


class FileRefused(Exception):
    """The file can't be imported; `problems` are all that is wrong with it, in the order of their lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@value
class Imported:
    """A draft that can be imported, and what its author may want to know."""

    draft: Draft
    warnings: tuple[Problem, ...]


def read_file(text: str | bytes, open: Open | None = None) -> Imported:
    """The consultation in this YAML (or JSON); `open` opens the files that it names. Raises FileRefused with every
    problem found."""
    try:
        document = yaml_lines.read(text)
    except yaml_lines.NotRead as refused:
        raise FileRefused([Problem(refused.fault.line, None, refused.fault.sentence)]) from None
    reading = Reading(())
    draft = _draft(reading, document.data, open) if isinstance(document.data, dict) else None
    if not isinstance(document.data, dict):
        reading.wrong((), _("This must be an object with names and values."))
    errors = [Problem(fault.line, None, fault.sentence) for fault in document.faults]
    warnings: list[Problem] = []
    for problem in reading.problems:
        named = Problem(document.line(problem.path), _question(document.data, problem.path), problem.sentence)
        (warnings if problem.warning else errors).append(named)
    if errors or draft is None:
        raise FileRefused(sorted(errors, key=lambda problem: problem.line))
    return Imported(draft, tuple(warnings))


def _question(data: Any, path: Path) -> str | None:
    """The question a path leads into: its id, or its number when it has none."""
    if len(path) < 2 or path[0] != "questions" or not isinstance(path[1], int):
        return None
    step = data["questions"][path[1]]
    id = step.get("id") if isinstance(step, dict) else None
    return str(id)[:40] if id is not None else str(path[1] + 1)


# -- the consultation --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Head:
    """What stands before the questions."""

    consultation: str
    title: Words
    topic: Words
    why: Words
    decides: Words | None = None
    does: Words | None = None
    closes: str | None = None
    answer_on: date | None = None
    replies: Replies = "one"
    minutes: int | None = None


def _draft(reading: Reading, data: Mapping[str, Any], open: Open | None) -> Draft | None:
    languages = _languages(reading, data.get("languages"))
    reading.languages = languages
    head = reading.read(_Head, data, (), also=("languages", "questions"))
    closes = _closing(reading, head) if head is not None else None
    if head is not None and (not SLUG.fullmatch(head.consultation) or len(head.consultation) > LONGEST_SLUG):
        reading.wrong(
            ("consultation",), _("Small letters, digits and hyphens only, {most} at most.", most=LONGEST_SLUG)
        )
    if head is not None and head.minutes is not None and not 1 <= head.minutes <= 120:
        reading.wrong(("minutes",), _("Between 1 and 120 minutes."))
    steps, files = bring_along(reading, _steps(reading, data.get("questions")), open)
    if head is None:
        return None
    return Draft(
        slug=head.consultation,
        languages=languages,
        title=head.title,
        topic=head.topic,
        why=head.why,
        decides=head.decides or Words(),
        does=head.does or Words(),
        closes=closes,
        answer_on=head.answer_on,
        questionnaire=Questionnaire(steps=steps, replies=head.replies, minutes=head.minutes),
        files=files,
    )


def _languages(reading: Reading, data: Any) -> tuple[str, ...]:
    listed = data if isinstance(data, list) else [data]
    codes = tuple(code for code in listed if isinstance(code, str) and LANGUAGE.fullmatch(code))
    if not codes or len(codes) != len(listed) or len(set(codes)) != len(codes):
        reading.wrong(("languages",), _("`languages` must list the languages spoken, like [fr, en]."))
    return tuple(dict.fromkeys(codes)) or ("fr",)


def _closing(reading: Reading, head: _Head) -> datetime | None:
    """`2027-03-19 20:00`; a day alone lasts until its last minute."""
    if head.closes is None:
        return None
    written = head.closes.replace("T", " ")
    try:
        if len(written) == 10:
            return datetime.combine(date.fromisoformat(written), time(23, 59))
        return datetime.strptime(written, "%Y-%m-%d %H:%M")  # noqa: DTZ007  (wall time, the space has the zone)
    except ValueError:
        reading.wrong(("closes",), _("This must be a day or a time, written like 2027-03-19 or 2027-03-19 20:00."))
        return None


def _steps(reading: Reading, data: Any) -> list[Placed]:
    path: Path = ("questions",)
    if not isinstance(data, list) or not data:
        reading.wrong(path, _("`questions` must be a list of at least one question."))
        return []
    if len(data) > MOST_QUESTIONS:
        reading.wrong(path, _("{count} questions are too many: {most} at most.", count=len(data), most=MOST_QUESTIONS))
        return []
    read = [((*path, index), read_step(reading, one, (*path, index))) for index, one in enumerate(data)]
    placed = [(where, step) for where, step in read if step is not None]
    failed = [one for one, (_path, step) in zip(data, read, strict=True) if step is None]
    unread = {str(one.get("id")) for one in failed if isinstance(one, dict)}
    dead_ends.check(reading, placed, unread)
    if len(placed) == len(data) and all(step.kind == "section" for _where, step in placed):
        reading.wrong(path, _("Nothing is asked: at least one question is needed."))
    return placed
