"""Days at a post office with several couriers that come, stall and die: together they keep the pace of one."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.channels import Outgoing, TryLater
from bot.courier import Courier
from flows.rendering import Capabilities
from storage import paces
from storage.models import Delivery
from tests.bot.post import Post, busiest, post_office
from tests.bot.test_courier_simulated import ACCOUNTS, RATES, Day, Rough

MOST = 3
"""Couriers beside the first."""


@dataclass
class Office:
    """A post office with several couriers; `asleep` are those that stall."""

    post: Post
    rough: Rough
    chance: random.Random
    asleep: list[Courier] = field(default_factory=list)
    born: int = 0

    def comes(self) -> None:
        self.born += 1
        self.post.others.append(self.post.new_courier(f"c{self.born}", shared=True))

    def stalls(self) -> None:
        """It does no round for a while; what it has on the wire arrives."""
        if self.post.others:
            self.asleep.append(self.post.others.pop(self.chance.randrange(len(self.post.others))))

    def wakes(self) -> None:
        if self.asleep:
            self.post.others.append(self.asleep.pop())

    async def dies(self) -> None:
        """With what it has on the wire, which may or may not have arrived."""
        if not self.post.others:
            return
        gone = self.post.others.pop(self.chance.randrange(len(self.post.others)))
        columns = Delivery.id, Delivery.state, Delivery.claimed_by
        rows = await self.post.states(*columns)
        claimed = {str(id_) for id_, state, by in rows if (state, by) == ("claimed", gone.name)}
        wire = {key: one for key, one in self.rough.on_the_wire.items() if key in claimed}
        self.rough.in_doubt |= claimed
        for key, outgoing in wire.items():
            if self.chance.random() < 0.5 and not any(one.key == key for one in self.rough.sent):
                self.rough.arrive(outgoing)
            self.rough.on_the_wire.pop(key)
        under_way = list(gone._under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        sleepers = self.post.clock.sleepers
        sleepers[:] = sorted(one for one in sleepers if not one[2].done())
        self.post.dead.add(gone.name)

    async def something_happens(self) -> None:
        what = self.chance.random()
        if what < 0.4 and len(self.post.others) < MOST:
            self.comes()
        elif what < 0.55:
            self.stalls()
        elif what < 0.75:
            self.wakes()
        elif what < 0.9:
            await self.dies()
        await self.post.courier.recover()


async def a_day(url: str, seed: int, people: int, seconds: float) -> Day:
    chance = random.Random(seed)
    async with post_office(url, Capabilities("street", rates=RATES)) as post:
        rough = Rough(post.clock, post.platform.capabilities, chance=chance)
        rough.answer = rough.go_wrong
        rough.there = lambda: chance.choice((0.01, 0.05, 0.2)) if chance.random() < 0.98 else 4.0
        rough.back = lambda: chance.choice((0.01, 0.05, 0.2)) if chance.random() < 0.98 else 4.0
        post.platform = rough
        post.courier = post.new_courier(shared=True)
        office, day = Office(post, rough, chance), Day(post, rough, chance)
        for account in ACCOUNTS[:2]:
            await post.comes(*(f"{account}{number}" for number in range(people)), account=account)
        everybody = list(post.people)
        await day.put("broadcast", *everybody)
        end = post.clock.seconds + seconds
        while post.clock.seconds < end:
            await post.passes(chance.uniform(0.05, 0.4))
            await day.somebody_writes(chance.choice(everybody))
            if chance.random() < 0.3:
                await office.something_happens()
        rough.calm = True
        post.others += office.asleep
        for _ in range(30):
            await post.courier.recover()
            await post.passes(20)
            if not set(await post.states()) & {"waiting", "claimed"}:
                break
        assert office.born > 2
        assert post.dead
        day.check_pace(None)
        for account in ACCOUNTS[:2]:
            arrived = [one for one in rough.sent if one.account == account]
            assert busiest([one.at for one in arrived], 1.0) <= RATES.overall
            for chat in {one.chat for one in arrived}:
                assert busiest([one.at for one in arrived if one.chat == chat], 1.0) <= 1
        day.check_order()
        await day.check_nothing_lost_or_doubled()
        return day


async def test_a_day_on_which_couriers_come_stall_and_die(database_url: str) -> None:
    day = await a_day(database_url, 3, people=20, seconds=12)
    assert len(day.rough.sent) > 100


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
async def test_many_days_on_which_couriers_come_stall_and_die(database_url: str, seed: int) -> None:
    await a_day(database_url, 100 + seed, people=60, seconds=60)


def crowd(count: int) -> list[str]:
    return [f"p{number}" for number in range(count)]


@pytest.mark.parametrize("couriers", [1, 4])
async def test_however_many_they_are_all_of_the_rate_is_used(database_url: str, couriers: int) -> None:
    """Of 30 a second, what the time of a send leaves."""
    async with post_office(database_url) as post:
        post.platform.there = post.platform.back = lambda: 0.0
        post.courier = post.new_courier(shared=True)
        post.others = [post.new_courier(f"c{number}", shared=True) for number in range(1, couriers)]
        people = crowd(330)
        await post.comes(*people)
        await post.put(*((chat, "News") for chat in people))
        began = post.clock.seconds
        await post.passes(10.5)
        moments = [one.at for one in post.platform.sent if one.at <= began + 10.009]
        assert len(moments) >= 0.99 * 30 * 10
        assert busiest([one.at for one in post.platform.sent], 1.0) == 30


async def test_one_that_comes_sends_at_once_and_one_that_has_died_is_missed_by_nobody(database_url: str) -> None:
    async with post_office(database_url) as post:
        post.courier = post.new_courier(shared=True)
        people = crowd(400)
        await post.comes(*people)
        await post.put(*((chat, "News") for chat in people), kind="broadcast")
        await post.passes(3)
        first, post.courier = post.courier, post.new_courier("second", shared=True)
        before = len(post.platform.sent)
        for task in first._under_way:
            task.cancel()
        post.clock.sleepers.clear()
        post.dead.add(first.name)
        await post.courier.recover()
        await post.passes(2.2)
        assert len(post.platform.sent) - before >= 2 * 25
        assert busiest([one.at for one in post.platform.sent], 1.0) <= 30


async def test_two_never_write_to_one_person_within_a_second(database_url: str) -> None:
    """An answer overtakes what we begin ourselves, and waits for its second all the same."""
    async with post_office(database_url) as post:
        post.courier = post.new_courier(shared=True)
        post.others = [post.new_courier("second", shared=True)]
        await post.comes("ada")
        post.platform.there = lambda: 0.4
        await post.put(("ada", "News"), kind="broadcast")
        await post.passes(0.1)
        await post.put(("ada", "Noted"), ("ada", "Thanks"))
        await post.passes(6)
        assert sorted(post.platform.texts()) == ["News", "Noted", "Thanks"]
        assert busiest([one.at for one in post.platform.sent], 1.0) == 1


async def test_a_pause_that_one_is_told_binds_all_even_those_that_come_after(database_url: str) -> None:
    async with post_office(database_url) as post:
        post.courier = post.new_courier(shared=True)
        post.others = [post.new_courier("second", shared=True)]
        asked: list[float] = []

        def answer(_outgoing: Outgoing) -> None:
            if not asked:
                asked.append(post.clock.seconds)
                raise TryLater(timedelta(seconds=20), all_of_them=True)

        post.platform.answer = answer
        people = crowd(60)
        await post.comes(*people)
        await post.put(*((chat, "News") for chat in people), kind="broadcast")
        await post.passes(1)
        post.others.append(post.new_courier("third", shared=True))
        before = len(post.platform.sent)
        await post.passes(18.5)
        assert len(post.platform.sent) == before <= 16, "only what was on the wire already"
        await post.passes(5)
        assert len(post.platform.sent) == 60


async def test_answers_are_not_delayed_by_what_several_begin(database_url: str) -> None:
    async with post_office(database_url) as post:
        post.courier = post.new_courier(shared=True)
        post.others = [post.new_courier(f"c{number}", shared=True) for number in range(3)]
        people = crowd(500)
        await post.comes(*people, "ada")
        await post.put(*((chat, "News") for chat in people), kind="broadcast")
        for text in ("first", "second", "third"):
            await post.passes(1.3)
            put = post.clock.seconds
            await post.put(("ada", text))
            await post.passes(0.2)
            assert [one.at - put < 0.1 for one in post.platform.sent if one.text == text] == [True]


async def test_a_courier_that_is_alone_keeps_no_books(tmp_path: object) -> None:
    """On SQLite nobody else sends, and nothing is written about it."""
    async with post_office(f"sqlite+aiosqlite:///{tmp_path}/palabre.db") as post:
        await post.comes("ada")
        await post.put(("ada", "Noted"))
        await post.passes(1)
        assert post.platform.texts() == ["Noted"]
        async with post.database.read() as connection:
            assert await paces.lanes(connection) == []
