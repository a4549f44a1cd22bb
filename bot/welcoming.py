"""The people behind the messages of a batch; whoever writes for the first time is made welcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.seats import language_of
from flows.messages import Incoming
from storage import outbox, participants
from storage.outbox import LaneKey, Mover
from storage.participants import AddressKey, Person
from storage.phases import SpaceFacts
from storage.types import new_id


async def people(
    connection: AsyncConnection, messages: Sequence[tuple[AddressKey, Incoming, SpaceFacts]], now: datetime
) -> dict[AddressKey, tuple[Person, int]]:
    """The participants behind these messages, and the ids of their addresses; whoever is new, or was erased, becomes a
    new one."""
    found = await participants.find(connection, {key for key, _item, _space in messages})
    new: dict[AddressKey, Person] = {}
    for key, item, space in messages:
        if key in new or (key in found and found[key][0].erased_at is None):
            continue
        language = language_of(item, space)
        if key not in found:
            new[key] = Person(space.id, new_id(), language, None, [], None, None, item.channel, None, fresh=True)
        else:
            person = Person(space.id, new_id(), language, None, [], None, found[key][1], item.channel, None)
            await participants.replace_erased(connection, person, now)
            found[key] = (replace(person, fresh=True), found[key][1])
    return found | await participants.welcome(connection, list(new.items()), now)


async def move(connection: AsyncConnection, heard: Sequence[tuple[AddressKey, Person, int]], now: datetime) -> None:
    """Whoever was heard at another of their doors than last time is there now, and so is what waits for them."""
    came: list[tuple[int, int]] = []
    movers: list[Mover] = []
    for key, person, address_id in heard:
        if person.address_id != address_id:
            person.address_id, person.changed = address_id, True
            came.append((person.space_id, address_id))
            movers.append(Mover(person.space_id, person.id, LaneKey(key.channel, key.account)))
    await participants.arrive(connection, came, now)
    await outbox.follow(connection, movers)
