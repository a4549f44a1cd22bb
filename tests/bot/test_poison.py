"""Messages whose flow fails: left out of their batch, tried again, and never misfiled; on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels import NotKept
from flows.conversation import Ending, Talk
from storage import ballots
from storage.ballots import NewBallot
from storage.models import Ballot, Heard
from storage.refusals import Refusal
from tests.bot.town import Town, answers, town


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url) as found:
        yield found


class Fault:
    """What goes wrong in a flow, while it is switched on."""

    on = True
    runs = 0


@pytest.fixture(autouse=True)
def _fault_is_on() -> None:
    Fault.on, Fault.runs = True, 0


async def poisoned(talk: Talk) -> Ending:
    answer = await talk.ask("q1", "Question 1?")
    if answer == "poison":
        Fault.runs += 1
        if Fault.on:
            raise RuntimeError("a fault in a flow")
    phase = talk.scene.phase
    assert phase is not None
    given = NewBallot(phase.space_id, phase.id, talk.person.id, answer, answer, talk.now)
    await talk.do("vote", ballots.cast, given)
    if answer == "late poison" and Fault.on:
        raise RuntimeError("a fault after a write")
    await talk.ask("q2", "Question 2?")
    return None


@pytest.fixture
async def ill(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url, poisoned) as found:
        yield found


SORRY = "Sorry, something went wrong on our side. Your message is kept and I am trying again."
GIVEN_UP = "Sorry, I could not handle one of your messages. Please send it again, or write “help” to reach a person."


@pytest.mark.parametrize("bad", ["poison", "late poison"])
async def test_a_flow_that_raises_takes_no_other_with_it_and_keeps_its_senders_place(ill: Town, bad: str) -> None:
    await ill.begin("ada", "bob", "eve")
    await ill.keep(ill.incoming("ada", "x"), ill.incoming("bob", bad), ill.incoming("eve", "y"))
    await ill.deliver()
    assert ill.street.texts("ada") == ["Noted: x.", "Question 2?"]
    assert ill.street.texts("eve") == ["Noted: y.", "Question 2?"]
    assert ill.street.texts("bob") == [SORRY]
    assert await answers(ill) == [["x"], [], ["y"]]
    assert (await ill.states())[-3:] == ["handled", "aside", "handled"]
    assert await ill.count(Ballot) == 2, "what the poisoned flow wrote was rolled back"


async def test_what_was_set_aside_is_tried_again_and_answered_when_it_works(ill: Town) -> None:
    await ill.begin("bob")
    await ill.hears("bob", "poison")
    assert await ill.reception.retry(ill.now) == 0, "not before its time"
    Fault.on = False
    assert await ill.reception.retry(ill.later(seconds=3)) == 1
    await ill.deliver()
    assert ill.street.texts("bob") == [SORRY, "Noted: poison.", "Question 2?"]
    assert await answers(ill) == [["poison"]]
    assert await ill.rows(Heard.state, Heard.body, Heard.tries) == [("handled", None, 1)] * 2 + [("handled", None, 2)]


async def test_after_three_tries_a_message_is_dead_and_its_sender_is_told_once(ill: Town) -> None:
    await ill.begin("bob")
    await ill.hears("bob", "poison")
    for _try in range(5):
        await ill.reception.retry(ill.later(minutes=1))
    await ill.deliver()
    assert ill.street.texts("bob") == [SORRY, GIVEN_UP]
    assert Fault.runs == 3
    assert (await ill.states())[-1] == "dead"
    assert await ill.hears("bob", "x") == ["Noted: x.", "Question 2?"], "the place was kept"


async def test_a_message_that_was_overtaken_is_told_and_never_misfiled(ill: Town) -> None:
    await ill.begin("bob")
    await ill.hears("bob", "poison")
    await ill.hears("bob", "x")
    Fault.on = False
    await ill.reception.retry(ill.later(minutes=1))
    await ill.deliver()
    assert ill.street.texts("bob")[-1] == GIVEN_UP
    assert await answers(ill) == [["x"]]
    assert (await ill.states())[-2:] == ["dead", "handled"]


async def test_two_processes_that_try_again_at_once_do_it_once(ill: Town) -> None:
    await ill.begin("bob")
    await ill.hears("bob", "poison")
    Fault.on = False
    now = ill.later(minutes=1)
    await asyncio.gather(*(ill.reception.retry(now) for _ in range(3)))
    await ill.deliver()
    assert ill.street.texts("bob") == [SORRY, "Noted: poison.", "Question 2?"]


async def test_a_fault_after_a_hop_leaves_nothing_of_the_hop(database_url: str) -> None:
    """The menu has ended and handed on when the next conversation fails: its sender is still in the menu."""

    async def broken(talk: Talk) -> Ending:
        if Fault.on:
            raise RuntimeError("a fault")
        await talk.ask("q1", "Question 1?")
        return None

    async with town(database_url, broken) as house:
        await house.hears("ada", "hello")
        assert await house.hears("ada", tap=house.tap("ada", "The centre")) != [SORRY], "consent comes first"
        assert await house.hears("ada", "yes") == [SORRY]
        Fault.on = False
        await house.reception.retry(house.later(minutes=1))
        await house.deliver()
        assert house.street.texts("ada")[-1] == "Question 1?"


async def test_a_phase_nobody_can_read_any_more_concerns_only_its_own_messages(house: Town) -> None:
    await house.begin("ada", "bob")
    house.reception.around.modules.clear()  # no module of this kind is in the catalog
    await house.keep(house.incoming("ada", "x"), house.incoming("eve", "/help"))
    await house.deliver()
    assert house.street.texts("ada") == [SORRY]
    assert house.street.texts("eve")[0] == "Answer by a button or in your own words."


async def break_in_two(connection: AsyncConnection, given: Sequence[str]) -> Sequence[int | Refusal]:
    """A verb whose statement fails for one argument."""
    if "bad" in given:
        await connection.execute(text("INSERT INTO participants (space_id, id, channel) VALUES (1, 1, NULL)"))
    return [1] * len(given)


async def writing(talk: Talk) -> Ending:
    answer = await talk.ask("q1", "Question 1?")
    await talk.do("write", break_in_two, answer)
    await talk.ask("q2", "Question 2?")
    return None


async def test_a_statement_that_fails_is_narrowed_down_to_its_message(database_url: str) -> None:
    async with town(database_url, writing) as house:
        people = [f"p{number}" for number in range(9)]
        await house.begin(*people)
        messages = [house.incoming(person, "bad" if person == "p6" else "x") for person in people]
        await house.keep(*messages)
        assert await answers(house) == [["x"]] * 6 + [[]] + [["x"]] * 2
        assert (await house.states())[-9:].count("aside") == 1
        await house.deliver()
        assert house.street.texts("p6") == [SORRY]


async def test_when_the_database_is_away_nothing_is_acknowledged(house: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.begin("ada")

    async def away(*_given: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    async with house.serving():
        with monkeypatch.context() as patched:
            patched.setattr("storage.inbox.note", away)
            with pytest.raises(NotKept):
                await house.reception.receive(house.incoming("ada", "x", key="same"))
        assert await answers(house) == [[]]
        await house.reception.receive(house.incoming("ada", "x", key="same"))
    assert await answers(house) == [["x"]]
