from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.answers import Choice, OneOf, Reader
from flows.asking import for_each, how_many, listed, ranking, several_of
from flows.conversation import Ending, Talk
from flows.module import Module
from flows.prompt import Prompt
from flows.texts import translate
from tests.flows.harness import Harness

REASONS = (
    Choice("shopping", "Shopping"),
    Choice("market", "The market"),
    Choice("people", "Seeing people"),
    Choice("papers", "Papers"),
)
GRADES = (Choice("good", "Good"), Choice("fair", "Fair"), Choice("poor", "Poor"))
ROWS = (Choice("bench", "Benches"), Choice("tree", "Trees"))


@dataclass
class Trial(Module):
    """A conversation of one question asked by a helper, and what the helper handed back."""

    question: Callable[[Talk], Awaitable[Any]]
    given: list[Any] = field(default_factory=list)

    @classmethod
    def load(cls, settings: Mapping[str, Any]) -> Self:
        raise NotImplementedError

    async def converse(self, talk: Talk) -> Ending:
        self.given.append(await self.question(talk))
        await talk.ask("end", "The end.")
        return None


def why(reader: Reader) -> Prompt:
    return Prompt("Why do you come?", reader, before=("Question 3 of 6",))


def trial(question: Callable[[Talk], Awaitable[Any]], language: str = "en") -> Harness:
    harness = Harness(Trial(question), language)
    harness.begin()
    return harness


def given_to(harness: Harness) -> Any:
    assert isinstance(harness.module, Trial)
    return harness.module.given[-1]


def test_a_second_answer_goes_on_by_itself_when_two_is_the_most() -> None:
    h = trial(lambda talk: several_of(talk, "why", REASONS, why, most=2))
    assert h.begin() == ["Question 3 of 6", "Why do you come? Two answers at most."]
    assert h.tap("The market") == ["Noted: the market.", "Another answer?"]
    assert h.buttons == ["Shopping", "Seeing people", "Papers", "That is all", "Back"]
    assert h.hear("seeing people") == ["Noted: the market, seeing people.", "The end."]
    assert given_to(h) == ["market", "people"]


def test_that_is_all_ends_it_once_there_is_enough() -> None:
    h = trial(lambda talk: several_of(talk, "why", REASONS, why, least=2))
    assert h.tap("Papers") == ["Noted: papers.", "Another answer?"]
    assert "That is all" not in h.buttons
    h.tap("Shopping")
    assert h.tap("That is all") == ["Noted: papers, shopping.", "The end."]
    assert given_to(h) == ["papers", "shopping"]


@pytest.mark.parametrize("text", ["market, seeing people", "2 and 3", "2 3", "The market; people", "market et people"])
def test_a_typed_list_takes_all_at_once(text: str) -> None:
    h = trial(lambda talk: several_of(talk, "why", REASONS, why))
    assert h.hear(text) == ["Noted: the market, seeing people.", "The end."]
    assert given_to(h) == ["market", "people"]


def test_a_list_that_is_too_long_or_unknown_says_what_to_do() -> None:
    h = trial(lambda talk: several_of(talk, "why", REASONS, why, most=2))
    assert h.hear("1, 2, 3")[0] == "Two answers at most. Please choose again."
    assert h.hear("market, cheese")[0] == "“cheese” is not among the answers. Please choose again."


def test_an_answer_in_ones_own_words_stands_beside_the_choices() -> None:
    h = trial(lambda talk: several_of(talk, "why", REASONS, why, other=True))
    assert h.begin()[-1] == "You may also write another answer."
    assert h.hear("market, the fresh cheese") == ["Noted: the market, the fresh cheese.", "The end."]
    assert given_to(h) == ["market", {"other": "the fresh cheese"}]


def test_back_undoes_one_tap() -> None:
    h = trial(lambda talk: several_of(talk, "why", REASONS, why, most=2))
    h.tap("The market")
    assert h.back() == [
        "Question 3 of 6",
        "Why do you come? Two answers at most.",
        "Your answer was: the market.",
    ]


def test_what_was_chosen_is_said_again_to_those_who_come_back_later() -> None:
    h = trial(lambda talk: several_of(talk, "why", REASONS, why, most=2))
    h.tap("The market")
    assert h.hear("/continue")[-4:] == [
        "Question 3 of 6",
        "Why do you come? Two answers at most.",
        "Noted so far: the market.",
        "Another answer?",
    ]


def test_an_old_button_pressed_again_never_takes_a_choice_twice() -> None:
    h = trial(lambda talk: several_of(talk, "why", REASONS, why, most=3))
    first = h.messages[-1]
    h.tap("The market")
    h.tap("Papers")
    assert h.tap("The market", of=first) == []
    h.tap("Papers", of=first)
    h.tap("Shopping")
    h.tap("That is all")
    assert given_to(h) == ["papers", "shopping"]


def test_nothing_at_all_can_be_skipped_when_it_is_optional() -> None:
    h = trial(lambda talk: several_of(talk, "why", REASONS, why, optional=True))
    h.skip()
    assert given_to(h) is None


def test_how_many_answers_is_said_in_words() -> None:
    def said(least: int, most: int, language: str = "en") -> str | None:
        text = how_many((least, most), 12)
        return translate(text, language) if text is not None else None

    assert said(1, 12) is None
    assert said(3, 3) == "Three answers exactly."
    assert said(2, 12) == "Two answers at least."
    assert said(2, 4) == "Two to four answers."
    assert said(1, 11) == "11 answers at most."


def test_ranks_are_asked_one_by_one_and_the_last_places_itself() -> None:
    h = trial(lambda talk: ranking(talk, "order", GRADES, why))
    assert h.begin()[-1] == "Begin with your first choice."
    assert h.tap("Poor") == ["Noted: 1. poor.", "And after that?"]
    assert h.tap("Good") == ["Noted: 1. poor, 2. good.", "The end."]
    assert given_to(h) == ["poor", "good", "fair"]


@pytest.mark.parametrize("text", ["3 1 2", "3, 1, 2", "poor > good > fair", "Poor puis Good puis Fair"])
def test_a_whole_order_may_be_typed(text: str) -> None:
    h = trial(lambda talk: ranking(talk, "order", GRADES, why))
    h.hear(text)
    assert given_to(h) == ["poor", "good", "fair"]


def test_only_the_first_ranks_may_be_asked() -> None:
    h = trial(lambda talk: ranking(talk, "order", REASONS, why, ranks=2))
    h.hear("4")
    h.hear("1")
    assert given_to(h) == ["papers", "shopping"]


def test_each_row_is_one_question() -> None:
    h = trial(lambda talk: for_each(talk, "works", ROWS, GRADES, why, optional=True))
    assert h.begin() == ["Question 3 of 6", "Why do you come?", "Benches"]
    assert h.tap("Good") == ["Noted: benches: good.", "Trees"]
    h.skip()
    assert given_to(h) == {"bench": "good"}


def test_rows_that_were_all_skipped_are_no_answer() -> None:
    h = trial(lambda talk: for_each(talk, "works", ROWS, GRADES, why, optional=True))
    h.skip()
    h.skip()
    assert given_to(h) is None


@given(st.text(max_size=40) | st.text("1234,; etandmark", max_size=20))
def test_a_typed_list_never_names_a_choice_twice_or_one_that_is_not_there(text: str) -> None:
    found = listed(OneOf(REASONS), text)
    if found is not None:
        assert len(set(found.ids)) == len(found.ids) > 0
        assert set(found.ids) <= {choice.id for choice in REASONS}
