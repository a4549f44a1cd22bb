"""The real program before the stub of Signal's daemon: killed again and again, and with everything going wrong."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from tests.acceptance.crowd import Crowd
from tests.acceptance.process import START_WITHIN
from tests.acceptance.signal_crowd import SignalTown, town
from tests.signal_daemon import Platform, faults

TWICE = 0.1
"""Of what people send, the share that comes again."""


def crowded() -> Platform:
    """Receipts and typing come among the messages."""
    return Platform(noise=0.2, keep_alive=1.0)


def unruly(house: SignalTown) -> None:
    """People repeat what they sent, and overtake one another."""
    for account in house.accounts.values():
        account.mail.again, account.mail.mixed = TWICE, True


def misbehave(platform: Platform) -> None:
    """Everything that goes wrong with calls, now and then. (Who is in doubt rests for five seconds, and longer after a
    limit that does not tell how long.)"""
    for fault in (faults.rate(1), faults.offline(), faults.slow(0.5)):
        platform.faults.often(0.005, fault)
    for fault in (
        faults.broken(500),
        faults.broken(503),
        faults.cut_before(),
        faults.cut_after(),
        faults.garbled(),
        faults.network(),
        faults.internal(),
    ):
        platform.faults.often(0.001, fault)
    platform.faults.script(faults.rate(), after=100)
    platform.faults.script(faults.rate_in_words(), after=500)


async def all_is_well(house: SignalTown, crowd: Crowd, process: asyncio.subprocess.Process) -> None:
    """It ends when it is asked to, and everything was kept, put and answered as it should."""
    house.platform.faults.stop()
    await house.all_delivered()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), START_WITHIN) == 0
    house.check(crowd.talkers)
    house.check_losses()
    assert house.platform.violations == []


async def talk_with_faults(house: SignalTown, crowd: Crowd, at_once: int) -> None:
    """The daemon is restarted now and then: what it has written by then arrives."""
    async with house.alive() as process:
        misbehave(house.platform)
        talking = asyncio.create_task(crowd.talk(at_once))
        while not talking.done():
            await asyncio.wait([talking], timeout=30)
            if not talking.done():
                await house.platform.restart(0.3)
        await talking
        await all_is_well(house, crowd, process)
    house.check_secrets()
    assert house.gone == set()


@pytest.mark.long
async def test_a_few_talks_with_faults_lose_nothing(tmp_path: Path) -> None:
    platform = crowded()
    async with town(tmp_path, platform) as house:
        unruly(house)
        await talk_with_faults(house, Crowd(platform, house.newcomer, random.Random(7), most=16), 16)


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_thousand_talks_with_faults_lose_nothing(tmp_path: Path, seed: int) -> None:
    """A quarter of them, as in each of what follows: eleven messages a talk, sixty a second by twelve numbers."""
    platform = crowded()
    async with town(tmp_path, platform) as house:
        unruly(house)
        await talk_with_faults(house, Crowd(platform, house.newcomer, random.Random(seed), most=250), 120)


@pytest.mark.long
@pytest.mark.parametrize("seed", [3, 4])
async def test_a_house_killed_again_and_again_loses_only_what_nobody_can_keep(
    tmp_path: Path, request: pytest.FixtureRequest, seed: int
) -> None:
    """What the daemon had handed over to a house that is killed before it could commit, and what it
    writes to the dead one, no client can keep: people see no answer, and write again. All else is kept."""
    chance, platform = random.Random(seed), crowded()
    kills = min(request.config.getoption("--kills") // 8, 20)
    async with town(tmp_path, platform) as house:
        unruly(house)
        crowd = Crowd(platform, house.newcomer, chance, most=250)
        talking = asyncio.create_task(crowd.talk(120))
        for _life in range(kills):
            async with house.alive() as process:
                house.count_losses()
                await house.has_sent(chance.randrange(120))
                await asyncio.sleep(chance.uniform(0.0, 0.5))
                assert not talking.done(), talking
                os.kill(process.pid, signal.SIGKILL)
        async with house.alive() as process:
            house.count_losses()
            await talking
            await all_is_well(house, crowd, process)
        print(f"{len(house.gone)} of {len(house.kept())} messages died with {kills} houses, or after them")
        assert len(house.gone) <= kills * len(house.accounts) * 4
    house.check_secrets()
