"""Where two participants who are to be one have both given what a person gives once.

Whether they have is seen without what they chose: in a secret phase by the names their ballots lie under while there
is a key, and once it is sealed by who has sent something in it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from storage import gate, phases, secrecy
from storage.milestones import SIGNATURE
from storage.models import Ballot, Contribution, Conversation, Phase
from storage.phases import PhaseFacts
from storage.supporting import SUPPORT
from storage.value import value
from storage.written import NOWHERE

RESPONSE = "response"


@value
class Two:
    """Two participants of a space."""

    space_id: int
    into: int
    gone: int


async def somewhere(
    connection: AsyncConnection, two: Two, now: datetime, repeatable: Callable[[PhaseFacts], bool]
) -> PhaseFacts | None:
    """The first phase in which both have: a ballot each; a response each, where it is not `repeatable`; a signature
    each, once it can't be taken back any more. Support of texts is no such thing: it is counted once afterwards."""
    voted = await _phases(connection, _ballots(two)) | await _phases(connection, _in_sealed(two))
    voted |= {id_ for id_, who in (await secrecy.voters(connection, two.space_id, _ids(two))).items() if len(who) > 1}
    answered = await _phases(connection, _given(two, RESPONSE))
    signed = await _phases(connection, _given(two, SIGNATURE))
    facts = await phases.load(connection, voted | answered)
    doors = await gate.doorways(connection, {(two.space_id, id_) for id_ in signed})
    both = {
        *voted,
        *(id_ for id_ in answered if not repeatable(facts[id_])),
        *(id_ for id_ in signed if not doors[id_].is_open(now)),
    }
    return (await phases.load(connection, [min(both)]))[min(both)] if both else None


def _ids(two: Two) -> list[int]:
    return [two.into, two.gone]


async def _phases(connection: AsyncConnection, query: Select[int]) -> set[int]:
    return set((await connection.execute(query)).scalars())


def _both(phase: InstrumentedAttribute[Any], who: InstrumentedAttribute[Any]) -> Select[int]:
    """The phases that have rows of two people."""
    return select(phase).group_by(phase).having(func.count(who.distinct()) == 2)


def _ballots(two: Two) -> Select[int]:
    theirs = Ballot.voter.in_([str(id_) for id_ in _ids(two)])
    return _both(Ballot.phase_id, Ballot.voter).where(Ballot.space_id == two.space_id, theirs, Ballot.value != SUPPORT)


def _in_sealed(two: Two) -> Select[int]:
    talk, phase = Conversation, Phase
    return (
        _both(talk.phase_id, talk.participant_id)
        .join(phase, (phase.space_id == talk.space_id) & (phase.id == talk.phase_id))
        .where(talk.space_id == two.space_id, talk.participant_id.in_(_ids(two)))
        .where(talk.sent_at.is_not(None), phase.sealed_at.is_not(None))
    )


def _given(two: Two, kind: str) -> Select[int]:
    """Where both gave a contribution of this kind that stands."""
    given = Contribution
    return _both(given.phase_id, given.participant_id).where(
        given.space_id == two.space_id,
        given.participant_id.in_(_ids(two)),
        given.kind == kind,
        given.state.not_in(NOWHERE),
    )
