"""Phases that tell something: presentation, analysis, results; and figures in short lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from flows import summary
from flows.conversation import Go
from flows.figures import Count, Figure, Figures, HeatRow
from flows.forms import Faults
from flows.module import Module
from flows.modules.presentation import Analysis, Presentation
from flows.modules.results import Results
from flows.telling import pack
from flows.texts import Words, translate
from tests.flows.harness import PHASE, Harness

TEXT = {"text": {"en": "The square is built anew."}}
DECIDED = replace(
    PHASE, decides={"en": "the town council"}, does={"en": "It chooses the works."}, answer_on=date(2027, 4, 30)
)
SAID = ["Who decides: the town council.", "It chooses the works.", "The answer comes on Friday 30 April."]


def test_a_presentation_tells_shows_and_leads_on_without_asking_to_agree() -> None:
    picture = {"address": "https://montaubry.example/square.png", "description": {"en": "The square"}}
    settings = {**TEXT, "link": {"en": "https://montaubry.example"}, "picture": picture}
    h = Harness(Presentation.load(settings), consented=False, phase=DECIDED)
    assert h.begin() == [
        "The square is built anew.",
        "To read more: https://montaubry.example",
        *SAID,
        "What would you like to do?",
    ]
    media = h.messages[0].media
    assert media is not None
    assert (media.address, media.description) == ("https://montaubry.example/square.png", "The square")
    assert h.hear("what comes next") == []
    assert h.gone == Go(kind="next")


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({}, ["text"]),
        ({**TEXT, "link": {"en": "javascript:alert(1)"}}, ["link"]),
        ({**TEXT, "picture": {"address": "https://a.example/b.png", "description": {}}}, ["picture"]),
    ],
)
def test_a_presentation_that_would_show_nothing_or_something_unsafe_is_refused(
    settings: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(Faults) as faults:
        Presentation.load(settings)
    assert [fault.field for fault in faults.value.faults] == fields


def test_an_analysis_says_who_decides_and_when_the_answer_comes() -> None:
    h = Harness(Analysis.load({}), consented=False, phase=DECIDED)
    call = "To talk to a person: Claire Morel, 02 61 91 00 12, Monday to Friday, 9 am to noon."
    assert [line for line in h.begin() if not line.startswith("To talk")] == ["What you gave is being read.", *SAID]
    assert call[:19] in h.messages[-1].lines[-1].text


def results(module: Module, told: list[summary.Earlier]) -> Harness:
    lines = [pack(line) for line in summary.lines(Figures(3, (("web", 2), ("paper", 1))))]
    verbs = {summary.earlier: lambda _before: told, summary.of_phase: lambda _phase: lines}
    return Harness(module, consented=False, phase=DECIDED, verbs=verbs)


def test_results_are_read_phase_by_phase() -> None:
    vote = summary.Earlier(phase=7, position=1, title={"en": "The vote"})
    h = results(Results.load({}), [vote, summary.Earlier(phase=8, position=2, title={"en": "The ideas"})])
    assert h.begin() == ["Which results would you like to read?"]
    assert h.hear("the vote")[:3] == ["The vote", "3 people took part.", "1 of them on paper."]
    assert results(Results.load({}), [vote]).begin()[0] == "The vote"
    assert results(Results.load({}), []).begin()[0] == "There are no results to read here yet."


def test_each_shape_of_figure_becomes_one_short_line() -> None:
    count = Count("a", Words({"en": "Trees"}), 3, 0.75)
    rows = (Count("b", "Benches", 1, 0.25), count, Count("c", "Nothing", 0, 0.0))
    figures = (
        Figure("bars", 1, "Which?", "Which", "bars", 4, rows),
        Figure("scale", 2, "How?", "How", "scale", 4, rows, ordered=True, note="Average: 3.5 of 5."),
        Figure("heat", 3, "Grades", "Grades", "heat", 4, heat=(HeatRow("t", "Trees", (count,), "good"),)),
        Figure("texts", 4, "Why?", "Why", "texts", 2),
        Figure("nobody", 5, "And?", "And", "texts", 0),
    )
    assert [translate(line, "en") for line in summary.lines(Figures(4, figures=figures))] == [
        "4 people took part.",
        "1. Which: Trees (3, 75 %), Benches (1, 25 %)",
        "2. How: Average: 3.5 of 5.",
        "3. Grades: Trees: good",
        "4. Why: 2 people answered",
    ]
