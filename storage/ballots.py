"""Ballots: one voter's choice on one subject. One each is a constraint, not a habit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Ballot
from storage.refusals import AlreadyVoted, Refusal
from storage.types import new_id


@dataclass(frozen=True, slots=True)
class NewBallot:
    """A choice as it is cast; `voter` is the participant's id, or a pseudonym in a secret phase."""

    space_id: int
    phase_id: int
    subject: str
    voter: str
    value: str
    at: datetime


async def cast(connection: AsyncConnection, given: Sequence[NewBallot]) -> Sequence[int | Refusal]:
    """Cast ballots, the first of each voter on each subject; answers how many the subject has with this one.

    Each call gets its own running count, so that exactly one call sees "10".
    """
    ids = [new_id() for _ in given]
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    first: dict[tuple[int, int, str, str], int] = {}
    for id_, ballot in zip(ids, given, strict=True):
        first.setdefault((ballot.space_id, ballot.phase_id, ballot.subject, ballot.voter), id_)
    wanted = {id_: ballot for id_, ballot in zip(ids, given, strict=True) if id_ in set(first.values())}
    before = await _counts(connection, given)
    statement = make(Ballot).on_conflict_do_nothing().returning(Ballot.id)
    rows = await connection.execute(statement, [_row(id_, ballot) for id_, ballot in wanted.items()])
    taken = {row[0] for row in rows}
    results: list[int | Refusal] = []
    for id_, ballot in zip(ids, given, strict=True):
        if id_ not in taken:
            results.append(AlreadyVoted())
            continue
        subject = (ballot.space_id, ballot.phase_id, ballot.subject)
        before[subject] = before.get(subject, 0) + 1
        results.append(before[subject])
    return results


async def count(connection: AsyncConnection, subjects: Sequence[tuple[int, int, str]]) -> Sequence[int | Refusal]:
    """How many ballots each (space, phase, subject) has."""
    rows = await connection.execute(
        select(Ballot.space_id, Ballot.phase_id, Ballot.subject, func.count())
        .where(tuple_(Ballot.space_id, Ballot.phase_id, Ballot.subject).in_(set(subjects)))
        .group_by(Ballot.space_id, Ballot.phase_id, Ballot.subject)
    )
    counts = {(row[0], row[1], row[2]): row[3] for row in rows}
    return [counts.get(subject, 0) for subject in subjects]


async def _counts(connection: AsyncConnection, given: Sequence[NewBallot]) -> dict[tuple[int, int, str], int]:
    subjects = sorted({(ballot.space_id, ballot.phase_id, ballot.subject) for ballot in given})
    found = await count(connection, subjects)
    return {subject: number for subject, number in zip(subjects, found, strict=True) if isinstance(number, int)}


def _row(id_: int, ballot: NewBallot) -> dict[str, object]:
    return {
        "space_id": ballot.space_id,
        "id": id_,
        "phase_id": ballot.phase_id,
        "subject": ballot.subject,
        "voter": ballot.voter,
        "value": ballot.value,
        "cast_at": ballot.at,
    }
