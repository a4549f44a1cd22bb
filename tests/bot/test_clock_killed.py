"""Four processes on one PostgreSQL, killed at random while days pass: each reminder, each message to many and each
phase that turns happens exactly once."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import pytest
from sqlalchemy import update

from storage import broadcasts, consultations
from storage.broadcasts import Content
from storage.civil import moment
from storage.consultations import Consultation
from storage.models import Broadcast, Delivery, Entry, Space
from tests.bot.ticking import begin, clock
from tests.bot.town import NOON, Town, town

PROCESSES = 4
PEOPLE = 20
OVER = NOON + timedelta(days=18)
"""All is over by then."""
PATIENCE = 240.0


def at(day: int, hour: int) -> datetime:
    return moment(datetime.combine(date(2027, 3, day), clock_time(hour)), "Europe/Paris")


async def opened(house: Town, slug: str, opens: datetime, closes: datetime) -> Consultation:
    async with house.database.write() as connection:
        made = await consultations.create(
            connection,
            house.space_id,
            slug=slug,
            title={"en": slug},
            topic={},
            why={},
            decides={},
            opens_at=opens,
            closes_at=closes,
            answer_on=None,
            now=NOON,
        )
        await consultations.add_phase(connection, made, "ideas", {})
        await consultations.open_now(connection, made, NOON, on_its_date=True)
    return made


async def prepare(house: Town) -> None:
    """Twenty people who stop in the middle, two consultations that open, of which one closes soon after; and a message
    to everybody on Tuesday."""
    for number in range(PEOPLE):
        house.now = NOON + timedelta(minutes=number)
        await house.begin(f"p{number}")
        await house.hears(f"p{number}", "answer one")
    await opened(house, "pond", at(8, 10), at(26, 20))
    await opened(house, "brief", at(8, 12), at(11, 12))
    async with house.database.write() as connection:
        await connection.execute(update(Space).values(cap=99))
        one = await broadcasts.write(connection, house.space_id, Content({"en": "A word to all."}), None, NOON)
        await broadcasts.plan(connection, one.ref, "2027-03-09T11:00", "Europe/Paris", NOON)


async def kill_and_begin(url: str, sent: Path, began: float, chance: random.Random) -> int:
    """Until all is over; answers how many were killed."""
    alive, killed = [begin(url, sent, began) for _ in range(PROCESSES)], 0
    try:
        while clock(began) < OVER:
            await asyncio.sleep(chance.uniform(0.2, 0.8))
            place = chance.randrange(PROCESSES)
            alive[place].kill()
            alive[place].join()
            alive[place], killed = begin(url, sent, began), killed + 1
        return killed
    finally:
        for process in alive:
            process.kill()
            process.join()


async def all_has_left(house: Town, url: str, sent: Path, began: float) -> None:
    """A last process, which nobody kills before it has done everything."""
    process, ends = begin(url, sent, began), time.monotonic() + PATIENCE
    try:
        while True:
            states = set(await house.rows(Delivery.state))
            over = set(await house.rows(Broadcast.state)) <= {"sent"}
            if over and not states & {"waiting", "claimed", "paused"}:
                return
            assert time.monotonic() < ends, states
            await asyncio.sleep(0.2)
    finally:
        process.kill()
        process.join()


@pytest.mark.long
async def test_four_processes_that_are_killed_do_each_thing_exactly_once(postgres_url: str, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    async with town(postgres_url) as house:
        await prepare(house)
        killed = await kill_and_begin(postgres_url, sent, began := time.time(), random.Random(4))
        await all_has_left(house, postgres_url, sent, began)
        turned = Counter(await house.rows(Entry.action, Entry.about_id))
        causes = [cause for cause in await house.rows(Delivery.cause) if cause is not None]
        noted = set(await house.rows(Delivery.state))
    assert killed > 20
    # What left: the platform knows a repeat by its key.
    lines = {line.split("\t")[0]: line.split("\t")[1:] for line in sent.read_text().splitlines()}
    people = {f"p{number}" for number in range(PEOPLE)}
    expected = {(who, text) for who in people for text in TEXTS}
    assert Counter((who, without_day(text)) for who, text in lines.values()) == Counter(expected)
    # What the database says: the same.
    assert noted == {"sent"}
    assert Counter(cause.split(":")[0] for cause in causes) == {
        "stopped": PEOPLE,
        "opens": 2 * PEOPLE,
        "closes": PEOPLE,
        "broadcast": PEOPLE,
    }
    assert set(turned.values()) == {1}
    assert Counter(action for action, _which in turned)["turned_open"] == 2


def without_day(text: str) -> str:
    """What is said on a busy machine a day later is true then, and the same message."""
    return re.sub(
        r"” (closes|opens|is open).*", lambda found: f"” {'closes' if found[1] == 'closes' else 'opens'}", text
    )


TEXTS = (
    "Hello. You began “The centre” and did not finish.",
    "Hello. “pond” opens",
    "Hello. “brief” opens",
    "Hello. “pond” closes",
    "A word to all.",
)
