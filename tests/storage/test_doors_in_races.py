"""People at two to eight doors issue codes, type them, vote, write, take doors away and erase themselves: one after the
other against a plain model, and all at once.

Whatever they do, nobody has two ballots in a vote, nobody reads what somebody else wrote, and nothing is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import ballots, consultations, linking, participants, secrecy
from storage.addresses import ThisDoor
from storage.attempts import Limit
from storage.ballots import NewBallot
from storage.database import Database
from storage.joining import BothVoted, Joined
from storage.linking import OwnCode, UnknownCode
from storage.models import Ballot, Base, Contribution, Join, Participant, SecretBallot
from storage.refusals import AlreadyVoted, Gone, Refusal
from tests.storage.doors import Doors
from tests.storage.written import NOW, a_phase
from tests.tables import a_file, make_tables

QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture(autouse=True)
def anybody_may_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    """How guesses are slowed down is test_linking.py's."""
    for name in ("GUESSES", "GUESSES_IN_SPACE"):
        monkeypatch.setattr(linking, name, Limit(1_000_000, timedelta(minutes=1)))


# -- a town for each example -----------------------------------------------------------------------------------------


async def has_tables(connection: AsyncConnection) -> bool:
    return await connection.run_sync(lambda sync: inspect(sync).has_table("participants"))


@asynccontextmanager
async def doors(url: str) -> AsyncIterator[Doors]:
    database = Database(url)
    try:
        async with database.write() as connection:
            if not await has_tables(connection):
                await make_tables(connection)
            for table in reversed(Base.metadata.sorted_tables):
                await connection.execute(delete(table))
            town = await a_phase(connection)
            await town.open()
            found = await consultations.find(connection, town.space_id, town.consultation_id)
            assert found is not None
            secret = await consultations.add_phase(connection, found, "vote", {})
        yield Doors(database, town.space_id, town.phase_id, secret.id)
    finally:
        await database.close()


# -- one after the other, against a plain model ----------------------------------------------------------------------


@dataclass(eq=False)
class Somebody:
    """A person as the model has them."""

    wrote: set[str] = field(default_factory=set)
    voted: set[bool] = field(default_factory=set)
    """Whether in the open vote (False), in the secret one (True)."""
    code: str | None = None
    shown_at: int = 0
    erased: bool = False
    into: Somebody | None = None

    def now(self) -> Somebody:
        return self if self.into is None else self.into.now()


@dataclass
class Model:
    behind: dict[int, Somebody] = field(default_factory=dict)
    joins: list[tuple[Somebody, Somebody]] = field(default_factory=list)
    steps: int = 0

    def at(self, door: int) -> Somebody:
        found = self.behind.get(door)
        found = found.now() if found is not None else None
        if found is None or found.erased:
            found = Somebody()
        self.behind[door] = found
        return found

    def holder(self, code: str) -> Somebody | None:
        people = {id(one.now()): one.now() for one in self.behind.values()}
        return next((one for one in people.values() if one.code == code), None)

    def redeem(self, door: int, code: str) -> Any:
        mine, holder = self.at(door), self.holder(code)
        if holder is None or holder is mine:
            return UnknownCode if holder is None else OwnCode
        holder.code = None
        self.joins.append((holder, mine))
        return dict

    def join(self) -> list[Any]:
        waiting, self.joins = self.joins, []
        return [self._join(into.now(), gone.now()) for into, gone in waiting]

    def _join(self, into: Somebody, gone: Somebody) -> Any:
        if into is gone:
            return type(None)
        if into.erased or gone.erased:
            return Gone
        if into.voted & gone.voted:
            return BothVoted
        into.wrote |= gone.wrote
        into.voted |= gone.voted
        shown = [one for one in (into, gone) if one.code is not None]
        newest = max(shown, key=lambda one: one.shown_at, default=None)
        into.code, into.shown_at = (newest.code, newest.shown_at) if newest is not None else (None, 0)
        gone.into = into
        return Joined

    def unlink(self, door: int, other: int) -> Any:
        mine = self.at(door)
        if door == other:
            return ThisDoor
        there = self.behind.get(other)
        if there is None or there.now() is not mine:
            return Gone
        del self.behind[other]
        mine.code = None
        return bool


STEPS = st.tuples(
    st.sampled_from(("write", *["link"] * 4, "code", "type", "join", *["vote"] * 3, "unlink", "unlink", "erase")),
    st.integers(0, 7),
    st.integers(0, 7),
    st.booleans(),
)


async def step(town: Doors, model: Model, do: str, door: int, other: int, secret: bool) -> None:
    """The same in the town and in the model."""
    model.steps += 1
    if do == "write":
        mark = f"{model.steps} at {door}"
        model.at(door).wrote.add(mark)
        assert set(await town.write(door, mark)) == model.at(door).wrote
    if do in ("code", "link"):
        mine = model.at(door)
        mine.code, mine.shown_at = await town.issue(door), model.steps
    if do in ("type", "link"):
        code = town.codes.get(door if do == "link" else other, "2222-2222")
        assert type(await town.redeem(other, code)) is model.redeem(other, code)
    if do in ("join", "link") and (do == "join" or secret):
        assert [type(one) for one in await town.join()] == model.join()
    if do == "vote":
        mine = model.at(door)
        assert type(await town.vote(door, secret=secret)) is (AlreadyVoted if secret in mine.voted else int)
        mine.voted.add(secret)
    if do == "unlink":
        assert type(await town.unlink(door, other)) is model.unlink(door, other)
    if do == "erase":
        mine = model.at(door)
        mine.erased, mine.code = True, None
        await town.erase(door)


async def play(url: str, count: int, steps: list[tuple[str, int, int, bool]]) -> None:
    async with doors(url) as town:
        model = Model()
        for do, door, other, secret in steps:
            await step(town, model, do, door % count, other % count, secret)
        for door in range(count):
            await step(town, model, "write", door, 0, False)


@settings(max_examples=8, suppress_health_check=QUIET)
@given(st.sampled_from((2, 2, 3, 3, 4, 5, 6, 8)), st.lists(STEPS, min_size=20, max_size=30))
def test_what_people_do_at_their_doors_one_after_the_other_is_as_the_plain_model_has_it(
    tmp_path: Path, count: int, steps: list[tuple[str, int, int, bool]]
) -> None:
    with a_file(tmp_path, 1) as url:
        asyncio.run(play(url, count, steps))


@pytest.mark.long
@settings(max_examples=40, suppress_health_check=QUIET)
@given(st.sampled_from((2, 2, 3, 3, 4, 5, 6, 8)), st.lists(STEPS, min_size=20, max_size=40))
def test_a_long_evening_at_the_doors_is_as_the_plain_model_has_it(
    database_url: str, count: int, steps: list[tuple[str, int, int, bool]]
) -> None:
    asyncio.run(play(database_url, count, steps))


# -- all at once -----------------------------------------------------------------------------------------------------


@dataclass
class Crowd:
    """Everybody at their doors at the same time, and what they came to see. `since` is when a door was taken away, or
    typed or was shown a code, last; a `mark` tells when it was written."""

    town: Doors
    wrote: set[str] = field(default_factory=set)
    cast: list[bool] = field(default_factory=list)
    apart: dict[int, int] = field(default_factory=dict)
    met: dict[int, set[int]] = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)

    async def live(self, door: int, life: list[tuple[str, int, bool]], count: int) -> None:
        for do, other, secret in life:
            await self._act(door, do, other % count, secret)

    async def _act(self, door: int, do: str, other: int, secret: bool) -> None:
        if do == "write":
            await self.write(door)
        elif do == "code":
            await self.town.issue(door)
        elif do == "type" and other in self.town.codes:
            self.apart.pop(door, None)
            self._meet(door, other)
            await self.town.redeem(door, self.town.codes[other])
        elif do == "join":
            await self.town.join()
        elif do == "vote" and not isinstance(await self.town.vote(door, secret=secret), Refusal):
            self.cast.append(secret)
        elif do == "unlink" and await self.town.unlink(door, other) is True:
            self.apart[other] = self.town.ticks
        elif do == "erase":
            self.erased.add(door)
            await self.town.erase(door)

    async def write(self, door: int) -> None:
        """What is read at a door was written at one that this person has, or had, a code in common with; and after it
        was taken away, at this door alone."""
        since, mark = self.apart.get(door), f"{self.town.ticks} at {door} of {len(self.wrote)}"
        self.wrote.add(mark)
        seen = [(int(one.split()[0]), int(one.split()[2])) for one in await self.town.write(door, mark)]
        assert {where for _when, where in seen} <= self.circle(door)
        if since is not None and self.apart.get(door) == since:
            assert all(where == door and when >= since for when, where in seen)

    def _meet(self, door: int, other: int) -> None:
        self.met.setdefault(door, set()).add(other)
        self.met.setdefault(other, set()).add(door)

    def circle(self, door: int) -> set[int]:
        """Those that may be the same person, by one code or by several."""
        found, new = {door}, {door}
        while new:
            new = {one for each in new for one in self.met.get(each, ())} - found
            found |= new
        return found


LIFE = st.lists(
    st.tuples(
        st.sampled_from(("write", "write", "code", "code", "type", "type", "join", "vote", "unlink", "erase")),
        st.integers(0, 7),
        st.booleans(),
    ),
    min_size=4,
    max_size=12,
)


async def evening(url: str, lives: list[list[tuple[str, int, bool]]]) -> None:
    async with doors(url) as town:
        crowd = Crowd(town)
        await asyncio.gather(*(crowd.live(door, life, len(lives)) for door, life in enumerate(lives)))
        await town.join()
        for door in range(len(lives)):
            await crowd.write(door)
        await nothing_is_lost(crowd)


async def nothing_is_lost(crowd: Crowd) -> None:
    """Every text is somebody's who is there, each ballot is there once, and no join was forgotten."""
    town = crowd.town
    async with town.database.read() as connection:
        people = set((await connection.execute(select(Participant.id))).scalars())
        texts = (await connection.execute(select(Contribution.key, Contribution.participant_id))).all()
        voters = set((await connection.execute(select(Ballot.voter))).scalars())
        names = set((await connection.execute(select(SecretBallot.pseudonym))).scalars())
        waiting = await connection.scalar(select(func.count()).where(Join.done_at.is_(None)).select_from(Join))
    async with town.database.write() as connection:
        voting = [NewBallot(town.space_id, town.secret_phase, who, "vote", None, NOW) for who in sorted(people)]
        known = set(await secrecy.pseudonyms(connection, voting))
    assert {key for key, _who in texts} == crowd.wrote
    assert len(texts) == len(crowd.wrote)
    assert {who for _key, who in texts if who is not None} <= people
    assert waiting == 0
    assert len(voters) == crowd.cast.count(False)
    assert len(names) == crowd.cast.count(True)
    if not crowd.erased:
        assert None not in {who for _key, who in texts}
        assert voters <= {str(who) for who in people}
        assert names <= known


@settings(max_examples=6, suppress_health_check=QUIET)
@given(st.lists(LIFE, min_size=2, max_size=8))
def test_of_what_people_do_at_their_doors_at_once_nothing_is_lost_or_shown_to_others(
    tmp_path: Path, lives: list[list[tuple[str, int, bool]]]
) -> None:
    with a_file(tmp_path, 1) as url:
        asyncio.run(evening(url, lives))


@pytest.mark.long
@settings(max_examples=40, suppress_health_check=QUIET)
@given(st.lists(LIFE, min_size=2, max_size=8))
def test_in_a_long_evening_of_many_at_once_nothing_is_lost_or_shown_to_others(
    database_url: str, lives: list[list[tuple[str, int, bool]]]
) -> None:
    asyncio.run(evening(database_url, lives))


async def test_a_join_waits_for_a_turn_that_is_under_way_and_takes_its_ballot_along(database_url: str) -> None:
    async with doors(database_url) as town:
        await town.redeem(3, await town.issue(2))
        await town.join()  # so that the next one is quick
        await town.redeem(1, await town.issue(0))
        async with town.database.write() as connection:
            [(person, _address)] = (await participants.find(connection, [town.key(1)])).values()
            joining = asyncio.create_task(town.join())
            assert not (await asyncio.wait([joining], timeout=0.2))[0]
            for phase, secret in ((town.open_phase, False), (town.secret_phase, True)):
                ballot = NewBallot(town.space_id, phase, person.id, "vote", "yes", NOW, secret=secret)
                assert await ballots.cast(connection, [ballot]) == [1]
        assert [type(one) for one in await joining] == [Joined]
        for secret in (False, True):
            assert isinstance(await town.vote(0, secret=secret), AlreadyVoted)
