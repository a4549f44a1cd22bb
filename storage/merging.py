"""Duplicates become one: a text that says the same as another of its phase is merged into it.

Everybody who stood behind either stands behind the other from then on, once each. The merged text keeps its row, with
the other as its parent, and is listed nowhere any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute, aliased

from storage import moderation, similar
from storage.models import Ballot, Contribution, Follow
from storage.refusals import Refusal
from storage.supporting import SUPPORT
from storage.types import new_id
from storage.value import value

MERGED = "merged"
"""The state of a contribution."""


class NotAlike(Refusal):
    """Only two texts of one kind and one phase that others see become one."""


@value
class Merge:
    """The first of these two becomes part of the other."""

    space_id: int
    merged_id: int
    into_id: int
    at: datetime


@value
class Merged:
    """The texts of both, and the author of the first (None where nobody is left to tell), whose `own` the other may be
    as well."""

    author: int | None
    text: str
    into: str
    own: bool


async def merge(connection: AsyncConnection, given: Sequence[Merge]) -> Sequence[Merged | Refusal]:
    """Merge these, one after the other; refuses what can't be one (NotAlike). It is not undone: who supported which of
    the two is known no more."""
    return [await _merge(connection, one) for one in given]


async def _merge(connection: AsyncConnection, one: Merge) -> Merged | Refusal:
    both = await _both(connection, one)
    if both is None:
        return NotAlike()
    merged, into = both
    await _support(connection, one, merged, into)
    follows = {"space_id": one.space_id}
    await _carry_over(connection, Follow.contribution_id, Follow.participant_id, follows, (merged.id, into.id))
    about = (Contribution.space_id == one.space_id, Contribution.parent_id == merged.id)
    await connection.execute(update(Contribution).where(*about).values(parent_id=into.id))
    this = (Contribution.space_id == one.space_id, Contribution.id == merged.id)
    await connection.execute(
        update(Contribution).where(*this).values(state=MERGED, parent_id=into.id, updated_at=one.at)
    )
    await similar.forget(connection, [(one.space_id, merged.id)])
    await moderation.settle(connection, [(one.space_id, merged.id)], one.at)
    return Merged(merged.participant_id, merged.text, into.text, merged.participant_id == into.participant_id)


async def _both(connection: AsyncConnection, one: Merge) -> tuple[Any, Any] | None:
    """Both rows, locked: nobody supports either before they are one. None where they can't be."""
    table = Contribution
    rows = await connection.execute(
        select(table.id, table.phase_id, table.kind, table.participant_id, table.text)
        .where(
            table.space_id == one.space_id,
            table.id.in_((one.merged_id, one.into_id)),
            table.state == "sent",
            table.text.is_not(None),
            table.parent_id.is_(None),
        )
        .order_by(table.id)
        .with_for_update()
    )
    found = {row.id: row for row in rows}
    if len(found) < 2 or len({(row.phase_id, row.kind) for row in found.values()}) > 1:
        return None
    return found[one.merged_id], found[one.into_id]


async def _support(connection: AsyncConnection, one: Merge, merged: Any, into: Any) -> None:
    """Whoever supported the first supports the other, and so does its author; nobody supports their own."""
    here = (Ballot.space_id == one.space_id, Ballot.phase_id == into.phase_id)
    subjects = str(merged.id), str(into.id)
    if into.participant_id is not None:
        own = (Ballot.subject == subjects[0], Ballot.voter == str(into.participant_id))
        await connection.execute(delete(Ballot).where(*here, *own))
    ballots = {"space_id": one.space_id, "phase_id": into.phase_id}
    await _carry_over(connection, Ballot.subject, Ballot.voter, ballots, subjects)
    if merged.participant_id in (None, into.participant_id):
        return
    row = {"space_id": one.space_id, "phase_id": into.phase_id, "subject": subjects[1], "value": SUPPORT}
    there = select(Ballot.id).where(*here, Ballot.subject == subjects[1], Ballot.voter == str(merged.participant_id))
    if await connection.scalar(there) is None:
        new = {**row, "id": new_id(), "voter": str(merged.participant_id), "cast_at": one.at}
        await connection.execute(insert(Ballot).values(**new))


async def _carry_over(
    connection: AsyncConnection,
    about: InstrumentedAttribute[Any],
    who: InstrumentedAttribute[Any],
    among: Mapping[str, int],
    which: tuple[int, int] | tuple[str, str],
) -> None:
    """Rows about the first become rows about the second; of whoever has one of each only that of the second stays."""
    table, other = about.class_, aliased(about.class_)
    first = (*(getattr(table, name) == number for name, number in among.items()), about == which[0])
    twice = exists().where(
        *(getattr(other, name) == number for name, number in among.items()),
        getattr(other, about.key) == which[1],
        getattr(other, who.key) == who,
    )
    await connection.execute(delete(table).where(*first, twice))
    await connection.execute(update(table).where(*first).values({about.key: which[1]}))
