"""Random talks of many voters through the real Reception, against a plain model: the same counts, one vote a person,
none after closing; and two receptions on one database."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Part
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from bot.reception import Reception
from flows.figures import Filter, PhaseRef
from flows.journal import Journal
from flows.messages import Incoming
from flows.modules.vote import Vote
from flows.voting import choices, results
from flows.voting.settings import APPROVAL, ONE_OF
from storage import secrecy, tallying
from storage.database import Database
from storage.models import Ballot, Conversation, Phase, SecretBallot
from tests.bot.test_random_batches import restart, with_repeats
from tests.bot.town import NOON, Town, furnish, watch_statements
from tests.bot.voters import METHODS, NAMES, SETTINGS, Voter
from tests.tables import a_file, make_tables

PEOPLE = 8
BATCHES = 22
CLOSES = NOON + timedelta(hours=1)
TOO_LATE = ("send", "1", "for", "begin", "change", "correct", "blank vote", "good")


@dataclass
class Rules:
    """One election: how it is voted, and how long the talks go on."""

    method: str
    change: bool
    secret: bool
    most: int

    @property
    def settings(self) -> dict[str, object]:
        return {
            **SETTINGS,
            "method": self.method,
            "change": self.change,
            "secret": self.secret,
            "most": self.most,
            "hidden": False,
        }


elections = st.builds(
    Rules, st.sampled_from(METHODS), change=st.booleans(), secret=st.booleans(), most=st.integers(2, 4)
)


@settings(
    max_examples=4,
    phases=[Part.explicit, Part.reuse, Part.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rules=elections, seed=st.integers(0, 2**32))
def test_every_vote_counts_once_as_it_was_sent_last(tmp_path: Path, rules: Rules, seed: int) -> None:
    with a_file(tmp_path, seed) as url:
        asyncio.run(election(url, rules, random.Random(seed)))


@pytest.mark.long
@pytest.mark.parametrize("secret", [False, True], ids=["open", "secret"])
@pytest.mark.parametrize("method", METHODS)
async def test_the_same_on_postgresql(postgres_url: str, method: str, secret: bool) -> None:
    await election(postgres_url, Rules(method, change=True, secret=secret, most=4), random.Random(method))


@asynccontextmanager
async def polling(url: str, rules: Rules) -> AsyncIterator[Town]:
    """A town that votes until CLOSES."""
    database = Database(url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
        house = await furnish(database, Vote.load(rules.settings))
        watch_statements(house)
        async with database.write() as connection:
            await connection.execute(update(Phase).values(closes_at=CLOSES))
        yield house
    finally:
        await database.close()


async def election(url: str, rules: Rules, chance: random.Random) -> None:
    async with polling(url, rules) as house:
        names = [f"p{number}" for number in range(PEOPLE)]
        people = {name: Voter(chance, rules.method, rules.change, rules.secret, rules.most) for name in names}
        await house.keep(*(house.incoming(name, code="centre") for name in names))
        await house.keep(*(house.incoming(name, "yes") for name in names))
        kept: list[Incoming] = []
        for _batch in range(BATCHES):
            await look(house, people)
            speaking = chance.sample(names, chance.randint(1, PEOPLE))
            batch = [house.incoming(name, people[name].speaks()) for name in speaking]
            await house.keep(*with_repeats(batch, kept, chance))
            kept += batch
            if chance.random() < 0.15:
                restart(house)
            await check(house, rules, people)
        await look(house, people)
        house.now = CLOSES
        for _batch in range(4):
            await house.keep(*(house.incoming(name, chance.choice(TOO_LATE)) for name in names))
        await check(house, rules, people)
        await sealed(house, rules, people)


async def look(house: Town, people: dict[str, Voter]) -> None:
    """Everybody reads the last message they were sent."""
    house.street.sent.clear()
    await house.deliver()
    for outgoing in house.street.sent:
        people[outgoing.sender].sees(outgoing.message)


async def check(house: Town, rules: Rules, people: dict[str, Voter]) -> None:
    """The ballots are those of the model, one a voter; and the figures are about as many people."""
    cast = Counter(voter.cast for voter in people.values() if voter.cast is not None)
    table, voter_of = (SecretBallot, SecretBallot.pseudonym) if rules.secret else (Ballot, Ballot.voter)
    other = Ballot if rules.secret else SecretBallot
    vote = Vote.load(rules.settings)
    async with house.database.read() as connection:
        assert await tallying.alike(connection, house.space_id, house.phase_id) == dict(cast)
        number, voters = func.count(), func.count(voter_of.distinct())
        assert (await connection.execute(select(number, voters).select_from(table))).one() == (cast.total(),) * 2
        assert (await connection.execute(select(func.count()).select_from(other))).scalar_one() == 0
        figures = await vote.results(connection, PhaseRef(house.space_id, house.phase_id), Filter())
        assert figures.people == cast.total() == sum(count for _channel, count in figures.by_channel)
        assert figures.figures[0].people == cast.total()
    assert results.figured(vote.vote, cast, over=True)[0].people == cast.total()
    assert sum(choices.counted(vote.vote, cast).values()) == cast.total()


async def sealed(house: Town, rules: Rules, people: dict[str, Voter]) -> None:
    """After sealing a secret phase its totals are the same, and no ballot is left."""
    if not rules.secret:
        return
    cast = Counter(voter.cast for voter in people.values() if voter.cast is not None)
    async with house.database.write() as connection:
        await secrecy.seal(connection, house.space_id, house.phase_id, house.now, Journal().dumps())
    async with house.database.read() as connection:
        assert await tallying.alike(connection, house.space_id, house.phase_id) == dict(cast)
        assert (await connection.execute(select(func.count()).select_from(SecretBallot))).scalar_one() == 0


# -- two receptions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [False, True], ids=["open", "secret"])
async def test_two_receptions_at_once_take_one_ballot_of_each(database_url: str, secret: bool) -> None:
    """Everybody sends twice at the same moment, through both; then half of them change their vote likewise."""
    rules = Rules(ONE_OF, change=True, secret=secret, most=1)
    async with polling(database_url, rules) as house:
        other = Reception(house.database, house.reception.channels, house.reception.clock)
        other.around.modules.update(house.reception.around.modules)
        names = [f"p{number}" for number in range(20)]
        await house.begin(*names)
        chosen = {name: random.Random(name).choice(list(NAMES)) for name in names}
        await house.keep(*(house.incoming(name, chosen[name]) for name in names))
        await at_once(house, other, names, "send")
        changing = names[::2]
        await house.keep(*(house.incoming(name, "correct") for name in changing))
        if not secret:
            await house.keep(*(house.incoming(name, "change") for name in changing))
        await at_once(house, other, changing, "4")
        await at_once(house, other, changing, "send")
        chosen |= dict.fromkeys(changing, "4")
        wanted = Counter(f'"{NAMES[number]}"' for number in chosen.values())
        async with house.database.read() as connection:
            assert await tallying.alike(connection, house.space_id, house.phase_id) == dict(wanted)
        assert set(await house.states()) == {"handled"}


async def at_once(house: Town, other: Reception, names: list[str], text: str) -> None:
    """The same words twice from everybody, each through one of the two receptions, in batches of three."""
    pairs = [(house.incoming(name, text), house.incoming(name, text)) for name in names]
    threes = [pairs[start : start + 3] for start in range(0, len(pairs), 3)]
    here = (house.reception.keep([one for one, _same in three]) for three in threes)
    there = (other.keep([same for _one, same in three]) for three in threes)
    await asyncio.gather(one_by_one(here), one_by_one(there))


async def one_by_one(batches: Iterable[Awaitable[None]]) -> None:
    for batch in batches:
        await batch


async def test_a_second_vote_is_refused_where_the_first_one_counts(database_url: str) -> None:
    """By the ballots themselves: here the conversation has forgotten that anything was sent."""
    rules = Rules(APPROVAL, change=False, secret=False, most=4)
    async with polling(database_url, rules) as house:
        await house.begin("ann")
        await house.keep(house.incoming("ann", "1, 2"), house.incoming("ann", "send"))
        assert "What was sent here cannot be changed any more." in await house.hears("ann", "correct")
        async with house.database.write() as connection:
            await connection.execute(update(Conversation).values(sent_at=None))
        await house.keep(house.incoming("ann", code="centre"), house.incoming("ann", "3, 4"))
        assert "You have voted already, and the first vote counts." in await house.hears("ann", "send")
        async with house.database.read() as connection:
            assert await tallying.alike(connection, house.space_id, house.phase_id) == {'["elm","oak"]': 1}
