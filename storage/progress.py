"""What the town says of a contribution: official replies, and how far it is with it; and whom to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, cast, insert, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Ballot, Contribution, Follow, Organiser, Participant, Progress
from storage.types import new_id
from storage.value import value


@value
class NewProgress:
    """A reply, or a new status (None changes none), or both; the text is `{language: text}` and may be empty."""

    space_id: int
    contribution_id: int
    organiser_id: int | None
    status: str | None
    text: Mapping[str, str]
    at: datetime


@value
class Step:
    """What was said, when, and the organiser who said it."""

    status: str | None
    text: Mapping[str, str]
    at: datetime
    name: str | None


async def add(connection: AsyncConnection, given: Sequence[NewProgress]) -> Sequence[int]:
    """Say these; the contribution takes the last status. Answers their ids."""
    ids = [new_id() for _ in given]
    for id_, one in zip(ids, given, strict=True):
        row = {"space_id": one.space_id, "contribution_id": one.contribution_id, "organiser_id": one.organiser_id}
        said = {"status": one.status, "text": dict(one.text), "at": one.at}
        await connection.execute(insert(Progress).values(id=id_, **row, **said))
        if one.status is not None:
            await connection.execute(
                update(Contribution)
                .where(Contribution.space_id == one.space_id, Contribution.id == one.contribution_id)
                .values(status=one.status)
            )
    return ids


async def of(connection: AsyncConnection, space_id: int, contribution_id: int) -> list[Step]:
    """What was said of a contribution, the first first."""
    rows = await connection.execute(
        select(Progress.status, Progress.text, Progress.at, Organiser.name)
        .outerjoin(Organiser, (Organiser.space_id == Progress.space_id) & (Organiser.id == Progress.organiser_id))
        .where(Progress.space_id == space_id, Progress.contribution_id == contribution_id)
        .order_by(Progress.id)
    )
    return [Step(*row) for row in rows]


async def concerned(connection: AsyncConnection, space_id: int, contribution_id: int) -> list[int]:
    """Whom a reply concerns, each once, by id: the author, those who support it (a ballot whose subject is the
    contribution), those who follow it. Who said stop, or was erased, is not written to."""
    them = union(*_concerned(space_id, contribution_id)).subquery()
    rows = await connection.execute(
        select(Participant.id)
        .where(Participant.space_id == space_id, cast(Participant.id, String).in_(select(them.c.who)))
        .where(Participant.stopped_at.is_(None), Participant.erased_at.is_(None))
        .order_by(Participant.id)
    )
    return [id_ for (id_,) in rows]


def _concerned(space_id: int, contribution_id: int) -> Sequence[Select[Any]]:
    """The ids as texts: a ballot's voter is one, or the word that is left of somebody erased."""
    this = (Contribution.space_id == space_id, Contribution.id == contribution_id)
    phase = select(Contribution.phase_id).where(*this).scalar_subquery()
    author = select(cast(Contribution.participant_id, String).label("who")).where(
        *this, Contribution.participant_id.is_not(None)
    )
    supporters = select(Ballot.voter.label("who")).where(
        Ballot.space_id == space_id, Ballot.phase_id == phase, Ballot.subject == str(contribution_id)
    )
    followers = select(cast(Follow.participant_id, String).label("who")).where(
        Follow.space_id == space_id, Follow.contribution_id == contribution_id
    )
    return author, supporters, followers
