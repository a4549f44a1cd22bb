"""The recap: a number typed below it is that of an answer, and nothing is sent by a number."""

from __future__ import annotations

import pytest

from flows.rendering import Capabilities, pressed, render
from tests.flows.harness import Harness
from tests.flows.questionnaires import begun, english, sent

TREES = """\
- {id: likes, kind: yes_no, text: Do you like trees, short: Trees}
- {id: kinds, kind: several_of, text: Which ones, short: Which, choices: {oak: Oak, ash: Ash, elm: Elm}}
- {id: why, kind: short_text, text: Why}
"""
NUMBERED, PLAIN = Capabilities("numbered", numbered=True), Capabilities("plain", buttons=False)


def at_recap() -> Harness:
    h = english(TREES)
    for said in ("yes", "oak, ash", "shade"):
        h.hear(said)
    return h


@pytest.mark.parametrize(
    ("channel", "last"),
    [(NUMBERED, "[Send] [Correct an answer]"), (PLAIN, "Send SEND or CORRECT AN ANSWER.")],
    ids=lambda given: getattr(given, "name", None),
)
def test_without_buttons_only_its_answers_are_numbered(channel: Capabilities, last: str) -> None:
    (text,) = render(at_recap().messages[-1], channel, "en").texts
    assert text.splitlines()[1:] == [
        "Here are your answers. They are not sent yet.",
        "1. Trees: yes",
        "2. Which: oak, ash",
        "3. Why: shade",
        last,
    ]


def test_a_terminal_reads_no_number_as_one_of_its_choices() -> None:
    recap = at_recap().messages[-1]
    assert pressed(recap, "1") is None
    assert pressed(recap, "send") is recap.buttons[0]


@pytest.mark.parametrize("said", ["1", " 1.", "correct 1", "Correct an answer 1", "corriger la 1", "la question un"])
def test_a_number_names_the_answer_to_correct(said: str) -> None:
    h = at_recap()
    assert h.hear(said) == ["Do you like trees", "Your answer was: yes."]
    assert h.tap("No") == ["Corrected: no.", "The other answers have not changed."]


def test_a_number_names_an_answer_of_several_prompts_as_well() -> None:
    h = at_recap()
    assert h.hear("2") == ["Which ones", "Your answer was: oak, ash."]
    h.tap("Change it")
    assert h.hear("elm, oak")[0] == "Noted: elm, oak."


@pytest.mark.parametrize("said", ["ok", "yes", "oui oui", "4", "1 and 2", "all right"])
def test_whoever_writes_something_else_is_told_what_to_write_and_has_sent_nothing(said: str) -> None:
    h = at_recap()
    assert h.hear(said)[0] == "To send, write “send”. To correct an answer, write its number."
    assert sent(h) == []


@pytest.mark.parametrize("said", ["send", "SEND!", "envoyez", "j'envoie"])
def test_sending_can_be_said_in_several_words(said: str) -> None:
    h = at_recap()
    h.hear(said)
    assert len(sent(h)) == 1


@pytest.mark.parametrize("said", ["1", "2", "3", "4", "0", "send 1"])
def test_no_number_sends(said: str) -> None:
    h = at_recap()
    h.hear(said)
    assert sent(h) == []
    h = at_recap()
    h.hear("1")
    h.tap("No")
    h.hear(said)
    assert sent(h) == []


CHOSEN = """\
- {{id: one, kind: one_of, text: One, choices: {choices}}}
- {{id: many, kind: several_of, text: Many, choices: {choices}}}
- {{id: order, kind: ranking, text: Order, choices: {choices}}}
- {{id: works, kind: grades, text: Works, items: {{a: A}}, grades: {choices}}}
- {{id: rate, kind: matrix, text: Rate, items: {{a: A}}, choices: {choices}}}
- {{id: rest, kind: short_text, text: Rest}}
"""


def test_an_answer_whose_choice_vanished_is_asked_again_before_anything_is_sent() -> None:
    h = english(CHOSEN.format(choices="{oak: Oak, ash: Ash, elm: Elm}"))
    for said in ("oak", "ash, oak", "oak, ash, elm", "oak", "oak", "the rest"):
        h.hear(said)
    h.module = english(CHOSEN.format(choices="{ash: Ash, elm: Elm, fir: Fir}")).module
    assert h.tap("Send")[-1] == "One"
    assert h.hear("fir")[-1] == "Many"
    for said in ("ash", "that is all", "fir, elm, ash", "fir", "elm"):
        h.hear(said)
    h.tap("Send")
    (given,) = sent(h)
    assert given.fields == {
        "one": "fir",
        "many": ["ash"],
        "order": ["fir", "elm", "ash"],
        "works": {"a": "fir"},
        "rate": {"a": "elm"},
        "rest": "the rest",
    }


def test_a_choice_that_is_new_asks_nothing_again() -> None:
    h = english(CHOSEN.format(choices="{oak: Oak, ash: Ash, elm: Elm}"))
    for said in ("oak", "ash, oak", "oak, ash, elm", "oak", "oak", "the rest"):
        h.hear(said)
    h.module = english(CHOSEN.format(choices="{oak: Oak, ash: Ash, elm: Elm, fir: Fir}")).module
    h.tap("Send")
    assert len(sent(h)) == 1


def test_the_same_in_french() -> None:
    h = begun()
    for label in ("Tous les jours", "À pied", "Le marché", "C'est tout", "2", "Passer", "Oui"):
        h.tap(label)
    assert h.hear("corriger 2")[0] == "Comment venez-vous le plus souvent ?"
