"""What a journal keeps of a secret once it was cast: that there was one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.conversation import Ending, Talk
from flows.journal import KNOWN, Journal
from storage.refusals import Refusal
from tests.flows.harness import Harness, talking


async def count(_connection: AsyncConnection, trees: Sequence[str]) -> Sequence[str | Refusal]:
    raise NotImplementedError


async def cast(_connection: AsyncConnection, trees: Sequence[str]) -> Sequence[int | Refusal]:
    raise NotImplementedError


async def flow(talk: Talk) -> Ending:
    tree = await talk.ask("tree", "Which tree?", secret=True)
    await talk.know("many", count, str(tree))
    await talk.ask("sure", "Sure?")
    await talk.do("cast", cast, str(tree))
    await talk.ask("more", "More?")
    return None


def chosen() -> Harness:
    h = talking(flow, verbs={count: lambda tree: f"many for {tree}"})
    h.hear("oak")
    assert "oak" in h.record.journal
    return h


def test_neither_a_digest_nor_what_was_read_about_it_stays() -> None:
    h = chosen()
    assert any(entry[0] == KNOWN for entry in h.journal.entries.values())
    h.hear("yes")
    assert "oak" not in h.record.journal
    assert not any(entry[0] == KNOWN and entry[1] for key, entry in h.journal.entries.items() if key == "many")
    assert h.answers == {"tree": None, "sure": "yes"}


def test_it_is_remembered_for_ever_which_prompts_wanted_a_secret() -> None:
    h = chosen()
    h.hear("yes")
    h.hear("no")
    assert h.record.state == "ended"
    journal = Journal.loads(h.record.journal)
    assert journal.entries == {}
    assert [journal.wants_secret(key) for key in ("tree", "more", None)] == [True, False, False]
    journal.reopen()
    assert journal.wants_secret("tree")
