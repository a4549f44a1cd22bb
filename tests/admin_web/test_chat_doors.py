"""The chat page as one of several doors of a person."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.house import House
from tests.channels.open_house import PAGE, Browser, browser, opened


@pytest.fixture
async def built(database_url: str) -> AsyncIterator[House]:
    async with opened(database_url) as house:
        yield house


@pytest.fixture
async def answering(built: House) -> AsyncIterator[Browser]:
    """Somebody who agreed, and is asked the first question."""
    async with browser(built) as one:
        await one.begin()
        await one.press("Yes, begin")
        yield one


async def link_code(resident: Browser) -> str:
    await resident.send(tap="!link")
    [said] = [bubble for bubble in resident.bubbles if "Your code:" in bubble]
    return said.partition("Your code: ")[2][:9]


async def test_a_newcomer_may_type_the_code_of_a_link_and_the_first_page_is_told(
    built: House, answering: Browser
) -> None:
    code = await link_code(answering)
    async with browser(built) as phone:
        await phone.open()
        assert (await phone.send(f"{PAGE}/return", code=code)).status_code == 200
        assert any("Your code:" in bubble for bubble in phone.bubbles), "the one history"
        assert not any("has just been linked" in bubble for bubble in phone.bubbles)
    await answering.open()
    assert any("Another conversation has just been linked" in bubble for bubble in answering.bubbles)


async def test_nobody_who_has_written_here_loses_that_by_the_code_of_a_link(built: House, answering: Browser) -> None:
    code = await link_code(answering)
    async with browser(built) as phone:
        await phone.begin()
        assert "This code is not known" in (await phone.send(f"{PAGE}/return", code=code)).text
