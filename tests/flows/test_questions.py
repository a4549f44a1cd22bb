from typing import Any

import pytest

from flows.questionnaires import questions as q
from flows.questionnaires.questionnaire import BadSettings, Questionnaire
from flows.questionnaires.settings import Option
from flows.texts import Words
from storage.contributions import Part
from storage.rules import Answered, InArea, Not, Rule


def words(text: str) -> Words:
    return Words(fr=text, en=text)


def options(*ids: str) -> tuple[Option, ...]:
    return tuple(Option(id, words(id)) for id in ids)


def yes_no(id: str, when: Rule | None = None) -> q.YesNo:
    return q.YesNo(id=id, text=words(f"{id} ?"), when=when)


EVERY_KIND: list[tuple[q.Question, Any, list[Part]]] = [
    (q.ShortText(id="s", text=words("?")), "Été", [Part("s", text="Été", folded="ete")]),
    (q.LongText(id="l", text=words("?")), "Oui, oui.", [Part("l", text="Oui, oui.", folded="oui, oui")]),
    (q.Number(id="n", text=words("?"), unit=words("km")), 12, [Part("n", number=12)]),
    (q.Date(id="d", text=words("?")), "2027-03-19", [Part("d", choice="2027-03-19")]),
    (q.OneOf(id="o", text=words("?"), choices=options("a", "b")), "b", [Part("o", choice="b")]),
    (
        q.OneOf(id="o", text=words("?"), choices=options("a", "b"), other=True),
        {"other": "À pied"},
        [Part("o", choice="other", text="À pied", folded="a pied")],
    ),
    (
        q.SeveralOf(id="m", text=words("?"), choices=options("a", "b"), other=True),
        ["b", {"other": "Là"}],
        [Part("m", choice="b"), Part("m", choice="other", text="Là", folded="la")],
    ),
    (
        q.Ranking(id="r", text=words("?"), choices=options("a", "b")),
        ["b", "a"],
        [Part("r", choice="b", rank=1), Part("r", choice="a", rank=2)],
    ),
    (q.Grades(id="g", text=words("?"), items=options("x")), {"x": "good"}, [Part("g", item="x", choice="good")]),
    (q.Scale(id="c", text=words("?")), 4, [Part("c", choice="4", number=4)]),
    (q.Matrix(id="t", text=words("?"), items=options("x")), {"x": "4"}, [Part("t", item="x", choice="4", number=4)]),
    (
        q.Matrix(id="t", text=words("?"), items=options("x"), choices=options("often")),
        {"x": "often"},
        [Part("t", item="x", choice="often")],
    ),
    (yes_no("y"), "no", [Part("y", choice="no")]),
    (
        q.Place(id="p", text=words("?")),
        {"lat": 48.8566, "lon": 2.3522},
        [Part("p", choice="point", text="48.85660, 2.35220")],
    ),
    (
        q.Place(id="p", text=words("?")),
        {"text": "Près de l’église"},
        [Part("p", choice="text", text="Près de l’église", folded="pres de l'eglise")],
    ),
    (q.Photo(id="f", text=words("?")), {"photo": "file:1"}, [Part("f", choice="given")]),
    (q.Email(id="e", text=words("?")), "a@b.fr", [Part("e", choice="given")]),
    (q.Phone(id="h", text=words("?")), "+33261910012", [Part("h", choice="given")]),
]


@pytest.mark.parametrize(("question", "answer", "parts"), EVERY_KIND)
def test_an_answer_is_counted_by_its_parts(question: q.Question, answer: Any, parts: list[Part]) -> None:
    assert list(question.parts(answer)) == parts


def test_every_kind_is_among_the_examples_of_this_file() -> None:
    assert {question.kind for question, _answer, _parts in EVERY_KIND} | {"section"} == set(q.KINDS)


def test_an_address_is_never_among_the_countable_answers() -> None:
    everything = Questionnaire(steps=(q.Email(id="e", text=words("?")), q.Phone(id="h", text=words("?"))))
    parts = everything.parts({"e": "claire@example.org", "h": "+33261910012"})
    assert [(part.choice, part.text) for part in parts] == [("given", None), ("given", None)]


@pytest.mark.parametrize("question", [question for question, _answer, _parts in EVERY_KIND])
def test_settings_are_read_back_as_they_were_written(question: q.Question) -> None:
    section = q.Section(id="intro", text=words("Hello"), when=Not(InArea(("port",))))
    whole = Questionnaire(steps=(section, question), replies="several", minutes=4)
    assert Questionnaire.from_settings(whole.to_settings()) == whole


def test_settings_of_another_time_are_refused_by_name() -> None:
    with pytest.raises(BadSettings):
        Questionnaire.from_settings({"languages": ["fr"], "questions": [{"kind": "hologram", "id": "x"}]})


CAR = Answered("transport", ("car",))
BRANCHING = Questionnaire(
    steps=(
        q.OneOf(id="transport", text=words("?"), choices=options("car", "bus")),
        q.Section(id="about_cars", text=words("About cars"), when=CAR),
        yes_no("parks", when=CAR),
        yes_no("pays", when=Answered("parks", ("yes",))),
        yes_no("rides", when=Not(CAR)),
        yes_no("port", when=InArea(("port",))),
    )
)


def asked(answers: dict[str, Any], area: str | None = None) -> list[str]:
    return [question.id for question in BRANCHING.asked(answers, area)]


def test_the_questions_that_count_follow_the_answers() -> None:
    assert asked({"transport": "car", "parks": "yes"}) == ["transport", "parks", "pays"]
    assert asked({"transport": "bus"}, area="port") == ["transport", "rides", "port"]


def test_an_answer_that_is_not_asked_any_more_decides_nothing() -> None:
    corrected = {"transport": "bus", "parks": "yes", "pays": "no", "rides": "yes"}
    assert asked(corrected) == ["transport", "rides"]
    assert [part.question for part in BRANCHING.parts(corrected)] == ["transport", "rides"]


def test_a_skipped_question_is_asked_and_not_counted() -> None:
    assert asked({"transport": None}) == ["transport", "rides"]
    assert BRANCHING.parts({"transport": None}) == ()


def test_the_six_questions_of_the_first_talk_take_three_minutes() -> None:
    town = Questionnaire(
        steps=(
            q.OneOf(id="visits", text=words("?"), choices=options("a", "b")),
            q.OneOf(id="transport", text=words("?"), choices=options("a", "b")),
            q.SeveralOf(id="why", text=words("?"), choices=options("a", "b", "c"), max=2),
            q.Scale(id="seats", text=words("?")),
            q.LongText(id="change", text=words("?")),
            yes_no("square"),
        )
    )
    assert town.duration() == 3


def test_the_name_in_a_recap_is_the_short_one_or_the_question() -> None:
    assert q.YesNo(id="a", text=Words(fr="Et vous ?")).name == {"fr": "Et vous"}
    assert q.YesNo(id="a", text=Words(fr="Et vous ?"), short=Words(fr="Vous")).name == {"fr": "Vous"}
