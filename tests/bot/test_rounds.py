"""Field rounds through the real Reception: two volunteers on one street list against a plain model, and what holds of
every answer given at a door."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Part
from hypothesis import strategies as st
from sqlalchemy import select, update

from bot.reception import Reception
from flows.figures import Figures, Filter, PhaseRef
from flows.messages import Incoming
from flows.modules.questionnaire import Questionnaire
from flows.questionnaires.file import read_file
from storage import areas, consultations, erasure, making, models, reminders, retention, rounds
from storage.database import Database
from storage.models import Address, Consent, Contribution, Conversation, Doorstep, Participant, Phase, Volunteer
from storage.rounds import Counted, Round
from storage.scope import FIELD
from tests.bot.test_random_batches import with_repeats
from tests.bot.town import Town, furnish
from tests.bot.walkers import LINES, PLAN, Street, Walker
from tests.tables import a_file, make_tables

ASKED = f"""\
consultation: centre
languages: [en]
title: {{en: The square}}
topic: {{en: about the square}}
why: {{en: It says what is built.}}
questions:
- id: plan
  kind: one_of
  text: {{en: "{PLAN}"}}
  choices:
    trees: {{en: Trees}}
    hall: {{en: A hall}}
    pond: {{en: A pond}}
"""
TEAM = "The elms"
STEPS = 20


@asynccontextmanager
async def walked(url: str) -> AsyncIterator[tuple[Town, Round]]:
    """A town whose questionnaire is taken to the doors of Elm Street."""
    database = Database(url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
        asked = read_file(ASKED.encode()).draft.questionnaire.to_settings()
        house = await furnish(database, Questionnaire.load(asked))
        async with database.write() as connection:
            await connection.execute(update(Phase).values(kind="questionnaire", settings=asked))
            drawn = await rounds.create(connection, house.space_id, house.phase_id, TEAM, LINES, house.now)
        yield house, drawn
    finally:
        await database.close()


async def join(house: Town, drawn: Round, name: str) -> None:
    assert drawn.code is not None
    await house.hears(name, code=drawn.code)
    await house.hears(name, name.title())


# -- random walks ----------------------------------------------------------------------------------------------


@settings(
    max_examples=2,
    phases=[Part.explicit, Part.reuse, Part.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_two_volunteers_on_one_list_are_counted_exactly(tmp_path: Path, seed: int) -> None:
    with a_file(tmp_path, seed) as url:
        asyncio.run(walk(url, random.Random(seed), STEPS))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
async def test_longer_walks_and_on_postgresql_too(database_url: str, seed: int) -> None:
    await walk(database_url, random.Random(seed), 7 * STEPS)


async def walk(url: str, chance: random.Random, steps: int) -> None:
    """Each in turn, some taps twice, some messages delivered again; then the round closes, and both speak for
    themselves."""
    async with walked(url) as (house, drawn):
        street = Street()
        walkers = {name: Walker(name, street, chance) for name in ("ann", "bob")}
        for name in walkers:
            await house.hears(name, code=drawn.code)
            await house.hears(name, name)
        look(house, walkers)
        kept: list[Incoming] = []
        for _step in range(steps):
            batch = step(house, walkers[chance.choice(["ann", "bob"])], chance)
            await house.keep(*with_repeats(batch, kept, chance))
            kept += batch
            await house.deliver()
            look(house, walkers)
            await check(house, drawn, street)
        await close(house, drawn, street)
        await themselves(house, street)


def step(house: Town, walker: Walker, chance: random.Random) -> list[Incoming]:
    house.later(seconds=5)
    chosen = walker.taps()
    if chosen is None:
        return [house.incoming(walker.name, "round")]
    return [house.incoming(walker.name, tap=chosen.data) for _time in range(2 if chance.random() < 0.2 else 1)]


def look(house: Town, walkers: dict[str, Walker]) -> None:
    for outgoing in house.street.sent:
        walkers[outgoing.sender].sees(outgoing.message)
    house.street.sent.clear()


async def counted(house: Town, drawn: Round) -> Counted:
    async with house.database.read() as connection:
        [found] = await rounds.counted(connection, house.space_id, [drawn])
    return found


async def check(house: Town, drawn: Round, street: Street) -> None:
    found = await counted(house, drawn)
    assert {door.line: door.answers for door in found.doors} == {line: len(street.standing(line)) for line in LINES}
    assert {door.line: door.state for door in found.doors} == street.states
    assert found.tally == street.tally()
    assert {one.name: one.tally for one in found.walkers} == {name: street.tally(name) for name in ("ann", "bob")}
    sent = [one.sent for one in street.given if one.sent]
    assert Counter(await chosen(house)) == Counter(sent)
    assert {(one.origin, one.place) for one in await standing(house)} <= {(FIELD, TEAM)}
    people = [one.participant_id for one in await standing(house)]
    volunteers = await house.rows(Volunteer.participant_id)
    assert len(set(people)) == len(people)
    assert not set(people) & set(volunteers)


async def standing(house: Town) -> Sequence[Any]:
    """The contributions that count."""
    async with house.database.read() as connection:
        return (await connection.execute(select(Contribution.__table__).where(Contribution.state == "sent"))).all()


async def chosen(house: Town) -> list[str]:
    labels = {"trees": "Trees", "hall": "A hall", "pond": "A pond"}
    return [labels[one.fields["plan"]] for one in await standing(house)]


async def results(house: Town) -> Figures:
    [asked] = await house.rows(Phase.settings)
    async with house.database.read() as connection:
        return await Questionnaire.load(asked).results(connection, PhaseRef(house.space_id, house.phase_id), Filter())


async def close(house: Town, drawn: Round, street: Street) -> None:
    """What was counted stays, and nothing leads from a door to an answer any more."""
    async with house.database.write() as connection:
        assert await rounds.close(connection, house.space_id, drawn.id, house.now)
        assert not await rounds.close(connection, house.space_id, drawn.id, house.now)
    await check(house, drawn, street)
    assert set(await house.rows(Doorstep.participant_id)) <= {None}
    figures, answers = await results(house), street.tally().answers
    assert (figures.people, dict(figures.by_channel).get(FIELD, 0)) == (answers, answers)


async def themselves(house: Town, street: Street) -> None:
    """The volunteers' own voices are still theirs, once each."""
    before = len(await chosen(house))
    for name in ("ann", "bob"):
        for said in ("stop", "menu", "The centre", "yes", "Trees", "send"):
            await house.hears(name, said)
    assert len(await chosen(house)) == before + 2
    own = [one for one in await standing(house) if one.origin == "street"]
    assert sorted(one.participant_id or 0 for one in own) == sorted(await house.rows(Volunteer.participant_id))


# -- what holds at a door --------------------------------------------------------------------------------------


async def answer(house: Town, name: str, plan: str = "Trees") -> list[str]:
    """One answer at the door this volunteer stands before."""
    for said in ("An answer", "yes", plan):
        await house.hears(name, said)
    return await house.hears(name, "send")


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[tuple[Town, Round]]:
    async with walked(database_url) as found:
        yield found


async def test_whoever_answers_is_a_person_of_their_own_whom_nobody_writes_to(town: tuple[Town, Round]) -> None:
    house, drawn = town
    await join(house, drawn, "ann")
    await answer(house, "ann")
    await answer(house, "ann", "A hall")
    [ann] = await house.rows(Volunteer.participant_id)
    people = await house.rows(Participant.id, Participant.channel, Participant.stopped_at)
    at_doors = [(id_, stopped) for id_, channel, stopped in people if channel == FIELD]
    assert [stopped for _id, stopped in at_doors] == [house.now, house.now]
    assert await house.rows(Address.participant_id) == [ann]
    assert sorted(await house.rows(Contribution.participant_id)) == sorted(id_ for id_, _stopped in at_doors)


async def test_their_consent_is_kept_in_the_words_that_were_read_aloud(town: tuple[Town, Round]) -> None:
    house, drawn = town
    await join(house, drawn, "ann")
    await house.hears("ann", "An answer")
    assert await house.rows(Consent.words) == []
    await house.hears("ann", "yes")
    [(person, words)] = await house.rows(Consent.participant_id, Consent.words)
    assert words.startswith("Read aloud by a volunteer: Hello. I come from the town hall, with questions about")
    assert words.endswith("Do you agree to answer?")
    assert await house.rows(Conversation.participant_id, phase_id=house.phase_id) == [person]


async def test_a_tap_that_comes_twice_and_a_message_delivered_again_count_once(town: tuple[Town, Round]) -> None:
    house, drawn = town
    await join(house, drawn, "ann")
    for label in ("An answer", "Yes, they agree", "Trees", "Send", "Nobody there"):
        tap = house.tap("ann", label)
        once = house.incoming("ann", tap=tap)
        await house.keep(once, once, house.incoming("ann", tap=tap))
        await house.keep(once)
        await house.deliver()
    assert len(await chosen(house)) == 1
    assert (await counted(house, drawn)).tally == rounds.Tally(visited=2, answers=1, nobody=1, refused=0)


async def test_where_an_area_decides_it_is_asked_at_the_door_and_noted_of_who_lives_there(
    town: tuple[Town, Round],
) -> None:
    house, drawn = town
    async with house.database.write() as connection:
        await areas.add(connection, house.space_id, "elms", {"en": "The Elms"})
        await areas.add(connection, house.space_id, "mill", {"en": "The Mill"})
        stages = [{"from": None, "who": {"area": ["elms"]}}]
        await connection.execute(update(Phase).values(stages=stages))
    await join(house, drawn, "ann")
    await house.hears("ann", "An answer")
    assert "Where do you live? I do not ask for your address." in await house.hears("ann", "yes")
    assert "It is for those who live here: The Elms." in await house.hears("ann", "The Mill")
    assert f"Door: {LINES[1]}" in await house.hears("ann", "See what else there is")
    await house.hears("ann", "An answer")
    await house.hears("ann", "yes")
    for said in ("The Elms", "Trees", "send"):
        await house.hears("ann", said)
    assert len(await chosen(house)) == 1
    [ann] = await house.rows(Volunteer.participant_id)
    assert await house.rows(Participant.area, id=ann) == [None]


async def test_five_guesses_an_hour_and_a_closed_round_has_no_code(town: tuple[Town, Round]) -> None:
    house, drawn = town
    assert drawn.code is not None
    for _guess in range(5):
        assert await house.hears("eve", code="AAAABBBB") == [
            "I don’t know this code. Perhaps the round is over, or a letter is missing."
        ]
    assert await house.hears("eve", code=drawn.code) == ["Please try again in 61 minutes."]
    async with house.database.write() as connection:
        await rounds.close(connection, house.space_id, drawn.id, house.now)
    [told] = await house.hears("bob", code=drawn.code)
    assert told.startswith("I don’t know this code.")
    assert await house.count(Volunteer) == 0


async def test_a_round_that_is_closed_meanwhile_says_so_and_an_answer_under_way_is_sent(
    town: tuple[Town, Round],
) -> None:
    house, drawn = town
    await join(house, drawn, "ann")
    await join(house, drawn, "bob")
    for said in ("An answer", "yes", "Trees"):
        await house.hears("ann", said)
    async with house.database.write() as connection:
        await rounds.close(connection, house.space_id, drawn.id, house.now)
    assert await house.hears("bob", "Nobody there") == ["This round is over. Thank you for walking it."]
    told = await house.hears("ann", "send")
    assert told[0] == "The answer counts. Please thank them."
    assert (len(await chosen(house)), (await counted(house, drawn)).tally.answers) == (1, 0)


async def test_a_round_closes_with_its_phase_and_nothing_is_taken_back_afterwards(town: tuple[Town, Round]) -> None:
    house, drawn = town
    await join(house, drawn, "ann")
    await answer(house, "ann")
    for said in ("The list", LINES[0], "Take an answer back"):
        await house.hears("ann", said)
    async with house.database.write() as connection:
        await connection.execute(update(Phase).values(closes_at=house.now))
        await retention.forget(connection, texts_before=house.now, now=house.now)
    told = await house.hears("ann", "yes")
    assert not any("taken back" in line for line in told)
    found = await counted(house, drawn)
    assert (len(await chosen(house)), found.tally.answers) == (1, 1)
    assert await house.rows(models.Round.code) == [None]


async def test_of_a_volunteer_who_is_erased_the_counts_stay(town: tuple[Town, Round]) -> None:
    house, drawn = town
    await join(house, drawn, "ann")
    await answer(house, "ann")
    await house.hears("ann", "Nobody there")
    before = (await counted(house, drawn)).tally
    await house.hears("ann", "erase")
    await house.hears("ann", "yes")
    async with house.database.write() as connection:
        await erasure.forget_erased(connection)
    found = await counted(house, drawn)
    assert (found.tally, [one.name for one in found.walkers]) == (before, [None])
    assert set(await house.rows(Conversation.through_id)) == {None}
    assert len(await chosen(house)) == 1


async def test_a_step_nobody_has_begun_is_removed_with_its_rounds(town: tuple[Town, Round]) -> None:
    house, drawn = town
    await join(house, drawn, "ann")
    async with house.database.write() as connection:
        [phase] = await consultations.phases(connection, house.space_id, house.consultation_id)
        await making.remove(connection, phase)
    assert [await house.count(table) for table in (models.Round, models.Door, Volunteer)] == [0, 0, 0]


async def test_nobody_is_reminded_of_an_interview_that_was_left_at_a_door(town: tuple[Town, Round]) -> None:
    house, drawn = town
    await join(house, drawn, "ann")
    for said in ("An answer", "yes", "Trees", "round"):
        await house.hears("ann", said)
    async with house.database.read() as connection:
        assert await reminders.to_remind(connection, house.later(days=2)) == []


async def test_two_volunteers_at_one_door_through_two_receptions_lose_nothing(town: tuple[Town, Round]) -> None:
    house, drawn = town
    other = Reception(house.database, house.reception.channels, house.reception.clock)
    other.around.modules.update(house.reception.around.modules)
    await join(house, drawn, "ann")
    await join(house, drawn, "bob")
    for _door in range(4):
        for said in ("An answer", "yes", "Trees", "send"):
            await asyncio.gather(
                house.reception.keep([house.incoming("ann", said)]), other.keep([house.incoming("bob", said)])
            )
    assert (await counted(house, drawn)).tally == rounds.Tally(visited=4, answers=8, nobody=0, refused=0)
    assert len(await chosen(house)) == 8
    assert set(await house.states()) == {"handled"}
