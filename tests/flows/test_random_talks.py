"""Random talks: whatever is said in whatever order, no answer is lost, doubled or filed under another question."""

from __future__ import annotations

import random

from hypothesis import given, note
from hypothesis import strategies as st

from flows.journal import ROUND, Journal
from storage.conversations import Record
from tests.flows.harness import Harness, talking
from tests.flows.residents import Model, Resident, everything, look_up, reserve

STEPS = 60


def agrees(record: Record, model: Model) -> bool:
    """Whether the conversation holds what the model holds, and waits where it waits."""
    journal = Journal.loads(record.journal)
    assert record.waiting == model.waiting, f"waits at {record.waiting}, not at {model.waiting}"
    answers = {key: value for key, value in journal.answers().items() if key != "consent"}
    assert answers == model.answers
    [state] = [entry[1:] for entry in journal.entries.values() if entry[0] == ROUND] or [[1, []]]
    assert state == [model.round, model.basket]
    assert ("reserve" in journal.entries) == model.reserved
    return True


def go_on(harness: Harness) -> None:
    """The house answers a command, and shows again what waits."""
    if harness.gone is not None and harness.record.state == "open":
        harness.gone = None
        harness.hear("/continue")


@given(st.integers(0, 2**32))
def test_a_talk_holds_what_was_said_whatever_was_said(seed: int) -> None:
    verbs = {reserve: lambda tree: tree, look_up: lambda name: f"known {name}"}
    harness, resident = talking(everything, verbs=verbs), Resident(random.Random(seed))
    resident.sees(harness.messages, harness.record.id)
    for _step in range(STEPS):
        said = resident.speaks()
        note(f"{said} -> waits at {resident.model.waiting}, in doubt: {resident.model.doubt}")
        harness._route(**said)
        resident.sees(harness.messages, harness.record.id)
        assert len(harness.messages) <= 2
        go_on(harness)
        if resident.model.waiting is None:
            assert harness.record.state == "ended"
            return
        assert agrees(harness.record, resident.model)
    assert len([call for call in harness.calls if call.write]) == resident.model.reserved
