"""Answers that are meant for an older question: sent too early, quoted, or given as a reaction; on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from flows.answers import Choice, OneOf
from flows.conversation import Ending, Talk
from flows.journal import Journal
from flows.messages import Incoming, Line, Message
from flows.prompt import Prompt
from flows.values import Number
from storage.models import Conversation, Delivery, Heard
from tests.bot.town import STREET, Town, town

WAYS = (Choice("foot", "On foot"), Choice("bike", "By bike"), Choice("car", "By car"))
PLACES = (Choice("hall", "The hall"), Choice("park", "The park"))
YES_NO = (Choice("yes", "Yes"), Choice("no", "No"))
EARLY = "“{}” came before you could read this question: I have not counted it. Please answer."
OLDER = "This is about an older message of mine: I have not counted it. To change an answer, write “correct”."


async def lists(talk: Talk) -> Ending:
    """Two lists in a row, two questions of yes or no, a number, a text."""
    await talk.ask("how", Prompt("How do you come?", OneOf(WAYS)))
    await talk.ask("where", Prompt("Where to?", OneOf(PLACES)))
    await talk.ask("often", Prompt("Often?", OneOf(YES_NO)))
    await talk.ask("alone", Prompt("Alone?", OneOf(YES_NO)))
    await talk.ask("far", Prompt("How many kilometres?", Number()))
    await talk.ask("why", "Why?")
    return None


KEYS = ("how", "where", "often", "alone", "far", "why")


async def answers(house: Town) -> list[list[Any]]:
    """What everybody has answered, in the order of the questions."""
    kept = [Journal.loads(one).answers() for one in await house.rows(Conversation.journal, kind="test")]
    return [[given[key] for key in KEYS if key in given] for given in kept]


@asynccontextmanager
async def without_buttons(url: str) -> AsyncIterator[Town]:
    """Ada has been asked the first question by a channel without buttons, and has had time to read it."""
    async with town(url, lists) as house:
        house.street.capabilities = replace(STREET, buttons=False)
        channels = {STREET.name: house.street.capabilities}
        house.reception.channels = house.reception.around.channels = channels
        await house.keep(house.incoming("ada", code="centre"))
        await house.deliver()
        house.later(seconds=20)
        await house.hears("ada", "yes")
        house.later(seconds=20)
        yield house


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with without_buttons(database_url) as found:
        yield found


# -- the same number again -----------------------------------------------------------------------------------


async def test_two_in_one_batch_the_second_is_told_off_and_the_question_shown_again(house: Town) -> None:
    await house.keep(house.incoming("ada", "1"), house.incoming("ada", "1"))
    await house.deliver()
    assert house.street.texts("ada")[-4:] == ["Noted: on foot.", "Where to?", EARLY.format(1), "Where to?"]
    assert await answers(house) == [["foot"]]


async def test_two_in_two_batches_before_the_question_has_left(house: Town) -> None:
    await house.keep(house.incoming("ada", "1"))
    house.later(minutes=10)
    await house.keep(house.incoming("ada", "1"))
    assert await answers(house) == [["foot"]]


async def test_two_in_two_batches_and_nobody_reads_that_fast(house: Town) -> None:
    await house.hears("ada", "1")
    house.later(seconds=1)
    assert await house.hears("ada", "1") == [EARLY.format(1), "Where to?"]
    assert await answers(house) == [["foot"]]


async def test_one_that_was_long_on_its_way_was_written_before_too(house: Town) -> None:
    first, second = house.incoming("ada", "1"), house.incoming("ada", "1")
    await house.keep(first)
    await house.deliver()
    house.later(minutes=5)
    await house.keep(second)
    assert await answers(house) == [["foot"]]


@pytest.mark.parametrize("wrong", [timedelta(hours=-2), timedelta(0), timedelta(hours=2)])
async def test_typed_again_after_the_question_it_counts_whatever_the_platforms_clock(
    house: Town, wrong: timedelta
) -> None:
    def written(text: str) -> Incoming:
        return replace(house.incoming("ada", text), at=house.now + wrong)

    await house.keep(written("on foot"), written("1"), written("1"))
    await house.deliver()
    assert await answers(house) == [["foot"]]
    house.later(seconds=5)
    await house.keep(written("1"))
    assert await answers(house) == [["foot", "hall"]]


async def test_a_clock_that_is_set_back_meanwhile_stops_nobody_for_long(house: Town) -> None:
    def written() -> Incoming:
        return replace(house.incoming("ada", "1"), at=house.now - timedelta(hours=2))

    await house.keep(written())
    assert await answers(house) == [[]]
    house.later(minutes=10)
    await house.keep(written())
    assert await answers(house) == [["foot"]]


async def test_another_number_was_not_meant_for_it_either(house: Town) -> None:
    await house.keep(house.incoming("ada", "1"), house.incoming("ada", "2"))
    assert await answers(house) == [["foot"]]


async def test_a_number_after_one_that_was_not_understood_is_for_the_question_that_was_read(house: Town) -> None:
    await house.keep(house.incoming("ada", "hm hm"), house.incoming("ada", "1"))
    assert await answers(house) == [["foot"]]


async def test_a_second_yes_answers_no_other_question(house: Town) -> None:
    for said in ("1", "1"):
        await house.hears("ada", said)
        house.later(seconds=20)
    await house.keep(house.incoming("ada", "YES"), house.incoming("ada", "yes"))
    assert await answers(house) == [["foot", "hall", "yes"]]


async def test_other_words_are_taken_as_they_come(house: Town) -> None:
    await house.keep(house.incoming("ada", "on foot"), house.incoming("ada", "the park"))
    assert await answers(house) == [["foot", "park"]]


async def test_a_number_written_before_the_menus_choice_took_somebody_back_answers_nothing(house: Town) -> None:
    await house.hears("ada", "menu")
    house.later(seconds=20)
    await house.keep(house.incoming("ada", "1"), house.incoming("ada", "1"))
    await house.deliver()
    assert await answers(house) == [[]]
    assert house.street.texts("ada")[-2:] == [EARLY.format(1), "How do you come?"]


async def test_what_is_told_off_is_not_kept(house: Town) -> None:
    await house.keep(house.incoming("ada", "1"), house.incoming("ada", "1"))
    assert (await house.rows(Heard.shown))[-2:] == ["1", None]


async def test_with_buttons_nothing_is_told_off(database_url: str) -> None:
    async with town(database_url, lists) as house:
        await house.begin("ada")
        await house.keep(house.incoming("ada", "1"), house.incoming("ada", "1"))
        assert await answers(house) == [["foot", "hall"]]


@pytest.mark.long
@settings(max_examples=max(25, settings().max_examples // 4))
@given(
    st.lists(st.tuples(st.sampled_from("123"), st.booleans(), st.sampled_from([0, 1, 3, 60])), min_size=1, max_size=6)
)
async def test_a_number_counts_only_under_a_question_that_was_read(said: list[tuple[str, bool, int]]) -> None:
    """However messages, deliveries and waits follow each other."""
    with TemporaryDirectory() as folder:
        async with without_buttons(f"sqlite+aiosqlite:///{Path(folder)}/h.db") as house:
            given: list[str] = []
            read_at: datetime | None = house.now
            for text, sends, waits in said:
                counts = len(given) < 2 and read_at is not None and house.now >= read_at
                if counts and int(text) <= len((WAYS, PLACES)[len(given)]):
                    given.append((WAYS, PLACES)[len(given)][int(text) - 1].id)
                    read_at = None
                if len(given) == 2:
                    break
                await house.keep(house.incoming("ada", text))
                if sends:
                    await house.deliver()
                    read_at = read_at or house.now + timedelta(seconds=2)
                house.later(seconds=waits)
            else:
                assert await answers(house) == [given]


# -- quotes and reactions ------------------------------------------------------------------------------------


async def ids(house: Town, *saying: str) -> list[str]:
    """The platform's ids of the messages with these lines."""
    found = []
    for line in saying:
        [external] = [
            f"street-{number}"
            for number, sent in enumerate(house.street.sent, 1)
            if any(one.text == line for one in sent.message.lines)
        ]
        found.append(external)
    return found


async def answered(house: Town, *said: str) -> None:
    for text in said:
        await house.hears("ada", text)
        house.later(seconds=20)


@pytest.mark.parametrize("text", ["2", "by bike", "BY BIKE", "bike"])
async def test_about_an_older_question_it_corrects_that_answer(house: Town, text: str) -> None:
    await answered(house, "1")
    [about] = await ids(house, "How do you come?")
    assert (await house.hears("ada", text, about=about))[0] == "Corrected: by bike."
    assert await answers(house) == [["bike"]]


async def test_about_the_newest_it_is_its_answer_even_at_once(house: Town) -> None:
    [about] = await ids(house, "How do you come?")
    await house.keep(house.incoming("ada", "3", about=about))
    await house.deliver()
    [about] = await ids(house, "Where to?")
    await house.keep(house.incoming("ada", "the park", about=about))
    assert await answers(house) == [["car", "park"]]


async def test_words_about_an_older_question_that_are_no_choice_of_it_count_for_nothing(house: Town) -> None:
    await answered(house, "1")
    [about] = await ids(house, "How do you come?")
    assert await house.hears("ada", "The park", about=about) == [OLDER, "Where to?"]
    assert await answers(house) == [["foot"]]
    assert (await house.rows(Heard.shown))[-1] is None


async def test_a_command_is_one_whatever_it_quotes(house: Town) -> None:
    await answered(house, "1")
    [about] = await ids(house, "How do you come?")
    assert (await house.hears("ada", "help", about=about)) != [OLDER, "Where to?"]


async def test_a_reaction_to_what_was_said_before_a_question_does_not_answer_it(house: Town) -> None:
    await answered(house, "1", "1", "yes", "no")
    [about] = await ids(house, "Noted: no.")
    assert (await house.hears("ada", "12", about=about))[0] == "Noted: 12."
    assert await house.hears("ada", "1", about=about) == [OLDER, "Why?"]
    assert await answers(house) == [["foot", "hall", "yes", "no", 12]]


async def test_a_message_of_another_person_or_chat_is_nobodys(house: Town) -> None:
    [about] = await ids(house, "How do you come?")
    await house.keep(house.incoming("bob", code="centre"))
    await house.deliver()
    house.later(seconds=20)
    await house.hears("bob", "yes")
    house.later(seconds=20)
    assert await house.hears("bob", "2", about=about) == [OLDER, "How do you come?"]
    assert await answers(house) == [[], []]


@pytest.mark.parametrize("gone", ["blanked", "forgotten"])
async def test_what_is_not_kept_any_more_can_be_answered_no_more(house: Town, gone: str) -> None:
    await answered(house, "1")
    [about] = await ids(house, "How do you come?")
    async with house.database.write() as connection:
        its = Delivery.external == about
        blank = Message((Line("Not kept."),)).pack()
        change = update(Delivery).values(body=blank) if gone == "blanked" else delete(Delivery)
        await connection.execute(change.where(its))
    assert await house.hears("ada", "2", about=about) == [OLDER, "Where to?"]
    assert await answers(house) == [["foot"]]


async def test_one_look_for_all_that_is_about_something_and_none_without(house: Town) -> None:
    def looks() -> int:
        return sum("deliveries.external" in one for one in house.statements)

    [about] = await ids(house, "How do you come?")
    house.statements.clear()
    await house.keep(house.incoming("ada", "on foot"))
    assert looks() == 0
    await house.keep(*(house.incoming("ada", "2", about=about) for _ in range(5)))
    assert looks() == 1


SAID = st.sampled_from(["1", "2", "3", "7", "yes", "no", "on foot", "The park", "park", "back", "bof"])


@pytest.mark.long
@settings(max_examples=max(25, settings().max_examples // 4))
@given(st.lists(st.tuples(SAID, st.sampled_from(["How do you come?", "Where to?", "Often?"])), max_size=5))
async def test_a_quote_never_answers_another_question(said: list[tuple[str, str]]) -> None:
    """Whatever is said about a question changes only the answer to that one, while others stay."""
    keys = {"How do you come?": 0, "Where to?": 1, "Often?": 2}
    with TemporaryDirectory() as folder:
        async with without_buttons(f"sqlite+aiosqlite:///{Path(folder)}/h.db") as house:
            await answered(house, "1", "1", "yes")
            about = dict(zip(keys, await ids(house, *keys), strict=True))
            given = [await answers(house)]
            for text, question in said:
                await house.hears("ada", text, about=about[question])
                house.later(seconds=20)
                given.append(await answers(house))
            for (_text, question), (before, after) in zip(said, pairwise(given), strict=True):
                if before and after and len(before[0]) == len(after[0]):
                    changed = [at for at, (old, new) in enumerate(zip(before[0], after[0], strict=True)) if old != new]
                    assert set(changed) <= {keys[question]}
