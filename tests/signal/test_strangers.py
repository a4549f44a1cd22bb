"""Nobody is written to by Signal who has not written first, and a word of a poster is enough to begin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from flows.early import Asked
from tests.channels.doors import AtSignal, at_signal, left
from tests.channels.open_house import opened


@pytest.fixture
async def door(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AtSignal]:
    """Somebody who reads every question before it is sent, or the tests would wait for them."""
    monkeypatch.setattr(Asked, "could_be_read", lambda *_given: True)
    async with opened(database_url) as house, at_signal(house) as door:
        assert isinstance(door, AtSignal)
        yield door


async def writes(door: AtSignal, *texts: str) -> None:
    for text in texts:
        await door.write(text)


async def test_the_word_of_a_poster_leads_to_its_consultation_and_its_place(door: AtSignal) -> None:
    await writes(door, "Pain22", "English", "yes", "2", "7", "skip", "skip", "send")
    found = await left(door)
    assert (found.sent, found.place) == ({"how": "bike", "far": 7, "why": None, "photo": None}, "Boulangerie")


async def test_it_may_be_written_after_a_good_day(door: AtSignal) -> None:
    await writes(door, "Bonjour", "English", " PAIN22 ", "yes", "2")
    found = await left(door)
    assert (found.answers["how"], found.place) == ("bike", "Boulangerie")


async def test_a_word_that_is_a_code_is_an_answer_where_one_is_asked_for(door: AtSignal) -> None:
    await writes(door, "centre", "English", "yes", "2", "7", "pain22")
    found = await left(door)
    assert (found.answers["why"], found.place) == ("pain22", None)


async def test_a_word_that_is_no_code_is_just_a_word(door: AtSignal) -> None:
    await writes(door, "English", "pain23")
    found = await left(door)
    assert found.answers == {}


async def test_all_that_leaves_goes_to_who_has_written(door: AtSignal) -> None:
    await writes(door, "pain22", "English", "yes")
    await asyncio.wait_for(door.daemon.sending.wait(), 30)
    assert {tuple(one["recipient"]) for one in door.daemon.sent()} == {(door.person,)}


async def test_messages_to_many_count_signal_among_the_doors_where_nobody_is_written_to_first(door: AtSignal) -> None:
    assert door.house._silent == ["signal"]
