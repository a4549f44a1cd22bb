"""Random talks of several residents about a petition, through the real Reception, against a model in plain Python."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.reception import Reception
from flows.messages import Incoming
from flows.modules.petition import Petition
from storage import consultations, milestones
from storage.database import Database
from storage.models import Contribution, Delivery, Milestone
from tests.bot.town import Town, furnish
from tests.tables import a_file, make_tables

GOAL = 12
PEOPLE = [f"p{number}" for number in range(14)]
BATCHES = 30
MILESTONES = {
    6: "With your signature, half of the 12 are there.",
    10: "Yours is the tenth signature.",
    12: "With your signature, the goal is reached: 12.",
}
NEWS = {
    "Half of the 12 signatures are there.": MILESTONES[6],
    "Ten people have signed it.": MILESTONES[10],
    "The goal is reached: 12 signatures.": MILESTONES[12],
}
"""What the others are told of each."""
SIGN, TAKE_BACK = "I sign", "Yes, take it back"
WANTED, UNWANTED = {"Yes", "Receive news of it"}, {"Receive no more news"}
WAYS = {SIGN, TAKE_BACK, "Read more", "No thank you", "Yes, begin", "Take my signature back", "Say why I sign"}
WAYS |= {"Change my words", "Change nothing", "No, keep my signature", "Back", "No", *WANTED, *UNWANTED}
PETITION = {"text": {"en": "A crossing at the school"}, "about": {"en": "The street is wide."}, "goal": GOAL}


@dataclass
class Model:
    """Who has signed, who wants news, and the most signatures there can have been: within a batch nobody knows who
    comes first."""

    signed: set[str] = field(default_factory=set)
    news: set[str] = field(default_factory=set)
    most: int = 0
    closed: bool = False

    def hears(self, name: str, pressed: str | None) -> None:
        if self.closed:
            return
        if pressed == SIGN:
            self.signed.add(name)
        elif pressed == TAKE_BACK:
            self.signed.discard(name)
        elif pressed in WANTED:
            self.news.add(name)
        elif pressed in UNWANTED:
            self.news.discard(name)


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_whatever_residents_do_each_signs_once_and_each_milestone_is_heard_once(tmp_path: Path, seed: int) -> None:
    with a_file(tmp_path, seed) as url:
        asyncio.run(crowd(url, random.Random(seed)))


@pytest.mark.parametrize("seed", [7, pytest.param(8, marks=pytest.mark.long), pytest.param(9, marks=pytest.mark.long)])
async def test_the_same_on_postgresql(postgres_url: str, seed: int) -> None:
    await crowd(postgres_url, random.Random(seed))


async def crowd(url: str, chance: random.Random) -> None:
    database = Database(url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
        house = await furnish(database, Petition.load(PETITION))
        model = Model()
        await house.begin(*PEOPLE)
        ends = chance.randint(BATCHES // 2, BATCHES)
        for number in range(BATCHES):
            if number == ends:
                await close(house)
                model.closed = True
            before = set(model.signed)
            await batch(house, model, chance)
            assert await signatures(house) == len(model.signed)
            check_milestones(house, model, before)
            await check_news(house, model)
    finally:
        await database.close()


async def batch(house: Town, model: Model, chance: random.Random) -> None:
    """One message each of some residents, of two processes at once where the database lets them."""
    said = [speaks(house, name, model, chance) for name in chance.sample(PEOPLE, chance.randint(1, len(PEOPLE)))]
    half = len(said) // 2
    others = Reception(house.database, house.reception.channels, house.reception.clock)
    others.around.modules.update(house.reception.around.modules)
    if chance.random() < 0.5:
        await asyncio.gather(house.reception.keep(said[:half]), others.keep(said[half:]))
    else:
        await others.keep(said)
    await house.deliver()


def speaks(house: Town, name: str, model: Model, chance: random.Random) -> Incoming:
    """Press something that is offered, write words where they are wanted, or scan the code again."""
    message = next((item.message for item in reversed(house.street.sent) if item.sender == name), None)
    offered = [button for button in message.buttons if button.label in WAYS] if message is not None else []
    if not offered or chance.random() < 0.1:
        return house.incoming(name, code="centre")
    button = chance.choice(offered)
    model.hears(name, button.label)
    if chance.random() < 0.3:
        return house.incoming(name, button.label.lower())
    return house.incoming(name, tap=button.data)


def check_milestones(house: Town, model: Model, before: set[str]) -> None:
    """Each was heard once, as soon as there were so many signatures, and never before."""
    model.most = max(model.most, len(before | model.signed))
    told = heard(house)
    assert len(told) == len(set(told))
    assert {MILESTONES[at] for at in MILESTONES if at <= len(model.signed)} <= set(told)
    assert set(told) <= {MILESTONES[at] for at in MILESTONES if at <= model.most}


async def check_news(house: Town, model: Model) -> None:
    """Each new milestone is told once to everybody who signed and wants news, and not to whoever reached it."""
    before = len(house.street.sent)
    reached = set(await tell(house))
    told: dict[str, list[str]] = {}
    for item in house.street.sent[before:]:
        [line] = [line.text for line in item.message.lines if line.text in NEWS]
        told.setdefault(NEWS[line], []).append(item.sender)
    assert told.keys() <= reached
    for milestone in reached:
        [by] = [item.sender for item in house.street.sent if milestone in [line.text for line in item.message.lines]]
        assert sorted(told.get(milestone, [])) == sorted((model.signed & model.news) - {by})


async def tell(house: Town) -> list[str]:
    """Do what the job does, twice; answers what those heard who reached the milestones that nobody else knew of."""
    async with house.database.write() as connection:
        untold = await milestones.untold(connection)
        told = await milestones.tell(connection, untold, house.now)
        assert await milestones.tell(connection, untold, house.now) == [0] * len(untold)
        assert await milestones.untold(connection) == []
    names = [await house.rows(Milestone.name, id=one.id) for one in untold]
    kinds = await house.rows(Delivery.kind, state="waiting")
    assert kinds == ["broadcast"] * sum(told)
    await house.deliver()
    lines = {"half": MILESTONES[6], "ten": MILESTONES[10], "goal": MILESTONES[12]}
    return [lines[name] for [name] in names]


def heard(house: Town) -> list[str]:
    """The milestones that somebody was told, as often as they were."""
    return sorted(line for line in house.street.texts() if line in MILESTONES.values())


async def signatures(house: Town) -> int:
    """Those that count; and no person has two, whatever became of them."""
    rows: Sequence[tuple[str, int]] = await house.rows(
        Contribution.state, Contribution.participant_id, kind="signature", phase_id=house.phase_id
    )
    assert len({who for _state, who in rows}) == len(rows)
    return sum(state == "sent" for state, _who in rows)


async def close(house: Town) -> None:
    async with house.database.write() as connection:
        found = await consultations.find(connection, house.space_id, house.consultation_id)
        assert found is not None
        await consultations.close_now(connection, found, house.now)


async def test_residents_who_sign_at_the_same_moment_are_all_counted(postgres_url: str) -> None:
    """Two processes, each with its batch: exactly one person hears each milestone."""
    database = Database(postgres_url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
        house = await furnish(database, Petition.load(PETITION))
        await house.begin(*PEOPLE)
        others = Reception(database, house.reception.channels, house.reception.clock)
        others.around.modules.update(house.reception.around.modules)
        signing = [house.incoming(name, "i sign") for name in PEOPLE[:GOAL]]
        receptions = (house.reception, others)
        await asyncio.gather(*(receptions[number % 2].keep([message]) for number, message in enumerate(signing)))
        await house.deliver()
        assert heard(house) == sorted(MILESTONES.values())
        async with database.read() as connection:
            assert (
                await connection.execute(select(func.count()).where(Contribution.state == "sent"))
            ).scalar_one() == GOAL
    finally:
        await database.close()
