"""Tallies: from what was sent to a questionnaire to its Figures.

Counting is SQL (storage/answers.py) and counts people; here counts only become rows with their labels, in the order
they are read in. What a rule of counting is (points, majority judgment) is said in the figure's note.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.counting.judgment import judge
from flows.figures import Count, Figure, Figures, Filter, HeatRow, PhaseRef, Stage
from flows.questionnaires import bins
from flows.questionnaires.questionnaire import Questionnaire
from flows.questionnaires.questions import (
    OTHER,
    Date,
    Given,
    Grades,
    LongText,
    Matrix,
    Number,
    Photo,
    Place,
    Question,
    Ranking,
    Scale,
    SeveralOf,
    ShortText,
)
from flows.questionnaires.settings import Option
from flows.texts import Joined, Lowered, Said, Words, _, plural
from storage import answers
from storage.scope import Scope
from storage.value import value

RESPONSE = "response"
"""The kind of contribution that a questionnaire makes."""
PAPER = "paper"
"""The origin of what was typed in from paper: it began in no conversation, so it is not in the drop-off."""
ENTRY, REVIEW, SENT = "consent", "recap", "-sent"
"""The stages of the drop-off that are not questions: keys that no question can have (dead_ends.py)."""
LAST = (OTHER, "none")
"""Choices that stay at the end however many took them: other, and no opinion."""


@value
class Counts:
    """What the database counted: the people of each question, of each item, and of each (item, choice, rank)."""

    answered: Mapping[str, int]
    items: Mapping[tuple[str, str], int]
    chosen: Mapping[str, Mapping[tuple[str | None, str, int | None], int]]
    numbers: Mapping[str, answers.Summary] = field(default_factory=dict)

    def of(self, question: Question, choice: str, item: str | None = None, rank: int | None = None) -> int:
        return self.chosen.get(question.id, {}).get((item, choice, rank), 0)


async def results(
    connection: AsyncConnection, phase: PhaseRef, questionnaire: Questionnaire, where: Filter, kind: str = RESPONSE
) -> Figures:
    """The figures of the responses sent, one a question in their order, and how far the others came.

    Contributions of another `kind` may answer questions as well: an idea does.
    """
    scope = where.scope(phase, kind)
    counts = await _count(connection, scope, questionnaire.questions)
    by_channel = await answers.by_channel(connection, scope)
    people = await answers.people(connection, scope)
    online = people - dict(by_channel).get(PAPER, 0)
    stages = _stages(questionnaire.questions, await answers.unfinished(connection, scope), online)
    return Figures(
        people=people,
        by_channel=tuple(by_channel),
        by_place=tuple(await answers.by_place(connection, scope)),
        started=stages[0].reached,
        figures=tuple(
            [
                await _figure(connection, scope, number, question, counts)
                for number, question in enumerate(questionnaire.questions, 1)
            ]
        ),
        stages=stages,
        apart=await answers.apart(connection, scope),
    )


async def _count(connection: AsyncConnection, scope: Scope, questions: Sequence[Question]) -> Counts:
    """Days are left out of what is counted choice by choice: they are spread over bins."""
    chosen: dict[str, dict[tuple[str | None, str, int | None], int]] = {}
    wanted = [question.id for question in questions if not isinstance(question, Date)]
    for row in await answers.chosen(connection, scope, wanted):
        chosen.setdefault(row.question, {})[row.item, row.choice, row.rank] = row.people
    numbers = [question.id for question in questions if isinstance(question, Number)]
    return Counts(
        await answers.answered(connection, scope),
        await answers.answered_items(connection, scope),
        chosen,
        await answers.summaries(connection, scope, numbers),
    )


async def _figure(connection: AsyncConnection, scope: Scope, number: int, question: Question, counts: Counts) -> Figure:
    """The figure of one question, whatever its kind."""
    people = counts.answered.get(question.id, 0)
    empty = Figure(question.id, number, question.text, question.name, "bars", people)
    match question:
        case ShortText() | LongText():
            return replace(empty, shape="texts")
        case Number():
            return await _numbers(connection, scope, question, empty, counts)
        case Date():
            return await _days(connection, scope, question, empty)
        case Scale():
            return _scale(question, empty, counts)
        case Ranking():
            return _ranking(question, empty, counts)
        case Grades():
            return _grades(question, empty, counts)
        case Matrix():
            return _matrix(question, empty, counts)
        case Place():
            ways = (Option("text", _("Written in words")), Option("point", _("Shared from a phone")))
            return replace(empty, rows=_rows(question, ways, people, counts))
        case Given():
            note = _("What was given is not shown here.")
            return replace(empty, note=note, files=isinstance(question, Photo))
        case _:
            return _bars(question, empty, counts)


def _rows(question: Question, options: Iterable[Option], people: int, counts: Counts) -> tuple[Count, ...]:
    """A row for each choice; one that is no longer offered and was taken comes after them under its id."""
    offered = {option.id: option.label for option in options}
    gone = {choice: choice for _item, choice, _rank in counts.chosen.get(question.id, {}) if choice not in offered}
    return tuple(
        _row(choice, label, counts.of(question, choice), people) for choice, label in {**offered, **gone}.items()
    )


def _row(id: str, label: Said, people: int, of: int) -> Count:
    return Count(id, label, people, people / of if of else 0.0)


def _bars(question: Question, empty: Figure, counts: Counts) -> Figure:
    """The most chosen first, `other` and `no opinion` last."""
    rows = _rows(question, question.options(), empty.people, counts)
    ordered = sorted(rows, key=lambda row: (LAST.index(row.id) + 1 if row.id in LAST else 0, -row.people))
    return replace(empty, rows=tuple(ordered), several=isinstance(question, SeveralOf))


async def _numbers(
    connection: AsyncConnection, scope: Scope, question: Number, empty: Figure, counts: Counts
) -> Figure:
    summary = counts.numbers.get(question.id)
    empty = replace(empty, shape="numbers", ordered=True)
    if summary is None:
        return empty
    spread = bins.of_numbers(summary.low, summary.high, whole=not question.decimals)
    people = await answers.spread(connection, scope, question.id, spread.ends)
    note = plural(
        "Mean {mean}, median {median}, from {count} person.",
        "Mean {mean}, median {median}, from {count} people.",
        summary.people,
        mean=_quantity(summary.mean, question.unit),
        median=_quantity(summary.median, question.unit),
    )
    return replace(empty, rows=_binned(spread.labels, people, empty.people), note=note)


async def _days(connection: AsyncConnection, scope: Scope, question: Date, empty: Figure) -> Figure:
    found = await answers.days(connection, scope, question.id)
    empty = replace(empty, shape="numbers", ordered=True)
    if found is None:
        return empty
    spread = bins.of_days(*found)
    people = await answers.spread_days(connection, scope, question.id, spread.ends)
    return replace(empty, rows=_binned(spread.labels, people, empty.people))


def _binned(labels: Sequence[Said], people: Sequence[int], of: int) -> tuple[Count, ...]:
    pairs = zip(labels, people, strict=True)
    return tuple(_row(str(number), label, count, of) for number, (label, count) in enumerate(pairs, 1))


def _quantity(number: float, unit: Words | None) -> Said:
    """A number to one decimal, with its unit."""
    shown = bins.said_number(round(number, 1))
    return Joined((shown, unit), " ") if unit else shown


def _scale(question: Scale, empty: Figure, counts: Counts) -> Figure:
    """The steps in their order, and the mean of the people's answers with how many they are."""
    rows = _rows(question, _named_ends(question), empty.people, counts)
    mean = _mean(question, rows)
    if mean is None:
        return replace(empty, shape="scale", rows=rows, ordered=True)
    note = plural(
        "Mean {mean} out of {most}, from {count} person.",
        "Mean {mean} out of {most}, from {count} people.",
        empty.people,
        mean=mean,
        most=question.max,
    )
    return replace(empty, shape="scale", rows=rows, ordered=True, note=note)


def _named_ends(question: Scale | Matrix) -> tuple[Option, ...]:
    """The steps of a scale, the two ends with their word: `1, never`."""
    options = question.options()
    ends = {options[0].id: question.low, options[-1].id: question.high}
    return tuple(
        replace(option, label=Joined((option.label, Lowered(word)))) if (word := ends.get(option.id)) else option
        for option in options
    )


def _mean(question: Scale | Matrix, rows: Iterable[Count]) -> Said | None:
    """The mean of the numbers people chose, to one decimal; None where nobody did."""
    people = {row.id: row.people for row in rows}
    steps = [int(option.id) for option in question.options()]
    total = sum(people[str(step)] for step in steps)
    return _quantity(sum(step * people[str(step)] for step in steps) / total, None) if total else None


def _matrix(question: Matrix, empty: Figure, counts: Counts) -> Figure:
    """A row an item, in the order written; where the columns are numbers, with its mean."""
    columns = question.options() if question.choices else _named_ends(question)
    rows = [_heat_row(question, item, columns, counts) for item in question.rows()]
    if not question.choices:
        rows = [replace(row, outcome=_mean_of(question, row)) for row in rows]
    return replace(empty, shape="heat", heat=tuple(rows), ordered=True)


def _mean_of(question: Matrix, row: HeatRow) -> Said:
    mean = _mean(question, row.cells)
    return _("Mean {mean}", mean=mean) if mean is not None else _("No answer")


def _heat_row(question: Question, item: Option, columns: Iterable[Option], counts: Counts) -> HeatRow:
    of = counts.items.get((question.id, item.id), 0)
    cells = (_row(one.id, one.label, counts.of(question, one.id, item.id), of) for one in columns)
    return HeatRow(item.id, item.label, tuple(cells))


def _grades(question: Grades, empty: Figure, counts: Counts) -> Figure:
    """Majority judgment (counting/judgment.py): the items in the order of the ranking, those nobody graded last."""
    heat = {item.id: _heat_row(question, item, question.options(), counts) for item in question.rows()}
    judged = judge({id: [cell.people for cell in row.cells] for id, row in heat.items()})
    ranks = Counter(place.rank for place in judged)
    ranked = []
    for place in judged:
        grade = question.grades[place.working.grade].label
        outcome = _placed(place.rank, grade, tied=ranks[place.rank] > 1)
        ranked.append(replace(heat.pop(place.candidate), outcome=outcome))
    left = [replace(row, outcome=_("Not graded")) for row in heat.values()]
    note = _(
        "Majority judgment: the result is the grade that more than half of the people give or go beyond. Among equal "
        "grades, one with more grades above it than below comes first."
    )
    return replace(empty, shape="heat", heat=(*ranked, *left), note=note)


def _placed(rank: int, grade: Said, *, tied: bool) -> Said:
    if tied:
        return _("Place {rank}, tied: {grade}", rank=rank, grade=grade)
    return _("Place {rank}: {grade}", rank=rank, grade=grade)


def _ranking(question: Ranking, empty: Figure, counts: Counts) -> Figure:
    """Borda's count: as many points for the first place as there are places, one less for each next, none for what
    was not placed; with complete rankings this is the order of the mean ranks."""
    places = question.ranks()
    heat = []
    for option in question.options():
        people = [counts.of(question, option.id, rank=rank) for rank in range(1, places + 1)]
        points = sum(count * (places - number) for number, count in enumerate(people))
        cells = (_row(str(rank), str(rank), count, empty.people) for rank, count in enumerate(people, 1))
        outcome = plural("{count} point", "{count} points", points)
        heat.append((points, HeatRow(option.id, option.label, tuple(cells), outcome)))
    heat.sort(key=lambda pair: -pair[0])
    note = _("Counted in points: {most} for the first place, one less for each place after it.", most=places)
    return replace(empty, shape="heat", heat=tuple(row for _points, row in heat), note=note)


def _stages(questions: Sequence[Question], unfinished: Mapping[str | None, int], sent: int) -> tuple[Stage, ...]:
    """How many reached each stage and how many of them stopped there: those who are there or came further.

    A conversation waits at a question's key or at a part of it (`q3.2`), or at the review. Other keys are those before
    the first question, or of a question that is gone: all that is known of their people is that they began.
    """
    named: dict[str, Said] = {ENTRY: _("Agreement")}
    named.update((question.id, question.name) for question in questions)
    named.update({REVIEW: _("Reading over"), SENT: _("Sent")})
    stopped = dict.fromkeys(named, 0)
    for key, people in unfinished.items():
        stage = (key or "").partition(".")[0]
        stopped[stage if stage in stopped else ENTRY] += people
    reached = sum(stopped.values()) + sent
    stages = []
    for stage, label in named.items():
        stages.append(Stage(stage, label, reached, stopped[stage]))
        reached -= stopped[stage]
    return tuple(stages)
