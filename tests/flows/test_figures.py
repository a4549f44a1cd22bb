"""Figures by example: what they say of grades, scales, drop-off, erased people and choices that are gone."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from flows.figures import Figure, Filter, OpenText, Page, PhaseRef
from flows.open_texts import open_texts
from flows.questionnaires import tables, tallies
from flows.questionnaires.questionnaire import Questionnaire
from flows.questionnaires.questions import Email, Grades, LongText, Matrix, OneOf, Question, Scale, YesNo
from flows.texts import translate
from storage.models import Answer, Contribution
from tests.crowd import Crowd, opened
from tests.flows.test_tallies import THINGS, options, words

Json = Any


async def only(crowd: Crowd, question: Question) -> Figure:
    figures = await tallies.results(crowd.connection, ref(crowd), Questionnaire(steps=(question,)), Filter())
    [figure] = figures.figures
    return figure


def ref(crowd: Crowd) -> PhaseRef:
    return PhaseRef(crowd.space_id, crowd.phase_id)


async def crowd_of(connection: AsyncConnection, question: Question, *given: Json) -> Crowd:
    """One person for each of these answers."""
    crowd = await Crowd.gather(connection)
    for number, answer in enumerate(given):
        await crowd.sends(f"p{number}", *question.parts(answer), fields={question.id: answer})
    return crowd


async def test_a_majority_judgment_says_the_place_and_the_grade(database_url: str) -> None:
    question = Grades(id="q", text=words("Q"), items=THINGS)
    best, worst = {"trees": "very_good", "bench": "good"}, {"trees": "poor", "bench": "good"}
    async with opened(database_url) as connection:
        crowd = await crowd_of(connection, question, best, best, worst, {"shelter": "good"})
        figure = await only(crowd, question)
    said = [(row.id, row.outcome and translate(row.outcome, "en")) for row in figure.heat]
    assert said == [
        ("trees", "Place 1: Very good"),
        ("bench", "Place 2, tied: Good"),
        ("shelter", "Place 2, tied: Good"),
        ("fountain", "Not graded"),
    ]
    assert figure.people == 4
    assert figure.heat[0].cells[0].share == 2 / 3


async def test_a_scale_names_its_ends_and_says_its_mean_with_its_count(database_url: str) -> None:
    question = Scale(id="q", text=words("Q"), low=words("Never"), high=words("Always"))
    async with opened(database_url) as connection:
        figure = await only(await crowd_of(connection, question, 1, 2, 2), question)
    assert [translate(row.label, "en") for row in figure.rows] == ["1, never", "2", "3", "4", "5, always"]
    assert figure.note is not None
    assert translate(figure.note, "en") == "Mean 1.7 out of 5, from 3 people."
    assert translate(figure.note, "fr") == "Moyenne 1,7 sur 5, pour 3 personnes."


async def test_a_choice_that_is_no_longer_offered_is_still_counted(database_url: str) -> None:
    question = OneOf(id="q", text=words("Q"), choices=options("tram", "bus"))
    async with opened(database_url) as connection:
        crowd = await crowd_of(connection, question, "tram", "bus")
        figure = await only(crowd, OneOf(id="q", text=words("Q"), choices=options("bus")))
    assert [(row.id, row.label, row.people) for row in figure.rows] == [("bus", words("Bus"), 1), ("tram", "tram", 1)]


async def test_the_drop_off_says_where_people_stopped(database_url: str) -> None:
    questionnaire = Questionnaire(
        steps=(YesNo(id="q1", text=words("One?")), Matrix(id="q2", text=words("Two?"), items=THINGS))
    )
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        await crowd.begins("Monique", "consent_who")
        await crowd.begins("Karim", "q2.bench")
        await crowd.begins("Luc", "recap.which")
        await crowd.begins("Denise", "gone_since")
        await crowd.sends("Jeanne")
        await crowd.sends("Paul", channel="paper")
        figures = await tallies.results(connection, ref(crowd), questionnaire, Filter())
    assert [(stage.id, stage.reached, stage.stopped) for stage in figures.stages] == [
        ("consent", 5, 2),
        ("q1", 3, 0),
        ("q2", 3, 1),
        ("recap", 2, 1),
        ("-sent", 1, 0),
    ]
    assert (figures.started, figures.people) == (5, 2)


async def test_the_erased_keep_their_rows_without_their_words(database_url: str) -> None:
    steps = (LongText(id="why", text=words("Why?")), Email(id="mail", text=words("Mail?")))
    questionnaire = Questionnaire(steps=steps)
    answers = {"why": "My neighbour Luc", "mail": "monique@example.org"}
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        await crowd.sends("Monique", *questionnaire.parts(answers), fields=answers)
        _, before = [row async for row in tables.table(connection, ref(crowd), questionnaire, "en")]
        await connection.execute(update(Contribution).values(participant_id=None, conversation_id=None, fields={}))
        await connection.execute(update(Answer).values(text=None, folded=None))
        _, after = [row async for row in tables.table(connection, ref(crowd), questionnaire, "en")]
        figures = await tallies.results(connection, ref(crowd), questionnaire, Filter())
        assert await open_texts(connection, ref(crowd), tallies.RESPONSE, "why", Filter(), Page("", 0, 9)) == (0, [])
    assert before == [1, "2027-03-06", "10:40", "web", None, "My neighbour Luc", "monique@example.org"]
    assert after == [1, "2027-03-06", "10:40", "web", None, "(erased)", "(erased)"]
    assert [figure.people for figure in figures.figures] == [1, 1]


async def test_texts_are_searched_whatever_the_accents(database_url: str) -> None:
    question = LongText(id="why", text=words("Why?"))
    async with opened(database_url) as connection:
        crowd = await crowd_of(connection, question, "Près de l’école", "Ailleurs")
        count, [found] = await open_texts(
            connection, ref(crowd), tallies.RESPONSE, "why", Filter(), Page("ECOLE, près", 0, 9)
        )
    assert (count, found) == (1, OpenText("Près de l’école", "web", None, date(2027, 3, 6)))
