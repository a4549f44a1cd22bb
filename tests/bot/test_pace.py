"""The pace of an account: whatever is asked of it and however slow the network, no window the platform counts in holds
more than its limit, and nothing waits longer than that takes."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pace import MINUTE, SECOND, Pace
from flows.rendering import Rates

TELEGRAM = Rates(overall=30, person=1, group=20, groups="-")
SMALL = st.builds(Rates, st.integers(1, 6), st.integers(1, 3), st.integers(1, 5), st.just("-"))
"""Limits that a short history reaches."""
CHATS = st.sampled_from(["ada", "bob", "eve", "-group", "-club"])


@dataclass(order=True)
class Send:
    """One that is under way: when it ends, to whom, and when the platform saw it."""

    ends: float
    chat: str = field(compare=False)
    seen: float = field(compare=False)


class Platform:
    """What the platform saw, and when."""

    def __init__(self, rates: Rates) -> None:
        self.rates = rates
        self.pace = Pace(rates, -inf)
        self.now = 0.0
        self.under_way: list[Send] = []
        self.seen: list[tuple[float, str]] = []

    def wait(self, seconds: float) -> None:
        """Time passes; what ends meanwhile ends at its moment."""
        until = self.now + seconds
        while self.under_way and self.under_way[0].ends <= until:
            send = heapq.heappop(self.under_way)
            self.pace.end(send.chat, send.ends)
        self.now = until

    def send(self, chat: str, takes: float, seen_after: float) -> bool:
        """Send to this chat if that may be; the platform sees it after this part of the time it takes."""
        if not self.pace.may_begin(chat, self.now):
            return False
        self.pace.begin(chat)
        seen = self.now + takes * seen_after
        self.seen.append((seen, chat))
        heapq.heappush(self.under_way, Send(self.now + takes, chat, seen))
        return True

    def busiest(self, chat: str | None, length: float) -> int:
        """The most sends in any window of this length, both ends counted: to this chat, or to all."""
        times = sorted(at for at, to in self.seen if chat in (None, to))
        return max((sum(first <= at <= first + length for at in times) for first in times), default=0)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.floats(0, 1.2) | st.sampled_from([1.0, SECOND, 5.0, MINUTE])),
        st.tuples(st.just("send"), CHATS, st.floats(0, 3), st.floats(0, 1)),
    ),
    max_size=120,
)


@given(SMALL, STEPS)
def test_no_window_of_the_platforms_ever_holds_more_than_its_limit(rates: Rates, steps: list[tuple[str, ...]]) -> None:
    platform = Platform(rates)
    for what, *given_ in steps:
        getattr(platform, what)(*given_)
    assert platform.busiest(None, 1.0) <= rates.overall
    for chat in {chat for _at, chat in platform.seen}:
        assert platform.busiest(chat, 1.0) <= rates.person
        if chat.startswith("-"):
            assert platform.busiest(chat, 60.0) <= rates.group


@given(SMALL, STEPS, CHATS)
def test_what_must_wait_may_leave_at_the_moment_that_was_told_and_not_before(
    rates: Rates, steps: list[tuple[str, ...]], chat: str
) -> None:
    platform = Platform(rates)
    for what, *given_ in steps:
        getattr(platform, what)(*given_)
    platform.wait(max((send.ends for send in platform.under_way), default=platform.now) - platform.now)
    opens = platform.pace.opens_at(chat, platform.now)
    assert opens < inf, "nothing is under way that it could depend on"
    before = (platform.now + opens) / 2
    if platform.now < before < opens:
        assert not platform.pace.may_begin(chat, before)
    assert platform.pace.may_begin(chat, opens)


@given(SMALL, STEPS)
def test_room_for_all_and_chats_that_rest_tell_just_what_may_begin(rates: Rates, steps: list[tuple[str, ...]]) -> None:
    platform = Platform(rates)
    for what, *given_ in steps:
        getattr(platform, what)(*given_)
        free, resting = platform.pace.free(platform.now), platform.pace.resting(platform.now)
        for chat in ("ada", "-group", "stranger"):
            assert platform.pace.may_begin(chat, platform.now) == (free > 0 and chat not in resting)
        next_at = platform.pace.next_at(platform.now)
        assert next_at > platform.now
        if next_at < inf and not platform.under_way:
            then = platform.pace.free(next_at), set(platform.pace.resting(next_at))
            assert then[0] > free or then[1] < set(resting), "somebody was woken for nothing"


@given(st.lists(st.floats(0, 0.2), min_size=200, max_size=200))
def test_thirty_a_second_are_all_but_reached(takes: list[float]) -> None:
    """Eight at once to people who are all different: what the windows cost is the time that one send takes."""
    platform, waiting = Platform(TELEGRAM), list(takes)
    while waiting:
        while waiting and len(platform.under_way) < 8 and platform.send(f"p{len(waiting)}", waiting[-1], 0.5):
            waiting.pop()
        ends = min((send.ends for send in platform.under_way), default=inf)
        platform.wait(min(ends, platform.pace.next_at(platform.now)) - platform.now)
    assert platform.now < (len(takes) / 30 - 1) * (SECOND + 0.2) + 8 * 0.2 + 1


def test_in_a_pause_nothing_begins_and_a_shorter_one_ends_none() -> None:
    pace = Pace(TELEGRAM, -inf)
    pace.pause(10.0)
    pace.pause(5.0)
    assert (pace.free(9.9), pace.may_begin("ada", 9.9), pace.next_at(5.0)) == (0, False, 10.0)
    assert (pace.free(10.0), pace.may_begin("ada", 10.0)) == (30, True)


def test_who_sent_before_us_may_have_used_up_a_second() -> None:
    pace = Pace(TELEGRAM, 100.0)
    assert (pace.free(100.5), pace.next_at(100.5)) == (0, 100.0 + SECOND)
    assert pace.free(100.0 + SECOND) == 30


def test_without_rates_there_are_only_pauses() -> None:
    pace = Pace(None, 0.0)
    for _ in range(1000):
        pace.begin("ada")
    assert pace.may_begin("ada", 0.0)
    pace.pause(3.0)
    assert not pace.may_begin("ada", 2.0)
    assert pace.may_begin("ada", 3.0)


@pytest.mark.parametrize("chat", ["ada", "-group"])
def test_a_chat_that_has_rested_is_forgotten(chat: str) -> None:
    pace = Pace(TELEGRAM, -inf)
    pace.begin(chat)
    assert pace.resting(0.0) == [chat]
    pace.end(chat, 1.0)
    assert pace.resting(1.5) == [chat]
    assert pace.resting(1.0 + MINUTE) == []
    assert not pace._chats
