"""Ballots: one voter's choice on one subject. One each is a constraint, not a habit.

In a secret phase they lie under pseudonyms, in a table that tells neither when nor in which order they were cast
(storage/secrecy.py).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import gate, secrecy
from storage.models import Ballot, SecretBallot
from storage.prepared import Prepared, among
from storage.refusals import AlreadyVoted, Closed, Refusal
from storage.types import new_id
from storage.value import value

Subject: TypeAlias = tuple[int, int, str]
"""A space, a phase, and what is voted on there: a question, or the id of a contribution."""
Key: TypeAlias = tuple[int, int, str, str]
"""A subject, and the voter: the participant's id, or a pseudonym."""


@value
class NewBallot:
    """A choice as it is cast. `value` None takes it back; `change` allows another one than before."""

    space_id: int
    phase_id: int
    participant_id: int
    subject: str
    value: str | None
    at: datetime
    change: bool = False
    secret: bool = False

    @property
    def about(self) -> Subject:
        return self.space_id, self.phase_id, self.subject


async def cast(connection: AsyncConnection, given: Sequence[NewBallot]) -> Sequence[int | Refusal]:
    """Cast ballots; answers how many the subject has once it is done.

    Refuses what comes after closing (Closed), from whom it is not for (NotEligible), and where no change is allowed a
    voter's second one (AlreadyVoted). Each call gets its own running count, so that exactly one sees "10". A voter's
    ballots are cast with the participant locked; should two processes meet all the same, the constraint fails the
    batch, which is run again.
    """
    _doors, refused = await gate.look(connection, given)
    results: dict[int, int | Refusal] = {at: refusal for at, refusal in enumerate(refused) if refusal is not None}
    for box in (OPEN, SECRET):
        mine = {at: one for at, one in enumerate(given) if at not in results and one.secret is box.secret}
        if mine:
            results |= zip(mine, await box.take(connection, list(mine.values())), strict=True)
    return [results[at] for at in range(len(given))]


async def count(connection: AsyncConnection, subjects: Sequence[Subject]) -> Sequence[int | Refusal]:
    """How many ballots each of these has."""
    counts = await OPEN.counts(connection, set(subjects))
    return [counts[subject] for subject in subjects]


class _Box:
    """The ballots of open phases, or those of secret ones."""

    def __init__(self, table: Any, voter: Any, *, secret: bool) -> None:
        self.table, self.voter, self.secret = table, voter, secret
        where = (table.space_id == bindparam("space_id"), table.phase_id == bindparam("phase_id"))
        subjects = among(table.subject, "subjects")
        self._count = Prepared(
            select(table.subject, func.count()).where(*where, subjects).group_by(table.subject),
            "space_id",
            "phase_id",
            "subjects",
        )
        self._find = Prepared(
            select(table.subject, voter, table.value).where(*where, subjects, among(voter, "voters")),
            "space_id",
            "phase_id",
            "subjects",
            "voters",
        )
        self._this = (
            table.space_id == bindparam("in_space"),
            table.phase_id == bindparam("in_phase"),
            table.subject == bindparam("about"),
            voter == bindparam("by"),
        )

    async def take(self, connection: AsyncConnection, given: Sequence[NewBallot]) -> list[int | Refusal]:
        """Cast these, which may be cast."""
        voters = await self._voters(connection, given)
        counts = await self.counts(connection, {ballot.about for ballot in given})
        before = await self.values(connection, [(*b.about, v) for b, v in zip(given, voters, strict=True) if v])
        after, results = dict(before), list[int | Refusal]()
        for ballot, voter in zip(given, voters, strict=True):
            if voter is None:
                results.append(Closed())
                continue
            key = (*ballot.about, voter)
            if key in after and not ballot.change:
                results.append(AlreadyVoted())
                continue
            counts[ballot.about] += (ballot.value is not None) - (key in after)
            if ballot.value is not None:
                after[key] = ballot.value
            else:
                after.pop(key, None)
            results.append(counts[ballot.about])
        await self._write(connection, before, after, given[0].at)
        return results

    async def _voters(self, connection: AsyncConnection, given: Sequence[NewBallot]) -> Sequence[str | None]:
        """Who casts these; None where a secret phase was sealed meanwhile."""
        if self.secret:
            return await secrecy.pseudonyms(connection, given)
        return [str(ballot.participant_id) for ballot in given]

    async def counts(self, connection: AsyncConnection, subjects: Collection[Subject]) -> Counter[Subject]:
        """How many ballots each of these has."""
        found: Counter[Subject] = Counter()
        for (space_id, phase_id), names in _by_phase(subjects).items():
            for subject, number in await self._count.read(connection, space_id, phase_id, names):
                found[space_id, phase_id, subject] = number
        return found

    async def values(self, connection: AsyncConnection, keys: Sequence[Key]) -> dict[Key, str]:
        """What these voters have chosen before on these subjects."""
        voters = sorted({key[3] for key in keys})
        found: dict[Key, str] = {}
        for (space_id, phase_id), names in _by_phase({key[:3] for key in keys}).items():
            for subject, voter, chosen in await self._find.read(connection, space_id, phase_id, names, voters):
                found[space_id, phase_id, subject, voter] = chosen
        return found

    async def _write(
        self, connection: AsyncConnection, before: Mapping[Key, str], after: Mapping[Key, str], at: datetime
    ) -> None:
        if new := [key for key in after if key not in before]:
            await connection.execute(insert(self.table), [self._row(key, after[key], at) for key in new])
        if changed := [key for key in before if key in after and after[key] != before[key]]:
            change = update(self.table).where(*self._this).values(value=bindparam("new"))
            await connection.execute(change, [{**_given(key), "new": after[key]} for key in changed])
        if gone := [key for key in before if key not in after]:
            await connection.execute(delete(self.table).where(*self._this), [_given(key) for key in gone])

    def _row(self, key: Key, chosen: str, at: datetime) -> dict[str, Any]:
        row = {"space_id": key[0], "phase_id": key[1], "subject": key[2], self.voter.key: key[3], "value": chosen}
        return row if self.secret else {**row, "id": new_id(), "cast_at": at}


def _given(key: Key) -> dict[str, Any]:
    return {"in_space": key[0], "in_phase": key[1], "about": key[2], "by": key[3]}


def _by_phase(subjects: Iterable[Subject]) -> dict[tuple[int, int], list[str]]:
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    for space_id, phase_id, subject in sorted(subjects):
        found[space_id, phase_id].append(subject)
    return found


OPEN = _Box(Ballot, Ballot.voter, secret=False)
SECRET = _Box(SecretBallot, SecretBallot.pseudonym, secret=True)
