"""Two doors become one person's: what is heard at each, whatever the house goes through meanwhile."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.jobs import Jobs, all_jobs
from bot.joining import Joining
from flows.doors import LINKED
from flows.texts import translate
from storage.models import Delivery, Participant
from tests.bot.town import Town, answers, town

TOLD = [translate(line, "en") for line in LINKED]


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    """Ada at her phone, one question answered, and with a code; and at her desk, where she has said nothing yet."""
    async with town(database_url) as found:
        await found.begin("phone")
        await found.hears("phone", "blue")
        yield found


async def types_the_code(house: Town) -> None:
    """At her desk, and agrees. Nobody has made them one yet."""
    said = " ".join(await house.hears("phone", "/link"))
    [code] = re.findall(r"\b\w{4}-\w{4}\b", said)
    await house.hears("desk", "hello")
    await house.hears("desk", code.lower())
    house.street.sent.clear()
    await house.hears("desk", "yes")


def joining(house: Town) -> Joining:
    return Joining(house.database, house.reception.around, lambda: house.now)


async def test_the_question_goes_on_where_the_code_was_typed_and_the_other_door_is_told_once(house: Town) -> None:
    await types_the_code(house)
    for _ in range(2):
        await joining(house).go_on(house.now)
        await house.deliver()
    assert house.street.texts("phone") == TOLD
    said = house.street.texts("desk")
    assert (said[0], said[-1]) == ("It is done: there and here are now one conversation.", "Question 2?")
    assert await house.hears("desk", "green") == ["Noted: green.", "Question 3?"]
    assert await answers(house) == [["blue", "green"]]
    assert await house.count(Participant) == 1


async def test_whoever_looks_first_makes_it_and_the_others_find_nothing(house: Town) -> None:
    await types_the_code(house)
    await asyncio.gather(*(joining(house).go_on(house.now) for _ in range(4)))
    await house.deliver()
    assert house.street.texts("phone") == TOLD
    assert house.street.texts("desk").count("Question 2?") == 1


async def test_a_house_that_died_after_the_code_was_typed_makes_it_when_it_is_back(house: Town) -> None:
    await types_the_code(house)
    jobs = Jobs(all_jobs(house.database, house.reception, house.courier, timedelta(days=7)), lambda: house.now)
    await jobs.tick(house.later(hours=1))
    await house.deliver()
    assert house.street.texts("phone") == TOLD
    assert house.street.texts("desk")[-1] == "Question 2?"


async def test_an_older_button_of_the_first_door_still_does_what_it_says(house: Town) -> None:
    back = house.tap("phone", "Back")
    await types_the_code(house)
    await joining(house).go_on(house.now)
    await house.deliver()
    said = await house.hears("phone", tap=back)
    assert said[0] == "Question 1?"
    assert await house.hears("desk", "red") == ["Corrected: red.", "Question 2?"]


async def test_what_is_said_of_it_is_committed_with_it(house: Town) -> None:
    await types_the_code(house)
    await joining(house).go_on(house.now)
    async with house.database.read() as connection:
        theirs = select(func.count()).select_from(Delivery).where(Delivery.state == "waiting")
        waiting = (await connection.execute(theirs)).scalar_one()
    assert waiting == 3  # what came of it, the question, and the notice


async def test_a_door_that_was_taken_away_is_a_strangers(house: Town) -> None:
    await types_the_code(house)
    await joining(house).go_on(house.now)
    await house.deliver()
    await house.hears("phone", "/unlink")
    asked = await house.hears("phone", tap=house.tap("phone", "street 2"))
    assert "unlink street 2" in " ".join(asked)
    assert (await house.hears("phone", "yes"))[0] == "It is done. I no longer write to you there."
    said = await house.hears("desk", "hello")
    assert "Question 2?" not in said
    assert await house.count(Participant) == 2
