"""Old buttons, corrections, reopening, and what an upgrade of the program does to a conversation that waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from flows.answers import Choice, OneOf
from flows.asking import several_of
from flows.conversation import Again, Ending, Talk
from flows.messages import Message
from flows.prompt import Prompt
from storage import contributions
from storage.contributions import NewContribution
from storage.refusals import Refusal
from tests.flows.harness import Harness, talking

TREES = (Choice("oak", "Oak"), Choice("ash", "Ash"), Choice("elm", "Elm"))
PLACES = (Choice("park", "Park"), Choice("lane", "Lane"))


async def plant(_connection: AsyncConnection, trees: Sequence[str]) -> Sequence[int | Refusal]:
    raise AssertionError("a flow does no I/O")


async def three(talk: Talk) -> Ending:
    await talk.choose("tree", "Which tree?", TREES)
    await talk.choose("place", "Where?", PLACES)
    await talk.ask("why", "Why?")
    talk.say("Done.")
    return None


def begun(flow: Any = three) -> tuple[Harness, Message]:
    """At the third question; and the first question's message, with its old buttons."""
    h = talking(flow)
    first = h.messages[-1]
    h.tap("Oak")
    h.tap("Park")
    return h, first


def test_an_old_press_corrects_its_answer_and_the_present_question_stays() -> None:
    h, first = begun()
    assert h.press(first, "Elm") == ["Corrected: elm.", "Why?"]
    assert h.answers == {"tree": "elm", "place": "park"}


def test_a_button_pressed_twice_is_passed_over() -> None:
    h, first = begun()
    assert h.press(first, "Oak") == []
    assert h.answers == {"tree": "oak", "place": "park"}


def test_skip_and_back_pressed_twice_are_passed_over() -> None:
    async def flow(talk: Talk) -> Ending:
        await talk.ask("a", "A?", optional=True)
        await talk.ask("b", "B?")
        return None

    h = talking(flow)
    first = h.messages[-1]
    h.tap("Skip")
    second = h.messages[-1]
    assert h.press(first, "Skip") == []
    assert h.press(second, "Back")[0] == "A?"
    assert h.press(second, "Back") == []


def test_an_old_press_is_too_late_when_something_was_done_since() -> None:
    async def flow(talk: Talk) -> Ending:
        await talk.choose("tree", "Which tree?", TREES)
        await talk.do("plant", plant, "x")
        await talk.ask("why", "Why?")
        return None

    h = talking(flow)
    first = h.messages[-1]
    h.tap("Oak")
    assert h.press(first, "Elm") == ["It is too late to change that answer here.", "Why?"]
    assert h.answers == {"tree": "oak"}


def test_an_old_press_behind_a_question_that_is_being_corrected_loses_nothing() -> None:
    async def flow(talk: Talk) -> Ending:
        await three(talk)
        which = await talk.choose("which", "Correct which?", (Choice("tree", "Tree"), Choice("no", "None")))
        return Again((which, "which"), correcting=True) if which != "no" else None

    h, _first = begun(flow)
    h.back()
    second = h.messages[-1]
    h.tap("Park")
    h.hear("shade")
    h.tap("Tree")
    assert h.press(second, "Lane")[0] == "It is too late to change that answer here."
    assert h.answers == {"place": "park", "why": "shade"}
    assert h.tap("Change nothing")[0] == "Correct which?"
    assert h.answers == {"tree": "oak", "place": "park", "why": "shade"}


def test_back_while_an_earlier_answer_is_corrected_does_not_touch_the_later_ones() -> None:
    async def flow(talk: Talk) -> Ending:
        await three(talk)
        which = await talk.choose("which", "Correct which?", (Choice("place", "Place"), Choice("no", "None")))
        return Again((which, "which"), correcting=True) if which != "no" else None

    h, _first = begun(flow)
    h.hear("shade")
    h.tap("Place")
    assert h.back()[0] == "Which tree?"
    assert h.answers == {"why": "shade"}
    h.tap("Elm")
    h.tap("Lane")
    assert h.answers == {"tree": "elm", "place": "lane", "why": "shade"}


def test_change_nothing_can_be_typed_and_survives_a_misread() -> None:
    async def flow(talk: Talk) -> Ending:
        await three(talk)
        which = await talk.choose("which", "Correct which?", (Choice("tree", "Tree"), Choice("no", "None")))
        return Again((which, "which"), correcting=True) if which != "no" else None

    h, _first = begun(flow)
    h.hear("shade")
    h.tap("Tree")
    h.hear("a birch")
    assert h.buttons == ["Oak", "Ash", "Elm", "Change nothing"]
    assert h.hear("change nothing")[0] == "Correct which?"


def test_going_back_to_a_text_it_need_not_be_written_again() -> None:
    async def flow(talk: Talk) -> Ending:
        await talk.ask("why", "Why?", optional=True)
        await talk.ask("tree", Prompt("Which tree?", OneOf(TREES, other=True)))
        await talk.ask("end", "The end.")
        return None

    h = talking(flow)
    for said in ("shade", "a walnut", "/back"):
        h.hear(said)
    assert h.buttons == ["Oak", "Ash", "Elm", "Change nothing", "Back"]
    assert h.back() == ["Why?", "Your answer was: shade."]
    assert h.buttons == ["Change nothing", "Skip"]
    assert h.tap("Change nothing")[0] == "Which tree?"
    assert h.hear("change nothing!") == ["The end."]
    assert h.answers == {"why": "shade", "tree": {"other": "a walnut"}}


def test_what_one_tap_answers_is_not_offered_to_be_kept() -> None:
    h, _first = begun()
    h.back()
    assert h.buttons == ["Park", "Lane", "Back"]


def test_a_choice_called_as_the_button_that_keeps_is_a_choice() -> None:
    async def flow(talk: Talk) -> Ending:
        await talk.choose("what", "What to change?", (Choice("trees", "The trees"), Choice("none", "Change nothing")))
        await talk.ask("end", "The end.")
        return None

    h = talking(flow)
    h.tap("The trees")
    h.back()
    assert h.hear("Change nothing")[0] == "Corrected: change nothing."


async def by_two(talk: Talk) -> Ending:
    await talk.ask("why", "Why?")
    await several_of(talk, "trees", TREES, lambda reader: Prompt("Which trees?", reader))
    await talk.ask("end", "The end.")
    return None


@pytest.mark.parametrize(("said", "echo"), [("shade", "Unchanged: shade."), ("Shade", "Corrected: Shade.")])
def test_the_same_answer_given_again_is_not_called_a_correction(said: str, echo: str) -> None:
    h = talking(by_two)
    h.hear("shade")
    h.back()
    assert h.hear(said)[0] == echo


def test_a_text_too_long_to_repeat_stays_in_silence() -> None:
    h = talking(by_two)
    h.hear("shade " * 20)
    h.back()
    assert h.hear("shade " * 20)[0] == "Unchanged. Thank you."


def test_of_several_answers_one_that_is_the_same_is_noted_with_those_that_are_not() -> None:
    h = talking(by_two)
    for said in ("shade", "oak", "that is all", "/back", "/back"):
        h.hear(said)
    assert h.hear("ash")[0] == "Corrected: ash."
    assert h.hear("that is all")[0] == "Noted: ash."


# -- editing after sending ----------------------------------------------------------------------------------


def response(talk: Talk, **answers: Any) -> NewContribution:
    return NewContribution(
        1, 2, talk.person.id, talk.scene.conversation, "response", "response", answers, (), "test", None, talk.now
    )


async def sending(talk: Talk) -> Ending:
    tree = await talk.choose("tree", "Which tree?", TREES)
    why = await talk.ask("why", "Why?", once=True)
    await talk.do("sent", contributions.put, response(talk, tree=tree, why=why))
    talk.say("Sent.")
    return None


def test_editing_reopens_the_same_conversation_and_keeps_its_answers() -> None:
    h = talking(sending, editable=True)
    h.tap("Oak")
    h.hear("shade")
    assert h.record.sent_at is not None
    sent_at, h.now = h.record.sent_at, h.now
    assert h.reopen() == ["Why?"], "asked once: dropped on reopening"
    assert h.back()[0] == "Which tree?"
    h.tap("Elm")
    assert h.hear("beauty") == ["Noted: beauty.", "Sent."]
    fields = [call.argument.fields for call in h.calls if call.write]
    assert fields == [{"tree": "oak", "why": "shade"}, {"tree": "elm", "why": "beauty"}]
    assert h.record.sent_at == sent_at


def test_what_is_not_editable_says_so_and_stays() -> None:
    h = talking(sending)
    h.tap("Oak")
    h.hear("shade")
    assert h.reopen() == ["What was sent here cannot be changed any more."]
    assert h.record.state == "ended"
    assert h.answers == {}, "an ended talk keeps its answers only if it can be reopened"


def test_correct_before_anything_was_sent_says_so() -> None:
    h = talking(sending, editable=True)
    assert h.reopen() == ["Nothing was sent yet. You can correct everything before sending.", "Which tree?"]


# -- upgrades -----------------------------------------------------------------------------------------------


async def with_a_new_question(talk: Talk) -> Ending:
    await talk.choose("tree", "Which tree?", TREES)
    await talk.choose("place", "Where?", PLACES)
    await talk.ask("when", "When?")
    await talk.ask("why", "Why?")
    await talk.ask("end", "The end.")
    return None


def test_a_question_that_an_upgrade_inserts_is_asked_and_the_text_that_waited_is_held_then_used() -> None:
    h, _first = begun()
    h.upgrade(with_a_new_question)
    assert h.hear("because of the birds") == ["When?"]
    assert h.hear("in May") == ["Noted: because of the birds.", "The end."]
    assert h.answers == {"tree": "oak", "place": "park", "when": "in May", "why": "because of the birds"}


def test_a_command_typed_where_an_upgrade_inserted_a_question_is_a_command() -> None:
    h, _first = begun()
    h.upgrade(with_a_new_question)
    h.hear("stop")
    assert h.gone is not None
    assert h.gone.kind == "stop"
    assert h.journal.held == {}


def test_a_question_that_vanished_is_ignored() -> None:
    async def without_place(talk: Talk) -> Ending:
        await talk.choose("tree", "Which tree?", TREES)
        await talk.ask("why", "Why?")
        await talk.ask("end", "The end.")
        return None

    h, _first = begun()
    h.upgrade(without_place)
    assert h.hear("shade") == ["Noted: shade.", "The end."]
    assert h.back()[0] == "Why?", "back goes to what was met, not to what vanished"


def test_a_choice_that_vanished_is_asked_again() -> None:
    async def without_oak(talk: Talk) -> Ending:
        await talk.choose("tree", "Which tree?", TREES[1:])
        await talk.choose("place", "Where?", PLACES)
        await talk.ask("why", "Why?")
        return None

    h, _first = begun()
    h.upgrade(without_oak)
    assert h.hear("/continue") == ["Which tree?"]
    assert h.tap("Ash") == ["Noted: ash.", "Why?"]
    assert h.answers == {"tree": "ash", "place": "park"}


def test_an_old_press_on_a_choice_that_vanished_is_asked_again() -> None:
    async def without_elm(talk: Talk) -> Ending:
        await talk.ask("tree", Prompt("Which tree?", OneOf(TREES[:2])))
        await talk.ask("why", "Why?")
        return None

    h, first = begun()
    h.upgrade(without_elm)
    assert h.press(first, "Elm")[0] == "This choice is no longer offered. Please choose again."


def test_a_renamed_question_keeps_its_answer_and_the_text_that_waits_for_it() -> None:
    async def renamed(talk: Talk) -> Ending:
        await talk.ask("kind", Prompt("Which kind?", OneOf(TREES)), renamed="tree")
        await talk.choose("place", "Where?", PLACES)
        await talk.ask("reason", "For what reason?", renamed="why")
        await talk.ask("end", "The end.")
        return None

    h, _first = begun()
    h.upgrade(renamed)
    assert h.hear("shade") == ["Noted: shade.", "The end."]
    assert h.answers == {"kind": "oak", "place": "park", "reason": "shade"}


async def planting(talk: Talk) -> Ending:
    await talk.choose("tree", "Which tree?", TREES)
    await talk.do("plant", plant, "x")
    await talk.ask("why", "Why?")
    await talk.do("water", plant, "y")
    talk.say("Watered.")
    return None


def test_when_the_flow_changed_under_what_was_done_nothing_is_written_and_it_is_explained() -> None:
    async def changed(talk: Talk) -> Ending:
        await talk.ask("why", "Why?")
        await talk.do("prune", plant, "z")
        return None

    h = talking(planting)
    h.tap("Oak")
    h.upgrade(changed)
    said = h.hear("shade")
    assert said == [
        "These questions have changed since you began. What you sent is kept. Write “menu” to go on."
    ] or said[0].startswith("These questions have changed")
    assert [call.argument for call in h.calls if call.write] == ["x"]
    assert h.record.state == "broken"


@pytest.mark.parametrize("told_first", [True, False])
def test_the_same_when_somebody_was_told(told_first: bool) -> None:
    async def telling(talk: Talk) -> Ending:
        if told_first:
            talk.tell("told", 9, "Hello.")
        await talk.ask("why", "Why?")
        if not told_first:
            talk.tell("told", 9, "Hello.")
        await talk.ask("more", "More?")
        return None

    async def changed(talk: Talk) -> Ending:
        await talk.ask("more", "More?")
        talk.tell("else", 9, "Goodbye.")
        return None

    h = talking(telling)
    h.hear("x")
    h.upgrade(changed)
    h.hear("y")
    assert h.record.state == "broken"
    assert len(h.tells) == 1
