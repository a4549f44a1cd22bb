"""What a flow may await and say: asked, known, done and told, in the order of design.md, section 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from flows.answers import Choice
from flows.conversation import Again, Ending, Go, Talk
from flows.journal import ANSWER, DONE, KNOWN, ROUND, TOLD
from flows.texts import _
from storage.refusals import AlreadyVoted, Refusal
from tests.flows.harness import Harness, talking

TREES = (Choice("oak", "Oak"), Choice("ash", "Ash"), Choice("elm", "Elm"))


async def count(_connection: AsyncConnection, places: Sequence[str]) -> Sequence[int | Refusal]:
    """A read; the harness answers it."""
    raise AssertionError("a flow does no I/O")


async def plant(_connection: AsyncConnection, trees: Sequence[str]) -> Sequence[int | Refusal]:
    """A write; the harness answers it."""
    raise AssertionError("a flow does no I/O")


def writes(harness: Harness) -> list[Any]:
    """What was asked of the database to be written, in order."""
    return [call.argument for call in harness.calls if call.write]


def reads(harness: Harness) -> list[Any]:
    return [call.argument for call in harness.calls if call.verb is count]


async def two_questions(talk: Talk) -> Ending:
    name = await talk.ask("name", "What is your name?")
    await talk.ask("street", f"Where do you live, {name}?")
    talk.say("Thank you.")
    return None


def test_a_question_waits_until_it_is_answered_and_its_answer_is_handed_back_ever_after() -> None:
    h = talking(two_questions)
    assert h.hear("Ada") == ["Noted: Ada.", "Where do you live, Ada?"]
    assert h.hear("Mill Lane") == ["Noted: Mill Lane.", "Thank you."]
    assert h.record.state == "ended"


def test_an_answer_is_recorded_and_back_undoes_it() -> None:
    h = talking(two_questions)
    h.hear("Ada")
    assert h.answers == {"name": "Ada"}
    assert h.back() == ["What is your name?", "Your answer was: Ada."]
    assert h.answers == {}
    assert h.hear("Alan") == ["Corrected: Alan.", "Where do you live, Alan?"]


def test_back_at_the_first_question_asks_it_again() -> None:
    h = talking(two_questions)
    assert h.buttons == []
    assert h.back() == ["What is your name?"]


def test_an_optional_question_can_be_skipped_and_its_answer_is_nothing() -> None:
    async def flow(talk: Talk) -> Ending:
        why = await talk.ask("why", "Why?", optional=True)
        await talk.ask("end", f"You said {why}.")
        return None

    h = talking(flow)
    assert h.buttons == ["Skip"]
    assert h.tap("Skip") == ["You said None."]
    assert h.answers == {"why": None}


def test_a_question_that_needs_an_answer_says_so_when_it_is_skipped() -> None:
    h = talking(two_questions)
    assert h.skip() == ["This question needs an answer.", "What is your name?"]


def test_a_read_is_recorded_and_not_asked_again() -> None:
    async def flow(talk: Talk) -> Ending:
        known = await talk.know("trees", count, "square")
        await talk.ask("a", f"{known} trees.")
        await talk.ask("b", f"Still {known}.")
        return None

    h = talking(flow, verbs={count: lambda _place: 3})
    assert h.hear("x") == ["Noted: x.", "Still 3."]
    assert reads(h) == ["square"]
    h.back()
    assert reads(h) == ["square"], "what is known stays when an answer is undone"
    assert h.journal.entries["trees"][0] == KNOWN


def test_a_read_with_another_argument_reads_anew() -> None:
    async def flow(talk: Talk) -> Ending:
        place = await talk.ask("place", "Where?")
        known = await talk.know("trees", count, place)
        await talk.ask("b", f"{known} trees.")
        return None

    h = talking(flow, verbs={count: len})
    assert h.hear("park")[-1] == "4 trees."
    h.back()
    assert h.hear("square")[-1] == "6 trees."
    assert reads(h) == ["park", "square"]


def test_a_refused_read_is_raised_and_read_again_in_the_next_run() -> None:
    def refuse(_place: str) -> int:
        raise AlreadyVoted

    async def flow(talk: Talk) -> Ending:
        try:
            await talk.know("trees", count, "square")
        except AlreadyVoted:
            await talk.ask("a", "No.")
            await talk.ask("b", "Still no.")
        return None

    h = talking(flow, verbs={count: refuse})
    assert h.hear("x") == ["Noted: x.", "Still no."]
    assert reads(h) == ["square", "square"]


async def planting(talk: Talk) -> Ending:
    tree = await talk.choose("tree", "Which tree?", TREES)
    number = await talk.do("plant", plant, tree)
    talk.say(f"Planted number {number}.")
    await talk.ask("why", "Why this one?")
    talk.say("The end.")
    return None


def test_a_write_is_done_once_and_its_result_is_handed_back() -> None:
    h = talking(planting, verbs={plant: lambda _tree: 9})
    assert h.tap("Ash") == ["Noted: ash.", "Planted number 9.", "Why this one?"]
    assert h.hear("shade") == ["Noted: shade.", "The end."]
    assert writes(h) == ["ash"]


def test_what_was_done_is_a_wall_for_back() -> None:
    h = talking(planting)
    h.tap("Ash")
    assert h.buttons == [], "there is nothing to go back to"
    assert h.back() == ["Why this one?"]
    assert writes(h) == ["ash"]
    assert h.journal.entries["plant"][0] == DONE


async def voting(talk: Talk) -> Ending:
    tree = await talk.choose("tree", "Which tree?", TREES)
    try:
        await talk.do("plant", plant, tree)
    except AlreadyVoted as refusal:
        await talk.ask("sorry", f"No {refusal.details.get('tree')}. Why not?")
        await talk.ask("more", f"Still no {refusal.details.get('tree')}.")
        return None
    await talk.ask("why", "Why this one?")
    return None


def refuse_oak(tree: str) -> int:
    if tree == "oak":
        raise AlreadyVoted(tree=tree)
    return 1


def test_a_refused_write_is_raised_again_in_every_run_without_asking_anew() -> None:
    h = talking(voting, verbs={plant: refuse_oak})
    assert h.tap("Oak") == ["Noted: oak.", "No oak. Why not?"]
    assert h.hear("hm") == ["Noted: hm.", "Still no oak."]
    assert writes(h) == ["oak"]


def test_a_refused_write_is_tried_again_after_back() -> None:
    h = talking(voting, verbs={plant: refuse_oak})
    h.tap("Oak")
    assert h.back() == ["Which tree?", "Your answer was: oak."]
    assert h.tap("Elm") == ["Corrected: elm.", "Why this one?"]
    assert writes(h) == ["oak", "elm"]


def test_a_refused_write_is_tried_again_when_what_led_to_it_is_corrected_by_an_old_press() -> None:
    h = talking(voting, verbs={plant: refuse_oak})
    asked = h.messages[-1]
    h.tap("Oak")
    assert h.press(asked, "Elm") == ["Corrected: elm.", "Why this one?"]
    assert writes(h) == ["oak", "elm"]


def test_a_refusal_whose_kind_vanished_is_still_a_refusal() -> None:
    async def flow(talk: Talk) -> Ending:
        try:
            await talk.do("plant", plant, "oak")
        except Refusal as refusal:
            await talk.ask("sorry", f"No {refusal.details.get('tree')}.")
        return None

    h = talking(flow, verbs={plant: refuse_oak})
    h.record.journal = h.record.journal.replace("AlreadyVoted", "Forgotten")
    assert h.hear("/continue") == ["No oak."]


async def telling(talk: Talk) -> Ending:
    await talk.ask("what", "What shall I tell?")
    talk.tell("told", 99, _("Noted: {answer}.", answer="something"))
    await talk.ask("more", "Anything else?")
    return None


def test_somebody_is_told_once_and_it_is_a_wall() -> None:
    h = talking(telling)
    assert h.hear("hello") == ["Noted: hello.", "Anything else?"]
    assert [tell.participant_id for tell in h.tells] == [99]
    assert h.back() == ["Anything else?"]
    h.hear("x")
    assert len(h.tells) == 1
    assert h.journal.entries.get("told", [TOLD])[0] == TOLD


def test_what_is_said_is_heard_only_from_where_the_message_was_answered_on() -> None:
    async def flow(talk: Talk) -> Ending:
        talk.say("Welcome.")
        await talk.ask("a", "First?")
        talk.say("Half way.")
        await talk.ask("b", "Second?")
        talk.say("Done.")
        return None

    h = talking(flow)
    assert h.begin() == ["Welcome.", "First?"]
    assert h.hear("1") == ["Noted: 1.", "Half way.", "Second?"]
    assert h.back() == ["First?", "Your answer was: 1."]
    assert h.hear("1") == ["Unchanged: 1.", "Half way.", "Second?"]
    assert h.hear("/continue") == ["Second?"]
    assert h.hear("2") == ["Noted: 2.", "Done."]


def test_a_part_has_keys_of_its_own() -> None:
    async def helper(talk: Talk) -> Any:
        return await talk.ask("name", "Whose?")

    async def flow(talk: Talk) -> Ending:
        mine, yours = await helper(talk.part("mine")), await helper(talk.part("yours"))
        await talk.ask("end", f"{mine}, {yours}.")
        return None

    h = talking(flow)
    h.hear("Ada")
    assert h.hear("Alan") == ["Noted: Alan.", "Ada, Alan."]
    assert h.answers == {"mine.name": "Ada", "yours.name": "Alan"}


async def basket(talk: Talk) -> Ending:
    first = await talk.ask("first", "What do you have already?")
    for shop in talk.rounds("shop", [first]):
        taken = await shop.choose("what", f"You have {', '.join(shop.state)}. What else?", (*TREES, Choice("no", "No")))
        if taken == "no":
            break
        amount = await shop.ask("many", "How many?")
        shop.state = [*shop.state, f"{amount} {taken}"]
    await talk.ask("end", f"{', '.join(shop.state)}. Right?")
    return None


def test_a_new_round_forgets_the_last_and_carries_only_its_state() -> None:
    h = talking(basket)
    assert h.hear("an axe")[-1] == "You have an axe. What else?"
    h.tap("Oak")
    assert h.hear("two") == ["Noted: two.", "You have an axe, two oak. What else?"]
    assert h.answers == {"first": "an axe"}
    h.tap("Elm")
    assert h.hear("3")[-1] == "You have an axe, two oak, 3 elm. What else?"
    assert h.tap("No")[-1] == "an axe, two oak, 3 elm. Right?"
    assert h.journal.entries["shop"] == [ROUND, 3, ["an axe", "two oak", "3 elm"]]


def test_back_undoes_within_a_round_and_never_leaves_it_for_the_last() -> None:
    h = talking(basket)
    h.hear("an axe")
    h.tap("Oak")
    assert h.back()[0] == "You have an axe. What else?"
    h.tap("Elm")
    h.hear("two")
    assert "Back" not in h.buttons
    assert h.back() == ["You have an axe, two elm. What else?"]
    assert h.answers == {"first": "an axe"}


def test_the_first_round_begins_with_what_was_corrected_before_it() -> None:
    h = talking(basket)
    h.hear("an axe")
    assert h.back()[0] == "What do you have already?"
    assert h.hear("a saw")[-1] == "You have a saw. What else?"


def test_a_flow_can_forget_answers_and_begin_again() -> None:
    async def flow(talk: Talk) -> Ending:
        await talk.ask("kept", "Kept?")
        await talk.ask("dropped", "Dropped?")
        if await talk.choose("again", "Again?", (Choice("yes", "Yes"), Choice("no", "No"))) == "yes":
            return Again(("dropped", "again"))
        talk.say("Done.")
        return None

    h = talking(flow)
    h.hear("1")
    h.hear("2")
    assert h.tap("Yes") == ["Dropped?"]
    assert h.answers == {"kept": "1"}


def test_a_flow_that_begins_again_for_ever_is_an_error() -> None:
    async def flow(talk: Talk) -> Ending:
        return Again(())

    with pytest.raises(TypeError, match="for ever"):
        talking(flow)


def test_a_flow_can_hand_on() -> None:
    async def flow(talk: Talk) -> Ending:
        await talk.ask("whom", "For whom?")
        return Go(phase=12)

    h = talking(flow)
    h.hear("me")
    assert h.gone == Go(phase=12)
    assert h.record.state == "ended"


def test_chance_is_the_same_for_a_person_throughout() -> None:
    drawn: list[tuple[Choice, ...]] = []

    async def flow(talk: Talk) -> Ending:
        drawn.append(talk.shuffled("trees", (*TREES, Choice("other", "Other"))))
        await talk.ask("a", "?")
        await talk.ask("b", "?")
        return None

    h = talking(flow)
    h.hear("x")
    assert len(set(drawn)) == 1
    assert drawn[0][-1].id == "other"


def test_answers_are_kept_as_json_between_turns() -> None:
    h = talking(two_questions)
    h.hear("Ada “Байрон”\u200d")
    assert h.journal.entries["name"] == [ANSWER, "Ada “Байрон”\u200d", 0]
