"""The way in: batches, repeats, waves, and what becomes of a message whose flow fails; on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels import NotKept
from bot.reception import Reception
from flows.answers import Choice
from flows.conversation import Ending, Talk
from flows.journal import Journal
from storage import ballots
from storage.ballots import NewBallot
from storage.models import Ballot, Conversation, Delivery, Heard, Participant
from storage.refusals import AlreadyVoted, Refusal
from tests.bot.town import Town, started, town


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url) as found:
        yield found


async def answers(house: Town) -> list[list[Any]]:
    """Every conversation's answers about the phase, in order."""
    journals = await house.rows(Conversation.journal, phase_id=house.phase_id)
    found = (Journal.loads(journal).answers() for journal in journals)
    return [[value for key, value in given.items() if key.startswith("q")] for given in found]


async def test_a_message_is_answered_and_both_are_kept(house: Town) -> None:
    await house.begin("ada")
    assert await house.hears("ada", "benches") == ["Noted: benches.", "Question 2?"]
    assert await answers(house) == [["benches"]]
    assert (await house.states())[-1] == "handled"


async def test_a_repeat_ends_in_the_inbox(house: Town) -> None:
    await house.begin("ada")
    message = house.incoming("ada", "benches")
    await house.keep(message)
    await house.keep(message)
    assert await answers(house) == [["benches"]]
    assert await house.count(Heard) == 3


async def test_a_repeat_within_one_batch_ends_there_too_and_order_holds(house: Town) -> None:
    await house.begin("ada")
    first, second = house.incoming("ada", "one"), house.incoming("ada", "two")
    await house.keep(first, second, first)
    assert await answers(house) == [["one", "two"]]


async def test_two_connections_with_the_same_message_keep_it_once(house: Town) -> None:
    await house.begin("ada", "bob")
    other = Reception(house.database, house.reception.channels, house.reception.clock)
    other.around = house.reception.around
    messages = [house.incoming("ada", "benches"), house.incoming("bob", "trees")]
    await asyncio.gather(house.reception.keep(messages), other.keep(messages), house.reception.keep(messages[::-1]))
    assert await answers(house) == [["benches"], ["trees"]]
    assert await house.count(Heard) == 6


async def test_two_connections_that_meet_the_same_newcomer_welcome_them_once(house: Town) -> None:
    await asyncio.gather(*(house.reception.keep([house.incoming("ada", code="centre", key=f"c{n}")]) for n in range(4)))
    assert await house.count(Participant) == 1
    assert await house.states() == ["handled"] * 4


async def test_messages_of_one_person_are_taken_in_their_order(house: Town) -> None:
    await house.begin("ada", "bob")
    senders = ("ada", "bob", "ada", "bob", "ada")
    await house.keep(*(house.incoming(sender, str(number)) for number, sender in enumerate(senders)))
    assert await answers(house) == [["0", "2", "4"], ["1", "3"]]
    await house.deliver()
    assert [line for line in house.street.texts("ada") if line.startswith("Noted")] == [
        "Noted: 0.",
        "Noted: 2.",
        "Noted: 4.",
    ]


async def test_receive_returns_after_the_commit_and_the_reply_is_in_the_outbox(house: Town) -> None:
    await house.begin("ada")
    async with house.serving():
        await house.reception.receive(house.incoming("ada", "benches"))
        assert await answers(house) == [["benches"]]
        assert await house.count(Delivery) >= 2


async def test_whoever_writes_at_once_is_served_in_one_batch(house: Town) -> None:
    people = [f"p{number}" for number in range(20)]
    await house.begin(*people)
    house.statements.clear()
    async with house.serving():
        await asyncio.gather(*(house.reception.receive(house.incoming(person, "benches")) for person in people))
    assert await answers(house) == [["benches"]] * 20
    assert len(started(house.statements, "INSERT INTO inbox")) <= 2


async def test_a_batch_takes_one_statement_a_table_whatever_its_size(house: Town) -> None:
    people = [f"p{number}" for number in range(40)]
    await house.begin(*people)
    house.statements.clear()
    await house.keep(house.incoming("p0", "benches"))
    one = len(house.statements)
    house.statements.clear()
    await house.keep(*(house.incoming(person, "benches") for person in people))
    assert len(house.statements) == one
    assert one <= 9


async def test_a_message_for_an_account_nobody_knows_is_dropped(house: Town) -> None:
    await house.keep(house.incoming("ada", "x").__class__("street", "nowhere", "ada", "1", house.now, text="x"))
    assert await house.count(Heard) == 0


TREES = (Choice("oak", "Oak"), Choice("ash", "Ash"))


async def vote(talk: Talk) -> Ending:
    subject = (talk.scene.space.id, talk.scene.phase.id if talk.scene.phase else 0, "square")
    before = await talk.know("before", ballots.count, subject)
    tree = await talk.choose("tree", "Which tree?", TREES)
    try:
        number = await talk.do("vote", ballots.cast, NewBallot(*subject, str(talk.person.id), tree, talk.now))
    except AlreadyVoted:
        talk.say("You voted before.")
        return None
    talk.say(f"You are number {number}, {before} were there.")
    return None


async def test_a_wave_asks_the_database_once_for_all_and_each_gets_a_number_of_its_own(database_url: str) -> None:
    async with town(database_url, vote) as house:
        people = [f"p{number}" for number in range(10)]
        await house.begin(*people)
        house.statements.clear()
        await house.keep(*(house.incoming(person, "oak") for person in people))
        await house.deliver()
        said = sorted(house.street.texts(), key=len)
        assert {f"You are number {number}, 0 were there." for number in range(1, 11)} <= set(said)
        assert len(started(house.statements, "INSERT INTO ballots")) == 1
        assert await house.count(Ballot) == 10


async def test_a_refusal_is_thrown_into_the_flow_that_asked_and_no_other(database_url: str) -> None:
    async with town(database_url, vote) as house:
        await house.begin("ada", "bob")
        [voter] = await house.rows(Participant.id, id=(await house.rows(Participant.id))[0])
        async with house.database.write() as connection:
            given = NewBallot(house.space_id, house.phase_id, "square", str(voter), "ash", house.now)
            await ballots.cast(connection, [given])
        await house.keep(house.incoming("ada", "oak"), house.incoming("bob", "oak"))
        await house.deliver()
        assert house.street.texts("ada") == ["Noted: oak.", "You voted before."]
        assert house.street.texts("bob")[-1].startswith("You are number 2")


log: list[str] = []


async def note_read(_connection: AsyncConnection, given: Sequence[str]) -> Sequence[int | Refusal]:
    log.append(f"read {len(given)}")
    return [1] * len(given)


async def note_write(_connection: AsyncConnection, given: Sequence[str]) -> Sequence[int | Refusal]:
    log.append(f"write {len(given)}")
    return [1] * len(given)


async def mixed(talk: Talk) -> Ending:
    await talk.ask("q1", "Question 1?")
    if talk.person.id % 2:
        await talk.know("read", note_read, "x")
    else:
        await talk.do("write", note_write, "x")
    await talk.ask("q2", "Question 2?")
    return None


async def test_in_a_wave_reads_run_before_writes(database_url: str) -> None:
    async with town(database_url, mixed) as house:
        people = [f"p{number}" for number in range(16)]
        await house.begin(*people)
        log.clear()
        await house.keep(*(house.incoming(person, "x") for person in people))
        assert [entry.split()[0] for entry in log] == ["read", "write"]


# -- poison ------------------------------------------------------------------------------------------------


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
    given = NewBallot(phase.space_id, phase.id, answer, str(talk.person.id), answer, talk.now)
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


# -- what comes in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text_", ["a\0b", "\ud800", "x" * 1_000_000, "\u202eevil", "", " "])
async def test_texts_that_are_hard_to_keep_are_answered_and_acknowledged(house: Town, text_: str) -> None:
    await house.begin("ada")
    assert await house.hears("ada", text_) != []
    assert (await house.states())[-1] == "handled"


@pytest.mark.parametrize("tap", ["", "x", "a\0b", "!menu", "!nothing", "AAAAAAAAAAA:q1:yes", "x" * 10_000, "::"])
async def test_taps_that_are_none_of_ours_are_answered(house: Town, tap: str) -> None:
    await house.begin("ada")
    assert await house.hears("ada", tap=tap) != []
    assert (await house.states())[-1] == "handled"


async def test_a_tap_on_somebody_elses_button_changes_nothing(house: Town) -> None:
    await house.begin("ada", "bob")
    await house.hears("ada", "benches")
    back = house.tap("ada", "Back")
    assert await house.hears("bob", tap=back) == ["This button is too old.", "Question 1?"]
    assert await answers(house) == [["benches"], []]


async def test_two_towns_in_one_database_do_not_meet(house: Town) -> None:
    await house.begin("ada")
    message = house.incoming("ada", "x")
    stranger = type(message)("street", "elsewhere", "ada", message.key, house.now, text="x")
    await house.keep(message, stranger)
    assert await answers(house) == [["x"]]


async def test_a_language_of_a_region_is_answered_in_its_language(house: Town) -> None:
    message = house.incoming("ada", code="centre")
    await house.keep(type(message)("street", "montaubry", "zoe", "z1", house.now, code="centre", language="fr-CA"))
    assert await house.rows(Participant.language) == ["fr"]
