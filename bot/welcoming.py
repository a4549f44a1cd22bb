"""The people behind the messages of a batch; whoever writes for the first time is made welcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.seats import language_of
from flows.messages import Incoming
from storage import participants
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
