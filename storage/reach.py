"""Whom a text that we begin would reach, and whom it would not and why (storage/left_out.py), as it is now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import audiences, left_out
from storage.rules import Rule
from storage.value import value


@value
class Asked:
    """A text for those a rule is for (None: everybody) that is to leave at this moment, whether they asked for it or
    not; `silent` are the names of the channels that never write first."""

    space_id: int
    rule: Rule | None
    at: datetime
    unasked: bool = True
    silent: Collection[str] = ()


@value
class Reach:
    """How many people an audience is, and how many of them get nothing, by reason: those that hold for anybody, in the
    order of left_out.REASONS. Everybody is counted once, under the first reason that holds."""

    people: int
    left_out: Mapping[str, int]

    @property
    def reached(self) -> int:
        return self.people - sum(self.left_out.values())


async def look(connection: AsyncConnection, asked: Sequence[Asked]) -> Sequence[Reach]:
    """Whom each of these would reach, counted by one statement each."""
    return [await _look(connection, one) for one in asked]


async def _look(connection: AsyncConnection, asked: Asked) -> Reach:
    why = left_out.why(asked.space_id, asked.at, unasked=asked.unasked, silent=asked.silent).label("why")
    them = audiences.people(asked.space_id, asked.rule, asked.at).with_only_columns(why)
    each = them.cte("each").prefix_with("MATERIALIZED")  # or SQLite works it out twice for everybody
    counted = select(each.c.why, func.count()).group_by(each.c.why)
    found: dict[str | None, int] = dict((await connection.execute(counted)).all())
    return Reach(sum(found.values()), {reason: found[reason] for reason in left_out.REASONS if reason in found})
