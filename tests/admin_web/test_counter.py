"""Figures are counted once for all who look at the same ones, and anew as soon as something has changed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from admin_web import counter
from admin_web.counter import Counter
from flows.figures import Figures, Filter, PhaseRef
from storage import consultations
from storage.consultations import Phase
from storage.database import Database
from storage.models import Contribution
from tests.admin_web.made_up import MadeUp
from tests.crowd import MORNING, Crowd, opened

EVERYBODY = Filter()


class Counting(MadeUp):
    """Made-up results whose people are the times they were counted; they are counted while `going` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.times = self.now = 0
        self.begun, self.going = asyncio.Event(), asyncio.Event()
        self.going.set()

    async def results(self, connection: AsyncConnection, phase: PhaseRef, where: Filter) -> Figures:
        self.times, self.now = self.times + 1, self.now + 1
        assert self.now == 1, "one is counted at a time"
        figures = replace(self.figures, people=self.times)
        self.begun.set()
        await self.going.wait()
        self.now -= 1
        return figures


@dataclass
class Looked:
    """A phase, and those who look at its figures."""

    database: Database
    phase: Phase
    counter: Counter
    reports: Counting = field(default_factory=Counting)

    async def look(self, where: Filter = EVERYBODY, phase: Phase | None = None) -> int:
        return (await self.counter.figures(self.reports, phase or self.phase, where)).people

    async def happens(self, what: str) -> None:
        async with self.database.write() as connection:
            crowd = Crowd(connection, self.phase.space_id, self.phase.id)
            if what == "begins":
                await crowd.begins("Luc", "q1", at=MORNING)
            elif what == "sends":
                await crowd.sends("Karim", at=MORNING)
            elif what == "is erased":
                await connection.execute(update(Contribution).values(participant_id=None))
            else:
                await connection.execute(update(Contribution).values(updated_at=MORNING + timedelta(hours=1)))


@pytest.fixture
async def looked(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Looked]:
    monkeypatch.setattr(counter, "LONGEST", 1e9)
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        await crowd.sends("Monique")
        [consultation] = [one.consultation for one in await consultations.listed(connection, crowd.space_id, MORNING)]
        [phase] = await consultations.phases(connection, crowd.space_id, consultation.id)
    database = Database(database_url)
    yield Looked(database, phase, Counter(database))
    await database.close()


async def test_what_has_not_changed_is_counted_once(looked: Looked) -> None:
    assert [await looked.look() for _viewer in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("what", ["begins", "sends", "corrects", "is erased"])
async def test_whatever_may_change_the_figures_counts_them_anew(what: str, looked: Looked) -> None:
    assert await looked.look() == 1
    await looked.happens(what)
    assert await looked.look() == 2


async def test_another_filter_and_other_questions_have_their_own_figures(looked: Looked) -> None:
    assert [await looked.look(), await looked.look(Filter("web"))] == [1, 2]
    assert await looked.look(phase=replace(looked.phase, version=looked.phase.version + 1)) == 3
    assert [await looked.look(), await looked.look(Filter("web"))] == [1, 2]


async def test_one_is_counted_at_a_time_and_all_who_waited_take_it(looked: Looked) -> None:
    looked.reports.going.clear()
    first = asyncio.create_task(looked.look())
    await looked.reports.begun.wait()
    await looked.happens("sends")
    others = [asyncio.create_task(looked.look()) for _viewer in range(5)]
    filtered = asyncio.create_task(looked.look(Filter("web")))
    await asyncio.sleep(0)  # they ask before the first has its figures
    looked.reports.going.set()
    assert await asyncio.gather(first, *others, filtered) == [1, 2, 2, 2, 2, 2, 3]


async def test_figures_are_counted_anew_after_a_while_whatever_the_clock_says(
    looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counter, "LONGEST", 1e-6)
    assert [await looked.look(), await looked.look()] == [1, 2]


async def test_only_so_many_figures_are_kept(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter, "MOST", 2)
    for name in ("a", "b", "c"):
        await looked.look(Filter(name))
    assert [await looked.look(Filter(name)) for name in ("c", "b", "a")] == [3, 2, 4]
