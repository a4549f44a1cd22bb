"""A secret vote: once it is over, nobody can say who chose what, whatever they hold. Some try."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import func, select

from storage.models import Phase, Sealed, SecretBallot
from tests.acceptance.attackers import ATTACKERS, Attacker, by_key, chance_of
from tests.acceptance.ballot_box import Booth, Evidence, booth, gather, idle_of

LUCK = 1e-5
"""No more luck than this is believed. Seventeen guesses that are all right are no luck any more."""
VOTERS = [100, pytest.param(1000, marks=pytest.mark.long)]


def best(attacker: Attacker, evidence: Evidence, where: Booth) -> float:
    """How likely the best of its tries is by chance alone."""
    return min((chance_of(guesses, where.truth) for guesses in attacker(evidence)), default=1.0)


@pytest.mark.parametrize("count", VOTERS)
@pytest.mark.parametrize("drawn", [pytest.param(False, marks=pytest.mark.long), True])
async def test_once_it_is_over_no_attacker_does_better_than_chance(
    database_url: str, tmp_path: Path, count: int, drawn: bool
) -> None:
    async with booth(database_url, secret=True, drawn=drawn) as where:
        await where.everybody_votes(count, random.Random(4))
        await where.close()
        evidence = await gather(where, tmp_path)
        for attacker in (*ATTACKERS, by_key):
            assert best(attacker, evidence, where) > LUCK, attacker.__name__
        async with where.house.database.read() as connection:
            cast = await connection.scalar(select(func.sum(Sealed.ballots)))
            assert await connection.scalar(select(Phase.sealed_at)) is not None
            assert await connection.scalar(select(func.count()).select_from(SecretBallot)) == 0
        assert cast == count - idle_of(count)


@pytest.mark.parametrize("count", VOTERS)
async def test_the_same_attackers_know_everything_of_an_open_vote(
    database_url: str, tmp_path: Path, count: int
) -> None:
    async with booth(database_url, secret=False) as where:
        await where.everybody_votes(count, random.Random(4))
        await where.close()
        evidence = await gather(where, tmp_path)
        for attacker in ATTACKERS:
            assert best(attacker, evidence, where) < LUCK, attacker.__name__


async def test_while_it_is_open_whoever_holds_the_database_could_know(database_url: str, tmp_path: Path) -> None:
    async with booth(database_url, secret=True) as where:
        await where.everybody_votes(100, random.Random(4))
        evidence = await gather(where, tmp_path)
        assert best(by_key, evidence, where) < LUCK
