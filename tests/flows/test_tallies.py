"""Figures and tables against a plain model: what was answered, counted by hand, is what they say."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import mean, median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.figures import Cell, Figure, Figures, Filter, OpenText, Page, PhaseRef
from flows.open_texts import open_texts
from flows.questionnaires import bins, tables, tallies
from flows.questionnaires.questionnaire import Questionnaire
from flows.questionnaires.questions import (
    Date,
    Email,
    Given,
    Grades,
    LongText,
    Matrix,
    Number,
    OneOf,
    Place,
    Question,
    Ranking,
    Scale,
    SeveralOf,
    ShortText,
    YesNo,
)
from flows.questionnaires.settings import Option
from flows.texts import Words, translate
from storage.database import Database
from storage.rules import Answered
from storage.types import new_id
from tests.crowd import MORNING, Crowd
from tests.tables import make_tables

Json = Any


def words(text: str) -> Words:
    return Words(en=text, fr=text)


def options(*ids: str) -> tuple[Option, ...]:
    return tuple(Option(id, words(id.capitalize())) for id in ids)


THINGS = options("trees", "bench", "shelter", "fountain")


# -- a questionnaire and what people answer, drawn at random ---------------------------------------------------


@dataclass(frozen=True)
class Reply:
    """What one person answered in the end, and what they had sent before correcting it."""

    answers: Mapping[str, Json]
    before: Mapping[str, Json] | None
    channel: str
    place: str | None


def text() -> st.SearchStrategy[str]:
    return st.sampled_from(["Un banc à l'ombre", "Des arbres", "Rien", "100% de vélos"])


def subset(ids: Sequence[str], least: int = 1) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(ids), min_size=least, max_size=len(ids), unique=True)


Drawn = tuple[Question, st.SearchStrategy[Json]]
"""A question with the answers it can get."""


def draw_question(id: str) -> st.SearchStrategy[Drawn]:
    """A question of any kind."""
    named: dict[str, Any] = {"id": id, "text": words(f"Question {id}?"), "short": words(f"Name {id}")}
    return st.sampled_from([*given_in_words(named), *measured(named), *chosen(named), *in_rows(named)])


def given_in_words(named: dict[str, Any]) -> list[Drawn]:
    place = st.one_of(st.just({"lat": 48.85, "lon": 2.35}), st.fixed_dictionaries({"text": text()}))
    return [
        (ShortText(**named), text()),
        (LongText(**named), text()),
        (Place(**named), place),
        (Email(**named), st.just("monique@example.org")),
    ]


def measured(named: dict[str, Any]) -> list[Drawn]:
    return [
        (Number(**named), st.integers(-50, 200)),
        (Number(**named, decimals=True), st.floats(0, 9).map(lambda number: round(number, 2))),
        (Date(**named), st.dates(date(2020, 1, 1), date(2027, 12, 31)).map(date.isoformat)),
        (Scale(**named, low=words("Never"), high=words("Always")), st.integers(1, 5)),
        (Scale(**named, min=0, max=10), st.integers(0, 10)),
    ]


def chosen(named: dict[str, Any]) -> list[Drawn]:
    ids = [option.id for option in THINGS]
    own = st.fixed_dictionaries({"other": text()})
    return [
        (YesNo(**named, no_opinion=True), st.sampled_from(["yes", "no", "none"])),
        (OneOf(**named, choices=THINGS), st.sampled_from(ids)),
        (OneOf(**named, choices=THINGS, other=True), st.one_of(st.sampled_from(ids), own)),
        (SeveralOf(**named, choices=THINGS), subset(ids)),
        (SeveralOf(**named, choices=THINGS, other=True), st.tuples(subset(ids), own).map(lambda t: [t[1], *t[0]])),
        (Ranking(**named, choices=THINGS), st.permutations(ids)),
        (Ranking(**named, choices=THINGS, max=2), st.permutations(ids).map(lambda order: order[:2])),
    ]


def in_rows(named: dict[str, Any]) -> list[Drawn]:
    """Items that are judged one by one; of grades, some may be left out."""
    return [
        (Grades(**named, items=THINGS, grades=options("good", "fair", "poor")), judged("good", "fair", "poor")),
        (Matrix(**named, items=THINGS), judged("1", "2", "5")),
        (Matrix(**named, items=THINGS, choices=options("agree", "against")), judged("agree", "against")),
    ]


def judged(*choices: str) -> st.SearchStrategy[dict[str, str]]:
    ids = st.sampled_from([option.id for option in THINGS])
    return st.dictionaries(ids, st.sampled_from(choices), min_size=1)


@st.composite
def consultations(draw: st.DrawFn) -> tuple[Questionnaire, list[Reply]]:
    drawn = [draw(draw_question(f"q{number}")) for number in range(1, draw(st.integers(1, 5)) + 1)]
    questions: list[Question] = []
    for question, _answers in drawn:
        pivots = [earlier for earlier in questions if earlier.pivot]
        on = draw(st.sampled_from([None, *pivots]))
        if on is not None:
            choices = tuple(draw(subset([option.id for option in on.options()])))
            question = type(question)(**{**vars(question), "when": Answered(on.id, choices)})
        questions.append(question)
    answers = st.fixed_dictionaries(
        {question.id: st.one_of(st.none(), given) for question, (_, given) in zip(questions, drawn, strict=True)}
    )
    reply = st.builds(
        Reply,
        answers,
        st.one_of(st.none(), answers),
        st.sampled_from(["web", "telegram", "paper"]),
        st.sampled_from([None, "boulangerie", "poste"]),
    )
    return Questionnaire(steps=tuple(questions)), draw(st.lists(reply, max_size=8))


# -- the plain model -------------------------------------------------------------------------------------------


def answered(questions: Sequence[Question], reply: Reply) -> dict[str, Json]:
    """What counts of a reply: not what was skipped, nor what was not asked after all."""
    counted: dict[str, Json] = {}
    for question in questions:
        on = question.when
        if on is not None:
            assert isinstance(on, Answered)
            if not set(choices_of(counted.get(on.question))) & set(on.choices):
                continue
        if reply.answers[question.id] is not None:
            counted[question.id] = reply.answers[question.id]
    return counted


def choices_of(answer: Json) -> list[str]:
    """The choices in an answer, in one's own words as `other`."""
    if answer is None:
        return []
    if isinstance(answer, list):
        return [choice for one in answer for choice in choices_of(one)]
    return ["other"] if isinstance(answer, dict) else [str(answer)]


def counted_by_hand(question: Question, given: Sequence[Json]) -> Counter[Any]:
    """How many gave each choice; of a judged item, (item, choice); of a ranking, (choice, rank)."""
    if isinstance(question, Ranking):
        return Counter((choice, str(rank)) for answer in given for rank, choice in enumerate(answer, 1))
    if question.rows():
        return Counter(pair for answer in given for pair in answer.items())
    if isinstance(question, Place):
        return Counter("text" if "text" in answer else "point" for answer in given)
    if isinstance(question, Number):
        starts = bins.of_numbers(min(given), max(given), whole=not question.decimals).ends if given else ()
        return Counter(str(bisect_right(starts, float(answer)) + 1) for answer in given)
    if isinstance(question, Date):
        days = [date.fromisoformat(answer) for answer in given]
        ends = bins.of_days(min(days), max(days)).ends if days else ()
        return Counter(str(bisect_right(ends, day) + 1) for day in days)
    if not question.options():
        return Counter()
    return Counter(choice for answer in given for choice in choices_of(answer))


def counted_in(figure: Figure) -> Counter[Any]:
    counted: Counter[Any] = Counter({row.id: row.people for row in figure.rows})
    counted.update({(row.id, cell.id): cell.people for row in figure.heat for cell in row.cells})
    return +counted


def points_by_hand(places: int, given: Sequence[Sequence[str]]) -> Counter[str]:
    points: Counter[str] = Counter()
    for answer in given:
        for number, choice in enumerate(answer):
            points[choice] += places - number
    return points


# -- the comparison --------------------------------------------------------------------------------------------


Bench = tuple[asyncio.Runner, Database]


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    """One database for all examples: each brings a town of its own."""
    with asyncio.Runner() as runner:
        database = Database(database_url)
        runner.run(prepare(database))
        yield runner, database
        runner.run(database.close())


async def prepare(database: Database) -> None:
    async with database.write() as connection:
        await make_tables(connection)


@settings(
    max_examples=settings.default.max_examples // 2 if settings.default is not None else 50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(consultations())
def test_figures_and_tables_are_the_plain_model(bench: Bench, drawn: tuple[Questionnaire, list[Reply]]) -> None:
    runner, database = bench
    runner.run(compare(database, *drawn))


async def compare(database: Database, questionnaire: Questionnaire, replies: list[Reply]) -> None:
    async with database.write() as connection:
        crowd = await Crowd.gather(connection, slug=f"town-{new_id()}")
        await send(crowd, questionnaire, replies)
        phase = PhaseRef(crowd.space_id, crowd.phase_id)
        where = Filter(channel="web")
        everybody = await tallies.results(connection, phase, questionnaire, Filter())
        some = await tallies.results(connection, phase, questionnaire, where)
        header, *rows = [row async for row in tables.table(connection, phase, questionnaire, "en")]
        check_figures(questionnaire, replies, everybody)
        check_figures(questionnaire, [reply for reply in replies if reply.channel == "web"], some)
        check_table(questionnaire, everybody, header, rows)
        for question in questionnaire.questions:
            found = await open_texts(connection, phase, tallies.RESPONSE, question.id, Filter(), Page("", 0, 100))
            check_texts(questionnaire, question, replies, *found)


async def send(crowd: Crowd, questionnaire: Questionnaire, replies: Sequence[Reply]) -> None:
    for number, reply in enumerate(replies):
        at = MORNING + timedelta(hours=number)
        for answers in (reply.before, reply.answers):
            if answers is not None:
                parts = questionnaire.parts(answers)
                await crowd.sends(f"p{number}", *parts, channel=reply.channel, place=reply.place, at=at, fields=answers)


def check_figures(questionnaire: Questionnaire, replies: Sequence[Reply], figures: Figures) -> None:
    assert figures.people == len(replies)
    assert dict(figures.by_channel) == Counter(reply.channel for reply in replies)
    assert dict(figures.by_place) == Counter(reply.place or "" for reply in replies)
    counted = [answered(questionnaire.questions, reply) for reply in replies]
    for number, (question, figure) in enumerate(zip(questionnaire.questions, figures.figures, strict=True), 1):
        given = [answers[question.id] for answers in counted if question.id in answers]
        assert (figure.id, figure.number, figure.people) == (question.id, number, len(given))
        assert counted_in(figure) == counted_by_hand(question, given)
        check_shares(figure)
        check_order(question, figure, given)
        check_note(question, figure, given)


def check_shares(figure: Figure) -> None:
    for row in figure.rows:
        assert row.share == (row.people / figure.people if figure.people else 0)
    if figure.note is None:  # a matrix: each of its rows is a share of those who answered it
        for item in figure.heat:
            assert sum(cell.share for cell in item.cells) == pytest.approx(float(any(c.people for c in item.cells)))


def check_order(question: Question, figure: Figure, given: Sequence[Json]) -> None:
    if isinstance(question, Ranking):
        points = points_by_hand(question.ranks(), given)
        assert [points[row.id] for row in figure.heat] == sorted((points[one.id] for one in THINGS), reverse=True)
        said = [translate(row.outcome, "en") for row in figure.heat if row.outcome is not None]
        assert [int(outcome.split()[0]) for outcome in said] == [points[row.id] for row in figure.heat]
    elif figure.shape == "bars" and not isinstance(question, Place):
        people = [row.people for row in figure.rows if row.id not in ("other", "none")]
        assert people == sorted(people, reverse=True)


def check_note(question: Question, figure: Figure, given: Sequence[Json]) -> None:
    if not isinstance(question, Number | Scale) or not given:
        return
    said = translate(bins.said_number(round(mean(given), 1)), "en")
    assert figure.note is not None
    assert translate(figure.note, "en").startswith(f"Mean {said}")
    if isinstance(question, Number):
        said = translate(bins.said_number(round(median(given), 1)), "en")
        assert f"median {said}, from {len(given)} " in translate(figure.note, "en")


def check_table(
    questionnaire: Questionnaire, figures: Figures, header: Sequence[Cell], rows: Sequence[Sequence[Cell]]
) -> None:
    """Whoever counts the rows of the export finds the figures."""
    assert [row[0] for row in rows] == list(range(1, figures.people + 1))
    assert dict(figures.by_channel) == Counter(row[3] for row in rows)
    assert dict(figures.by_place) == Counter(row[4] or "" for row in rows)
    columns = {name: [row[place] for row in rows] for place, name in enumerate(header)}
    assert len(columns) == len(header)
    for question, figure in zip(questionnaire.questions, figures.figures, strict=True):
        name = translate(question.name, "en")
        judged = [columns[f"{name}: {translate(item.label, 'en')}"] for item in question.rows()]
        answered_rows = zip(*(judged or [columns[name]]), strict=True)
        assert sum(any(cell is not None for cell in row) for row in answered_rows) == figure.people
        labels = {option.id: translate(option.label, "en") for option in question.options()}
        if labels and not isinstance(question, Ranking | Scale) and not judged:
            cells = Counter(label for cell in columns[name] if cell for label in str(cell).split(tables.JOIN))
            assert cells == {labels[row.id]: row.people for row in figure.rows if row.people}
        for item, column in zip(figure.heat, judged if isinstance(question, Matrix) else (), strict=False):
            found = Counter(str(cell) for cell in column if cell is not None)
            assert found == {labels[cell.id]: cell.people for cell in item.cells if cell.people}


def check_texts(
    questionnaire: Questionnaire, question: Question, replies: Sequence[Reply], count: int, found: list[OpenText]
) -> None:
    written = []
    for reply in reversed(replies):
        answer = answered(questionnaire.questions, reply).get(question.id)
        given = answer if isinstance(answer, list) else [answer]
        if isinstance(question, ShortText | LongText):
            written += [text for text in given if text]
        elif not question.rows() and not isinstance(question, Given):
            own = [one for one in given if isinstance(one, dict)]
            written += [one[key] for one in own for key in ("other", "text") if key in one]
    assert count == len(found) == len(written)
    assert [one.text for one in found] == written
