"""What may or may not have arrived: sent again only to who stays silent, and who can't be written to as they were."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels import Moved, Outgoing, Refused, Uncertain, Unreachable
from bot.metrics import BLOCKED, FAILED, UNCERTAIN
from storage.models import Address, Delivery
from tests.bot.post import Post, killed, post_office


@pytest.fixture
async def post(database_url: str) -> AsyncIterator[Post]:
    async with post_office(database_url) as found:
        await found.comes("ada", "bob")
        yield found


class Once:
    """The platform answers with each of these in turn, and then that all is well. With Arrived before it, the message
    has reached the person all the same."""

    def __init__(self, post: Post, *errors: Exception, arrived: bool = False) -> None:
        self.post, self.errors, self.arrived = post, list(errors), arrived

    def __call__(self, outgoing: Outgoing) -> None:
        if self.errors:
            if self.arrived:
                self.post.platform.arrive(outgoing)
            raise self.errors.pop(0)


# -- no answer came --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reply", "receipt"])
async def test_an_answer_in_doubt_is_sent_again_to_who_stays_silent(post: Post, kind: str) -> None:
    post.platform.answer = Once(post, Uncertain())
    await post.put(("ada", "one"), ("ada", "two"), kind=kind)
    await post.passes(24)
    assert post.platform.sent == []
    await post.passes(4)
    assert post.platform.texts() == ["one", "two"]


async def test_an_answer_in_doubt_is_not_sent_again_to_who_writes_and_the_next_leaves_at_once(post: Post) -> None:
    post.platform.answer = Once(post, Uncertain(), arrived=True)
    await post.put(("ada", "Question 2?"), ("ada", "More"))
    await post.passes(5)
    assert post.platform.texts() == ["Question 2?"]
    await post.hears("ada")
    await post.put(("ada", "Question 3?"))
    await post.passes(3)
    assert post.platform.texts() == ["Question 2?", "More", "Question 3?"]
    assert await post.states(Delivery.state, Delivery.error) == [("sent", "uncertain"), ("sent", None), ("sent", None)]


async def test_what_somebody_wrote_before_it_left_says_nothing_of_its_arrival(post: Post) -> None:
    await post.hears("ada")
    await post.hears("bob")
    await post.passes(1)
    post.platform.answer = Once(post, Uncertain())
    await post.put(("ada", "one"))
    await post.passes(30)
    assert post.platform.texts() == ["one"]


@pytest.mark.parametrize("kind", ["relay", "reminder", "broadcast"])
async def test_what_is_no_answer_is_held_when_in_doubt(post: Post, kind: str) -> None:
    post.platform.answer = Once(post, Uncertain())
    await post.put(("ada", "one"), kind=kind)
    await post.passes(120)
    assert post.platform.sent == []
    assert await post.states(Delivery.state, Delivery.error) == [("held", "uncertain")]


async def test_an_answer_that_is_always_in_doubt_is_given_up(post: Post) -> None:
    post.platform.answer = Once(post, *[Uncertain()] * 9, arrived=True)
    await post.put(("ada", "one"))
    await post.passes(300)
    assert post.platform.texts() == ["one"] * 5
    assert await post.states(Delivery.state, Delivery.error) == [("failed", "tried too often")]


# -- the house died --------------------------------------------------------------------------------------------


async def test_what_was_on_the_wire_when_the_house_died_is_sent_again_soon_to_who_stays_silent(post: Post) -> None:
    post.platform.there = lambda: 1.0
    await post.put(("ada", "one"), ("ada", "two"))
    await post.put(("bob", "News"), kind="broadcast")
    await post.passes(0.5)
    await killed(post)
    assert await post.states() == ["waiting", "waiting", "held"]
    post.platform.there = lambda: 0.03
    await post.passes(5.5)
    assert post.platform.texts() == ["one", "two"]


async def test_who_has_their_answer_from_a_house_that_died_and_writes_gets_the_next_one_only(post: Post) -> None:
    post.platform.back = lambda: 1.0
    await post.put(("ada", "Question 2?"))
    await post.passes(0.5)
    assert post.platform.texts() == ["Question 2?"]
    await killed(post)
    await post.passes(1)
    await post.hears("ada")
    await post.put(("ada", "Question 3?"))
    await post.passes(10)
    assert post.platform.texts() == ["Question 2?", "Question 3?"]
    assert set(await post.states()) == {"sent"}


# -- whom nobody can write to as they were -----------------------------------------------------------------------


async def test_what_waits_for_somebody_who_shut_their_door_fails_with_it(post: Post) -> None:
    post.platform.answer = Once(post, Unreachable("blocked"))
    await post.put(("ada", "one"), ("ada", "two"), ("bob", "one"))
    await post.put(("ada", "News"), kind="broadcast")
    await post.passes(5)
    assert post.platform.texts() == ["one"]
    rows = await post.states(Delivery.state, Delivery.error)
    assert sorted(rows, key=str) == [("failed", "blocked")] * 3 + [("sent", None)]


async def test_who_opened_their_door_again_and_wrote_is_not_taken_for_shut(post: Post) -> None:
    post.platform.back = lambda: 2.0
    post.platform.answer = Once(post, Unreachable("blocked"))
    await post.put(("ada", "one"))
    await post.passes(1)
    await post.hears("ada")
    await post.put(("ada", "two"))
    await post.passes(10)
    assert post.platform.texts() == ["one", "two"]


async def test_a_group_that_has_another_id_now_is_written_to_there_at_once(post: Post) -> None:
    post.platform.answer = Once(post, Moved("-100"))
    await post.comes("-1")
    await post.put(("-1", "one"), ("-1", "two"))
    await post.passes(0.3)
    assert [(one.chat, one.text) for one in post.platform.sent] == [("-100", "one")]
    await post.passes(2)
    assert [(one.chat, one.text) for one in post.platform.sent] == [("-100", "one"), ("-100", "two")]


async def test_an_id_that_is_somebody_elses_already_is_left_to_them(post: Post) -> None:
    post.platform.answer = Once(post, Moved("bob"))
    await post.put(("ada", "one"))
    await post.passes(2)
    assert post.platform.sent == []
    async with post.database.read() as connection:
        rows = await connection.execute(Address.__table__.select().order_by(Address.id))
        assert [(row.sender, row.unreachable) for row in rows] == [("ada", "gone"), ("bob", None)]
    assert await post.states(Delivery.state, Delivery.error) == [("failed", "gone")]


async def test_a_platform_that_names_ever_new_ids_is_given_up(post: Post) -> None:
    post.platform.answer = Once(post, *(Moved(f"-{number}") for number in range(100)))
    await post.put(("ada", "one"))
    await post.passes(60)
    assert await post.states(Delivery.state, Delivery.error) == [("failed", "tried too often")]


async def test_blocked_failed_and_uncertain_are_counted_apart(post: Post) -> None:
    await post.comes("eve")
    counters = (BLOCKED, FAILED, UNCERTAIN)
    before = [counter.labels("street")._value.get() for counter in counters]
    post.platform.answer = Once(post, Unreachable("blocked"), Refused("too long"), Uncertain())
    await post.put(("ada", "one"), ("bob", "two"), ("eve", "three"))
    await post.passes(1)
    after = [counter.labels("street")._value.get() for counter in counters]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1]
