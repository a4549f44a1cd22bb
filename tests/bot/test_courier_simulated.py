"""Days at a post office where everything goes wrong: what holds whatever happens.

Three bots, a broadcast under way, people who write at any moment, a platform that asks to wait, loses answers, is slow
or shut by people, and a house that is killed. Seconds are those of a clock that is set, so that a day takes no time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.channels import Outgoing, TryLater, Uncertain, Unreachable
from flows.rendering import Capabilities, Rates
from storage.models import Delivery
from tests.bot.post import Platform, Post, busiest, killed, post_office

RATES = Rates(overall=8, person=1, group=20, groups="-")
"""Low, so that a short day is a busy one."""
ACCOUNTS = ("bot", "other", "third")
ANSWERS = ("reply", "receipt", "relay")


@dataclass
class Rough(Platform):
    """Each send may go wrong, and what went wrong is remembered."""

    chance: random.Random = field(default_factory=random.Random)
    calm: bool = False
    begun: list[tuple[float, str, str]] = field(default_factory=list)
    """When a send left the house, by which account, and which delivery it was."""
    pauses: list[tuple[float, float, str]] = field(default_factory=list)
    in_doubt: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    on_the_wire: dict[str, Outgoing] = field(default_factory=dict)

    async def send(self, outgoing: Outgoing) -> str | None:
        self.begun.append((self.clock.seconds, outgoing.account, outgoing.key))
        self.on_the_wire[outgoing.key] = outgoing
        try:
            return await super().send(outgoing)
        except TryLater as later:
            if later.all_of_them:
                now = self.clock.seconds
                self.pauses.append((now, now + later.after.total_seconds(), outgoing.account))
            raise
        finally:
            self.on_the_wire.pop(outgoing.key, None)

    def go_wrong(self, outgoing: Outgoing) -> None:
        """What the platform answers this time."""
        draw = self.chance.random() * (100 if not self.calm else 0) or 100
        if draw < 1:
            raise TryLater(timedelta(seconds=self.chance.randint(1, 5)), all_of_them=True)
        if draw < 2:
            raise TryLater(timedelta(seconds=self.chance.randint(1, 5)))
        if draw < 3:
            self.left.add(outgoing.sender)
            raise Unreachable("blocked")
        if draw < 5:
            self.in_doubt.add(outgoing.key)
            if draw < 4:
                self.arrive(outgoing)
            raise Uncertain

    def dies_with(self, claimed: set[str]) -> None:
        """The house is killed with these: what was on the wire may or may not arrive."""
        self.in_doubt |= claimed
        for key, outgoing in self.on_the_wire.items():
            if self.chance.random() < 0.5 and not any(one.key == key for one in self.sent):
                self.arrive(outgoing)
        self.on_the_wire.clear()


@dataclass
class Day:
    """What happens at the post office: so many people at each account, so many seconds."""

    post: Post
    rough: Rough
    chance: random.Random
    written: dict[str, tuple[str, str, float]] = field(default_factory=dict)
    """By text: to whom, which kind, and when it was put."""

    async def live(self, people: int, seconds: float, *, kills: int) -> None:
        for account in ACCOUNTS:
            await self.post.comes(*(f"{account}{number}" for number in range(people)), account=account)
        everybody = list(self.post.people)
        for kind in ("broadcast", "reminder"):
            await self.put(kind, *everybody)
        end = self.post.clock.seconds + seconds
        deaths = sorted(self.chance.uniform(self.post.clock.seconds, end) for _ in range(kills))
        while self.post.clock.seconds < end:
            await self.post.passes(self.chance.uniform(0.05, 0.4))
            await self.somebody_writes(self.chance.choice(everybody))
            if deaths and deaths[0] < self.post.clock.seconds:
                deaths.pop(0)
                columns = Delivery.id, Delivery.state
                claimed = {str(id_) for id_, state in await self.post.states(*columns) if state == "claimed"}
                self.rough.dies_with(claimed)
                await killed(self.post)
        self.rough.calm = True
        while set(await self.post.states()) & {"waiting", "claimed"}:
            await self.post.passes(20)

    async def somebody_writes(self, chat: str) -> None:
        await self.post.hears(chat)
        await self.put("reply", *[chat] * self.chance.randint(1, 2))
        if self.chance.random() < 0.2:
            await self.put(self.chance.choice(ANSWERS), self.chance.choice(list(self.post.people)))

    async def put(self, kind: str, *chats: str) -> None:
        told = [(chat, f"{kind} {len(self.written) + number}") for number, chat in enumerate(chats)]
        self.written |= {text: (chat, kind, self.post.clock.seconds) for chat, text in told}
        await self.post.put(*told, kind=kind)

    # -- what must hold ------------------------------------------------------------------------------------------

    def check_pace(self, rates: Rates | None) -> None:
        for account in ACCOUNTS if rates is not None else ():
            arrived = [one for one in self.rough.sent if one.account == account]
            assert busiest([one.at for one in arrived], 1.0) <= RATES.overall
            for chat in {one.chat for one in arrived}:
                assert busiest([one.at for one in arrived if one.chat == chat], 1.0) <= 1
        for since, until, account in self.rough.pauses:
            assert not [at for at, by, _key in self.rough.begun if by == account and since < at < until - 1e-3]

    def check_order(self) -> None:
        """Of all that reached somebody, the first copies stand in the order they were put in: answers, and the rest."""
        for chat in self.post.people:
            for kinds in (ANSWERS, ("broadcast", "reminder")):
                texts = dict.fromkeys(one.text for one in self.rough.sent if one.chat == chat)
                numbers = [int(text.split()[1]) for text in texts if self.written[text][1] in kinds]
                assert numbers == sorted(numbers)

    async def check_nothing_lost_or_doubled(self) -> None:
        keys = [one.key for one in self.rough.sent]
        assert {key for key in keys if keys.count(key) > 1} <= self.rough.in_doubt
        columns = (Delivery.id, Delivery.state, Delivery.error, Delivery.kind, Delivery.participant_id)
        chats = {person: chat for chat, person in self.post.people.items()}
        for id_, state, error, kind, person in await self.post.states(*columns):
            match state, error:
                case "sent", None:
                    assert str(id_) in keys
                case "sent", "uncertain":
                    assert str(id_) in self.rough.in_doubt
                case "held", "uncertain":
                    assert str(id_) in self.rough.in_doubt
                    assert kind not in ("reply", "receipt")
                case "failed", "blocked":
                    assert chats[person] in self.rough.left
                case _:
                    raise AssertionError((state, error))

    def check_answers_do_not_wait(self) -> None:
        first: dict[str, float] = {}
        for one in self.rough.sent:
            first.setdefault(one.text, one.at)
        waits = sorted(
            first[text] - at for text, (_, kind, at) in self.written.items() if kind in ANSWERS if text in first
        )
        assert waits[len(waits) // 2] < 2


async def a_day(url: str, seed: int, people: int, seconds: float, kills: int, rates: Rates | None = RATES) -> Day:
    chance = random.Random(seed)
    async with post_office(url, Capabilities("street", rates=rates)) as post:
        rough = Rough(post.clock, post.platform.capabilities, chance=chance)
        rough.answer = rough.go_wrong
        rough.there = lambda: chance.choice((0.01, 0.05, 0.2)) if chance.random() < 0.99 else 8.0
        rough.back = lambda: chance.choice((0.01, 0.05, 0.2)) if chance.random() < 0.99 else 8.0
        post.platform = rough
        post.courier = post.new_courier()
        day = Day(post, rough, chance)
        await day.live(people, seconds, kills=kills)
        day.check_pace(rates)
        day.check_order()
        await day.check_nothing_lost_or_doubled()
        day.check_answers_do_not_wait()
        return day


async def test_a_rough_day(database_url: str) -> None:
    day = await a_day(database_url, 1, people=40, seconds=25, kills=3)
    assert len(day.rough.sent) > 200
    assert day.rough.pauses
    assert day.rough.left
    assert day.rough.in_doubt


async def test_a_rough_day_without_limits(database_url: str) -> None:
    await a_day(database_url, 2, people=20, seconds=20, kills=2, rates=None)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rates", [RATES, None])
async def test_many_rough_days(database_url: str, seed: int, rates: Rates | None) -> None:
    await a_day(database_url, 10 + seed, people=80, seconds=60, kills=8, rates=rates)
