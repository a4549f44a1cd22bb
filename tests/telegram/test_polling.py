"""Long polling: the offset moves after the commit and never before, and whatever goes wrong, it is asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import Incoming, NotKept
from bot.finishing import stop
from bot.patience import LONGEST
from bot.telegram.api import Away, NoAnswer, TooFast, UsedElsewhere, Wrong, WrongKey
from bot.telegram.hearing import Courtesies, Ear
from bot.telegram.patience import SHUT_OUT, patience
from bot.telegram.polling import Poller
from bot.telegram.reading import UPDATES
from bot.wellbeing import Wellbeing
from storage.accounts import AWAY, KEY, OTHER, TAKEN
from storage.database import Database
from tests.channels.test_telegram_reading import damaged
from tests.telegram.fakes import Now, Scripted, message


class Remembered(Wellbeing):
    """What would be noted on the account."""

    def __init__(self, clock: Now) -> None:
        super().__init__(Database("sqlite+aiosqlite:///"), "telegram", "1", clock)
        self.notes: list[str | None] = []

    async def _write(self, error: str | None) -> None:
        self.notes.append(error)


@dataclass
class Bench:
    """A poller, what it hears, and what it is told; `trouble` is raised by the next batches instead of keeping them."""

    api: Scripted
    clock: Now = field(default_factory=Now)
    trouble: list[Exception] = field(default_factory=list)
    heard: list[list[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wellbeing = Remembered(self.clock)
        self.poller = Poller(self.api, self.hear, patience(self.wellbeing, self.clock.pause))

    async def hear(self, updates: Sequence[Any]) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.heard.append([update["update_id"] for update in updates])

    async def run(self) -> None:
        """Until it waits for something new."""
        running = asyncio.create_task(self.poller.run())
        waiting = asyncio.create_task(self.api.waiting.wait())
        await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await stop(running)
        assert running.cancelled(), running


async def polled(*said: Any, trouble: Sequence[Exception] = ()) -> Bench:
    """What became of these answers to getUpdates."""
    bench = Bench(Scripted({"getUpdates": list(said)}), trouble=list(trouble))
    await bench.run()
    return bench


async def test_what_was_kept_is_acknowledged_by_the_next_question() -> None:
    bench = await polled([message(7), message(8)], [message(9)])
    assert bench.heard == [[7, 8], [9]]
    assert bench.api.offsets() == [None, 9, 10]  # the last was put already when it was cut short
    assert bench.api.asked("getUpdates")[0] == {"timeout": 50, "limit": 100, "allowed_updates": UPDATES}


async def test_only_what_we_read_is_asked_for() -> None:
    assert set(UPDATES) == {"message", "edited_message", "callback_query", "my_chat_member"}


async def test_nothing_is_acknowledged_before_it_is_kept() -> None:
    bench = Bench(Scripted({"getUpdates": [[message(7)]]}))
    hearing, kept = asyncio.Event(), asyncio.Event()

    async def hear(_updates: Sequence[Any]) -> None:
        hearing.set()
        await kept.wait()

    bench.poller.hear = hear
    running = asyncio.create_task(bench.poller.run())
    await hearing.wait()
    assert bench.api.offsets() == [None]
    kept.set()
    await bench.api.waiting.wait()
    assert bench.api.offsets() == [None, 8]
    await stop(running)


async def test_what_could_not_be_kept_is_asked_for_again() -> None:
    bench = await polled([message(7)], [message(7)], [message(7)], trouble=[NotKept(), NotKept()])
    assert bench.api.offsets()[:4] == [None, None, None, 8]
    assert bench.heard == [[7]]
    assert len(bench.clock.pauses) == 2
    assert bench.wellbeing.notes == [None]  # the bot is well: it is the database that is not


async def test_a_question_under_way_ends_at_once_when_the_house_closes() -> None:
    bench = await polled([])
    assert bench.api.offsets() == [None, None]


async def test_a_batch_under_way_is_kept_and_acknowledged_when_the_house_closes() -> None:
    bench = Bench(Scripted({"getUpdates": [[message(7)], []]}))
    hearing, kept = asyncio.Event(), asyncio.Event()

    async def hear(_updates: Sequence[Any]) -> None:
        hearing.set()
        await kept.wait()

    bench.poller.hear = hear
    running = asyncio.create_task(bench.poller.run())
    await hearing.wait()
    running.cancel()
    kept.set()
    await asyncio.wait([running])
    last = bench.api.asked("getUpdates")[-1]
    assert (last["offset"], last["timeout"], last["limit"]) == (8, 0, 1)


async def test_a_last_word_that_fails_or_is_not_answered_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for api in (Scripted({"getUpdates": [[message(7)], Away("502")]}), Scripted({"getUpdates": [[message(7)]]})):
        monkeypatch.setattr("bot.telegram.polling.LAST_WORD", 0.01)
        api.mute = True
        bench = Bench(api)
        await asyncio.wait_for(bench.run(), 10)
        assert bench.heard == [[7]]


async def test_a_bot_that_is_polled_elsewhere_is_noted_and_tried_again() -> None:
    bench = await polled([], UsedElsewhere("Conflict"), UsedElsewhere("Conflict"), [])
    assert bench.wellbeing.notes == [None, TAKEN, None]
    assert 0 < bench.clock.pauses[0] < bench.clock.pauses[1] * 2 <= 4


async def test_it_waits_as_long_as_it_is_told_to() -> None:
    bench = await polled(TooFast("Too Many Requests", timedelta(seconds=7)), [message(7)])
    assert bench.clock.pauses == [7.0]
    assert bench.heard == [[7]]
    assert bench.wellbeing.notes == [None]


async def test_a_platform_that_is_away_is_noted_once_that_lasts() -> None:
    short = await polled([], *[Away("502")] * 3, [])
    assert short.wellbeing.notes == [None]
    long = await polled([], *[NoAnswer(), Away("502")] * 6, [message(7)])
    assert long.wellbeing.notes == [None, AWAY, None]
    assert max(long.clock.pauses) <= LONGEST
    assert long.clock.pauses[-1] > 10
    assert long.heard == [[7]]


async def test_each_trouble_begins_with_a_short_pause_again() -> None:
    bench = await polled(*[Away("502")] * 5, [], Away("502"), [])
    assert bench.clock.pauses[-1] <= 1


async def test_a_refused_key_is_noted_and_left_alone_for_long() -> None:
    bench = await polled(WrongKey("Unauthorized"), [message(7)])
    assert bench.wellbeing.notes == [KEY, None]
    assert bench.clock.pauses == [SHUT_OUT.total_seconds()]


async def test_any_other_refusal_is_noted_and_tried_again() -> None:
    bench = await polled(Wrong("Bad Request"), [message(7)])
    assert bench.wellbeing.notes == [OTHER, None]


@pytest.mark.parametrize("nonsense", [[{}], [None, "x"], [{"update_id": "7"}], [[]], [{"update_id": None}]])
async def test_updates_without_a_number_are_not_asked_for_without_a_pause(nonsense: list[Any]) -> None:
    bench = Bench(Scripted({"getUpdates": [nonsense, [message(7)]]}))
    heard: list[Any] = []

    async def hear(updates: Sequence[Any]) -> None:
        heard.extend(updates)

    bench.poller.hear = hear
    await bench.run()
    assert len(bench.clock.pauses) == 1
    assert bench.api.offsets()[:3] == [None, None, 8]


@pytest.mark.parametrize("nonsense", [{}, None, "updates", 7])
async def test_an_answer_that_is_no_list_is_a_platform_that_is_away(nonsense: Any) -> None:
    bench = Bench(Scripted({"getUpdates": [nonsense, [message(7)]]}))
    await bench.run()
    assert bench.heard == [[7]]
    assert len(bench.clock.pauses) == 1


@given(st.lists(st.lists(damaged(), min_size=1, max_size=4), max_size=3))
def test_whatever_comes_what_comes_behind_it_is_heard(batches: list[list[Any]]) -> None:
    """Updates of any shape, and then one that somebody wrote."""
    kept: list[Incoming] = []

    async def receive(*incoming: Incoming) -> None:
        kept.extend(incoming)

    async def poll() -> Bench:
        last = message(2**40, "the last")
        bench = Bench(Scripted({"getUpdates": [*batches, [last]]}))
        bench.poller.hear = Ear("7000000001", receive, Courtesies(bench.api.call), bench.clock).hear
        await bench.run()
        return bench

    bench = asyncio.run(poll())
    assert kept[-1].text == "the last"
    assert bench.poller.offset == 2**40 + 1
