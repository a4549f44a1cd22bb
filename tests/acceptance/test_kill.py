"""kill -9 at any moment: no answer lost, none doubled, none out of order, and no reply lost."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from sqlalchemy import func, select

from storage.database import Database
from storage.models import Contribution, Conversation, Heard, Participant
from tests.acceptance.killing import QUESTIONS, Platform
from tests.bot.town import make_consultation
from tests.tables import make_tables


def test_killed_five_times_nothing_is_lost(tmp_path: Path) -> None:
    kill(tmp_path, 5)


@pytest.mark.long
def test_killed_again_and_again_nothing_is_lost(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """`--kills 1000` for a long night."""
    kill(tmp_path, request.config.getoption("--kills"))


def kill(folder: Path, times: int) -> None:
    url = f"sqlite+aiosqlite:///{folder}/killed.db"
    platform = Platform(url, asyncio.run(furnish(url)), random.Random(times))
    for _life in range(times):
        platform.live(platform.chance.uniform(0.02, 0.6))
    platform.closing = True
    platform.live(None)
    assert platform.repeated > 0.05 * len(platform.messages)
    asyncio.run(check(url, platform))


async def furnish(url: str) -> int:
    database = Database(url)
    async with database.write() as connection:
        await make_tables(connection)
    _space, _consultation_id, phase_id = await make_consultation(database)
    await database.close()
    return phase_id


async def check(url: str, platform: Platform) -> None:
    database = Database(url)
    async with database.read() as connection:
        given = (await connection.execute(select(Contribution.fields))).scalars().all()
        states = (await connection.execute(select(Heard.state, func.count()).group_by(Heard.state))).all()
        people = (await connection.execute(select(func.count()).select_from(Participant))).scalar_one()
        talks = (await connection.execute(select(func.count()).select_from(Conversation))).scalar_one()
    await database.close()
    expected = {person.name: person.script()[2:] for person in platform.people}
    found = {fields["q1"].split()[0]: list(fields.values()) for fields in given}
    assert len(given) == len(found), "a contribution was doubled"
    assert found == expected, "an answer was lost, doubled or out of order"
    assert [tuple(row) for row in states] == [("handled", len(platform.messages))]
    assert (people, talks) == (len(expected), len(expected))
    for name in expected:
        heard = [line for sender, lines in platform.shown.values() if sender == name for line in lines]
        asked = [line for line in heard if line.startswith("q") or line == "Thank you."]
        assert asked == [*(f"q{number}?" for number in range(1, QUESTIONS + 1)), "Thank you."], "a reply was lost"
