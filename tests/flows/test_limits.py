"""What a module may not do, how much it may keep, and secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from flows.conversation import Ending, Talk
from flows.journal import TooLarge
from storage.refusals import Refusal
from tests.flows.harness import talking


async def verb(_connection: AsyncConnection, given: Sequence[object]) -> Sequence[object | Refusal]:
    raise AssertionError("a flow does no I/O")


def test_the_same_key_twice_in_one_run_is_an_error() -> None:
    async def flow(talk: Talk) -> Ending:
        await talk.know("key", verb, 1)
        await talk.ask("key", "?")
        return None

    with pytest.raises(TypeError, match="twice"):
        talking(flow)


def test_awaiting_anything_else_is_an_error() -> None:
    async def flow(talk: Talk) -> Ending:
        await asyncio.sleep(0)
        return None

    with pytest.raises(TypeError, match="awaited"):
        talking(flow)


def test_more_than_fifty_requests_in_a_turn_are_an_error() -> None:
    async def flow(talk: Talk) -> Ending:
        for number in range(60):
            await talk.know(f"k{number}", verb, number)
        return None

    with pytest.raises(TypeError, match="50 requests"):
        talking(flow)


def test_fifty_recorded_reads_are_no_requests() -> None:
    async def flow(talk: Talk) -> Ending:
        for number in range(80):
            if number % 20 == 0:
                await talk.ask(f"q{number}", "?")
            await talk.know(f"k{number}", verb, number)
        return None

    h = talking(flow)
    for _question in range(4):
        h.hear("x")
    assert h.record.state == "ended"


@pytest.mark.parametrize("method", ["know", "do"])
def test_a_result_of_more_than_four_kilobytes_is_an_error(method: str) -> None:
    async def flow(talk: Talk) -> Ending:
        await getattr(talk, method)("key", verb, 1)
        await talk.ask("q", "?")
        return None

    assert talking(flow, verbs={verb: lambda _given: "x" * 3_900})
    with pytest.raises(TooLarge):
        talking(flow, verbs={verb: lambda _given: "x" * 4_100})


async def many_texts(talk: Talk) -> Ending:
    for number in range(30):
        await talk.ask(f"q{number}", f"{number}?")
    return None


def test_an_answer_that_does_not_fit_a_journal_of_64_kilobytes_is_kindly_refused_and_nothing_is_lost() -> None:
    h = talking(many_texts)
    for _number in range(7):
        h.hear("é" * 3_999)
    kept = h.record.journal
    assert h.hear("é" * 3_999) == [
        "Your answers so far are kept, but this one is too long to keep with them. "
        "Please send a shorter one, or go back and shorten another.",
        "7?",
    ]
    assert h.record.journal == kept
    h.back()
    assert h.hear("short")[-1] == "7?"
    assert h.hear("é" * 3_999)[-1] == "8?"


def test_a_journal_that_a_module_fills_is_an_error() -> None:
    async def flow(talk: Talk) -> Ending:
        for number in range(20):
            await talk.know(f"k{number}", verb, number)
        await talk.ask("q", "?")
        return None

    with pytest.raises(TooLarge):
        talking(flow, verbs={verb: lambda _given: "x" * 3_900})


# -- secrets ------------------------------------------------------------------------------------------------


async def vote(talk: Talk) -> Ending:
    tree = await talk.ask("tree", "Which tree?", secret=True)
    await talk.ask("sure", "Sure?")
    await talk.do("cast", verb, tree)
    talk.say("Cast.")
    await talk.ask("more", "Anything else?")
    return None


def test_a_secret_is_sealed_by_the_cast() -> None:
    h = talking(vote)
    h.hear("oak")
    assert h.answers["tree"] == "oak"
    assert h.hear("yes") == ["Noted: yes.", "Cast.", "Anything else?"]
    assert [call.argument for call in h.calls if call.write] == ["oak"]
    assert h.answers == {"tree": None, "sure": "yes"}
    assert "oak" not in h.record.journal


def test_a_secret_that_was_corrected_is_sealed_with_what_it_was() -> None:
    h = talking(vote)
    h.hear("oak")
    h.back()
    h.hear("ash")
    h.hear("yes")
    assert "oak" not in h.record.journal
    assert "ash" not in h.record.journal


def test_the_text_of_a_secret_is_not_kept_and_neither_is_one_that_was_misread() -> None:
    async def flow(talk: Talk) -> Ending:
        await talk.ask("open", "Open?")
        await talk.ask("tree", "Which tree?", secret=True)
        await talk.ask("more", "More?")
        return None

    h = talking(flow)
    h.hear("nothing secret")
    assert not h.secret, "the prompt that comes next is secret, not this answer"
    h.hear(" ")
    assert h.secret, "a try at it"
    h.hear("oak")
    assert h.secret
    h.hear("nothing secret")
    assert not h.secret
