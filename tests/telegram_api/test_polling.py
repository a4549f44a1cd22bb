"""The stub's getUpdates: what is handed over, what confirms it, who ends whom."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.telegram_api import Platform, Resident
from tests.telegram_api.conftest import Client

ANOTHER = "409 Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


@pytest.fixture
def three(client: Client, anna: Resident) -> list[int]:
    """Three updates that wait; their ids."""
    for text in ("un", "deux", "trois"):
        anna.writes(text)
    return [update.id for update in client.bot.mailbox.waiting()]


def ids(updates: Any) -> list[int]:
    return [update["update_id"] for update in updates]


async def test_updates_wait_until_an_offset_confirms_them(client: Client, three: list[int]) -> None:
    assert ids(await client.call("getUpdates", limit=2)) == three[:2]
    assert ids(await client.call("getUpdates", offset=three[1])) == three[1:]
    assert three == list(range(three[0], three[0] + 3))


async def test_the_same_question_at_once_gets_a_single_update(client: Client, three: list[int]) -> None:
    await client.call("getUpdates")
    assert ids(await client.call("getUpdates")) == three[:1]


async def test_the_same_question_waits_three_seconds_for_an_update(client: Client, anna: Resident) -> None:
    assert await client.call("getUpdates") == []
    asyncio.get_running_loop().call_later(0.2, anna.writes, "enfin")
    assert len(await client.call("getUpdates")) == 1


async def test_a_negative_offset_leaves_only_the_last(client: Client, three: list[int]) -> None:
    assert ids(await client.call("getUpdates", offset=-1)) == three[2:]
    assert ids(await client.call("getUpdates", offset=1)) == three[2:]


async def test_an_offset_far_ahead_confirms_nothing(client: Client, three: list[int]) -> None:
    assert ids(await client.call("getUpdates", offset=three[-1] + 1000)) == three
    assert await client.call("getUpdates", offset=three[-1] + 5) == []


async def test_a_hundred_are_handed_over_at_most(client: Client, anna: Resident) -> None:
    for number in range(101):
        anna.writes(str(number))
    assert len(await client.call("getUpdates", limit=500)) == 100


async def test_a_long_poll_ends_when_something_comes_or_its_time_is_over(client: Client, anna: Resident) -> None:
    began = time.monotonic()
    assert await client.call("getUpdates", timeout=1) == []
    assert time.monotonic() - began > 0.9
    poll = asyncio.create_task(client.call("getUpdates", offset=1, timeout=30))
    await asyncio.sleep(0.1)
    assert not poll.done()
    anna.writes("enfin")
    async with asyncio.timeout(20):
        assert len(await poll) == 1


async def test_a_second_poll_ends_the_first(client: Client, anna: Resident) -> None:
    first = asyncio.create_task(client.refused("getUpdates", timeout=30))
    await asyncio.sleep(0.1)
    second = asyncio.create_task(client.call("getUpdates", offset=1, timeout=30))
    assert await first == ANOTHER
    anna.writes("enfin")
    assert len(await second) == 1


async def test_conflicts_are_held_back_when_they_come_thick_and_fast(
    client: Client, anna: Resident, platform: Platform
) -> None:
    platform.conflict_pause = 1.0
    polls = {asyncio.create_task(client.answer("getUpdates", offset=at, timeout=30)) for at in (1, 2, 3)}
    ended = []
    while len(polls) > 1:
        [first], polls = await asyncio.wait(polls, return_when=asyncio.FIRST_COMPLETED)
        assert (await first).status_code == 409
        ended.append(time.monotonic())
    assert ended[1] - ended[0] > 0.3
    anna.writes("enfin")
    assert (await polls.pop()).status_code == 200


async def test_only_allowed_kinds_are_made(client: Client, anna: Resident) -> None:
    await client.call("getUpdates", allowed_updates=["callback_query"])
    anna.writes("?")
    assert await client.call("getUpdates", offset=1, allowed_updates=[]) == []
    anna.writes("!")
    assert len(await client.call("getUpdates", offset=2)) == 1


async def test_a_message_waits_a_day_and_no_longer(client: Client, anna: Resident, platform: Platform) -> None:
    anna.writes("?")
    platform.clock.skip(24 * 3600 - 10)
    assert len(await client.call("getUpdates")) == 1
    platform.clock.skip(11)
    assert await client.call("getUpdates", offset=1) == []


async def test_what_was_confirmed_comes_again_when_told_to(
    client: Client, three: list[int], platform: Platform
) -> None:
    platform.redeliver(1.0)
    await client.call("getUpdates")
    assert ids(await client.call("getUpdates", offset=three[1])) == three
    assert client.bot.mailbox.repeated == three[:1]
    assert ids(await client.call("getUpdates", offset=three[1])) == three[1:2]


async def test_one_chat_knows_nothing_of_anothers_numbers(client: Client, anna: Resident, platform: Platform) -> None:
    paul = platform.resident(client.bot, "Paul")
    assert anna.writes("a").id == 2
    assert paul.writes("b").id == 1
