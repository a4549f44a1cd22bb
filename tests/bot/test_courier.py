"""The way out: in order, once where a channel allows it, and what becomes of a delivery that did not leave."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.abandoned import my_name
from bot.channels import Outgoing, Refused, TryLater, Uncertain, Unreachable
from bot.courier import Courier
from bot.sending import MOST_DOUBTS, MOST_TRIES
from flows.messages import Line, Media, Message
from flows.rendering import Capabilities
from storage import files, outbox
from storage.files import File
from storage.models import Address, Delivery, Phase
from storage.outbox import NewDelivery
from tests.bot.town import Street, Town, town

LANE = outbox.LaneKey("street", "montaubry")


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url) as found:
        await found.begin("ada")
        yield found


async def put(house: Town, *said: str | Message, kind: str = "reply", sender: str = "ada") -> None:
    """Deliveries to this person, in this order."""
    [participant] = await house.rows(Address.participant_id, sender=sender)
    messages = [Message((Line(one),)) if isinstance(one, str) else one for one in said]
    new = [NewDelivery(house.space_id, participant, None, kind, one.pack(), house.now) for one in messages]
    async with house.database.write() as connection:
        await outbox.put(connection, new)


async def states(house: Town) -> list[str]:
    """Of the deliveries put by the test; `begin` left three that were sent."""
    return (await house.rows(Delivery.state))[3:]


class Trouble:
    """A channel's trouble: raises these in turn, then nothing."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.tried: list[str] = []

    async def __call__(self, outgoing: Outgoing) -> None:
        self.tried.append(outgoing.message.lines[0].text)
        if self.errors:
            raise self.errors.pop(0)


async def test_a_channel_is_handed_the_bytes_of_what_a_prompt_shows_when_it_asks_for_them(house: Town) -> None:
    square, photo = File(b"the square", "image/png"), File(b"somebody's street", "image/jpeg")
    media = [Media("picture", files.reference_of(file.content), "A picture.") for file in (square, photo)]
    async with house.database.write() as connection:
        for file in (square, photo):
            await files.put(connection, house.space_id, files.reference_of(file.content), file, house.now)
        shown = {"media": {"kind": "picture", "address": media[0].address}}
        await connection.execute(update(Phase).values(settings=shown))
    for one in (*media, Media("video", "https://film.example/a", "A film."), None):
        await put(house, Message((Line("Look"),), media=one))
    await house.deliver()
    assert [await outgoing.file() for outgoing in house.street.sent] == [square, None, None, None]


async def test_deliveries_leave_in_their_order_with_a_key_of_their_own(house: Town) -> None:
    await put(house, "one", "two", "three")
    await house.deliver()
    assert house.street.texts() == ["one", "two", "three"]
    assert len({item.key for item in house.street.sent}) == 3
    assert (await house.rows(Delivery.external))[3:] == ["street-1", "street-2", "street-3"]


async def test_a_channel_that_asks_to_wait_is_asked_later_and_what_follows_waits_too(house: Town) -> None:
    house.street.trouble = trouble = Trouble(TryLater(timedelta(seconds=30)))
    await put(house, "one", "two")
    await house.deliver()
    house.later(seconds=29)
    await house.deliver()
    assert trouble.tried == ["one"]
    house.later(seconds=2)
    await house.deliver()
    assert house.street.texts() == ["one", "two"]


async def test_what_comes_while_an_elder_waits_does_not_overtake_it(house: Town) -> None:
    house.street.trouble = Trouble(TryLater(timedelta(seconds=30)))
    await put(house, "one")
    await house.deliver()
    await put(house, "two")
    await house.deliver()
    assert house.street.texts() == []
    house.later(minutes=1)
    await house.deliver()
    assert house.street.texts() == ["one", "two"]


async def test_other_people_do_not_wait_for_one(house: Town) -> None:
    await house.begin("bob")
    house.street.trouble = Trouble(TryLater(timedelta(hours=1)))
    await put(house, "for ada")
    await put(house, "for bob", sender="bob")
    await house.deliver()
    assert house.street.texts() == ["for bob"]


async def waits_for_an_elder(house: Town) -> None:
    house.street.trouble = Trouble(TryLater(timedelta(hours=1)))
    await put(house, "one")
    await house.deliver()
    await put(house, "two")


async def waits_for_another_house(house: Town) -> None:
    await put(house, "one")
    async with house.database.write() as connection:
        await connection.execute(update(Delivery).where(Delivery.state == "waiting").values(lane="elsewhere:account"))


@pytest.mark.parametrize("waits", [waits_for_an_elder, waits_for_another_house])
async def test_what_cannot_leave_keeps_no_courier_busy(
    house: Town, waits: Callable[[Town], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_given: object, **_named: object) -> None:
        raise AssertionError("a courier that has nothing to take asks for the writer")

    await waits(house)
    monkeypatch.setattr(outbox, "claim", busy)
    assert await house.courier.deliver() == 0


async def test_a_channel_that_is_away_for_half_a_day_loses_nothing_and_is_given_up_at_last(house: Town) -> None:
    house.street.trouble = trouble = Trouble(*[TryLater(timedelta(0))] * (MOST_TRIES - 1))
    await put(house, "one")
    began = house.now
    for _attempt in range(MOST_TRIES):
        await house.deliver()
        house.later(hours=1)
    assert house.street.texts() == ["one"]
    assert house.now - began > timedelta(hours=12)
    trouble.errors = [TryLater(timedelta(0))] * (MOST_TRIES + 1)
    await put(house, "two")
    for _attempt in range(MOST_TRIES + 2):
        await house.deliver()
        house.later(hours=1)
    assert (await states(house))[-1] == "failed"


async def test_what_a_platform_refuses_is_our_fault_and_others_go_on(house: Town) -> None:
    house.street.trouble = Trouble(Refused("too long"))
    await put(house, "one", "two")
    await house.deliver()
    assert house.street.texts() == ["two"]
    assert await house.rows(Delivery.state, Delivery.error, state="failed") == [("failed", "too long")]


async def test_whoever_blocked_us_is_not_written_to_until_they_write_again(house: Town) -> None:
    house.street.trouble = trouble = Trouble(Unreachable("blocked"))
    await put(house, "one", "two")
    await house.deliver()
    assert await states(house) == ["failed", "failed"]
    assert await house.rows(Address.unreachable) == ["blocked"]
    await put(house, "three", kind="broadcast")
    await house.deliver()
    assert trouble.tried == ["one"]
    assert await house.rows(Delivery.error, state="failed") == ["blocked"] * 3
    assert await house.hears("ada", "benches") == ["Noted: benches.", "Question 2?"]
    assert await house.rows(Address.unreachable) == [None]


async def test_an_uncertain_reply_is_sent_again(house: Town) -> None:
    house.street.trouble = trouble = Trouble(Uncertain())
    await put(house, "one", "two")
    await house.deliver()
    house.later(minutes=1)
    await house.deliver()
    assert trouble.tried == ["one", "one", "two"]
    assert house.street.texts() == ["one", "two"]


async def test_an_uncertain_broadcast_is_held_and_shown(house: Town) -> None:
    house.street.trouble = Trouble(Uncertain())
    await put(house, "a broadcast", kind="broadcast")
    await house.deliver()
    house.later(hours=1)
    await house.deliver()
    assert house.street.texts() == []
    assert await states(house) == ["held"]


async def test_a_channel_that_can_repeat_safely_repeats_everything_under_the_same_key(database_url: str) -> None:
    async with town(database_url) as house:
        await house.begin("ada")
        house.street.capabilities = Capabilities("street", safe_again=True)
        keys: list[str] = []

        async def cut_off(outgoing: Outgoing) -> None:
            keys.append(outgoing.key)
            if len(keys) == 1:
                raise Uncertain

        house.street.trouble = cut_off
        await put(house, "a broadcast", kind="broadcast")
        await house.deliver()
        house.later(minutes=1)
        await house.deliver()
        assert keys[0] == keys[1]
        assert house.street.texts() == ["a broadcast"]


async def test_nobody_is_written_to_for_ever_when_nothing_is_certain(house: Town) -> None:
    house.street.trouble = trouble = Trouble(*[Uncertain()] * 100)
    await put(house, "one")
    for _attempt in range(20):
        await house.deliver()
        house.later(hours=1)
    assert len(trouble.tried) == MOST_DOUBTS
    assert await states(house) == ["failed"]


async def test_a_channel_that_breaks_is_uncertain(house: Town) -> None:
    house.street.trouble = Trouble(RuntimeError("a bug in a channel"))
    await put(house, "one")
    await house.deliver()
    house.later(minutes=1)
    await house.deliver()
    assert house.street.texts() == ["one"]


async def test_a_body_nobody_can_read_does_not_stop_the_others(house: Town) -> None:
    [participant] = await house.rows(Address.participant_id)
    async with house.database.write() as connection:
        await outbox.put(connection, [NewDelivery(house.space_id, participant, None, "reply", "{", house.now)])
    await put(house, "two")
    await house.deliver()
    assert house.street.texts() == ["two"]
    assert await states(house) == ["failed", "sent"]


# -- crashes ------------------------------------------------------------------------------------------------


async def claimed_by_the_dead(house: Town, name: str, *, kind: str = "reply") -> None:
    """A courier of this name takes a delivery and is heard of no more."""
    await put(house, "one", kind=kind)
    async with house.database.write() as connection:
        assert await outbox.claim(connection, outbox.Wanted(LANE, house.now), name)


def name_of_a_dead_process() -> str:
    process = subprocess.Popen(["true"])
    process.wait()
    return f"{my_name().rpartition(':')[0]}:{process.pid}"


@pytest.mark.parametrize(("kind", "again"), [("reply", True), ("receipt", True), ("broadcast", False)])
async def test_what_a_courier_held_when_it_died_is_sent_again_or_shown(house: Town, kind: str, again: bool) -> None:
    await claimed_by_the_dead(house, name_of_a_dead_process(), kind=kind)
    await house.courier.recover()
    house.later(seconds=3)
    await house.deliver()
    assert house.street.texts() == (["one"] if again else [])
    assert await states(house) == ["sent" if again else "held"]


async def test_what_a_living_courier_holds_is_left_to_it(house: Town) -> None:
    await claimed_by_the_dead(house, f"{my_name().rpartition(':')[0]}:{os.getppid()}")
    await house.courier.recover()
    await house.deliver()
    assert house.street.texts() == []


async def test_a_process_number_that_another_program_took_is_not_believed_for_ever(house: Town) -> None:
    await claimed_by_the_dead(house, f"{my_name().rpartition(':')[0]}:{os.getppid()}")
    house.later(hours=2)
    await house.courier.recover()
    house.later(seconds=3)
    await house.deliver()
    assert house.street.texts() == ["one"]


async def test_a_courier_of_another_machine_is_believed_for_a_while(house: Town) -> None:
    await claimed_by_the_dead(house, "elsewhere:1")
    await house.courier.recover()
    assert await states(house) == ["claimed"]
    house.later(minutes=3)
    await house.courier.recover()
    house.later(seconds=3)
    await house.deliver()
    assert house.street.texts() == ["one"]


async def test_a_courier_does_not_take_back_what_it_is_sending_itself(house: Town) -> None:
    """The house looks for abandoned deliveries every minute, also while a slow channel is at work."""

    async def slow(_outgoing: Outgoing) -> None:
        await house.courier.recover()

    house.street.trouble = slow
    await put(house, "one")
    await house.deliver()
    await house.deliver()
    assert house.street.texts() == ["one"]


async def test_a_restarted_courier_of_the_same_name_takes_up_its_own(house: Town) -> None:
    """In a container the process always has the same number."""
    await claimed_by_the_dead(house, house.courier.name)
    await house.courier.recover(own=True)
    house.later(seconds=3)
    await house.deliver()
    assert house.street.texts() == ["one"]


async def test_two_couriers_side_by_side_send_everything_once_and_in_order(house: Town) -> None:
    people = [f"p{number}" for number in range(12)]
    await house.begin(*people)
    couriers = [Courier(house.database, {"street": house.street}, lambda: house.now, f"elsewhere:{n}") for n in (1, 2)]

    async def yields(_outgoing: Outgoing) -> None:
        await asyncio.sleep(0.002)

    house.street.trouble = yields

    async def fill() -> None:
        for number in range(8):
            for person in people:
                await put(house, f"{number}", sender=person)

    filling = asyncio.create_task(fill())
    while not filling.done() or await outbox_is_full(house):
        await asyncio.gather(*(courier.deliver() for courier in couriers))
    for person in people:
        assert house.street.texts(person) == [str(number) for number in range(8)]


async def outbox_is_full(house: Town) -> bool:
    return bool(set(await house.rows(Delivery.state)) & {"waiting", "claimed"})


async def test_a_courier_takes_only_what_is_for_its_channels_and_its_person(house: Town) -> None:
    await house.begin("bob")
    await put(house, "for ada")
    await put(house, "for bob", sender="bob")
    other, street = Street(), house.street
    assert await Courier(house.database, {"elsewhere": other}, lambda: house.now).deliver() == 0
    alone = Courier(house.database, {"street": street}, lambda: house.now, only=("montaubry", "bob"))
    await alone.deliver()
    assert street.texts() == ["for bob"]


async def test_a_running_courier_is_woken_by_what_reception_keeps(house: Town) -> None:
    sent = asyncio.Event()

    async def ring(_outgoing: Outgoing) -> None:
        sent.set()

    house.street.trouble = ring
    async with house.serving():
        await house.reception.receive(house.incoming("ada", "benches"))
        async with asyncio.timeout(5):
            await sent.wait()
    assert house.street.texts() == ["Noted: benches.", "Question 2?"]
