"""A code is shown at one door and typed at another; what is known of doors; on both databases."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from storage import addresses, joining, linking, participants, returning
from storage.addresses import Choosing, SeenDoor, ThisDoor, Unlinking
from storage.joining import Joined
from storage.linking import LINK, NewLink, OwnCode, TooManyTries, Typed, UnknownCode
from storage.models import Address, Join, Participant, ReturnCode
from storage.participants import AddressKey
from storage.refusals import Gone, Refusal
from storage.types import new_id
from tests.storage.written import NOW, Written, a_phase, written


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Written]:
    async with written(database_url) as found:
        yield found


async def shown(town: Written, who: int, at: datetime = NOW) -> str:
    [code] = await linking.issue(town.connection, [NewLink(town.space_id, who, at.isoformat())])
    assert isinstance(code, str)
    return code


async def typed(town: Written, who: int, code: str, at: datetime = NOW) -> Any:
    [result] = await linking.redeem(town.connection, [Typed(town.space_id, who, code, at.isoformat())])
    return result


async def door(town: Written, who: int, sender: str = "a", **values: Any) -> int:
    made = new_id()
    row = {"space_id": town.space_id, "id": made, "participant_id": who, "channel": "web", "account": "montaubry"}
    await town.connection.execute(insert(Address).values(**row | {"sender": sender, "created_at": NOW} | values))
    return made


# -- codes -----------------------------------------------------------------------------------------------------------


async def test_a_code_that_is_typed_leaves_word_of_a_join_and_is_used_up(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    code = await shown(town, ada)
    assert re.fullmatch(rf"[{returning.ALPHABET}]{{4}}-[{returning.ALPHABET}]{{4}}", code)
    asked = await typed(town, other, f" {code.lower().replace('-', ' ')} ")
    rows = await town.connection.execute(select(Join.id, Join.into_id, Join.from_id, Join.done_at))
    assert [tuple(row) for row in rows] == [(asked["join"], ada, other, None)]
    assert await linking.waiting(town.connection) == [(town.space_id, asked["join"])]
    assert isinstance(await typed(town, other, code), UnknownCode)


async def test_a_code_lasts_fifteen_minutes_and_a_new_one_takes_its_place(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    old = await shown(town, ada)
    assert isinstance(await typed(town, other, old, NOW + LINK.lasts), UnknownCode)
    new = await shown(town, ada)
    assert isinstance(await typed(town, other, old), UnknownCode)
    assert "join" in await typed(town, other, new)


async def test_only_a_digest_of_a_code_is_kept(town: Written) -> None:
    code = await shown(town, await town.person())
    [row] = (await town.connection.execute(select(ReturnCode))).all()
    assert code not in str(row)
    assert code.replace("-", "") not in str(row)


async def test_ones_own_code_links_nothing_and_can_still_be_typed_elsewhere(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    code = await shown(town, ada)
    assert isinstance(await typed(town, ada, code), OwnCode)
    assert "join" in await typed(town, other, code)


async def test_a_return_code_links_no_door_and_a_link_is_no_return_code(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    [back] = await returning.issue(town.connection, [returning.NewCode(town.space_id, ada, 1, NOW.isoformat())])
    link = await shown(town, ada)
    assert isinstance(await typed(town, other, str(back)), UnknownCode)
    assert await returning.redeem(town.connection, town.space_id, link, NOW) is None
    assert await returning.redeem(town.connection, town.space_id, str(back), NOW) == ada


async def test_a_code_is_unknown_in_another_space(town: Written) -> None:
    elsewhere = await a_phase(town.connection, "rocheval")
    code = await shown(town, await town.person())
    assert isinstance(await typed(elsewhere, await elsewhere.person(), code), UnknownCode)


async def test_whoever_guesses_has_to_wait_and_a_right_code_does_not_help_then(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    code = await shown(town, ada)
    for _ in range(linking.GUESSES.tries):
        assert isinstance(await typed(town, other, "2222-2222"), UnknownCode)
    later, refused = NOW + timedelta(minutes=61), await typed(town, other, code)
    assert isinstance(refused, TooManyTries)
    assert refused.details == {"minutes": 61}
    assert "join" in await typed(town, other, await shown(town, ada, later), later)


async def test_many_who_guess_a_little_each_are_slowed_down_together(town: Written) -> None:
    guessers = [await town.person() for _ in range(linking.GUESSES_IN_SPACE.tries // linking.GUESSES.tries)]
    given = [Typed(town.space_id, who, "2222-2222", NOW.isoformat()) for who in guessers * linking.GUESSES.tries]
    assert {type(one) for one in await linking.redeem(town.connection, given)} == {UnknownCode}
    newcomer = await town.person()
    assert isinstance(await typed(town, newcomer, await shown(town, await town.person())), TooManyTries)
    elsewhere = await a_phase(town.connection, "rocheval")
    assert "join" in await typed(elsewhere, await elsewhere.person(), await shown(elsewhere, await elsewhere.person()))


async def test_nobody_is_linked_by_a_number_or_a_name_that_two_platforms_share(town: Written) -> None:
    """Numbers are recycled. Whoever writes by Signal is known there by the id of their account alone, and the same word
    at another door is somebody else until a code was typed."""
    number = "+33612345678"
    ada = await town.person()
    await door(town, ada, number)
    there = [AddressKey(channel, "montaubry", number) for channel in ("signal", "telegram")]
    assert await participants.find(town.connection, there) == {}


# -- doors -----------------------------------------------------------------------------------------------------------


async def test_the_doors_of_a_person_are_seen_by_themselves_alone(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    web = await door(town, ada, "a")
    phone = await door(town, ada, "b", channel="signal", unreachable="blocked", linked_at=NOW + timedelta(days=1))
    await door(town, other, "c")
    await addresses.choose(town.connection, [Choosing(town.space_id, ada, phone)])
    [seen] = await addresses.doors(town.connection, [(town.space_id, ada)])
    later = (NOW + timedelta(days=1)).isoformat()
    assert seen == [
        SeenDoor(id=web, channel="web", linked=NOW.isoformat(), heard=None, chosen=False, unreachable=None),
        SeenDoor(id=phone, channel="signal", linked=later, heard=None, chosen=True, unreachable="blocked"),
    ]


async def test_nobody_chooses_or_takes_away_the_door_of_somebody_else(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    hers, theirs = await door(town, ada, "a"), await door(town, other, "b")
    [no] = await addresses.choose(town.connection, [Choosing(town.space_id, ada, theirs)])
    [nor] = await addresses.unlink(town.connection, [Unlinking(town.space_id, ada, theirs, hers)])
    assert isinstance(no, Gone)
    assert isinstance(nor, Gone)


async def test_a_door_is_taken_away_from_another_one_and_the_last_one_stays(town: Written) -> None:
    ada = await town.person()
    web, phone = await door(town, ada, "a"), await door(town, ada, "b", channel="signal")
    await addresses.choose(town.connection, [Choosing(town.space_id, ada, phone)])
    await shown(town, ada)
    [this] = await addresses.unlink(town.connection, [Unlinking(town.space_id, ada, web, web)])
    [gone] = await addresses.unlink(town.connection, [Unlinking(town.space_id, ada, phone, web)])
    assert isinstance(this, ThisDoor)
    assert gone is True
    assert (await town.connection.execute(select(Address.id))).scalars().all() == [web]
    assert await town.connection.scalar(select(Participant.chosen_id)) is None
    assert await town.connection.scalar(select(func.count()).select_from(ReturnCode)) == 0


async def test_a_join_moves_the_doors_of_who_typed(town: Written) -> None:
    ada, other = await town.person(), await town.person()
    web, phone = await door(town, ada, "a"), await door(town, other, "b", channel="signal")
    asked = await typed(town, other, await shown(town, ada))
    made = await joining.join(town.connection, town.space_id, asked["join"], NOW)
    assert made == Joined(town.space_id, ada, ())
    [seen] = await addresses.doors(town.connection, [(town.space_id, ada)])
    assert not isinstance(seen, Refusal)
    assert [one["id"] for one in seen] == [web, phone]
    assert (await town.connection.execute(select(Participant.id))).scalars().all() == [ada]
    assert await joining.join(town.connection, town.space_id, asked["join"], NOW) is None
    assert await linking.waiting(town.connection) == []
