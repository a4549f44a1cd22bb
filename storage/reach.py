"""Whom a text that we begin would reach, and whom it would not and why, as it is now.

Everybody in the audience is counted once: among those it reaches, or under the first of the REASONS that holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import audiences, spreading
from storage.models import Address, Consent, Participant
from storage.rules import Rule
from storage.value import value

STOPPED, NEVER_AGREED, UNREACHABLE, SILENT, ENOUGH = "stopped", "never agreed", "unreachable", "silent", "enough"
"""They asked us to stop; agreed to take part in nothing so far; have blocked or left the address they were written to,
or have none; are written to by a channel that never writes first; had as many unasked messages this month as the space
allows."""
REASONS = (STOPPED, NEVER_AGREED, UNREACHABLE, SILENT, ENOUGH)

Row: TypeAlias = Select[*tuple[Any, ...]]


@value
class Asked:
    """A text for those a rule is for (None: everybody) that is to leave at this moment; `silent` are the names of the
    channels that never write first."""

    space_id: int
    rule: Rule | None
    at: datetime
    silent: Collection[str] = ()


@value
class Reach:
    """How many people an audience is, and how many of them get nothing, by reason: those that hold for anybody, in the
    order of REASONS."""

    people: int
    left_out: Mapping[str, int]

    @property
    def reached(self) -> int:
        return self.people - sum(self.left_out.values())


def why_not(space_id: int, at: datetime, silent: Collection[str]) -> ColumnElement[str | None]:
    """The reason why a participant, with the address they are written to, gets nothing unasked now; NULL where they
    do."""
    agreed = select(Consent.participant_id).where(Consent.space_id == space_id)
    return case(
        (Participant.stopped_at.is_not(None), STOPPED),
        (Participant.id.not_in(agreed), NEVER_AGREED),
        (or_(Address.id.is_(None), Address.unreachable.is_not(None)), UNREACHABLE),
        (Address.channel.in_(silent), SILENT),
        (~spreading.below_the_ceiling(space_id, at), ENOUGH),
    )


def among(asked: Asked, *columns: Any) -> Row:
    """These columns of everybody a text is for, each with the address they are written to, if there is one."""
    its_address = and_(Address.space_id == Participant.space_id, Address.id == Participant.address_id)
    rule = true() if asked.rule is None else audiences.matching(asked.rule, asked.space_id, asked.at)
    return (
        select(*columns)
        .outerjoin_from(Participant, Address, its_address)
        .where(*audiences.living(asked.space_id), rule)
    )


async def look(connection: AsyncConnection, asked: Asked) -> Reach:
    """Whom it would reach, counted by one statement."""
    reason = why_not(asked.space_id, asked.at, asked.silent).label("reason")
    each = among(asked, reason).cte("each").prefix_with("MATERIALIZED")  # or SQLite works it out twice for everybody
    counted = select(each.c.reason, func.count()).group_by(each.c.reason)
    found: dict[str | None, int] = dict((await connection.execute(counted)).all())
    return Reach(sum(found.values()), {why: found[why] for why in REASONS if why in found})


def reached(asked: Asked) -> Select[int]:
    """The ids of those it reaches, as a query (spreading.Audience)."""
    return among(asked, Participant.id).where(why_not(asked.space_id, asked.at, asked.silent).is_(None))
