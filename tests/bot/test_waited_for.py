"""What a host may ask before it hands something over: does somebody's talk wait, and is this one of ours?"""

from __future__ import annotations

from storage import conversations
from storage.conversations import is_held
from storage.models import Conversation
from storage.participants import AddressKey
from tests.bot.town import Town, town


async def waits(house: Town, sender: str, account: str = "montaubry", channel: str = "street") -> bool:
    async with house.database.read() as connection:
        return await conversations.waits_for(connection, AddressKey(channel, account, sender))


async def test_who_was_asked_something_is_waited_for_until_it_is_answered(database_url: str) -> None:
    async with town(database_url) as house:
        assert not await waits(house, "ada")
        await house.begin("ada", "bob")
        assert await waits(house, "ada")
        assert not await waits(house, "eve")
        assert not await waits(house, "ada", account="arvelle")
        assert not await waits(house, "ada", channel="web")
        await house.hears("ada", "/stop")
        assert not await waits(house, "ada")
        assert await waits(house, "bob")


async def test_a_conversation_is_held_by_its_own_space(database_url: str) -> None:
    async with town(database_url) as house:
        await house.begin("ada")
        [conversation, *_] = await house.rows(Conversation.id)
        async with house.database.read() as connection:
            assert await is_held(connection, house.space_id, conversation)
            assert not await is_held(connection, house.space_id + 1, conversation)
            assert not await is_held(connection, house.space_id, conversation + 1)
