"""What the town says of a contribution: official replies, and how far it is with it; and whom to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import String, cast, exists, insert, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Ballot, Contribution, Follow, Organiser, Participant, Progress
from storage.spreading import Audience
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


def concerned(space_id: int, contribution_id: int) -> Audience:
    """Whom a reply concerns, each once: the author; and of a text that others see also those who support it (a ballot
    whose subject is the contribution) and who follow it."""
    this = (Contribution.space_id == space_id, Contribution.id == contribution_id)
    seen = exists().where(*this, Contribution.state == "sent")
    phase = select(Contribution.phase_id).where(*this).scalar_subquery()
    author = select(Contribution.participant_id).where(*this, Contribution.participant_id.is_not(None))
    supporters = select(Ballot.voter).where(
        Ballot.space_id == space_id, Ballot.phase_id == phase, Ballot.subject == str(contribution_id), seen
    )
    followers = select(Follow.participant_id).where(
        Follow.space_id == space_id, Follow.contribution_id == contribution_id, seen
    )
    # A ballot's voter is an id as a text, or the word that is left of somebody erased.
    them = Participant.id.in_(union_all(author, followers)), cast(Participant.id, String).in_(supporters)
    return select(Participant.id).where(Participant.space_id == space_id, or_(*them))
