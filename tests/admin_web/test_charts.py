"""Charts: what they say, and that they fit."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_web import charts
from flows.figures import Count, Figure, Shape, Stage
from tests.admin_web.made_up import FIGURES

BY_ID = {figure.id: figure for figure in FIGURES.figures}


def parsed(drawing: str | None) -> ElementTree.Element:
    assert drawing is not None
    return ElementTree.fromstring(drawing)


def widths(drawing: ElementTree.Element, name: str) -> list[float]:
    rects = [rect for rect in drawing.iter("rect") if rect.get("class") == name]
    return [float((rect.get("width") or "").rstrip("%")) for rect in rects]


def figure_of(*people: int, shape: Shape = "scale") -> Figure:
    total = sum(people)
    rows = tuple(Count(str(n), f"choice {n}", count, count / total) for n, count in enumerate(people))
    return replace(BY_ID["seats"], shape=shape, people=total, rows=rows)


def test_bars_are_as_long_as_their_share_and_say_it() -> None:
    drawing = parsed(charts.draw(BY_ID["transport"], "fr"))
    assert widths(drawing, "bar") == [44.2, 32.61, 14.49, 8.7]
    assert drawing.get("viewBox") is None
    assert drawing.findtext("title", "").replace("\N{NO-BREAK SPACE}", " ").startswith("À pied 44 %, En voiture 33 %")


def test_a_title_names_the_drawing() -> None:
    drawing = parsed(charts.draw(BY_ID["transport"], "fr"))
    title = drawing.find("title")
    assert title is not None
    assert drawing.get("role") == "img"
    assert drawing.get("aria-labelledby") == title.get("id")


def test_five_grades_are_one_bar_from_rust_to_blue() -> None:
    drawing = parsed(charts.draw(BY_ID["seats"], "fr"))
    assert [rect.get("class") for rect in drawing.iter("rect")] == ["v1", "v2", "v3", "v4", "v5"]
    inside = [text.text for text in drawing.iter("text") if "in" in (text.get("class") or "").split()]
    assert [words.replace("\N{NO-BREAK SPACE}", " ") for words in inside if words] == ["21 %", "33 %", "28 %", "14"]


def test_a_part_too_small_for_its_number_has_it_below() -> None:
    drawing = parsed(charts.draw(BY_ID["seats"], "fr"))
    below = " ".join(text.text or "" for text in drawing.iter("text") if text.get("y") in ("100", "120"))
    assert below.replace("\N{NO-BREAK SPACE}", " ") == "Trop petit pour y écrire : toujours 3 %"


def test_a_part_nobody_chose_is_not_drawn() -> None:
    assert len(list(parsed(charts.draw(figure_of(1, 0, 1), "fr")).iter("rect"))) == 2


def test_a_long_scale_is_bars() -> None:
    drawing = parsed(charts.draw(BY_ID["likely"], "fr"))
    assert len(widths(drawing, "bar")) == 11


def test_long_labels_are_cut_in_lines_and_never_in_markup() -> None:
    figure = replace(
        BY_ID["transport"], rows=(Count("x", "Quelque chose de vraiment très long <b>&</b> " * 9, 1, 1.0),)
    )
    lines = [text.text or "" for text in parsed(charts.draw(figure, "fr")).iter("text") if text.get("x") == "0"]
    assert len(lines) == 3
    assert all(len(line) <= charts.LINE for line in lines)
    assert lines[-1].endswith("…")


@pytest.mark.parametrize("id", ["square", "change"])
def test_tables_and_texts_are_not_drawn(id: str) -> None:
    assert charts.draw(BY_ID[id], "fr") is None


def test_nothing_is_drawn_of_nobody() -> None:
    assert charts.draw(replace(BY_ID["transport"], people=0, rows=()), "fr") is None
    assert charts.drop_off((), "fr") is None


def test_the_drop_off_shows_what_stays_what_stops_and_the_worst() -> None:
    drawing = parsed(charts.drop_off(FIGURES.stages, "fr"))
    assert widths(drawing, "bar") == [100, 96.32, 87.5, 79.41]
    assert widths(drawing, "lost") == [3.68, 8.09]
    assert widths(drawing, "lost worst") == [8.82]
    title = drawing.findtext("title", "").replace("\N{NO-BREAK SPACE}", " ")
    assert title == "136 personnes ont commencé. On s’arrête le plus à « 4. Où s’asseoir » : 12 personnes."


def test_no_question_is_the_worst_when_nobody_stopped() -> None:
    stages = (Stage("a", "A", 3, 0), Stage("b", "B", 3, 0))
    assert charts.worst_of(stages) is None
    assert "Personne ne s’est arrêté" in (charts.drop_off(stages, "fr") or "")


@pytest.mark.parametrize(("share", "name"), [(0.0, "q1"), (0.16, "q2"), (0.34, "q3"), (0.69, "q4"), (1.0, "q5")])
def test_a_cell_is_darker_the_more_there_are(share: float, name: str) -> None:
    assert charts.heat(share) == name


@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=12).filter(any), st.sampled_from(["bars", "scale", "numbers"])
)
def test_every_drawing_is_well_formed_and_inside_its_column(people: list[int], shape: Shape) -> None:
    drawing = parsed(charts.draw(figure_of(*people, shape=shape), "fr"))
    height = float(drawing.get("height") or 0)
    for element in drawing.iter():
        x, y = element.get("x", "0").rstrip("%"), element.get("y", "0")
        width = (element.get("width") or "0").rstrip("%")
        assert 0 <= float(x) <= 100
        assert float(x) + float(width) <= 100.05
        assert 0 <= float(y) < height
    assert not re.search(r"style=|nan|inf", ElementTree.tostring(drawing, "unicode").lower())
