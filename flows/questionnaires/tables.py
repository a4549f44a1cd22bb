"""The table of a questionnaire's responses: a header, then one row a response, for spreadsheets.

One column a question, as a secretary expects it: the choices of a question that takes several are joined in one
cell; answers in one's own words have a column of their own; a matrix has one column a row, grades one an item.
What is in the cells is what the figures count (the answers table), except what is never counted by its value: the
e-mail, the phone, the photo. Nobody's id is in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.answers import Json
from flows.figures import Cell, PhaseRef
from flows.questionnaires.questionnaire import Questionnaire
from flows.questionnaires.questions import OTHER, Date, Given, Number, OneOf, Question, Scale, SeveralOf
from flows.texts import _, translate
from storage import answers, spaces
from storage.contributions import Part
from storage.scope import Scope
from storage.value import value

JOIN = " ; "
"""Between the choices of one cell; in French a semicolon has its space before it."""

Reading: TypeAlias = "Callable[[Sequence[Part], Json], Cell]"
"""What a cell holds, from the countable answers to its question and the answer as it was kept."""


@value
class Column:
    """A column of one question."""

    question: str
    header: str
    read: Reading


async def table(
    connection: AsyncConnection, phase: PhaseRef, questionnaire: Questionnaire, language: str
) -> AsyncIterator[Sequence[Cell]]:
    """The header, then one row a response, the oldest first: its number, the day (2027-03-06) and the hour (10:40) it
    was sent in the zone of the space, the channel, the poster's place, and the answers; None where there is none."""
    zone = ZoneInfo((await spaces.load(connection, phase.space_id)).zone)
    asked = columns(questionnaire, language)
    fixed = (_("Number"), _("Day"), _("Hour"), _("Door"), _("Place"))
    yield distinct([*(translate(name, language) for name in fixed), *(column.header for column in asked)])
    number = 0
    async for response in answers.responses(connection, Scope(phase.space_id, phase.phase_id)):
        number += 1
        at = response.at.astimezone(zone)
        yield [
            number,
            f"{at:%Y-%m-%d}",
            f"{at:%H:%M}",
            response.origin,
            response.place,
            *cells(response.parts, response.fields, asked),
        ]


def columns(questionnaire: Questionnaire, language: str) -> list[Column]:
    """The columns of its questions, in their order."""
    return [column for question in questionnaire.questions for column in _columns(question, language)]


def cells(counted: Sequence[Part], answers: Mapping[str, Json], columns: Sequence[Column]) -> Iterator[Cell]:
    """What one response has in these columns: its countable answers, and what is kept uncounted."""
    parts: dict[str, list[Part]] = {}
    for part in counted:
        parts.setdefault(part.question, []).append(part)
    for column in columns:
        given = parts.get(column.question)
        yield column.read(given, answers.get(column.question)) if given else None


def distinct(headers: Sequence[str]) -> list[str]:
    """Spreadsheets want each header once: a repeated one is numbered."""
    seen: Counter[str] = Counter()
    found = []
    for header in headers:
        seen[header] += 1
        found.append(header if seen[header] == 1 else f"{header} ({seen[header]})")
    return found


def _columns(question: Question, language: str) -> Iterator[Column]:
    name = translate(question.name, language)
    labels = {option.id: translate(option.label, language) for option in question.options()}
    erased = translate(_("(erased)"), language)
    if question.rows():
        for item in question.rows():
            header = _("{question}: {item}", question=name, item=item.label)
            yield Column(question.id, translate(header, language), _judged(item.id, labels))
    elif isinstance(question, Number | Scale):
        yield Column(question.id, name, _number)
    elif isinstance(question, Given):
        yield Column(question.id, name, _kept(erased))
    elif labels:
        yield Column(question.id, name, _chosen(labels))
        if isinstance(question, OneOf | SeveralOf) and question.other:
            header = _("{question}: in other words", question=name)
            yield Column(question.id, translate(header, language), _own_words(erased))
    elif isinstance(question, Date):
        yield Column(question.id, name, lambda parts, _answer: parts[0].choice)
    else:
        yield Column(question.id, name, lambda parts, _answer: parts[0].text or erased)


def _number(parts: Sequence[Part], _answer: Json) -> Cell:
    return _plain(parts[0].number)


def _plain(number: float | None) -> Cell:
    """12 rather than 12.0."""
    return int(number) if number is not None and float(number).is_integer() else number


def _chosen(labels: Mapping[str, str]) -> Reading:
    """The labels in the order they were chosen, or preferred; a choice that is gone under its id."""
    return lambda parts, _answer: JOIN.join(labels.get(part.choice or "", part.choice or "") for part in parts)


def _own_words(erased: str) -> Reading:
    def read(parts: Sequence[Part], _answer: Json) -> Cell:
        own = [part.text or erased for part in parts if part.choice == OTHER]
        return JOIN.join(own) or None

    return read


def _judged(item: str, labels: Mapping[str, str]) -> Reading:
    """The grade or the step that one item was given; steps that are numbers stay numbers."""

    def read(parts: Sequence[Part], _answer: Json) -> Cell:
        for part in parts:
            if part.item == item:
                return _plain(part.number) if part.number is not None else labels.get(part.choice or "", part.choice)
        return None

    return read


def _kept(erased: str) -> Reading:
    """What is not counted by its value: the address, the number, or where the photo is."""

    def read(_parts: Sequence[Part], answer: Json) -> Cell:
        return str(answer["photo"] if isinstance(answer, dict) else answer) if answer else erased

    return read
