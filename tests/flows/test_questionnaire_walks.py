"""Random talks through a questionnaire: whatever is said, nothing breaks, and what is sent is what was answered."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import Journal
from flows.messages import Attachment
from flows.modules.questionnaire import Questionnaire, gathered
from tests.flows.harness import Harness
from tests.flows.questionnaires import BRANCHING, EVERY_KIND, SAID, TOWN, begun, english, sent

TEXTS = [text for text in SAID if isinstance(text, str)]
steps = st.one_of(
    st.tuples(st.just("type"), st.sampled_from(TEXTS) | st.text(max_size=12)),
    st.tuples(st.just("tap"), st.integers(0, 8)),
    st.tuples(st.just("old"), st.integers(0, 40)),
    st.tuples(st.just("photo"), st.just("")),
    st.tuples(st.just("command"), st.sampled_from(["/back", "/skip", "retour", "corriger", "/continue", "stop"])),
)


def take(h: Harness, step: tuple[str, str | int], seen: list[str]) -> None:
    """One step of a resident who presses anything; `seen` are all the buttons there ever were."""
    kind, what = step
    seen += [button.data for message in h.messages for button in message.buttons]
    shown = [button.data for message in h.messages for button in message.buttons]
    if kind == "photo":
        h._route(attached=Attachment("file:1"))
    elif kind == "tap" and shown:
        h._route(tap=shown[int(what) % len(shown)])
    elif kind == "old" and seen:
        h._route(tap=seen[int(what) % len(seen)])
    else:
        h.hear(str(what))


def check(h: Harness, module: Questionnaire) -> None:
    """What was sent last holds exactly what the journal says was answered, of the questions that are asked."""
    answers = Journal.loads(h.record.journal).answers()
    whole = {question.id: gathered(question, answers) for question in module.settings.questions}
    asked = {question.id for question in module.settings.asked(whole)}
    for given_ in sent(h)[-1:]:
        assert given_.parts == module.settings.parts(given_.fields)
        if h.record.state == "ended":
            assert {id for id in given_.fields if id != "wish"} == asked
            short = {id: given_.fields[id] for id in asked if not isinstance(given_.fields[id], list)}
            assert short == {id: whole[id] for id in short}


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=40))
def test_no_talk_breaks_a_questionnaire_of_every_kind(talk: list[tuple[str, str | int]]) -> None:
    h, seen = english(EVERY_KIND), list[str]()
    for step in talk:
        take(h, step, seen)
        assert isinstance(h.module, Questionnaire)
        check(h, h.module)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([TOWN, BRANCHING]), st.lists(steps, max_size=60))
def test_what_is_sent_is_what_was_answered(questions: str, talk: list[tuple[str, str | int]]) -> None:
    h, seen = begun(questions) if questions is TOWN else english(questions), list[str]()
    for step in talk:
        take(h, step, seen)
        assert isinstance(h.module, Questionnaire)
        check(h, h.module)
        assert all(sum(len(line.text) for line in m.lines) < 2000 for m in h.messages)
        assert len(h.messages) <= 2
