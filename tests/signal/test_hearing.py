"""What the daemon hands out is nowhere else: it is held until it is kept, in its order, whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.channels import Incoming, NotKept
from bot.finishing import stop
from bot.patience import Patience
from bot.signal import hearing
from bot.signal.api import Away, NotRegistered
from bot.signal.hearing import Ear
from bot.signal.patience import FAILURES, diagnose
from bot.signal.reading import Ours
from bot.signal.stream import LARGEST, Events
from bot.wellbeing import Wellbeing
from storage.accounts import AWAY, UNREGISTERED
from storage.database import Database
from tests.signal.fakes import ACI, CLOCK, NOON, NUMBER, Scripted, event
from tests.telegram.fakes import Now


class Remembered(Wellbeing):
    """What would be noted on the account."""

    def __init__(self, clock: Now) -> None:
        super().__init__(Database("sqlite+aiosqlite:///"), "signal", ACI, clock)
        self.notes: list[str | None] = []

    async def _write(self, error: str | None) -> None:
        self.notes.append(error)


@dataclass
class Bench:
    """An ear, and what is kept of what it hears; `trouble` is raised by the next batches instead."""

    daemon: Scripted = field(default_factory=Scripted)
    clock: Now = field(default_factory=lambda: Now(NOON))
    trouble: list[Exception] = field(default_factory=list)
    kept: list[Incoming] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    wanted: int = 0

    def __post_init__(self) -> None:
        self.wellbeing = Remembered(self.clock)
        ours = Ours(ACI, NUMBER)
        self.ear = Ear(self.daemon, ours, self.receive, self.wellbeing, self.clock, pause=self.clock.pause)
        self.patience = Patience(self.wellbeing, FAILURES, diagnose, self.clock.pause)

    async def receive(self, *incoming: Incoming) -> None:
        await asyncio.sleep(0)
        if self.trouble:
            raise self.trouble.pop(0)
        self.kept += incoming
        self.batches.append(len(incoming))
        if len(self.kept) >= self.wanted:
            self.enough.set()

    async def hear(self, wanted: int) -> list[str | None]:
        """Run until so many are kept; their texts."""
        self.wanted = wanted
        running = asyncio.create_task(self.ear.run(self.patience))
        await asyncio.wait_for(self.enough.wait(), 10)
        await stop(running)
        return [one.text for one in self.kept]


def events(*texts: Any) -> list[Any]:
    return [event(CLOCK + number, text) for number, text in enumerate(texts)]


async def test_what_waits_is_kept_at_once_and_in_its_order() -> None:
    bench = Bench()
    bench.daemon.streams = [[events(*map(str, range(250)))]]
    assert await bench.hear(250) == [str(number) for number in range(250)]
    assert bench.batches == [100, 100, 50]


@pytest.mark.parametrize("trouble", [NotKept(), RuntimeError("a mistake of ours")], ids=["full", "a mistake"])
async def test_what_could_not_be_kept_is_tried_again_for_as_long_as_it_takes(trouble: Exception) -> None:
    bench = Bench(trouble=[trouble] * 5)
    bench.daemon.streams = [[events("un"), events("deux")[:1]]]
    assert await bench.hear(2) == ["un", "deux"]


async def test_what_is_held_when_the_connection_breaks_is_kept() -> None:
    bench = Bench(trouble=[NotKept()] * 3)
    bench.daemon.streams = [[events("un"), Away("cut")], [events("deux")]]
    assert await bench.hear(2) == ["un", "deux"]
    assert bench.daemon.opened == 2


async def test_nothing_more_is_taken_once_much_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "MOST_WAITING", 3)
    bench = Bench()
    bench.daemon.streams = [[events("1", "2", "3"), events("4"), events("5")]]
    assert await bench.hear(5) == ["1", "2", "3", "4", "5"]
    assert bench.batches[0] == 3


async def test_what_can_not_be_kept_until_the_house_has_closed_is_told_to_be_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hearing, "LAST_WORD", 0.05)
    bench = Bench(trouble=[NotKept()] * 1_000_000)
    bench.daemon.streams = [[events("un")]]
    running = asyncio.create_task(bench.ear.run(bench.patience))
    await asyncio.wait_for(bench.daemon.waiting.wait(), 10)
    with capture_logs() as logged:
        await stop(running)
    assert {"event": "messages that could not be kept are lost", "count": 1}.items() <= logged[-1].items()


async def test_what_nobody_can_read_holds_up_nothing() -> None:
    bench = Bench()
    bench.daemon.streams = [[[None, 7, {"envelope": 3}, *events("un")]]]
    assert await bench.hear(1) == ["un"]


@pytest.mark.parametrize(("error", "noted"), [(Away("refused"), AWAY), (NotRegistered("no"), UNREGISTERED)])
async def test_why_nothing_is_heard_is_noted_and_it_is_tried_later_and_later(error: Exception, noted: str) -> None:
    bench = Bench()
    bench.daemon.streams = [*([error] for _ in range(12)), [events("un")]]
    await bench.hear(1)
    assert bench.wellbeing.notes == [noted]
    assert bench.clock.pauses[0] <= bench.clock.pauses[-1]


# -- the stream ----------------------------------------------------------------------------------------------------

PIECES = st.lists(st.integers(1, 30), max_size=20)


def cut(whole: bytes, sizes: list[int]) -> list[bytes]:
    parts, at = [], 0
    for size in sizes:
        parts.append(whole[at : at + size])
        at += size
    return [*parts, whole[at:]]


@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=9), max_size=2), max_size=5), PIECES)
def test_events_are_whole_however_their_bytes_are_cut(said: list[Any], sizes: list[int]) -> None:
    whole = b"".join(b"event:receive\ndata:" + json.dumps(one).encode() + b"\n\n:\n" for one in said)
    stream = Events()
    assert [one for part in cut(whole, sizes) for one in stream.feed(part)] == said


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_whatever_bytes_come_raise_nothing(parts: list[bytes]) -> None:
    stream = Events()
    for part in parts:
        stream.feed(part)


def test_a_line_without_end_is_passed_over_and_what_follows_is_read() -> None:
    stream = Events()
    assert stream.feed(b"data:" + b"x" * (LARGEST + 1)) == []
    assert stream.feed(b"xx\n\ndata:{}\n\n") == [{}]
