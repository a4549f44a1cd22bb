"""What several couriers keep together: whoever comes, stalls or dies, no window of the platform's ever holds more than
its limit, and whatever is free may be used by any of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ledger import Ledger
from bot.pace import MINUTE, SECOND, Place
from flows.rendering import Rates
from tests.bot.post import busiest

SMALL = st.builds(Rates, st.integers(1, 6), st.just(1), st.integers(1, 5), st.just("-"), st.sampled_from([None, 8]))
CHATS = ("1", "2", "3", "4", "-5")


@dataclass
class Send:
    place: Place
    began: float
    ends: float


@dataclass
class Street:
    """A platform, a row, and couriers that come and go."""

    rates: Rates
    chance: random.Random
    now: float = 1_000.0
    row: str = ""
    under_way: dict[str, list[Send]] = field(default_factory=dict)
    seen: list[tuple[float, Place]] = field(default_factory=list)

    def courier(self) -> str:
        """One of five; it joins by sending."""
        return f"courier {self.chance.randrange(5)}"

    def wait(self) -> None:
        self.now += self.chance.choice([0.0, 0.05, 0.3, 1.0, 1.2, 5.0, 61.0])

    def send(self) -> None:
        """A courier claims, and begins at once or after it has stalled."""
        courier, place = self.courier(), (self.chance.choice(CHATS), self.rates.paid is not None and self.coin())
        ledger = Ledger.unpack(self.rates, self.row)
        if ledger.pace(self.now).may_begin(place[0], self.now, paid=place[1]):
            ledger.begin(courier, place)
            began = self.now + self.chance.choice([0.0, 0.0, 3.0])
            self.under_way.setdefault(courier, []).append(Send(place, began, began + self.chance.uniform(0, 2)))
            self.row = ledger.pack(self.now)

    def note(self) -> None:
        """A courier notes what has ended."""
        courier = self.courier()
        ledger = Ledger.unpack(self.rates, self.row)
        for send in [one for one in self.under_way.get(courier, ()) if one.ends <= self.now]:
            self.under_way[courier].remove(send)
            ledger.end(courier, send.place, send.ends)
            self.seen.append((self.chance.uniform(send.began, send.ends), send.place))
        self.row = ledger.pack(self.now)

    def die(self) -> None:
        """A courier dies with what it had on the wire; that may have arrived, and nothing does from then on."""
        courier = self.courier()
        ledger = Ledger.unpack(self.rates, self.row)
        for send in self.under_way.pop(courier, ()):
            if send.began <= self.now:
                self.seen.append((self.chance.uniform(send.began, min(send.ends, self.now)), send.place))
        ledger.is_gone(courier, self.now)
        self.row = ledger.pack(self.now)

    def coin(self) -> bool:
        return self.chance.random() < 0.5

    def times(self, chat: str | None = None, *, free: bool = False) -> list[float]:
        return [at for at, place in self.seen if chat in (None, place[0]) and not (free and place[1])]


@given(SMALL, st.integers(0, 10**6), st.integers(10, 300))
def test_no_window_holds_more_than_its_limit_whoever_comes_stalls_or_dies(rates: Rates, seed: int, steps: int) -> None:
    street = Street(rates, random.Random(seed))
    for _ in range(steps):
        street.chance.choices([street.send, street.note, street.wait, street.die], [10, 5, 3, 1])[0]()
    assert busiest(street.times(free=True), 1.0) <= rates.overall
    assert busiest(street.times(), 1.0) <= (rates.paid or rates.overall)
    for chat in CHATS:
        assert busiest(street.times(chat), 1.0) <= 1
    assert busiest(street.times("-5"), 60.0) <= rates.group


RATES = Rates(overall=3, person=1, group=20, groups="-", paid=10)


def test_who_stalls_holds_the_places_of_what_it_has_claimed_and_no_more() -> None:
    ledger = Ledger(RATES)
    ledger.begin("a", ("1", False))
    assert ledger.pace(5_000.0).free(5_000.0) == 2
    ledger.end("a", ("1", False), 5_000.0)
    assert (ledger.pace(5_000.0).free(5_000.0), ledger.pace(5_002.0).free(5_002.0)) == (2, 3)


def test_what_is_paid_for_leaves_the_places_of_answers_free() -> None:
    ledger = Ledger(RATES)
    for chat in range(7):
        ledger.begin("a", (str(chat), True))
    pace = ledger.pace(1.0)
    assert (pace.free(1.0), pace.free(1.0, paid=True)) == (3, 3)


def test_a_clock_that_is_set_back_silences_nobody_for_longer_than_a_window() -> None:
    ledger = Ledger(RATES)
    for chat in "123":
        ledger.end("a", (chat, False), 5_000.0)
    row = ledger.pack(1_000.0)
    assert Ledger.unpack(RATES, row).pace(1_000.0).free(1_000.0) == 0
    assert Ledger.unpack(RATES, row).pace(1_000.1 + SECOND).free(1_000.1 + SECOND) == 3


@pytest.mark.parametrize(("chat", "lasts"), [("1", SECOND), ("-5", MINUTE)])
def test_the_row_keeps_what_counts_and_nothing_that_is_over(chat: str, lasts: float) -> None:
    ledger = Ledger(RATES)
    ledger.end("a", (chat, False), 100.0)
    ledger.paused_until = 100.5
    assert Ledger.unpack(RATES, ledger.pack(100.0)).paused_until == 100.5
    assert Ledger.unpack(RATES, ledger.pack(99.9 + lasts)).ended == [(100.0, (chat, False))]
    assert Ledger.unpack(RATES, ledger.pack(100.1 + lasts)) == Ledger(RATES)
