"""Lanes: as fast as each platform allows and no faster, answers first, and none waits for another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.channels import Outgoing, TryLater
from bot.lane import AT_ONCE
from bot.metrics import PAUSED, REGISTRY
from flows.rendering import Capabilities
from storage.models import Address, Delivery, Participant
from tests.bot.post import Post, busiest, post_office


@pytest.fixture
async def post(database_url: str) -> AsyncIterator[Post]:
    async with post_office(database_url) as found:
        yield found


def crowd(count: int, begin: str = "p") -> list[str]:
    return [f"{begin}{number}" for number in range(count)]


def once(error: Exception) -> Callable[[Outgoing], None]:
    """The platform answers this, and then that all is well."""
    errors = [error]

    def answer(_outgoing: Outgoing) -> None:
        if errors:
            raise errors.pop()

    return answer


async def test_at_most_thirty_leave_in_any_second_and_hardly_fewer(post: Post) -> None:
    people = crowd(120)
    await post.comes(*people)
    await post.put(*((chat, "Noted") for chat in people))
    began = post.clock.seconds
    await post.passes(4.2)
    assert len(post.platform.sent) == 120
    moments = [one.at for one in post.platform.sent]
    assert busiest(moments, 1.0) == 30
    assert max(moments) - began < 3 * 1.2 + 0.3


async def test_one_person_is_written_to_once_a_second_in_order_while_others_go_on(post: Post) -> None:
    await post.comes("ada", "bob")
    await post.put(*(("ada", str(number)) for number in range(4)), ("bob", "hello"))
    await post.passes(0.1)
    assert sorted(post.platform.texts()) == ["0", "hello"]
    await post.passes(4)
    assert post.platform.texts("ada") == ["0", "1", "2", "3"]
    assert busiest([one.at for one in post.platform.sent if one.chat == "ada"], 1.0) == 1


async def test_a_group_hears_twenty_messages_a_minute(post: Post) -> None:
    await post.comes("-club", "ada")
    await post.put(*(("-club", str(number)) for number in range(25)))
    await post.passes(59)
    assert post.platform.texts("-club") == [str(number) for number in range(20)]
    await post.passes(20)
    assert len(post.platform.sent) == 25
    assert busiest([one.at for one in post.platform.sent], 60.0) == 20


async def test_an_answer_leaves_at_once_though_ten_thousand_others_wait(post: Post) -> None:
    people = crowd(10_000)
    await post.comes(*people, "ada")
    await post.put(*((chat, "News") for chat in people), kind="broadcast")
    for text in ("first", "second", "third"):
        await post.passes(1.3)
        put = post.clock.seconds
        await post.put(("ada", text))
        await post.passes(0.2)
        assert [one.at - put < 0.1 for one in post.platform.sent if one.text == text] == [True]
    assert len(post.platform.sent) > 27 * 3


async def test_many_answers_at_once_wait_for_each_other_and_for_nothing_else(post: Post) -> None:
    people = crowd(2_000)
    await post.comes(*people)
    await post.put(*((chat, "News") for chat in people), kind="broadcast")
    await post.passes(1.3)
    put = post.clock.seconds
    await post.put(*((chat, "Noted") for chat in people[1900:]))
    await post.passes(5)
    assert max(one.at - put for one in post.platform.sent if one.text == "Noted") < 100 / 30 * 1.2 + 1
    assert busiest([one.at for one in post.platform.sent], 1.0) == 30


@pytest.mark.parametrize("kind", ["reply", "receipt", "relay"])
async def test_what_answers_somebody_overtakes_what_we_begin_for_the_same_person(post: Post, kind: str) -> None:
    await post.comes("ada")
    await post.put(("ada", "News"), kind="broadcast")
    await post.put(("ada", "Remember"), kind="reminder")
    await post.put(("ada", "Noted"), kind=kind)
    await post.passes(4)
    assert post.platform.texts() == ["Noted", "News", "Remember"]


async def test_what_we_begin_overtakes_no_answer_that_waits_for_a_later_time(post: Post) -> None:
    await post.comes("ada")
    post.platform.answer = once(TryLater(timedelta(seconds=20)))
    await post.put(("ada", "Noted"))
    await post.passes(1)
    await post.put(("ada", "News"), kind="broadcast")
    await post.passes(10)
    assert post.platform.texts() == []
    await post.passes(15)
    assert post.platform.texts() == ["Noted", "News"]


async def test_an_account_that_is_asked_to_wait_sends_nothing_until_then_and_others_go_on(post: Post) -> None:
    await post.comes(*crowd(60, "p"), account="bot")
    await post.comes(*crowd(60, "q"), account="other")
    post.platform.answer = once(TryLater(timedelta(seconds=5), all_of_them=True))
    await post.put(*((chat, "News") for chat in crowd(60, "p")), kind="broadcast")
    await post.passes(0.07)
    asked = post.clock.seconds
    await post.put(*((chat, "News") for chat in crowd(60, "q")), ("p7", "Noted"))
    await post.passes(10)
    by_bot = [one.at for one in post.platform.sent if one.account == "bot" and one.at > asked]
    assert min(by_bot) > asked + 4.9
    assert min(one.at for one in post.platform.sent if one.account == "other") < asked + 0.1
    assert len({one.key for one in post.platform.sent}) == len(post.platform.sent) == 121


async def test_a_pause_counts_no_try_and_is_counted_in_seconds(post: Post) -> None:
    await post.comes("ada", "bob")
    before = PAUSED.labels("street")._value.get()
    post.platform.answer = once(TryLater(timedelta(hours=3), all_of_them=True))
    await post.put(("ada", "one"), ("bob", "two"), ("ada", "three"))
    await post.passes(1)
    assert post.platform.texts() == ["two"], "it had left before the other was answered"
    rows = await post.states(Delivery.state, Delivery.tries, Delivery.error)
    assert [rows[0], rows[2]] == [("waiting", 0, "lane paused"), ("waiting", 0, None)]
    assert PAUSED.labels("street")._value.get() - before == pytest.approx(10_800, abs=1)
    await post.passes(60)
    assert len(post.platform.sent) == 1
    post.clock.set(post.clock.seconds + 3 * 3600)
    await post.passes(3)
    assert post.platform.texts() == ["two", "one", "three"]


async def test_a_pause_is_known_to_the_house_that_starts_after(post: Post) -> None:
    await post.comes("ada", "bob")
    post.platform.answer = once(TryLater(timedelta(seconds=30), all_of_them=True))
    await post.put(("ada", "one"))
    await post.passes(1)
    post.courier = post.new_courier()
    await post.put(("bob", "two"))
    await post.passes(28)
    assert post.platform.sent == []
    await post.passes(3)
    assert sorted(post.platform.texts()) == ["one", "two"]


async def test_a_house_that_starts_leaves_the_second_to_the_one_before_it(post: Post) -> None:
    people = crowd(60)
    await post.comes(*people)
    await post.put(*((chat, "News") for chat in people), kind="broadcast")
    await post.passes(0.5)
    post.courier = post.new_courier()
    await post.courier.recover(own=True)
    await post.passes(5)
    assert busiest([one.at for one in post.platform.sent], 1.0) <= 30


async def test_a_slow_send_holds_up_neither_the_noting_of_others_nor_their_next_messages(post: Post) -> None:
    await post.comes("slow", *crowd(20))
    post.platform.there = iter([30.0, *[0.03] * 100]).__next__
    await post.put(("slow", "one"))
    await post.put(*((chat, text) for text in ("one", "two") for chat in crowd(20)))
    await post.passes(4)
    states = await post.states()
    assert states.count("sent") == 40
    assert states.count("claimed") == 1
    await post.passes(30)
    assert set(await post.states()) == {"sent"}


async def test_only_a_few_are_under_way_at_once_and_no_more_are_claimed(post: Post) -> None:
    people = crowd(40)
    await post.comes(*people)
    post.platform.there = lambda: 10.0
    await post.put(*((chat, "News") for chat in people))
    await post.passes(5)
    assert (await post.states()).count("claimed") == AT_ONCE


async def test_without_rates_all_leave_at_once_and_each_persons_in_order(database_url: str) -> None:
    async with post_office(database_url, Capabilities("street")) as post:
        people = crowd(70)
        await post.comes(*people)
        await post.put(*((chat, text) for chat in people for text in ("one", "two")))
        await post.passes(0.3)
        assert all(post.platform.texts(chat) == ["one", "two"] for chat in people)


async def test_an_account_that_appears_while_the_house_runs_has_its_lane(post: Post) -> None:
    await post.passes(5)
    await post.comes("ada", account="new")
    await post.put(("ada", "Welcome"))
    await post.passes(0.1)
    assert post.platform.texts() == ["Welcome"]


async def test_what_waits_for_somebody_leaves_where_they_are_now(post: Post) -> None:
    """Whoever changed the address: the lane that comes upon it hands it over."""
    await post.comes("ada", account="old")
    await post.comes("ada-too", account="new")
    await post.put(("ada", "News"), kind="broadcast")
    async with post.database.write() as connection:
        there = await connection.scalar(select(Address.id).where(Address.sender == "ada-too"))
        hers = update(Address).where(Address.id == there).values(participant_id=post.people["ada"])
        await connection.execute(hers)
        moved = update(Participant).where(Participant.id == post.people["ada"]).values(address_id=there)
        await connection.execute(moved)
    await post.passes(0.2)
    assert [(one.account, one.chat) for one in post.platform.sent] == [("new", "ada-too")]


async def test_a_message_of_several_parts_keeps_to_the_pace_as_well(post: Post) -> None:
    whole = post.platform.send

    async def in_three(outgoing: Outgoing) -> str | None:
        for part in range(3):
            if part:
                await outgoing.another()
            await whole(outgoing)
        return None

    post.platform.send = in_three  # type: ignore[method-assign]
    await post.comes("ada")
    await post.put(("ada", "long"), ("ada", "next"))
    await post.passes(8)
    assert post.platform.texts() == ["long"] * 3 + ["next"] * 3
    assert busiest([one.at for one in post.platform.sent], 1.0) == 1


async def test_a_part_that_would_fall_into_a_pause_is_sent_after_it(post: Post) -> None:
    whole, begun = post.platform.send, 0

    async def in_two(outgoing: Outgoing) -> str | None:
        nonlocal begun
        for part in range(begun, 2):
            if part:
                await outgoing.another()
            await whole(outgoing)
            begun += 1
        return None

    post.platform.send = in_two  # type: ignore[method-assign]
    await post.comes("ada", "bob")
    await post.put(("ada", "long"))
    await post.passes(0.05)
    [lane] = post.courier.lanes._open.values()
    lane.pause(timedelta(seconds=20))
    await post.passes(19)
    assert len(post.platform.sent) == 1
    await post.passes(3)
    assert len(post.platform.sent) == 2
    assert await post.states(Delivery.state, Delivery.tries) == [("sent", 1)]


async def test_the_wait_from_the_commit_to_the_send_is_measured_apart_for_answers_and_the_rest(post: Post) -> None:
    def waited(kind: str, what: str) -> float:
        labels = {"channel": "street", "kind": kind}
        return REGISTRY.get_sample_value(f"palabre_outbox_wait_seconds_{what}", labels) or 0.0

    before = [(waited(kind, "count"), waited(kind, "sum")) for kind in ("answer", "bulk")]
    await post.comes("ada")
    await post.put(("ada", "Noted"))
    await post.put(("ada", "News"), kind="broadcast")
    await post.passes(3)
    for kind, (count, total), seconds in zip(("answer", "bulk"), before, (0.0, 1.07), strict=True):
        assert waited(kind, "count") == count + 1
        assert waited(kind, "sum") == pytest.approx(total + seconds, abs=0.05)
