"""Ballots: one voter's choice on one subject. One each is a constraint, not a habit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Ballot
from storage.refusals import AlreadyVoted, Refusal
from storage.types import new_id
from storage.value import value


@value
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

    Each call gets its own running count, so that exactly one call sees "10". A voter's ballots are cast with the
    participant locked; should two processes meet all the same, the constraint fails the batch, which is run again.
    """
    counts = await _counts(connection, given)
    voted = await _voted(connection, given)
    results: list[int | Refusal] = []
    rows = []
    for ballot in given:
        subject = (ballot.space_id, ballot.phase_id, ballot.subject)
        if (*subject, ballot.voter) in voted:
            results.append(AlreadyVoted())
            continue
        voted.add((*subject, ballot.voter))
        counts[subject] += 1
        results.append(counts[subject])
        rows.append(_row(new_id(), ballot))
    if rows:
        await connection.execute(insert(Ballot), rows)
    return results


_VOTED = select(Ballot.voter).where(
    Ballot.space_id == bindparam("space_id"),
    Ballot.phase_id == bindparam("phase_id"),
    Ballot.subject == bindparam("subject"),
    Ballot.voter.in_(bindparam("voters", expanding=True)),
)


async def _voted(connection: AsyncConnection, given: Sequence[NewBallot]) -> set[tuple[int, int, str, str]]:
    """Which (space, phase, subject, voter) of these have a ballot already."""
    by_subject: dict[tuple[int, int, str], list[str]] = {}
    for ballot in given:
        by_subject.setdefault((ballot.space_id, ballot.phase_id, ballot.subject), []).append(ballot.voter)
    voted: set[tuple[int, int, str, str]] = set()
    for (space_id, phase_id, subject), voters in by_subject.items():
        known = {"space_id": space_id, "phase_id": phase_id, "subject": subject, "voters": voters}
        rows = await connection.execute(_VOTED, known)
        voted.update((space_id, phase_id, subject, row[0]) for row in rows)
    return voted


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
