from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.questionnaires.file import FileRefused, Imported, read_file
from flows.questionnaires.questionnaire import Questionnaire
from flows.questionnaires.questions import KINDS, Number, OneOf, Scale
from flows.questionnaires.settings import Option
from storage.civil import moment
from storage.rules import AllOf, Answered, Not

ROOT = Path(__file__).parents[2]
HEAD = """\
consultation: trees
languages: [en]
title: Trees
topic: about trees
why: To plant them.
questions:
"""
TREE = """\
- id: tree
  kind: one_of
  text: Which tree?
  choices: {oak: An oak, lime: A lime}
"""


def imported(questions: str, head: str = HEAD) -> Imported:
    return read_file(head + questions)


def refused(questions: str, head: str = HEAD) -> list[str]:
    with pytest.raises(FileRefused) as refusal:
        read_file(head + questions)
    return str(refusal.value).splitlines()


def test_the_example_of_the_documentation_is_imported() -> None:
    example = re.search(r"```yaml\n(.*?)```", (ROOT / "docs/questionnaire-file.md").read_text(), re.DOTALL)
    assert example is not None
    result = read_file(example[1])
    assert result.warnings == ()
    assert result.draft.slug == "centre-ville"
    assert result.draft.closes_at("Europe/Paris") == datetime(2027, 3, 19, 19, 0, tzinfo=UTC)
    assert [question.id for question in result.draft.questionnaire.questions] == [
        "visits",
        "reasons",
        "seats",
        "change",
    ]
    settings = json.loads(json.dumps(result.draft.questionnaire.to_settings()))
    assert Questionnaire.from_settings(settings) == result.draft.questionnaire


def test_the_documentation_names_every_kind() -> None:
    page = (ROOT / "docs/questionnaire-file.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


def test_json_is_read_too() -> None:
    data = {
        "consultation": "trees",
        "languages": ["en"],
        "title": "Trees",
        "topic": "about trees",
        "why": "To plant them.",
        "questions": [{"id": "many", "kind": "number", "text": "How many?", "min": 0, "max": 12}],
    }
    (question,) = read_file(json.dumps(data)).draft.questionnaire.questions
    assert isinstance(question, Number)
    assert (question.min, question.max) == (0, 12)


def test_words_that_yaml_takes_for_booleans_stay_words() -> None:
    choices = "- {id: a, kind: one_of, text: Well, choices: {yes: Yes, no: No, on: On}}"
    (question,) = imported(choices).draft.questionnaire.questions
    assert isinstance(question, OneOf)
    assert [option.id for option in question.choices] == ["yes", "no", "on"]
    assert question.choices[0] == Option("yes", {"en": "Yes"})  # type: ignore[arg-type]


def test_a_condition_reads_as_it_is_written() -> None:
    later = "- {id: b, kind: yes_no, text: B, when: {tree: [oak, lime], not: {tree: lime}}}"
    when = imported(TREE + later).draft.questionnaire.questions[1].when
    assert when == AllOf((Answered("tree", ("oak", "lime")), Not(Answered("tree", ("lime",)))))


def test_all_mistakes_are_told_at_once_with_question_and_line() -> None:
    wrong = """\
- id: tree
  kind: one_of
  text: Which tree?
  choises: {oak: An oak}
- id: tree
  kind: hologram
- id: Many trees
  kind: number
  text: How many?
  min: 5
  max: 2
- id: age
  kind: scale
  text: How old?
  required: maybe
"""
    assert refused(wrong) == [
        "line 7, question tree: `choices` is missing.",
        "line 10, question tree: There is no `choises` here. Did you mean `choices`?",
        "line 12, question tree: `kind` must be one of: " + ", ".join(KINDS) + ".",
        "line 13, question Many trees: `Many trees` can't be an id: 1 to 16 of a-z, 0-9 and _.",
        "line 13, question Many trees: `min` is more than `max`.",
        "line 21, question age: This must be `true` or `false`.",
    ]


MISTAKES = [
    ("- {id: a, kind: yes_no}", "`text` is missing."),
    ("- {id: a, kind: yes_no, text: [A]}", "This must be a text."),
    ("- {id: a, kind: yes_no, text: A, text: B}", "`text` stands twice."),
    ("- {id: recap, kind: yes_no, text: A}", "`recap` can't be an id: it means something else already."),
    ("- {id: a, kind: number, text: A, max: many}", "This must be a number."),
    ("- {id: a, kind: number, text: A, max: 1.5}", "Bounds with decimals need `decimals: true`."),
    ("- {id: a, kind: short_text, text: A, max: 1.5}", "This must be a whole number."),
    ("- {id: a, kind: date, text: A, earliest: 1/2/2027}", "This must be a day, written like 2027-03-19."),
    ("- {id: a, kind: date, text: A, earliest: 2027-02-01, latest: 2027-01-01}", "`earliest` is after `latest`."),
    ("- {id: a, kind: one_of, text: A, choices: [x, y]}", "These are written one a line, each as `id: label`."),
    ("- {id: a, kind: one_of, text: A, choices: {x: X}}", "At least two choices are needed."),
    ("- {id: a, kind: one_of, text: A, choices: {x: X, X!: Y}}", "`X!` can't be an id: 1 to 16 of a-z, 0-9 and _."),
    ("- {id: a, kind: scale, text: A, max: 40}", "A scale has 2 to 11 steps."),
    (
        "- {id: a, kind: several_of, text: A, min: 3, choices: {x: X, y: Y}}",
        "3 answers are asked for, and there are only 2 choices.",
    ),
    (
        "- {id: a, kind: several_of, text: A, exactly: 1, choices: {x: X, y: Y}}",
        "For one answer use the kind `one_of`.",
    ),
    ("- {id: a, kind: grades, text: A, items: {abcdefghijklmnop: X}}", "15 characters at most for an item."),
    ("- {id: a, kind: yes_no, text: A, media: {kind: song, address: x, description: y}}", "picture, document, video."),
    (
        '- {id: a, kind: yes_no, text: A, media: {kind: video, address: "javascript:x", description: y}}',
        "An address begins with https://.",
    ),
    ("- {id: s, kind: section, text: A}", "Nothing is asked: at least one question is needed."),
    ("- {id: a, kind: yes_no, text: A, when: {all: []}}", "This is not a condition: `all` needs a list of rules."),
    ("- {id: a, kind: yes_no, text: A, when: {b: yes}}", "The condition looks at `b`, which is no question."),
    (
        "- {id: a, kind: yes_no, text: A, when: {tag: jury}}",
        "A condition looks at answers, at `area` and at `group`, and at nothing else.",
    ),
    ("- {id: s, kind: section, text: A, when: {a: yes}}\n- {id: a, kind: yes_no, text: A}", "which comes later."),
    (TREE + "- {id: a, kind: yes_no, text: A, when: {tree: ash}}", "`ash` is not a choice of `tree`."),
    (
        "- {id: t, kind: long_text, text: T}\n- {id: a, kind: yes_no, text: A, when: {t: x}}",
        "A condition can't look at `t`, which is of the kind `long_text`.",
    ),
]


@pytest.mark.parametrize(("questions", "sentence"), MISTAKES)
def test_a_mistake_is_told(questions: str, sentence: str) -> None:
    (told,) = refused(questions)
    assert told.endswith(sentence)


UNREACHABLE = [
    "{all: [{tree: oak}, {tree: lime}]}",
    "{all: [{tree: oak}, {not: {tree: [oak, lime]}}]}",
    "{not: {tree: [oak, lime]}}",
    "{all: [{area: port}, {area: hills}]}",
    "{all: [{group: young}, {not: {group: young}}]}",
    "{all: [{shade: yes}, {tree: lime}]}",
    "{all: [{uses: shade}, {uses: fruit}, {uses: wood}]}",
]
BEFORE = (
    TREE
    + "- {id: shade, kind: yes_no, text: Shade, when: {tree: oak}}\n"
    + "- {id: uses, kind: several_of, max: 2, text: Uses, choices: {shade: Shade, fruit: Fruit, wood: Wood}}\n"
)


@pytest.mark.parametrize("when", UNREACHABLE)
def test_a_question_nobody_can_reach_is_refused(when: str) -> None:
    (told,) = refused(BEFORE + f"- {{id: never, kind: yes_no, text: Never, when: {when}}}")
    assert told == "line 13, question never: Nobody can ever reach this: its condition never holds."


REACHABLE = [
    "{any: [{tree: oak}, {area: port}]}",
    "{all: [{group: young}, {group: old}]}",
    "{not: {shade: [yes, no]}}",
    "{all: [{uses: shade}, {uses: fruit}, {not: {uses: wood}}]}",
]


@pytest.mark.parametrize("when", REACHABLE)
def test_a_question_somebody_can_reach_is_taken(when: str) -> None:
    assert imported(BEFORE + f"- {{id: some, kind: yes_no, text: Some, when: {when}}}")


def test_every_text_is_needed_in_every_language() -> None:
    head = HEAD.replace("[en]", "[fr, en]")
    told = refused("- {id: a, kind: yes_no, text: {fr: A, de: B}}", head)
    assert "line 3: This text is needed in each language: fr, en." in told
    assert "line 7, question a: The text in `en` is missing." in told
    assert "line 7, question a: `de` is not one of the languages." in told


def test_what_stands_before_the_questions_is_checked_too() -> None:
    head = HEAD.replace("trees\n", "Trees!\n", 1) + "closes: soon\nminutes: 1000\n"
    told = refused("", head)
    assert [sentence.split(": ", 1)[1] for sentence in told] == [
        "Small letters, digits and hyphens only, 60 at most.",
        "`questions` must be a list of at least one question.",
        "This must be a day or a time, written like 2027-03-19 or 2027-03-19 20:00.",
        "Between 1 and 120 minutes.",
    ]


def test_a_label_too_long_for_a_button_is_a_warning() -> None:
    long = "An oak that has stood here for three hundred years"
    (warning,) = imported(f"- {{id: a, kind: one_of, text: A, choices: {{x: {long}, y: Y}}}}").warnings
    assert str(warning) == "line 7, question a: The label of `x` has 50 characters; a button shows 30."


HOSTILE = [
    ("a: &a [x]\nb: *a", "Anchors and aliases (& and *) are not read. Please write it out."),
    ("a: !!python/object:os.system x", "Tags (!) are not read."),
    ("[" * 1000, "This file holds too much, or things too deep within each other."),
    ("a: [" + "1," * 60_000 + "]", "This file holds too much, or things too deep within each other."),
    ("x" * 1_000_001, "This file is too large: 1 MB at most."),
    ("a: \x00", "This file holds characters that are not text."),
    ("a: b\n---\nc: d", "A file holds one document: `---` stands once."),
    ("a: [b", "This is not YAML: expected ',' or ']', but got '<stream end>'. A text with , ? : or # may need quotes."),
    ("[a]: b", "This must be an object with names and values."),
    ("", "This must be an object with names and values."),
]


@pytest.mark.parametrize(("text", "sentence"), HOSTILE, ids=[sentence[:20] for _text, sentence in HOSTILE])
def test_a_hostile_file_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        read_file(text)
    assert any(str(problem).endswith(sentence) for problem in refusal.value.problems) or text == "[a]: b"


def test_too_many_questions_are_refused() -> None:
    many = "".join(f"- {{id: q{number}, kind: yes_no, text: A}}\n" for number in range(201))
    assert refused(many)[0].endswith("201 questions are too many: 200 at most.")


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_imported_or_refused(text: str | bytes) -> None:
    with pytest.raises(FileRefused):
        read_file(text)


scraps = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(list(KINDS)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    ["id", "kind", "text", "choices", "items", "min", "max", "when", "media", "other", "exactly", "grades", "help"]
)


@given(st.lists(st.dictionaries(fields, scraps, max_size=8) | scraps, max_size=4), st.sampled_from(list(KINDS)))
def test_any_questions_are_imported_or_refused(questions: list[object], kind: str) -> None:
    for question in questions:
        if isinstance(question, dict):
            question["kind"] = kind
    data = {"consultation": "a", "languages": ["en"], "title": "A", "topic": "A", "why": "A", "questions": questions}
    try:
        read_file(json.dumps(data))
    except FileRefused as refusal:
        assert refusal.problems  # noqa: PT017  (both outcomes are right)


def test_a_closing_time_is_a_moment_whatever_the_clocks_do() -> None:
    assert moment(datetime(2027, 3, 19, 20, 0), "Europe/Paris") == datetime(2027, 3, 19, 19, 0, tzinfo=UTC)  # noqa: DTZ001
    assert moment(datetime(2027, 3, 28, 2, 30), "Europe/Paris") == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)  # noqa: DTZ001
    assert moment(datetime(2027, 10, 31, 2, 30), "Europe/Paris") == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)  # noqa: DTZ001


def test_a_day_alone_lasts_until_its_last_minute() -> None:
    draft = imported(TREE, "closes: 2027-03-19\n" + HEAD).draft
    assert draft.closes == datetime(2027, 3, 19, 23, 59)  # noqa: DTZ001
    assert isinstance(draft.questionnaire.questions[0], OneOf)
    assert not isinstance(draft.questionnaire.questions[0], Scale)
