"""Before the module: who speaks, consent, whether it is open; and the errors of the three kinds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from flows.conversation import Ending, Talk
from storage import participants
from tests.flows.harness import PHASE, START, Flow, Harness, talking


async def flow(talk: Talk) -> Ending:
    await talk.ask("q", "Question?")
    await talk.ask("end", "The end.")
    return None


def newcomer(language: str | None = "en") -> Harness:
    return Harness(Flow(flow), language, consented=False)


def test_first_contact_says_who_speaks_and_what_for_and_asks_for_consent() -> None:
    h = newcomer()
    assert h.begin() == [
        "Hello. I am the robot of the town hall of Montaubry.",
        "Your answers help to choose the works of 2028.",
        "The results are published without names.",
        "Do you agree to answer?",
    ]
    assert h.buttons == ["Yes, begin", "Who reads my answers?", "No thank you", "Français"]


def test_consent_is_recorded_with_its_words_and_asked_once() -> None:
    h = newcomer()
    h.begin()
    assert h.tap("Yes, begin") == ["Question?"]
    [given] = [call.argument for call in h.calls if call.verb is participants.consent]
    assert given.words.endswith("Do you agree to answer?")
    h.hear("x")
    assert h.back()[0] == "Question?"
    assert h.back()[0] == "Question?", "consent is a wall"


def test_whoever_has_agreed_before_is_not_asked_again() -> None:
    assert talking(flow).begin() == ["Question?"]


def test_nothing_is_recorded_of_whoever_says_no() -> None:
    h = newcomer()
    h.begin()
    assert h.tap("No thank you")[0].startswith("All right. Nothing was asked")
    assert h.answers == {}
    assert not [call for call in h.calls if call.write]


def test_the_language_is_asked_only_when_it_is_unknown() -> None:
    h = newcomer(None)
    assert h.begin() == ["Français ? English?"]
    assert h.hear("français")[0] == "Bonjour. Je suis le robot de la mairie de Montaubry."
    assert h.person.language == "fr"
    assert h.person.changed


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"opens_at": datetime(2027, 4, 1, 7, 0, tzinfo=UTC)}, "This is not open yet. It opens on"),
        ({"closes_at": datetime(2027, 3, 1, 7, 0, tzinfo=UTC)}, "This has been closed since"),
        ({"state": "closed"}, "This is closed."),
        ({"state": "draft"}, "This is closed."),
    ],
)
def test_what_is_not_open_says_so_before_anything_is_asked(changes: dict[str, object], said: str) -> None:
    h = Harness(Flow(flow), phase=replace(PHASE, **changes))  # type: ignore[arg-type]
    lines = h.begin()
    assert lines[0].startswith(said)
    assert lines[-1].startswith("To talk to a person: Claire Morel, 02 61 91 00 12")
    assert h.calls == []


def test_a_talk_that_closes_half_way_keeps_its_answers_and_takes_no_more() -> None:
    h = talking(flow)
    h.hear("x")
    assert h.phase.closes_at is not None
    h.now = h.phase.closes_at
    assert h.hear("y")[0].startswith("This has been closed since")
    assert h.answers == {"q": "x"}


def test_at_most_two_messages_whatever_is_said() -> None:
    async def talkative(talk: Talk) -> Ending:
        await talk.ask("q", "Question?")
        for number in range(5):
            talk.say(f"Line {number}.")
        await talk.ask("end", "The end.")
        return None

    h = talking(talkative)
    assert len(h.hear("x")) == 7
    assert len(h.messages) == 2
    assert h.messages[-1].lines[-1].text == "The end."
    assert h.now > START


def test_any_other_error_is_raised_to_whoever_runs_the_turn_and_changes_nothing() -> None:
    async def broken(talk: Talk) -> Ending:
        await talk.ask("q", "Question?")
        raise ZeroDivisionError

    h = talking(broken)
    before = replace(h.record)
    with pytest.raises(ZeroDivisionError):
        h.hear("x")
    assert h.record == before
