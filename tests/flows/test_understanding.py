"""How what is said is understood: numbers, labels and taps in every language; commands; what can't be read."""

from __future__ import annotations

import pytest

from flows.answers import Choice, OneOf
from flows.commands import WORDS, Command, named
from flows.conversation import Ending, Talk
from flows.messages import Button, Message
from flows.prompt import Prompt
from flows.rendering import Capabilities, pressed, render
from flows.texts import Words
from tests.flows.harness import Harness, talking

WAYS = (
    Choice("foot", Words(fr="À pied", en="On foot")),
    Choice("bike", Words(fr="À vélo", en="By bike")),
    Choice("car", Words(fr="En voiture", en="By car")),
)
YES_NO = (Choice("yes", Words(fr="Oui, volontiers", en="Yes, gladly")), Choice("no", Words(fr="Non", en="No")))
NUMBERS = tuple(Choice(f"n{number}", str(number)) for number in (5, 4, 3, 2, 1))


def asking(*choices: Choice, channel: Capabilities | None = None) -> Harness:
    async def flow(talk: Talk) -> Ending:
        await talk.ask("q", Prompt("Question?", OneOf(choices)))
        await talk.ask("end", "The end.")
        return None

    return talking(flow, channel=channel or Capabilities("test"))


@pytest.mark.parametrize(
    "said", ["By car", "by car", "BY CAR!", "car", "En voiture", "en  VOITURE", "voiture", "3", "3.", " 3 "]
)
def test_a_number_or_a_label_works_in_every_language_and_case(said: str) -> None:
    h = asking(*WAYS)
    h.hear(said)
    assert h.answers == {"q": "car"}


@pytest.mark.parametrize("said", ["0", "4", "-1", "33", "a car and a bike", "by", "", "…", "1e0"])
def test_what_means_nothing_or_more_than_one_thing_is_asked_again(said: str) -> None:
    h = asking(*WAYS)
    assert h.hear(said) == ["I did not understand. Please choose one of the answers.", "Question?"]
    assert h.answers == {}


def test_labels_that_are_numbers_are_never_numbered() -> None:
    h = asking(*NUMBERS)
    h.hear("5")
    assert h.answers == {"q": "n5"}


def test_an_exact_label_beats_a_position() -> None:
    h = asking(Choice("a", "2 hours"), Choice("b", "2"), Choice("c", "1"))
    h.hear("1")
    assert h.answers == {"q": "c"}


WITHOUT_BUTTONS = Capabilities("words", buttons=False)


@pytest.mark.parametrize(("said", "kept"), [("oui", "yes"), ("NON", "no"), ("yes", "yes"), ("1", None), ("2", None)])
def test_without_buttons_yes_and_no_are_words(said: str, kept: str | None) -> None:
    h = asking(*YES_NO, channel=WITHOUT_BUTTONS)
    h.hear(said)
    assert h.answers.get("q") == kept
    assert asking(*YES_NO, channel=WITHOUT_BUTTONS)


def test_without_buttons_the_words_to_send_are_told() -> None:
    h = asking(*YES_NO, channel=WITHOUT_BUTTONS)
    assert render(h.messages[-1], WITHOUT_BUTTONS, "en").texts == ("Question?\nSend YES or NO.",)
    h = asking(*WAYS, channel=WITHOUT_BUTTONS)
    assert render(h.messages[-1], WITHOUT_BUTTONS, "en").texts == (
        "Question?\n1. On foot\n2. By bike\n3. By car\nSend a number.",
    )


def optional_text(channel: Capabilities) -> Harness:
    async def flow(talk: Talk) -> Ending:
        await talk.ask("first", "First?")
        await talk.ask("q", "Question?", optional=True)
        await talk.ask("end", "The end.")
        return None

    h = talking(flow, channel=channel)
    h.hear("x")
    return h


def test_without_buttons_skip_and_back_are_words_and_mean_what_they_say() -> None:
    h = optional_text(WITHOUT_BUTTONS)
    assert render(h.messages[-1], WITHOUT_BUTTONS, "en").texts[0].endswith("\nSend SKIP or BACK.")
    h.hear("SKIP")
    assert h.answers == {"first": "x", "q": None}
    h = optional_text(WITHOUT_BUTTONS)
    h.hear("1")
    assert h.answers == {"first": "x", "q": "1"}, "there was no number to send"
    h = optional_text(WITHOUT_BUTTONS)
    assert h.hear("retour")[0] == "First?"


def test_labels_too_long_for_a_button_stand_in_the_text() -> None:
    message = Message((), (Button("A very long label indeed", "x:q:a"), Button("Back", "x:q:-back", True)))
    shown = render(message, Capabilities("small", label=10), "en")
    assert [button.label for button in shown.buttons] == ["1", "Back"]
    assert "1. A very long label indeed" in shown.texts[0]


def test_a_numbered_channel_reads_numbers_only_where_they_mean_a_choice() -> None:
    choice = asking(*WAYS).messages[-1]
    button = pressed(choice, "2")
    assert button is not None
    assert button.label == "By bike"
    text = optional_text(Capabilities("test")).messages[-1]
    assert pressed(text, "1") is None


# -- commands -----------------------------------------------------------------------------------------------

EVERY_WORD = [(word, meant) for words in WORDS.values() for meant, several in words.items() for word in several]
GOES_TO = {
    Command.MENU: "menu",
    Command.HELP: "help",
    Command.LANGUAGE: "language",
    Command.PRIVACY: "privacy",
    Command.DELETE: "delete",
    Command.STOP: "stop",
    Command.RETURN: "code",
}


@pytest.mark.parametrize(("word", "meant"), EVERY_WORD)
@pytest.mark.parametrize("written", ["{}", "/{}", "{}!", "/{}@PalabreBot"])
def test_every_command_works_bare_and_with_a_slash(word: str, meant: Command, written: str) -> None:
    h = asking(*WAYS)
    if "@" in written and " " in word:
        return
    h.hear(written.format(word.upper()))
    assert h.answers == {}
    if meant in GOES_TO:
        assert h.gone is not None
        assert h.gone.kind == GOES_TO[meant]


SHOWN = {"skip", "passer", "back", "retour"}
"""Labels of the buttons under an optional question, in every language."""


@pytest.mark.parametrize("word", [word for word, _meant in EVERY_WORD if word not in SHOWN])
def test_in_a_free_text_a_bare_command_word_that_is_no_button_is_asked_about(word: str) -> None:
    h = optional_text(Capabilities("test"))
    assert h.hear(word) == [f"You wrote “{word}”. Is it your answer?"]
    assert h.buttons[0] == "It is my answer"
    h.tap("It is my answer")
    assert h.answers == {"first": "x", "q": word}


def test_in_a_free_text_the_label_of_a_button_that_stands_there_is_the_button() -> None:
    for said in ("Skip", "PASSER", "passer."):
        h = optional_text(Capabilities("test"))
        assert h.buttons == ["Skip", "Back"]
        assert h.hear(said)[-1] == "The end."
        assert h.answers == {"first": "x", "q": None}
    for said in ("Back", "retour !"):
        h = optional_text(Capabilities("test"))
        assert h.hear(said)[0] == "First?"
        assert h.answers == {}


def test_where_no_such_button_stands_its_word_is_asked_about() -> None:
    async def flow(talk: Talk) -> Ending:
        await talk.ask("q", "Question?")
        await talk.ask("end", "The end.")
        return None

    for said in ("passer", "retour"):
        h = talking(flow)
        assert h.hear(said) == [f"You wrote “{said}”. Is it your answer?"]


def test_a_choice_called_like_a_button_of_ours_is_that_choice() -> None:
    async def flow(talk: Talk) -> Ending:
        options = (Choice("ball", "Pass"), Choice("skip", "Skip"))
        await talk.ask("q", Prompt("Which move?", OneOf(options, other=True)), optional=True)
        await talk.ask("end", "The end.")
        return None

    h = talking(flow)
    h.hear("skip")
    assert h.answers == {"q": "skip"}


def test_in_doubt_the_command_can_be_meant_by_tap_number_or_label() -> None:
    for said in ("2", "stop here", "Arrêter ici"):
        h = optional_text(Capabilities("test"))
        h.hear("stop")
        h.hear(said)
        assert h.gone is not None
        assert h.gone.kind == "stop"
        assert h.answers == {"first": "x"}


def test_in_doubt_another_text_is_the_answer() -> None:
    h = optional_text(Capabilities("test"))
    h.hear("menu")
    assert h.hear("more benches")[0] == "Noted: more benches."


def test_a_number_after_the_prompt_was_shown_again_is_an_answer_and_settles_no_doubt() -> None:
    h = optional_text(Capabilities("test"))
    h.hear("menu")
    h.hear("/continue")
    h.hear("1")
    assert h.answers == {"first": "x", "q": "1"}


def test_a_choice_whose_label_is_a_command_word_is_that_choice() -> None:
    h = asking(Choice("stop", "Stop"), Choice("go", "Go"))
    h.hear("stop")
    assert h.answers == {"q": "stop"}


def test_a_choice_with_other_in_ones_own_words_is_in_doubt_too() -> None:
    async def flow(talk: Talk) -> Ending:
        await talk.ask("q", Prompt("Question?", OneOf(WAYS, other=True)))
        await talk.ask("end", "The end.")
        return None

    h = talking(flow)
    assert h.hear("help") == ["You wrote “help”. Is it your answer?"]
    h.tap("It is my answer")
    assert h.answers == {"q": {"other": "help"}}


def test_every_command_that_stands_on_a_button_is_known_by_its_own_name() -> None:
    assert [one for one in Command if named(one.value) is not one] == []
