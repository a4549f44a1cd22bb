"""Broadcasts: written, sent, held, called off and counted, through the real courier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot import broadcasting, taking_back
from bot.channels import Outgoing, Refused, Uncertain, Unreachable
from storage import broadcast_figures, broadcast_rows, broadcasts, erasure, retention
from storage.broadcast_figures import Figures
from storage.broadcasts import Broadcast, Content, NotNow
from storage.database import Database
from storage.models import Delivery, Participant, Space
from tests.bot.town import STREET, Street, Town, town

MONDAY_NOON = datetime(2027, 3, 8, 11, tzinfo=UTC)
WORDS = {"fr": "La mairie demande votre avis.", "en": "The town asks for your opinion."}


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url) as found:
        await found.begin("ada", "ben", "cleo", "dan")
        found.now = MONDAY_NOON
        yield found


async def written(house: Town, **more: Any) -> Broadcast:
    """A draft whose button leads into the phase."""
    async with house.database.write() as connection:
        return await broadcasts.write(
            connection, house.space_id, Content(WORDS, house.phase_id, **more), None, house.now
        )


async def planned(house: Town, **more: Any) -> Broadcast:
    one = await written(house, **more)
    async with house.database.write() as connection:
        await broadcasts.plan(connection, one.ref, None, "Europe/Paris", house.now)
    return one


async def sent(house: Town, **more: Any) -> Broadcast:
    """One that has left as far as it can."""
    one = await planned(house, **more)
    await goes_on(house)
    return one


async def goes_on(house: Town) -> None:
    for _ in range(2):
        await broadcasting.go_on(house.database, house.courier.channels, house.now)
        await house.deliver()


async def now(house: Town, one: Broadcast) -> Broadcast:
    async with house.database.read() as connection:
        found = await broadcasts.find(connection, one.ref)
    assert found is not None
    return found


async def counted(house: Town, one: Broadcast) -> Figures:
    async with house.database.read() as connection:
        found = await broadcasts.find(connection, one.ref)
        assert found is not None
        figures = await broadcast_figures.figures(connection, found)
    assert sum(figures.parts) == figures.recipients
    return figures


async def set_person(house: Town, number: int, **values: Any) -> int:
    people = await house.rows(Participant.id)
    async with house.database.write() as connection:
        await connection.execute(update(Participant).where(Participant.id == people[number]).values(**values))
    return int(people[number])


async def test_everybody_gets_it_once_in_their_language_with_its_button(house: Town) -> None:
    await set_person(house, 1, language="fr")
    one = await sent(house)
    ada, ben = house.last("ada"), house.last("ben")
    assert [line.text for line in ada.lines] == [
        WORDS["en"],
        "From the town hall. To receive nothing more, write “stop”.",
    ]
    assert ben.lines[0].text == WORDS["fr"]
    assert [button.label for button in ada.buttons] == ["The centre"]
    assert len(house.street.sent) == 4
    assert (await now(house, one)).state == "sent"
    assert (await counted(house, one)).sent == 4


async def test_a_language_that_is_not_written_is_read_in_another(house: Town) -> None:
    one = await written(house)
    async with house.database.write() as connection:
        await broadcasts.change(connection, one.ref, Content({"fr": "Votre avis ?"}, button={"fr": "Répondre"}))
        await broadcasts.plan(connection, one.ref, None, "Europe/Paris", house.now)
    await goes_on(house)
    assert house.last("ada").lines[0].text == "Votre avis ?"
    assert house.last("ada").buttons == ()


async def test_it_leaves_at_its_wall_time_and_not_before(house: Town) -> None:
    one = await written(house)
    async with house.database.write() as connection:
        due = await broadcasts.plan(connection, one.ref, "2027-03-09T10:30", "Europe/Paris", house.now)
    assert due == datetime(2027, 3, 9, 9, 30, tzinfo=UTC)
    house.now = due - timedelta(minutes=1)
    await goes_on(house)
    assert house.street.sent == []
    house.now = due
    await goes_on(house)
    assert len(house.street.sent) == 4


async def test_who_wants_nothing_cannot_be_reached_or_had_enough_is_left_out_and_counted(house: Town) -> None:
    await set_person(house, 0, stopped_at=house.now)
    house.street.trouble = blocked("ben")
    first = await sent(house)
    house.street.trouble = None
    assert (await now(house, first)).left_out == {"stopped": 1}
    assert (await counted(house, first)).failures == {"blocked": 1}
    async with house.database.write() as connection:
        await connection.execute(update(Space).values(cap=1))
    second = await sent(house)
    assert (await now(house, second)).left_out == {"stopped": 1, "unreachable": 1, "enough": 2}
    house.now += timedelta(days=31)
    third = await sent(house)
    assert (await counted(house, third)).recipients == 2


def blocked(*senders: str) -> Any:
    async def trouble(outgoing: Outgoing) -> None:
        if outgoing.sender in senders:
            raise Unreachable("blocked")

    return trouble


async def test_what_people_asked_for_is_not_held_back_by_the_ceiling(house: Town) -> None:
    async with house.database.write() as connection:
        await connection.execute(update(Space).values(cap=0))
    assert (await counted(house, await sent(house))).recipients == 0
    assert (await counted(house, await sent(house, unasked=False))).recipients == 4


async def test_a_door_by_which_nobody_is_written_to_first_is_left_out(house: Town) -> None:
    one = await planned(house)
    await broadcasting.go_on(house.database, {"street": Street(replace(STREET, writes_first=False))}, house.now)
    assert (await now(house, one)).left_out == {"silent": 4}


async def test_who_stops_after_it_was_queued_gets_nothing(house: Town) -> None:
    one = await planned(house)
    await broadcasting.go_on(house.database, house.courier.channels, house.now)
    await set_person(house, 2, stopped_at=house.now)
    await house.deliver()
    assert (await counted(house, one)).stopped == 1
    assert len(house.street.sent) == 3


async def test_a_pause_holds_what_is_on_its_way_and_a_resume_lets_it_go(house: Town) -> None:
    one = await planned(house)
    await broadcasting.go_on(house.database, house.courier.channels, house.now)
    async with house.database.write() as connection:
        await broadcasts.pause(connection, one.ref)
    await house.deliver()
    assert house.street.sent == []
    await goes_on(house)
    assert set(await house.rows(Delivery.state, cause=one.cause)) == {"paused"}
    async with house.database.write() as connection:
        await broadcasts.resume(connection, one.ref)
    await goes_on(house)
    assert len(house.street.sent) == 4
    assert (await now(house, one)).state == "sent"


async def test_cancelled_midway_what_has_left_counts_and_the_rest_never_leaves(house: Town) -> None:
    one = await planned(house)
    async with house.database.write() as connection:
        await broadcasts.begin(connection, [one.ref], house.now)
        assert await broadcast_rows.queue(connection, one, house.now, most=2)
    await house.deliver()
    async with house.database.write() as connection:
        await broadcasts.cancel(connection, one.ref, house.now)
    await goes_on(house)
    found = await now(house, one)
    assert (found.state, found.ended_at, found.queued) == ("cancelled", house.now, 2)
    assert (await counted(house, one)).sent == 2


async def test_a_planned_one_is_called_off_before_anything_leaves(house: Town) -> None:
    one = await planned(house)
    async with house.database.write() as connection:
        await broadcasts.cancel(connection, one.ref, house.now)
    await goes_on(house)
    assert house.street.sent == []


async def test_what_somebody_else_did_first_is_not_done_again(house: Town) -> None:
    one = await planned(house)
    async with house.database.write() as connection:
        assert await broadcasts.begin(connection, [one.ref, one.ref], house.now) == [True, False]
        await broadcasts.pause(connection, one.ref)
        for verb in (broadcasts.pause, broadcasts.unplan, broadcasts.discard):
            with pytest.raises(NotNow):
                await verb(connection, one.ref)
        await broadcasts.resume(connection, one.ref)
        with pytest.raises(NotNow):
            await broadcasts.change(connection, one.ref, Content({"en": "Too late"}))


async def test_it_goes_on_after_a_kill_where_it_stood(house: Town) -> None:
    one = await planned(house)
    async with house.database.write() as connection:
        await broadcasts.begin(connection, [one.ref], house.now)
        assert await broadcast_rows.queue(connection, one, house.now, most=1)
    async with house.database.write() as connection:
        assert await broadcast_rows.queue(connection, one, house.now, most=2)
        await connection.rollback()  # killed before the commit
    assert (await now(house, one)).queued == 1
    await goes_on(house)
    assert (await now(house, one)).queued == 4
    assert sorted(item.sender for item in house.street.sent) == ["ada", "ben", "cleo", "dan"]


async def test_it_does_not_lead_into_a_phase_that_is_over(house: Town) -> None:
    one = await planned(house)
    await broadcasting.go_on(house.database, house.courier.channels, house.now)
    async with house.database.write() as connection:
        await connection.exec_driver_sql("UPDATE phases SET state = 'closed'")
    await house.deliver()
    assert house.street.sent == []
    assert (await counted(house, one)).called_off == 4


async def test_what_may_have_arrived_is_held_until_somebody_decides(house: Town) -> None:
    async def lost(outgoing: Outgoing) -> None:
        if outgoing.sender in ("ada", "ben"):
            raise Uncertain

    house.street.trouble = lost
    one = await sent(house)
    assert ((await counted(house, one)).held, (await now(house, one)).state) == (2, "sent")
    house.street.trouble = None
    async with house.database.write() as connection:
        assert await broadcasts.release(connection, await now_in(connection, one), house.now) == 2
        assert await broadcasts.give_up(connection, one) == 0
    await goes_on(house)
    assert ((await counted(house, one)).sent, (await now(house, one)).state) == (4, "sent")


async def now_in(connection: Any, one: Broadcast) -> Broadcast:
    found = await broadcasts.find(connection, one.ref)
    assert found is not None
    return found


async def test_what_is_given_up_has_failed_and_what_was_refused_says_so(house: Town) -> None:
    async def refused(outgoing: Outgoing) -> None:
        raise Refused("Bad Request") if outgoing.sender == "ada" else Uncertain

    house.street.trouble = refused
    one = await sent(house)
    async with house.database.write() as connection:
        assert await broadcasts.give_up(connection, one) == 3
    assert (await counted(house, one)).failures == {"Bad Request": 1, "given up": 3}


async def test_who_pressed_its_button_and_took_part_is_counted(database_url: str) -> None:
    async with town(database_url) as house:
        await house.begin("ada", "ben", "cleo")
        house.now = MONDAY_NOON
        one = await sent(house)
        await house.hears("ada", tap=house.tap("ada", "The centre"))
        await house.hears("ben", tap=house.tap("ben", "The centre"))
        async with house.database.write() as connection:
            [ada, *_] = await house.rows(Participant.id)
            await connection.exec_driver_sql(
                f"UPDATE conversations SET sent_at = heard_at WHERE participant_id = {ada}"
            )
        figures = await counted(house, one)
        assert (figures.clicked, figures.took_part) == (2, 1)


async def test_who_was_erased_is_counted_as_nobody_in_particular(house: Town) -> None:
    one = await sent(house)
    [ada, *_] = await house.rows(Participant.id)
    async with house.database.write() as connection:
        await erasure.erase(connection, [(house.space_id, ada, house.now.isoformat())])
    figures = await counted(house, one)
    assert (figures.recipients, figures.sent, figures.erased) == (4, 3, 1)


async def test_its_figures_outlive_its_deliveries_and_the_ceiling_still_counts_them(house: Town) -> None:
    one = await sent(house)
    for _ in range(2):
        await sent(house, unasked=False)
    before = await counted(house, one)
    async with house.database.write() as connection:
        await connection.execute(update(Space).values(cap=1))
    house.now += timedelta(days=10)
    await forgets(house)
    assert set(await house.rows(Delivery.body, cause=one.cause)) == {""}
    assert await counted(house, await sent(house)) == await counted(house, await sent(house))
    house.now += timedelta(days=31)
    await forgets(house)
    assert await house.rows(Delivery.id, cause=one.cause) == []
    assert await counted(house, one) == before


async def forgets(house: Town) -> None:
    async with house.database.write() as connection:
        await retention.forget(connection, texts_before=house.now - timedelta(days=5), now=house.now)


async def test_it_is_taken_back_where_the_platform_can_and_counted_where_it_cannot(house: Town) -> None:
    one = await sent(house)
    house.street.clings = {"ben"}
    async with house.database.write() as connection:
        await broadcasts.take_back(connection, one.ref, house.now)
    with pytest.raises(NotNow):
        async with house.database.write() as connection:
            await broadcasts.take_back(connection, one.ref, house.now)
    for _ in range(2):
        await taking_back.go_on(house.database, house.courier.channels, house.now)
    figures = await counted(house, one)
    assert (figures.undone, figures.sent, (await now(house, one)).undone_to) == (3, 1, None)
    assert sorted(house.street.taken_back) == ["ada", "cleo", "dan"]


async def test_taking_back_midway_stops_the_rest_and_waits_for_what_is_on_the_wire(house: Town) -> None:
    one = await planned(house)
    async with house.database.write() as connection:
        await broadcasts.begin(connection, [one.ref], house.now)
        await broadcast_rows.queue(connection, one, house.now, most=3)
    await house.courier.round()
    async with house.database.write() as connection:
        await broadcasts.take_back(connection, one.ref, house.now)
    await taking_back.go_on(house.database, house.courier.channels, house.now)
    assert house.street.taken_back == []
    await goes_on(house)
    await taking_back.go_on(house.database, house.courier.channels, house.now)
    figures = await counted(house, one)
    assert (figures.undone, figures.recipients, (await now(house, one)).state) == (3, 3, "cancelled")


async def test_whoever_comes_with_its_code_is_sent_it_as_a_test_as_often_as_they_come(house: Town) -> None:
    one = await written(house)
    for _ in range(2):
        lines = await house.hears("ada", code=one.test_code)
        assert lines[0] == "This is only for you: a message to many, as the others will get it."
        assert WORDS["en"] in lines
    assert WORDS["en"] in await house.hears("new here", code=one.test_code)
    assert (await counted(house, one)).recipients == 0
    await house.hears("ada", tap=house.tap("ada", "The centre"))
    assert (await counted(house, one)).clicked == 0


async def test_a_code_that_is_nobodys_is_not_known(house: Town) -> None:
    assert "I don’t know this code." in (await house.hears("ada", code="test-0123456789abcdef"))[0]


async def test_two_houses_and_two_organisers_at_once_do_everything_once(database_url: str) -> None:
    async with town(database_url) as house:
        await house.begin(*(f"p{number}" for number in range(30)))
        house.now = MONDAY_NOON
        first, second = [await planned(house) for _number in range(2)]
        async with house.database.write() as connection:
            await connection.execute(update(Space).values(cap=1))
        other = Database(database_url)
        try:
            houses = [broadcasting.go_on(one, house.courier.channels, house.now) for one in (house.database, other)]
            pressed = [press(one, first) for one in (house.database, other)]
            await asyncio.gather(*houses, *pressed)
        finally:
            await other.close()
        await goes_on(house)
        found = [await now(house, one) for one in (first, second)]
        assert sum(one.queued for one in found) == 30  # nobody gets more than the ceiling of the month
        assert sum(one.left_out.get("enough", 0) for one in found) == 30


async def press(database: Database, one: Broadcast) -> bool:
    """Whether this press was the one that counted."""
    try:
        async with database.write() as connection:
            await broadcasts.pause(connection, one.ref)
            await broadcasts.resume(connection, one.ref)
    except NotNow:
        return False
    return True
