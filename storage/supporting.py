"""What residents do about texts of others: they support them, follow them, report them; each of it once.

Support is a ballot of one value, whose subject is the id of a text that stands by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, String, cast, delete, distinct, exists, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import ballots, written
from storage.ballots import NewBallot
from storage.models import Ballot, Contribution, Follow, Report
from storage.refusals import Gone, Refusal
from storage.scope import Scope, given_within
from storage.types import new_id
from storage.value import value

SUPPORT = "support"
"""The value of a ballot."""


class OwnText(Refusal):
    """Nobody supports a text of their own."""


class AlreadyReported(Refusal):
    """Everybody reports a text once."""


# -- supporting ----------------------------------------------------------------------------------------------------

_SUPPORTS = (
    Ballot.space_id == Contribution.space_id,
    Ballot.phase_id == Contribution.phase_id,
    Ballot.subject == cast(Contribution.id, String),
)
SUPPORTERS = select(func.count()).where(*_SUPPORTS).correlate(Contribution).scalar_subquery()
"""How many people support a text: its ballots have no other value."""


def supported_by(participant_id: int) -> ColumnElement[bool]:
    """Whether they support a text."""
    return exists().where(*_SUPPORTS, Ballot.voter == str(participant_id)).correlate(Contribution)


async def support(connection: AsyncConnection, given: Sequence[NewBallot]) -> Sequence[int | Refusal]:
    """Support texts, or take it back (value None); answers how many support each once it is done.

    Refuses what others no longer see (Gone), one's own text (OwnText), and what `ballots.cast` refuses. Support can be
    taken back from whatever it was given to.
    """
    known = await written.shown(connection, {(one.space_id, int(one.subject)) for one in given})

    def judge(ballot: NewBallot) -> Refusal | None:
        if ballot.value is None:
            return None
        phase_id, author = known.get((ballot.space_id, int(ballot.subject)), (None, None))
        if phase_id != ballot.phase_id:
            return Gone()
        return OwnText() if author == ballot.participant_id else None

    refused = [judge(ballot) for ballot in given]
    left = iter(await ballots.cast(connection, [one for one, no in zip(given, refused, strict=True) if no is None]))
    return [next(left) if no is None else no for no in refused]


async def supporters(connection: AsyncConnection, scope: Scope) -> int:
    """How many people support at least one of these texts."""
    supported = (
        select(func.count(distinct(Ballot.voter)))
        .join(
            Contribution,
            (Contribution.space_id == Ballot.space_id) & (Contribution.id == cast(Ballot.subject, BigInteger)),
        )
        .where(*given_within(scope), Ballot.space_id == scope.space_id, Ballot.phase_id == scope.phase_id)
    )
    return (await connection.execute(supported)).scalar_one()


# -- following -----------------------------------------------------------------------------------------------------


@value
class Following:
    """Somebody wants to hear what becomes of a text, or no longer does."""

    space_id: int
    contribution_id: int
    participant_id: int
    wanted: bool


_FOLLOWS = (Follow.space_id == Contribution.space_id, Follow.contribution_id == Contribution.id)
FOLLOWERS = select(func.count()).where(*_FOLLOWS).correlate(Contribution).scalar_subquery()
"""How many people follow a text."""


def followed_by(participant_id: int) -> ColumnElement[bool]:
    """Whether they follow a text."""
    return exists().where(*_FOLLOWS, Follow.participant_id == participant_id).correlate(Contribution)


async def follow(connection: AsyncConnection, given: Sequence[Following]) -> Sequence[bool | Refusal]:
    """Follow texts, or leave off; doing it twice changes nothing."""
    keys = [(one.space_id, one.contribution_id, one.participant_id) for one in given]
    await connection.execute(
        delete(Follow).where(tuple_(Follow.space_id, Follow.contribution_id, Follow.participant_id).in_(keys))
    )
    rows = [
        {"space_id": key[0], "id": new_id(), "contribution_id": key[1], "participant_id": key[2]}
        for key in dict.fromkeys(key for key, one in zip(keys, given, strict=True) if one.wanted)
    ]
    if rows:
        await connection.execute(insert(Follow), rows)
    return [True for _ in given]


async def people(connection: AsyncConnection, space_id: int, contribution_id: int) -> tuple[int, int]:
    """How many people support a text, and how many follow it."""
    this = (Contribution.space_id == space_id, Contribution.id == contribution_id)
    supporting, following = (await connection.execute(select(SUPPORTERS, FOLLOWERS).where(*this))).one()
    return supporting, following


# -- reporting -----------------------------------------------------------------------------------------------------


@value
class Reported:
    """Somebody finds that a text should not be there; `reason` is one of storage/moderation.py's."""

    space_id: int
    contribution_id: int
    participant_id: int
    reason: str
    at: datetime


def reported_by(participant_id: int) -> ColumnElement[bool]:
    """Whether they reported a text."""
    theirs = (Report.space_id == Contribution.space_id, Report.contribution_id == Contribution.id)
    return exists().where(*theirs, Report.reporter == str(participant_id)).correlate(Contribution)


async def report(connection: AsyncConnection, given: Sequence[Reported]) -> Sequence[bool | Refusal]:
    """Report texts to the moderators; each person each of them once (AlreadyReported)."""
    keys = [(one.space_id, one.contribution_id, str(one.participant_id)) for one in given]
    columns = (Report.space_id, Report.contribution_id, Report.reporter)
    known = {tuple(row) for row in await connection.execute(select(*columns).where(tuple_(*columns).in_(keys)))}
    results: list[bool | Refusal] = []
    rows = []
    for key, one in zip(keys, given, strict=True):
        results.append(AlreadyReported() if key in known else True)
        if key not in known:
            known.add(key)
            row = {"space_id": key[0], "contribution_id": key[1], "reporter": key[2], "reason": one.reason}
            rows.append({**row, "id": new_id(), "at": one.at, "settled_at": None})
    if rows:
        await connection.execute(insert(Report), rows)
    return results
