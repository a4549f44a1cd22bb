"""By which of a person's doors a delivery leaves: worked out when it is claimed, from what holds at that moment.

What answers somebody leaves where they were last heard. What we begin leaves by the door they chose, else by the last
used of those that ring. A door that can't be written to gives way to the next, in the order in which they were last
heard; and where none is left, the delivery stays with one that may open again.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from storage.models import Address, Delivery, Participant
from storage.value import value

NOTICE = "notice"
"""The kind of a delivery that is for one door alone, with which it was put: it goes to no other."""


@value
class Served:
    """The channels that whoever sends has `on`. Of these the `quiet` show what we write only to who comes to look, and
    by the `silent` we never write first."""

    on: tuple[str, ...]
    quiet: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


@cache
def its_address(served: Served, *, bulk: bool) -> ColumnElement[bool]:
    """That an Address is the one by which a Delivery to a Participant leaves, an answer or what we begin (`bulk`): one
    alone, if there is any."""
    if bulk:
        chosen = _if_able(Participant.chosen_id, served, served.silent)
        last = _if_able(Participant.address_id, served, (*served.silent, *served.quiet))
        id_: ColumnElement[Any] = func.coalesce(chosen, last, _next(served, bulk=True))
    else:
        best = func.coalesce(_if_able(Participant.address_id, served), _next(served, bulk=False))
        id_ = case((Delivery.kind == NOTICE, Delivery.address_id), else_=best)
    return and_(Address.space_id == Delivery.space_id, Address.id == id_)


def _if_able(id_: Any, served: Served, but: Collection[str] = ()) -> ColumnElement[int | None]:
    """The address of this id, if it is theirs still (a return code may have brought it to somebody else), can be
    written to now, and not by one of these channels. Who was erased hears of it where they write as somebody new."""
    one = aliased(Address)
    theirs = or_(one.participant_id == Participant.id, Participant.erased_at.is_not(None))
    mine = (one.space_id == Participant.space_id, one.id == id_, theirs)
    able = (one.unreachable.is_(None), one.channel.in_([name for name in served.on if name not in but]))
    return select(one.id).where(*mine, *able).scalar_subquery()


def _next(served: Served, *, bulk: bool) -> ColumnElement[int | None]:
    """Of all addresses the one that suits best, the last heard of equal ones. What can't be written to is the last
    resort. (SQLite takes nothing of another table into an ORDER BY.)"""
    one = aliased(Address)
    worse: list[tuple[Any, int]] = [(one.unreachable.is_not(None), 4), (one.channel.not_in(served.on), 3)]
    if bulk:
        worse += [(one.channel.in_(served.silent), 2), (one.channel.in_(served.quiet), 1)]
    mine = (one.space_id == Participant.space_id, one.participant_id == Participant.id)
    order = (case(*worse, else_=0), func.coalesce(one.heard_at, one.created_at).desc(), one.id.desc())
    return select(one.id).where(*mine).order_by(*order).limit(1).scalar_subquery()


def any_open(space_id: Any, participant_id: Any, but: Collection[str] = ()) -> ColumnElement[bool]:
    """Whether this participant can be written to by one of their addresses, and not by these channels."""
    one = aliased(Address)
    able = exists().where(one.space_id == space_id, one.participant_id == participant_id, one.unreachable.is_(None))
    return able.where(one.channel.not_in(list(but))) if but else able
