"""The real program before the stub of Telegram: killed again and again, and with everything going wrong that can."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from tests.acceptance.crowd import Crowd
from tests.acceptance.process import START_WITHIN
from tests.acceptance.telegram_crowd import HEARD_WITHIN, TelegramTown, town
from tests.telegram.drivers import AIOGRAM, PTB
from tests.telegram.served import ROADS
from tests.telegram_api import Clock, Limits, Platform, faults
from tests.telegram_api.mailbox import DAY

TWICE = 0.1
"""Of what was acknowledged, the share that comes again."""


def hurried() -> Platform:
    """Its time flies, so that a webhook is soon tried again. It forgets no tap: nobody here would tap once more, as
    people do, and how long a house is away between two lives depends on the machine."""
    return Platform(clock=Clock(pace=20), limits=Limits(grace=HEARD_WITHIN), taps_kept=DAY)


def misbehave(platform: Platform) -> None:
    """Everything that goes wrong with calls, now and then."""
    for fault in (
        faults.wait(1),
        faults.broken(500),
        faults.broken(502, page=True),
        faults.cut_before(),
        faults.cut_after(),
        faults.slow(0.5),
        faults.garbled(),
    ):
        platform.faults.often(0.01, fault)
        platform.faults.often(0.01, fault, ["getUpdates", "answerCallbackQuery", "editMessageReplyMarkup"])


async def talk_with_faults(house: TelegramTown, crowd: Crowd, at_once: int) -> None:
    async with house.alive() as process:
        misbehave(house.platform)
        await crowd.talk(at_once)
        house.platform.faults.stop()
        await house.all_delivered()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), START_WITHIN) == 0
    house.check(crowd.talkers)
    house.check_secrets()


@pytest.mark.long
async def test_a_few_talks_with_faults_lose_nothing(tmp_path: Path) -> None:
    platform = hurried()
    async with town(tmp_path, platform, "polling") as house:
        platform.redeliver(TWICE)
        await talk_with_faults(house, Crowd(platform, house.newcomer, random.Random(7), most=3), 3)


@pytest.mark.long
@pytest.mark.parametrize(("road", "driver"), [*((road, AIOGRAM) for road in ROADS), ("polling", PTB)])
async def test_a_thousand_talks_with_faults_lose_nothing(tmp_path: Path, road: str, driver: str) -> None:
    """Half of them on each road: ten messages a talk, thirty a second. And a quarter through the other library, where
    only what makes the calls is another."""
    platform, most = hurried(), 500 if driver == AIOGRAM else 250
    async with town(tmp_path, platform, road, driver=driver) as house:
        platform.redeliver(TWICE)
        await talk_with_faults(house, Crowd(platform, house.newcomer, random.Random(1000), most=most), 60)
        assert platform.violations == []


@pytest.mark.long
@pytest.mark.parametrize("road", ROADS)
async def test_a_house_killed_again_and_again_loses_nothing(
    tmp_path: Path, road: str, request: pytest.FixtureRequest
) -> None:
    await killed(tmp_path, road, request.config.getoption("--kills") // len(ROADS), 8)


@pytest.mark.long
async def test_a_house_killed_again_and_again_loses_nothing_through_the_other_library(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Posted to: all that the library does there is to send, which is where a kill could double."""
    await killed(tmp_path, "webhook", request.config.getoption("--kills") // 5, 8, PTB)


async def killed(folder: Path, road: str, times: int, at_once: int, driver: str = AIOGRAM) -> None:
    """kill -9, so many times, while people talk: after so many messages and a moment, so that a slow machine gets as
    far in one life as a fast one."""
    chance, platform = random.Random(50), hurried()
    async with town(folder, platform, road, driver=driver) as house:
        platform.redeliver(TWICE)
        crowd = Crowd(platform, house.newcomer, chance)
        talking = asyncio.create_task(crowd.talk(at_once))
        for _life in range(times):
            async with house.alive() as process:
                await house.has_sent(chance.randrange(2 * at_once))
                await asyncio.sleep(chance.uniform(0.0, 0.5))
                assert not talking.done(), talking
                os.kill(process.pid, signal.SIGKILL)
        crowd.open = False
        async with house.alive():
            await talking
            await house.all_delivered()
        house.check(crowd.talkers)
        house.check_secrets()
