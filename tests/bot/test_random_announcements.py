"""Whatever organisers do to a step, each of its openings and each of its ends is announced once: held to a model."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from storage.civil import days_before
from tests.bot.square import FRIDAY_EVENING, TEN, close, reopen, rows, set_dates, settled, square, ticks
from tests.bot.town import Town

TEN_O_CLOCK = time(10)


class Model:
    """What is told of one step, in plain Python: its last opening, and the last end that was told of."""

    def __init__(self) -> None:
        self.is_open, self.seen_over, self.first = True, False, True
        self.opened = TEN
        self.told_end: datetime | None = None
        self.openings, self.ends = 0, 0
        self.closes: datetime | None = FRIDAY_EVENING

    def look(self, now: datetime) -> None:
        over = not self.is_open or (self.closes is not None and self.closes <= now)
        if over:
            self.seen_over = True
            return
        if self.seen_over:
            self.seen_over, self.opened, self.first, self.told_end = False, now, True, None
        if self.first and self.opened <= now:
            self.first = False
            self.openings += 1
        if self.closes is not None:
            self._end(days_before(self.closes, 3, TEN_O_CLOCK, "Europe/Paris"), now)

    def _end(self, at: datetime, now: datetime) -> None:
        is_due = self.opened < at <= now < at + timedelta(days=1)
        if is_due and (self.told_end is None or self.told_end + timedelta(days=3) <= at):
            self.told_end = at
            self.ends += 1


def history(chance: random.Random) -> list[tuple[str, int]]:
    """What is done to the step, and for how many days nothing is."""
    verbs = ["close", "reopen", "end", "wait", "wait"]
    return [(chance.choice(verbs), chance.randint(1, 12)) for _event in range(chance.randint(1, 12))]


async def do(house: Town, model: Model, verb: str, many: int) -> None:
    if verb == "close":
        model.is_open, model.closes = False, house.now
        await close(house)
    elif verb == "reopen":
        model.is_open = True
        model.closes = model.closes if model.closes is not None and model.closes > house.now else None
        await reopen(house, model.closes)
    elif verb == "end":
        model.closes = house.now + timedelta(days=many)
        await set_dates(house, closes_at=model.closes)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(30))
async def test_each_opening_and_each_end_is_told_once(tmp_path: Path, seed: int) -> None:
    async with settled(f"sqlite+aiosqlite:///{tmp_path}/town.db") as house:
        await square(house, closes=FRIDAY_EVENING)
        model, house.now = Model(), TEN
        for verb, many in [*history(random.Random(seed)), ("wait", 20)]:
            await do(house, model, verb, many)
            for _look in range(many * 2 if verb == "wait" else 1):
                model.look(house.now)
                await ticks(house)
                house.later(hours=12)
            told = [row[0] for row in await rows(house) if row[1] != "planned"]
            assert (told.count("opens"), told.count("closes")) == (model.openings, model.ends), (verb, house.now)
