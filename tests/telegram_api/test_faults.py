"""The stub's faults and limits: what the bot is told, and what really happened."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import httpx
import pytest

from tests.telegram_api import Limits, Platform, Resident, faults
from tests.telegram_api.conftest import Client
from tests.telegram_api.rates import Rates, busiest


async def send(client: Client, resident: Resident, text: str = "Bonjour") -> httpx.Response:
    return await client.answer("sendMessage", chat_id=resident.chat.id, text=text)


async def test_a_scripted_fault_strikes_once_and_on_its_turn(
    served: Client, anna: Resident, platform: Platform
) -> None:
    platform.limits.per_chat = None
    platform.faults.script(faults.broken(500), after=1)
    assert [(await send(served, anna)).status_code for _ in range(3)] == [200, 500, 200]
    assert [call.fault for call in platform.made("sendMessage")] == ["", "500", ""]


async def test_faults_by_chance_are_the_same_for_the_same_seed(
    served: Client, anna: Resident, platform: Platform
) -> None:
    platform.limits.per_chat = None
    platform.faults.often(0.5, faults.broken())
    states = [(await send(served, anna)).status_code for _ in range(20)]
    again = Platform(seed=platform.seed).faults
    again.often(0.5, faults.broken())
    struck = [again.pick(served.bot.id, "sendmessage", anna.chat.id) for _ in range(20)]
    assert [state == 500 for state in states] == [fault is not None for fault in struck]
    assert 3 < states.count(500) < 17


@pytest.mark.parametrize(
    ("fault", "status", "sentence"),
    [
        (faults.blocked(), 403, "Forbidden: bot was blocked by the user"),
        (faults.deactivated(), 403, "Forbidden: user is deactivated"),
        (faults.unknown_chat(), 400, "Bad Request: chat not found"),
        (faults.broken(502), 502, "Bad Gateway"),
    ],
    ids=lambda given: getattr(given, "name", None),
)
async def test_a_refusal_can_be_made_up(
    served: Client, anna: Resident, platform: Platform, fault: faults.Fault, status: int, sentence: str
) -> None:
    platform.faults.script(fault)
    answer = await send(served, anna)
    assert (answer.status_code, answer.json()["description"]) == (status, sentence)
    assert anna.heard == []
    [call] = platform.made("sendMessage")
    assert (call.done, call.told) == (False, status)


async def test_a_proxys_error_is_a_page(served: Client, anna: Resident, platform: Platform) -> None:
    platform.faults.script(faults.broken(502, page=True))
    answer = await send(served, anna)
    assert answer.headers["content-type"].startswith("text/html")
    assert "502 Bad Gateway" in answer.text


async def test_a_connection_can_be_cut_before_or_after(served: Client, anna: Resident, platform: Platform) -> None:
    platform.limits.per_chat = None
    for fault in (faults.cut_before(), faults.cut_after()):
        platform.faults.script(fault)
        with pytest.raises(httpx.RemoteProtocolError):
            await send(served, anna, fault.name)
    assert anna.heard == ["cut after"]
    assert [(call.done, call.told) for call in platform.made("sendMessage")] == [(False, None), (True, None)]


async def test_an_answer_can_be_slow_or_broken_off(served: Client, anna: Resident, platform: Platform) -> None:
    platform.limits.per_chat = None
    platform.faults.script(faults.slow(0.5))
    sending = asyncio.create_task(send(served, anna, "lent"))
    await platform.until(lambda: anna.heard == ["lent"])
    assert not sending.done()
    assert (await sending).status_code == 200
    platform.faults.script(faults.garbled())
    with pytest.raises(ValueError, match="Expecting value"):
        (await send(served, anna, "coupé")).json()
    assert anna.heard == ["lent", "coupé"]


async def test_a_group_moves_and_says_where_to(served: Client, anna: Resident, platform: Platform) -> None:
    [there] = platform.group(served.bot, "Voisins", [anna])
    assert (await send(served, there)).status_code == 200
    new = platform.upgrade(there.chat)
    refused = (await send(served, there)).json()
    assert refused["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert refused["parameters"] == {"migrate_to_chat_id": new.id}


async def test_a_storm_of_409_can_be_made(served: Client, platform: Platform) -> None:
    platform.faults.often(1.0, faults.conflict(), "getUpdates")
    assert (await served.refused("getUpdates")).startswith("409 Conflict: terminated by other getUpdates")
    platform.faults.stop()
    assert await served.call("getUpdates") == []


# -- limits ----------------------------------------------------------------------------------------------------


async def test_a_second_message_within_a_second_is_429_and_noted(
    served: Client, anna: Resident, platform: Platform
) -> None:
    await send(served, anna)
    answer = await send(served, anna)
    assert answer.json() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1},
    }
    assert answer.headers["retry-after"] == "1"
    assert [violation.rule for violation in platform.violations] == ["1 a second in a chat"]
    assert len(anna.heard) == 1


def test_where_we_are_late_ourselves_a_pause_is_heard_later() -> None:
    rates = Rates(Limits(grace=0.05))
    rates.pause(1, now=10.0, seconds=2)
    rates.late.append((10.3, 0.1))
    waits = [rates.paused(1, 5, "sendmessage", begun) for begun in (10.4, 10.6)]
    assert waits == [2, 2]
    assert [violation.at for violation in rates.violations] == [10.6]


async def test_nothing_may_be_sent_while_a_429_lasts(served: Client, anna: Resident, platform: Platform) -> None:
    paul = platform.resident(served.bot, "Paul")
    paul.starts()
    platform.limits.grace, platform.rates.late = 0.0, deque(maxlen=0)
    platform.faults.script(faults.wait(30))
    assert (await send(served, anna)).status_code == 429
    assert (await send(served, paul)).status_code == 429
    assert (await served.answer("getUpdates")).status_code == 200
    [violation] = platform.violations
    assert (violation.rule, violation.chat) == ("during a pause", paul.chat.id)
    assert 0 < violation.by <= 30


def test_a_pause_begins_once_it_was_told_and_ends_when_it_said() -> None:
    rates = Rates(Limits(grace=0.05))
    rates.pause(1, now=10.0, seconds=2)
    waits = [rates.paused(1, 5, "sendmessage", begun) for begun in (9.9, 10.02, 10.5, 12.0)]
    assert waits == [None, 2, 2, None]
    assert rates.paused(2, 5, "sendmessage", 10.5) is None
    [violation] = rates.violations
    assert (violation.at, violation.by) == (10.5, 1.5)


async def test_a_call_that_was_under_way_when_the_429_left_is_no_violation(
    served: Client, anna: Resident, platform: Platform
) -> None:
    paul = platform.resident(served.bot, "Paul")
    paul.starts()
    platform.faults.script(faults.slow(0.3), chat=paul.chat.id)
    under_way = asyncio.create_task(send(served, paul))
    await asyncio.sleep(0.1)
    platform.faults.script(faults.wait(2), chat=anna.chat.id)
    assert (await send(served, anna)).status_code == 429
    assert (await under_way).status_code == 200
    assert platform.violations == []


def told(limits: Limits, *calls: tuple[int, float]) -> list[Any]:
    """What sends to (chat, at second) are told, and the rules that were broken."""
    rates = Rates(limits)
    waits = [rates.send(1, chat, "sendmessage", at) for chat, at in calls]
    return [waits, [violation.rule for violation in rates.violations]]


def test_thirty_a_second_are_counted_in_a_window_that_slides() -> None:
    sends = [(chat, 0.9 + chat * 0.005) for chat in range(1, 31)]
    assert told(Limits(), *sends, (31, 1.5)) == [[*[None] * 30, 1], ["30 a second"]]
    assert told(Limits(), *sends, (31, 1.9)) == [[None] * 31, []]


def test_the_slack_forgives_what_a_busy_machine_does() -> None:
    assert told(Limits(), (1, 0.0), (1, 0.96)) == [[None, None], []]
    assert told(Limits(slack=0.0), (1, 0.0), (1, 0.96)) == [[None, 1], ["1 a second in a chat"]]


def test_a_group_takes_twenty_a_minute() -> None:
    sends = [(-5, 2.0 * number) for number in range(21)]
    assert told(Limits(), *sends) == [[*[None] * 20, 20], ["20 a minute"]]
    assert told(Limits(), *[(5, at) for _, at in sends]) == [[None] * 21, []]


def test_what_is_paid_for_leaves_at_a_thousand_a_second_and_costs_beyond_the_free_ones() -> None:
    rates = Rates(Limits())
    waits = [rates.send(1, chat, "sendmessage", 5 + chat / 10_000, paid=True) for chat in range(1, 1002)]
    assert (waits[:1000], waits[1000]) == ([None] * 1000, 1)
    assert rates.charged == {1: 970}
    assert rates.send(1, 5_000, "sendmessage", 7.0) is None, "others are free"
    assert rates.charged == {1: 970}


def test_who_is_not_told_is_noted_all_the_same() -> None:
    assert told(Limits(told=False), (1, 0.0), (1, 0.1)) == [[None, None], ["1 a second in a chat"]]


def test_the_busiest_second_is_found() -> None:
    assert busiest([0.0, 0.5, 0.9, 1.4, 3.0]) == 3
    assert busiest([]) == 0
