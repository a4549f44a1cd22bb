"""A secret's words are kept nowhere but in the answer, until it is cast; also when something goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from flows.answers import Choice, OneOf
from flows.conversation import Ending, Talk
from flows.prompt import Prompt
from storage.models import Heard
from tests.bot.town import Town, answers, town

FAULT = {"on": False}
TREES = (Choice("oak", "Oak"), Choice("ash", "Ash"))


async def vote(talk: Talk) -> Ending:
    await talk.ask("q1", Prompt("Which tree?", OneOf(TREES, other=True)), secret=True)
    if FAULT["on"]:
        raise RuntimeError("a fault on purpose")
    await talk.ask("q2", "Why?")
    await talk.ask("q3", "Anything else?")
    return None


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    FAULT["on"] = False
    async with town(database_url, vote) as found:
        await found.keep(found.incoming("ada", code="centre"))
        await found.hears("ada", "yes")
        yield found


async def kept(house: Town) -> list[object]:
    """What the inbox holds of the last message."""
    return list((await house.rows(Heard.shown, Heard.tap, Heard.body))[-1])


async def test_neither_the_text_nor_the_tap_of_a_secret_is_kept(house: Town) -> None:
    oak = house.tap("ada", "Oak")
    await house.hears("ada", "a secret birch")
    assert await kept(house) == [None, None, None]
    await house.hears("ada", "no secret")
    assert await kept(house) == ["no secret", None, None]
    await house.hears("ada", tap=oak)
    assert await kept(house) == [None, None, None]
    assert (await answers(house)) == [["oak", "no secret"]]


async def test_a_secret_whose_flow_fails_is_not_kept_and_its_sender_says_it_again(house: Town) -> None:
    FAULT["on"] = True
    said = await house.hears("ada", "a secret birch")
    assert said[0].startswith("Sorry, I could not handle one of your messages. Please send it again")
    assert await kept(house) == [None, None, None]
    assert (await house.states())[-1] == "dead"
    FAULT["on"] = False
    assert await house.reception.retry(house.later(hours=1)) == 0
    assert await house.hears("ada", "Oak") == ["Noted: oak.", "Why?"]


async def test_what_is_no_secret_is_kept_for_another_try(house: Town) -> None:
    await house.hears("ada", "Oak")
    FAULT["on"] = True
    await house.hears("ada", "shade")
    assert (await kept(house))[0] == "shade"
    assert (await house.states())[-1] == "aside"
