"""A secret vote in which nobody has cast a ballot: there is no key, and what was chosen is nobody's business either."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, update

from bot import sealing
from bot.commands.check import _secret_votes
from flows.figures import Filter, PhaseRef
from flows.journal import SEALED
from flows.modules.vote import Vote
from storage import ballots
from storage.ballots import NewBallot
from storage.models import Conversation, Phase, SecretKey
from storage.refusals import Closed
from tests.bot.test_random_votes import Rules, polling
from tests.bot.town import Town

RULES = Rules("one_of", change=True, secret=True, most=1)


@pytest.fixture
async def vote(database_url: str) -> AsyncIterator[Town]:
    """A town whose phase is a secret vote by its settings."""
    async with polling(database_url, RULES) as house:
        async with house.database.write() as connection:
            await connection.execute(update(Phase).values(kind="vote", settings=RULES.settings, closes_at=None))
        yield house


async def over(house: Town) -> None:
    async with house.database.write() as connection:
        await connection.execute(update(Phase).values(closes_at=house.now))
    await sealing.seal(house.database, house.now)


async def test_where_somebody_chose_and_nobody_cast_it_is_sealed_all_the_same(vote: Town) -> None:
    await vote.begin("ada")
    await vote.hears("ada", "1")
    journal = Conversation.journal
    assert "oak" in (await vote.rows(journal, phase_id=vote.phase_id))[0]
    async with vote.database.write() as connection:
        await connection.execute(update(Phase).values(closes_at=vote.now))
    assert [str(found) async for found in _secret_votes(vote.database, vote.now)] == [
        "wrong  secret votes: 1 over and not sealed. Start `palabre run`, which seals them."
    ]
    await over(vote)
    assert [str(found) async for found in _secret_votes(vote.database, vote.now)] == []
    assert set(await vote.rows(journal, phase_id=vote.phase_id)) == {SEALED}
    assert await vote.rows(Phase.sealed_at, Phase.state) == [(vote.now, "closed")]
    async with vote.database.write() as connection:
        assert (await connection.execute(select(SecretKey.key, SecretKey.wiped_at))).all() == [(None, vote.now)]
        await connection.execute(update(Phase).values(state="dated", closes_at=None, sealed_at=None))
        new = NewBallot(vote.space_id, vote.phase_id, 7, "vote", "oak", vote.now, secret=True)
        assert isinstance((await ballots.cast(connection, [new]))[0], Closed), "there is never a key for it"
        ref = PhaseRef(vote.space_id, vote.phase_id)
        assert (await Vote.load(RULES.settings).results(connection, ref, Filter())).people == 0


async def test_where_nobody_began_there_is_nothing_to_seal_and_it_may_be_opened_again(vote: Town) -> None:
    await over(vote)
    assert await vote.rows(Phase.sealed_at, Phase.state) == [(None, "dated")]
    async with vote.database.write() as connection:
        await connection.execute(update(Phase).values(closes_at=None))
    await vote.begin("ada")
    await vote.hears("ada", "1")
    assert "Your vote is recorded. Thank you." in await vote.hears("ada", "send")


async def test_a_vote_that_is_not_secret_is_never_sealed(vote: Town) -> None:
    async with vote.database.write() as connection:
        await connection.execute(update(Phase).values(settings={**RULES.settings, "secret": False}))
    await vote.begin("ada")
    await over(vote)
    assert await vote.rows(Phase.sealed_at) == [None]
