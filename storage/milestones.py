"""Milestones of petitions: each is reached once, though signatures come and go, and told once.

Whoever signs notes only that one was reached. The rest of those who signed are told by a job, with one statement for
all of them, so that nobody's answer waits while a hundred thousand deliveries are written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import ColumnElement, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import spreading, supporting
from storage.models import Contribution, Follow, Milestone
from storage.refusals import Refusal
from storage.spreading import Audience, Spread
from storage.supporting import Following, followed_by
from storage.types import new_id
from storage.value import columns, value

SIGNATURE = "signature"
"""The kind of a contribution. Who follows their own signature wants news of the petition."""
TEN, HALF, GOAL = "ten", "half", "goal"

Place: TypeAlias = tuple[int, int]
"""A space and a phase."""


def milestones(goal: int) -> dict[int, str]:
    """After how many signatures which milestone is reached; of two at the same number, the greater."""
    return ({10: TEN} if goal > 10 else {}) | {(goal + 1) // 2: HALF} | {goal: GOAL}


def made(count: int, goal: int) -> list[str]:
    """The milestone at this number; the goal also behind it, where many signatures were typed in from paper at once."""
    exactly = milestones(goal).get(count)
    return [GOAL] if count > goal else [exactly] if exactly is not None else []


# -- reached -------------------------------------------------------------------------------------------------------


@value
class Reached:
    """A milestone that a signature has just reached. `body`: packed, what the others are told of it."""

    space_id: int
    phase_id: int
    name: str
    signature_id: int
    body: str | None
    at: datetime


async def note(connection: AsyncConnection, given: Sequence[Reached]) -> None:
    if given:
        rows = [{**columns(one), "id": new_id(), "told_at": None} for one in given]
        await connection.execute(insert(Milestone), rows)


async def reached(connection: AsyncConnection, places: Collection[Place]) -> dict[Place, set[str]]:
    """The milestones that were reached before, even where the signature was withdrawn since."""
    found: dict[Place, set[str]] = {place: set() for place in places}
    rows = await connection.execute(
        select(Milestone.space_id, Milestone.phase_id, Milestone.name).where(
            tuple_(Milestone.space_id, Milestone.phase_id).in_(places)
        )
    )
    for space_id, phase_id, name in rows:
        found[space_id, phase_id].add(name)
    return found


async def last(connection: AsyncConnection, space_id: int, phase_id: int) -> tuple[str, datetime] | None:
    """The last milestone that was reached, and when."""
    rows = await connection.execute(
        select(Milestone.name, Milestone.at)
        .where(Milestone.space_id == space_id, Milestone.phase_id == phase_id)
        .order_by(Milestone.id.desc())
        .limit(1)
    )
    row = rows.first()
    return (row[0], row[1]) if row is not None else None


# -- told ----------------------------------------------------------------------------------------------------------


@value
class Untold:
    """A milestone that only whoever reached it knows of."""

    space_id: int
    id: int


async def untold(connection: AsyncConnection) -> list[Untold]:
    """In the order in which they were reached."""
    rows = await connection.execute(
        select(Milestone.space_id, Milestone.id).where(Milestone.told_at.is_(None)).order_by(Milestone.id)
    )
    return [Untold(*row) for row in rows]


async def tell(connection: AsyncConnection, given: Sequence[Untold], now: datetime) -> Sequence[int]:
    """Queue the news for those who want it, but not for whoever reached the milestone; answers how many they are: none
    where it was told already."""
    results: list[int] = []
    for one in given:
        claimed = await connection.execute(
            update(Milestone)
            .where(Milestone.space_id == one.space_id, Milestone.id == one.id, Milestone.told_at.is_(None))
            .values(told_at=now)
            .returning(Milestone.phase_id, Milestone.signature_id, Milestone.body)
        )
        row = claimed.first()
        if row is None or row.body is None:
            results.append(0)
            continue
        audience = _want_news(one.space_id, row.phase_id).where(Contribution.id != row.signature_id)
        results += await spreading.spread(connection, [Spread(one.space_id, audience, now, row.body)])
    return results


def _want_news(space_id: int, phase_id: int) -> Audience:
    """Whose signature counts, and who want news."""
    its_signature = (Contribution.space_id == Follow.space_id) & (Contribution.id == Follow.contribution_id)
    return (
        select(Follow.participant_id)
        .join(Contribution, its_signature)
        .where(
            Contribution.space_id == space_id,
            Contribution.phase_id == phase_id,
            Contribution.kind == SIGNATURE,
            Contribution.state == "sent",
        )
    )


# -- wanted --------------------------------------------------------------------------------------------------------


@value
class Signer:
    """Somebody who signed a petition, or did once."""

    space_id: int
    phase_id: int
    participant_id: int


@value
class Wish(Signer):
    """They want news of it, or no longer do."""

    wanted: bool


async def wish(connection: AsyncConnection, given: Sequence[Wish]) -> Sequence[bool | Refusal]:
    """Note these; answers whether there is a signature of theirs. Doing it twice changes nothing."""
    signed = [await connection.scalar(select(Contribution.id).where(*_own(one))) for one in given]
    wishes = [
        Following(one.space_id, id_, one.participant_id, one.wanted)
        for one, id_ in zip(given, signed, strict=True)
        if id_ is not None
    ]
    await supporting.follow(connection, wishes)
    return [id_ is not None for id_ in signed]


async def wanted(connection: AsyncConnection, given: Sequence[Signer]) -> Sequence[bool | Refusal]:
    """Whether these people want news of what they signed."""
    followed = [select(Contribution.id).where(*_own(one), followed_by(one.participant_id)) for one in given]
    return [await connection.scalar(one) is not None for one in followed]


def _own(one: Signer) -> tuple[ColumnElement[bool], ...]:
    return (
        Contribution.space_id == one.space_id,
        Contribution.phase_id == one.phase_id,
        Contribution.participant_id == one.participant_id,
        Contribution.kind == SIGNATURE,
    )
