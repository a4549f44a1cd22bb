"""Questions to the town, through the real Reception and Courier, on both databases; and a crowd against a model."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import update

from flows.figures import Filter, Page, PhaseRef
from flows.modules.questions import Questions
from storage import consultations, moderation, progress
from storage.ballots import NewBallot
from storage.database import Database
from storage.models import Ballot, Contribution, Phase, Report
from storage.moderation import REPORTED, Queue
from storage.progress import NewProgress
from storage.refusals import Gone
from storage.supporting import OwnText, support
from tests.bot.town import Town, furnish
from tests.tables import make_tables

SETTINGS = {"about": {"en": "Ask the town hall."}}
PARKING, BENCHES = "Where can we park during the works?", "Will there be benches at the post office?"


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    database = Database(database_url)
    async with database.write() as connection:
        await make_tables(connection)
    yield await furnish(database, Questions.load(SETTINGS))
    await database.close()


async def ask(house: Town, name: str, question: str) -> list[str]:
    await house.begin(name)
    await house.hears(name, "Ask a question")
    return await house.hears(name, question)


async def change(house: Town, **values: Any) -> None:
    async with house.database.write() as connection:
        await connection.execute(update(Phase).where(Phase.id == house.phase_id).values(**values))


def where(house: Town) -> PhaseRef:
    return PhaseRef(house.space_id, house.phase_id)


async def test_a_question_that_was_asked_is_shown_and_supported_instead(house: Town) -> None:
    assert (await ask(house, "a", PARKING))[0] == f"Thank you. Others see this, without your name: “{PARKING}”"
    told = await ask(house, "b", "where to park during the works")
    assert told == [
        "A question like it was asked already:",
        f"“{PARKING}”",
        "Nobody supports it yet.",
        "Is it the same as yours?",
    ]
    assert (await house.hears("b", "yes"))[:2] == ["It is done.", "You are the first to support it."]
    assert await house.rows(Contribution.text) == [PARKING]
    told = await ask(house, "c", "where to park during the works")
    assert told[2] == "1 person supports it."
    assert (await house.hears("c", "no, mine is different"))[0].startswith("Thank you.")
    assert len(await house.rows(Contribution.id)) == 2


async def test_ones_own_question_is_corrected_and_read_again_where_questions_are_read_first(house: Town) -> None:
    await ask(house, "a", PARKING)
    await house.hears("a", "correct")
    await house.hears("a", "1")
    await change(house, moderation="before")
    assert "Write it anew, as it should read." in await house.hears("a", "correct")
    assert (await house.hears("a", BENCHES))[:2] == ["It is corrected.", "Others see this text after it was read over."]
    assert await house.rows(Contribution.text, Contribution.state) == [(BENCHES, "waiting")]
    assert PARKING not in " ".join(await ask(house, "b", "where to park during the works"))


async def test_a_question_written_at_once_is_one_that_was_asked_for(house: Town) -> None:
    await house.begin("a", "b")
    assert "Thank you. Others see this, without your name: “" + PARKING + "”" in await house.hears("a", PARKING)
    assert "Is it the same as yours?" in await house.hears("b", "where to park during the works")
    assert await house.rows(Contribution.text) == [PARKING]


async def test_nobody_supports_their_own_question_or_one_that_is_not_shown(house: Town) -> None:
    await ask(house, "a", PARKING)
    [(id_, author)] = await house.rows(Contribution.id, Contribution.participant_id)
    own = NewBallot(house.space_id, house.phase_id, author, str(id_), "support", house.now, change=True)
    async with house.database.write() as connection:
        [refusal] = await support(connection, [own])
        assert isinstance(refusal, OwnText)
        await connection.execute(update(Contribution).values(state="hidden"))
        [refusal] = await support(connection, [own])
        assert isinstance(refusal, Gone)


async def test_somebody_reports_a_question_once_and_moderators_find_it_with_the_reason(house: Town) -> None:
    await ask(house, "a", PARKING)
    await house.begin("b")
    for said in ("read the questions", "1", "Report this question", "Return to the question"):
        await house.hears("b", said)
    await house.hears("b", "Report this question")
    told = await house.hears("b", "It names or points at a person")
    assert told[0] == "Thank you. A moderator will look at it. Its author is not told who reported it."
    assert [button.label for button in house.last("b").buttons] == ["I support it", "See the list", "Enough"]
    await house.hears("a", code="centre")
    await house.hears("a", "read the questions")
    await house.hears("a", "1")
    assert "Report this question" not in [button.label for button in house.last("a").buttons]
    async with house.database.read() as connection:
        [item] = await moderation.listed(connection, Queue(house.space_id), REPORTED, 0, 10)
        reasons = await moderation.reports(connection, house.space_id, [item.id])
    assert (item.text, reasons) == (PARKING, {item.id: ["person"]})
    assert await house.count(Report) == 1


async def test_what_waits_for_a_moderator_is_shown_to_its_author_alone(house: Town) -> None:
    await change(house, moderation="before")
    assert (await ask(house, "a", PARKING))[0].startswith("Thank you. Once it was read, others see this")
    assert (await ask(house, "b", PARKING))[0].startswith("Thank you. Once it was read")
    await house.begin("c")
    assert (await house.hears("c", "read the questions"))[0] == "Nothing is asked here yet."
    await house.hears("a", code="centre")
    told = await house.hears("a", "my questions")
    assert told[-1] == f"1. “{PARKING}”: it is read before others see it."


async def test_the_most_supported_come_first_and_of_equal_ones_the_older(house: Town) -> None:
    await ask(house, "a", PARKING)
    house.later(minutes=1)
    await ask(house, "b", BENCHES)
    house.later(minutes=1)
    await ask(house, "c", "How much does it cost?")
    await house.begin("d")
    await house.hears("d", "read the questions")
    await house.hears("d", "2")
    told = await house.hears("d", "I support it")
    assert told[:2] == ["It is done.", "You are the first to support it."]
    assert told[-3:] == [
        f"1. “{BENCHES}”: 1 person supports it.",
        f"2. “{PARKING}”: nobody supports it yet.",
        "3. “How much does it cost?”: nobody supports it yet.",
    ]


async def test_too_many_questions_a_day_and_questions_after_closing_are_refused_in_words(house: Town) -> None:
    await change(house, per_day=1)
    await ask(house, "a", PARKING)
    told = await ask(house, "a", BENCHES)
    assert told == ["I take 1 text in 24 hours from each person. This one was not sent. Please come back tomorrow."]
    await house.begin("b")
    await house.hears("b", "Ask a question")
    async with house.database.write() as connection:
        found = await consultations.find(connection, house.space_id, house.consultation_id)
        assert found is not None
        await consultations.close_now(connection, found, house.now)
    assert (await house.hears("b", BENCHES))[0].startswith("This has been closed since")
    assert len(await house.rows(Contribution.id)) == 1


async def answer(house: Town, question: int, text: str) -> list[int]:
    """The town answers; whom that concerns."""
    async with house.database.write() as connection:
        said = NewProgress(house.space_id, question, None, None, {"en": text}, house.now)
        await progress.add(connection, [said])
        return list(await connection.scalars(progress.concerned(house.space_id, question)))


async def test_the_answer_concerns_everybody_who_asked_or_supported_and_is_read_by_whoever_asks_the_same(
    house: Town,
) -> None:
    await ask(house, "a", PARKING)
    for name in ("b", "c", "d"):
        await ask(house, name, "where to park during the works")
        await house.hears(name, "yes")
    await house.hears("d", code="centre")
    await house.hears("d", "my questions")
    await house.hears("d", "1")
    assert (await house.hears("d", "take my support back"))[:2] == ["It is done.", "You do not support it any more."]
    [first] = await house.rows(Contribution.id)
    authors = await house.rows(Contribution.participant_id)
    concerned = await answer(house, first, "Behind the station.")
    assert len(concerned) == 3
    assert set(map(str, concerned)) == {str(author) for author in authors} | set(await house.rows(Ballot.voter))
    told = await ask(house, "e", "where to park during the works")
    assert told[2] == "Answered. 2 people support it."
    assert (await house.hears("e", "yes"))[-1] == "Behind the station."


async def test_figures_and_table_show_questions_by_support_with_their_answers(house: Town) -> None:
    await ask(house, "a", PARKING)
    await ask(house, "b", BENCHES)
    await ask(house, "c", "Will there be new benches at the post office?")
    await house.hears("c", "yes")
    module, [first, _other] = Questions.load(SETTINGS), await house.rows(Contribution.id)
    await answer(house, first, "Behind the station.")
    async with house.database.read() as connection:
        figures = await module.results(connection, where(house), Filter())
        table = [row async for row in module.table(connection, where(house), "en")]
        texts = await module.texts(connection, where(house), "pressing", Filter(), Page("park", 0, 10))
    assert (figures.people, figures.by_channel, figures.figures[0].people) == (2, (("street", 2),), 1)
    assert [row.people for row in figures.figures[0].rows] == [1, 0]
    assert [row[3:] for row in table[1:]] == [[BENCHES, 1, None], [PARKING, 0, "Behind the station."]]
    assert (texts[0], texts[1][0].text) == (1, PARKING)


@pytest.mark.parametrize("seed", [1, 2, pytest.param(3, marks=pytest.mark.long)])
async def test_whatever_a_crowd_supports_and_takes_back_is_counted_once_each(house: Town, seed: int) -> None:
    chance = random.Random(seed)
    people = [f"p{number}" for number in range(8)]
    await ask(house, "a", PARKING)
    await house.begin(*people)
    supporters: set[str] = set()
    for _round in range(15):
        said = []
        for name in chance.sample(people, chance.randint(1, 8)):
            message = next((item.message for item in reversed(house.street.sent) if item.sender == name), None)
            labels = {button.label: button.data for button in message.buttons} if message is not None else {}
            wanted = [
                one for one in ("I support it", "Take my support back", "Read the questions", "1") if one in labels
            ]
            if not wanted:
                said.append(house.incoming(name, code="centre"))
                continue
            pressed = chance.choice(wanted)
            supporters |= {name} if pressed == "I support it" else set()
            supporters -= {name} if pressed == "Take my support back" else set()
            said.append(house.incoming(name, tap=labels[pressed]))
        await house.keep(*said, *chance.sample(said, 1))
        await house.deliver()
        voters = await house.rows(Ballot.voter)
        assert len(voters) == len(set(voters)) == len(supporters)


def test_a_town_may_leave_open_what_can_be_asked_about() -> None:
    assert Questions.load({}).about == ()
    assert [field.name for field in Questions.form()] == ["about"]
