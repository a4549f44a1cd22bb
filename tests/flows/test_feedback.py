"""The last prompt: was it easy, and what was hard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flows.conversation import Ending, Talk
from flows.feedback import KIND
from storage import contributions
from storage.contributions import NewContribution
from tests.flows.harness import PHASE, Flow, Harness

ASKING = replace(PHASE, settings={"feedback": True})


async def flow(talk: Talk) -> Ending:
    said = await talk.ask("q", "Question?")
    if said == "nothing":
        return None
    assert talk.scene.phase is not None
    await talk.do("given", contributions.put, given(talk, said))
    talk.say("It is sent.")
    return None


def given(talk: Talk, said: str) -> NewContribution:
    return NewContribution(1, 2, 7, talk.scene.conversation, "given", "idea", {"q": said}, (), "test", None, talk.now)


def asked(**options: Any) -> Harness:
    harness = Harness(Flow(flow), phase=ASKING, **options)
    harness.begin()
    return harness


def kept(harness: Harness) -> list[Any]:
    return [call.argument.fields for call in harness.calls if getattr(call.argument, "kind", None) == KIND]


def test_whoever_found_it_hard_is_asked_what_was() -> None:
    h = asked()
    assert h.hear("benches")[-2:] == ["Was this easy?", "1 means very hard. 5 means very easy."]
    assert h.hear("2") == ["What was hard?"]
    assert h.hear("The letters are small") == ["Noted. Thank you."]
    assert kept(h) == [{"easy": 2, "hard": "The letters are small"}]


def test_whoever_found_it_easy_is_asked_nothing_more() -> None:
    h = asked()
    h.hear("benches")
    assert h.hear("5") == ["Noted. Thank you."]
    assert kept(h) == [{"easy": 5, "hard": None}]


def test_it_may_be_skipped() -> None:
    h = asked()
    h.hear("benches")
    h.tap("Skip")
    assert kept(h) == []
    assert h.record.state == "ended"


def test_who_has_sent_nothing_is_not_asked() -> None:
    h = asked()
    h.hear("nothing")
    assert h.record.state == "ended"


def test_where_the_organiser_does_not_want_it_nobody_is_asked() -> None:
    h = Harness(Flow(flow))
    h.begin()
    assert h.hear("benches")[-1] == "It is sent."
