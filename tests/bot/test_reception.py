"""The way in: batches, repeats, waves, and what becomes of a message whose flow fails; on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.reception import Reception
from flows.answers import Choice
from flows.conversation import Ending, Talk
from storage import ballots
from storage.ballots import NewBallot
from storage.models import Ballot, Delivery, Heard, Participant
from storage.refusals import AlreadyVoted, Refusal
from tests.bot.town import Town, answers, started, town


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    async with town(database_url) as found:
        yield found


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
        number = await talk.do(
            "vote", ballots.cast, NewBallot(*subject[:2], talk.person.id, subject[2], tree, talk.now)
        )
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
            given = NewBallot(house.space_id, house.phase_id, voter, "square", "ash", house.now)
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
