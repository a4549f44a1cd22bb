"""A broadcast by the real program before the stub of Telegram: it is killed, and everything goes wrong meanwhile."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from storage import accounts, broadcast_figures, broadcasts
from storage.broadcast_figures import Figures
from storage.broadcasts import Broadcast, Content
from storage.database import Database
from storage.models import Address, Consent, Consultation, Participant, Phase, Space
from storage.types import new_id
from tests.acceptance.telegram_crowd import HEARD_WITHIN, TelegramTown, town
from tests.telegram_api import Limits, Platform, Resident, faults

WORDS = "The town asks for your opinion."
ROWS = 1_000
SHUT = 0.02
"""Of those it is for, the share that has blocked the robot."""
PATIENCE = 60.0
"""Seconds for each message, at the most, with all the pauses that the platform asks for."""


@pytest.mark.long
async def test_killed_and_with_faults_a_small_broadcast_reaches_everybody_once(tmp_path: Path) -> None:
    await reaches(tmp_path, people=12, kills=1)


@pytest.mark.long
async def test_killed_again_and_again_a_larger_broadcast_misses_nobody(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A fifth of what is sent is answered by 429, which asks for a second of silence: `--crowd 10000` with 50 kills
    takes most of an hour."""
    people = request.config.getoption("--crowd")
    await reaches(tmp_path, people=people, kills=min(people // 50, request.config.getoption("--kills")))


async def reaches(folder: Path, people: int, kills: int) -> None:
    chance, platform = random.Random(people), Platform(limits=Limits(grace=HEARD_WITHIN))
    async with town(folder, platform, "polling") as house:
        crowd = [platform.resident(house.bot, f"r{number}", "en") for number in range(people)]
        shut = set(chance.sample(range(people), max(1, int(people * SHUT))))
        for number, resident in enumerate(crowd):
            resident.chat.open, resident.chat.blocked = True, number in shut
        one = await planned(house, crowd)
        platform.faults.often(0.2, faults.wait(1), ["sendMessage"])
        platform.faults.often(0.02, faults.cut_after(), ["sendMessage"])
        platform.faults.often(0.02, faults.slow(0.5), ["sendMessage"])
        for _life in range(kills):
            async with house.alive() as process:
                await house.has_sent(chance.randrange(1, max(2, people // (2 * kills))))
                os.kill(process.pid, signal.SIGKILL)
        async with house.alive():
            await ended(house, one, people)
        await check(house, one, crowd, shut)


async def planned(house: TelegramTown, crowd: list[Resident]) -> Broadcast:
    """People as if they had come by the robot, and a broadcast to all of them that is due."""
    database = Database(f"sqlite:///{house.folder}/palabre.db")
    now = datetime.now(UTC)
    async with database.write() as connection:
        space_id, account = (await connection.execute(select(Space.id))).scalar_one(), str(house.bot.id)
        await accounts.put(connection, space_id, "telegram", account, name="bot", title="Bot", token=None, now=now)
        agreed = (await connection.execute(select(Consultation.id))).scalar_one()
        phase = (await connection.execute(select(Phase.id))).scalar_one()
        await connection.execute(update(Space).values(cap=0))  # that the step opens is told to nobody meanwhile
        rows = [(new_id(), new_id(), str(resident.chat.id)) for resident in crowd]
        known = {"space_id": space_id, "created_at": now, "channel": "telegram"}
        for start in range(0, len(rows), ROWS):
            some = rows[start : start + ROWS]
            person = [{**known, "id": p, "groups": [], "language": "en", "address_id": a} for p, a, _chat in some]
            await connection.execute(insert(Participant), person)
            mine = [{**known, "id": a, "participant_id": p, "account": account, "sender": c} for p, a, c in some]
            await connection.execute(insert(Address), mine)
            said = {"space_id": space_id, "consultation_id": agreed, "words": "Yes", "given_at": now}
            await connection.execute(insert(Consent), [{**said, "id": new_id(), "participant_id": p} for p, *_ in some])
        content = Content({"en": WORDS}, phase, unasked=False)  # asked for: it leaves at any hour of this machine
        one = await broadcasts.write(connection, space_id, content, None, now)
        await broadcasts.plan(connection, one.ref, None, "Europe/Paris", now)
    await database.close()
    return one


async def ended(house: TelegramTown, one: Broadcast, people: int) -> None:
    async with asyncio.timeout(PATIENCE + people):
        done = False
        while not done:
            done = house.rows("SELECT state FROM broadcasts WHERE occasion IS NULL") == [("sent",)]
            await asyncio.sleep(0.2)


async def check(house: TelegramTown, one: Broadcast, crowd: list[Resident], shut: set[int]) -> None:
    """Nobody is missed; who got it twice was in doubt; the rest is counted as it was; never faster than allowed."""
    figures = await counted(house, one)
    assert figures.recipients == len(crowd) == sum(figures.parts)
    in_doubt = {int(chat) for (chat,) in house.rows(DOUBTED)}
    got = Counter(resident.chat.id for resident in crowd for text in resident.heard if text.startswith(WORDS))
    assert all(count == 1 for count in got.values())
    there = {resident.chat.id for number, resident in enumerate(crowd) if number not in shut}
    assert there - set(got) <= in_doubt
    assert figures.sent == len(set(got) - in_doubt)
    doors = {crowd[number].chat.id for number in shut}
    assert Counter(figures.failures) == Counter(blocked=len(doors - in_doubt))
    assert figures.held == len(in_doubt)
    assert house.platform.violations == []


DOUBTED = (
    "SELECT sender FROM deliveries JOIN addresses ON addresses.id = deliveries.address_id"
    " WHERE deliveries.state = 'held'"
)


async def counted(house: TelegramTown, one: Broadcast) -> Figures:
    database = Database(f"sqlite:///{house.folder}/palabre.db")
    async with database.read() as connection:
        found = await broadcasts.find(connection, one.ref)
        assert found is not None
        figures = await broadcast_figures.figures(connection, found)
    await database.close()
    return figures
