"""Who took part, and who is in the middle of it: said once for every way of taking part, for figures and audiences.

Lists are made once and looked into, never one for each person: without statistics SQLite looks through a whole space
for each, where a correlated EXISTS names the space and a column that is not the table's key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import Select, Subquery, func, select, union_all

from storage.models import Contribution, Conversation
from storage.scope import APART

Phases: TypeAlias = Sequence[int] | Select[int]
"""The ids of phases, or a query for them."""


def took_part(space_id: int, phases: Phases | None = None) -> Subquery:
    """Each time somebody took part in a space (or in these phases of it), as (phase_id, person, at, participant_id,
    channel, place): whose contribution counts, or who sent something else (a ballot, open or secret). A response whose
    author was erased still counts as a person, though no participant; a table at a meeting does not, as its people are
    never added to the others, nor does the team."""
    given, talk = Contribution, Conversation
    theirs, begun = [given.space_id == space_id], [talk.space_id == space_id, talk.phase_id.is_not(None)]
    if phases is not None:
        theirs, begun = [*theirs, given.phase_id.in_(phases)], [*begun, talk.phase_id.in_(phases)]
    person = func.coalesce(given.participant_id, given.id).label("person")
    way = (given.origin.label("channel"), given.place)
    contributed = select(given.phase_id, person, given.created_at.label("at"), given.participant_id, *way).where(
        *theirs, given.state == "sent", given.parent_id.is_(None), given.origin.not_in(APART)
    )
    contributing = select(given.conversation_id).where(*theirs, given.conversation_id.is_not(None))
    its_way = (talk.channel, talk.place)
    cast = select(talk.phase_id, talk.participant_id, talk.sent_at, talk.participant_id.label("who"), *its_way).where(
        *begun, talk.sent_at.is_not(None), talk.id.not_in(contributing)
    )
    return union_all(contributed, cast).subquery()


def unfinished(space_id: int, phases: Phases) -> Select[int]:
    """The participants who are in the middle of one of these phases and have sent nothing in it."""
    talk = Conversation
    return (
        select(talk.participant_id)
        .where(talk.space_id == space_id, talk.phase_id.in_(phases))
        .group_by(talk.participant_id, talk.phase_id)
        .having(func.count(talk.sent_at) == 0, func.count().filter(talk.state == "open") > 0)
    )
