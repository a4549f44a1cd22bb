"""A petition as whoever looks at it sees it, and whom its answer concerns. Signing itself is storage/signing.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import BigInteger, ColumnElement, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import official, signing
from storage.milestones import SIGNATURE
from storage.models import Contribution
from storage.refusals import Refusal
from storage.scope import Reader
from storage.shortening import bounded
from storage.signing import WHY, Life
from storage.spreading import Audience
from storage.supporting import reported_by
from storage.types import new_id
from storage.value import value

PETITION = "petition"
"""The kind of the contribution that stands for the petition itself."""
REASONS_SHOWN = 3
LONGEST = 100
"""Characters of a reason as it is shown to others in a chat."""


# -- as a signer sees it -------------------------------------------------------------------------------------------


@value
class Look:
    """Somebody looks at a petition, `at` a moment: a conversation that looks again later sees it as it is then."""

    space_id: int
    phase_id: int
    participant_id: int
    silence: int | None
    language: str
    at: datetime


class Standing(TypedDict):
    """How a petition stands: how many have signed, when it ends by silence and when this person signed (ISO format),
    their words, whether others say why, and what the authority has answered."""

    count: int
    ends: str | None
    mine: str | None
    words: str | None
    reasons: bool
    answer: str | None
    answered: str | None


async def standing(connection: AsyncConnection, looks: Sequence[Look]) -> Sequence[Standing | Refusal]:
    """How these petitions stand for these people."""
    lives = await signing.lives(connection, {(one.space_id, one.phase_id) for one in looks})
    return [await _standing(connection, one, lives[one.space_id, one.phase_id]) for one in looks]


async def _standing(connection: AsyncConnection, look: Look, life: Life) -> Standing:
    mine = await _given(connection, look, SIGNATURE, ("sent",))
    words = await _given(connection, look, WHY, ("sent", "waiting"))
    answer = await _answer(connection, look)
    ends = signing.ends_at(life.last, look.silence)
    return Standing(
        count=life.count,
        ends=ends.isoformat() if ends else None,
        mine=mine[1].isoformat() if mine else None,
        words=bounded(words[2] or "", 2 * LONGEST) if words else None,
        reasons=bool(await connection.scalar(select(exists().where(*_shown(look.space_id, look.phase_id))))),
        answer=answer["text"] if answer else None,
        answered=answer["at"] if answer else None,
    )


async def _given(connection: AsyncConnection, look: Look, kind: str, states: Sequence[str]) -> Any:
    """What somebody gave of a kind: (id, when, text), the last one; or None."""
    table = Contribution
    rows = await connection.execute(
        select(table.id, table.created_at, table.text)
        .where(
            table.space_id == look.space_id,
            table.phase_id == look.phase_id,
            table.participant_id == look.participant_id,
            table.kind == kind,
            table.state.in_(states),
        )
        .order_by(table.id.desc())
        .limit(1)
    )
    return rows.first()


class Reason(TypedDict):
    """Why somebody signed, as another one reads it: the beginning of it, and whether they have reported it."""

    id: int
    text: str
    reported: bool


async def reasons(connection: AsyncConnection, readers: Sequence[Reader]) -> Sequence[list[Reason] | Refusal]:
    """The newest reasons that each of these may read."""
    return [await _reasons(connection, one) for one in readers]


async def _reasons(connection: AsyncConnection, reader: Reader) -> list[Reason]:
    table = Contribution
    rows = await connection.execute(
        select(table.id, table.text, reported_by(reader.participant_id))
        .where(*_shown(reader.space_id, reader.phase_id))
        .order_by(table.id.desc())
        .limit(REASONS_SHOWN)
    )
    return [Reason(id=id_, text=bounded(text or "", LONGEST), reported=bool(reported)) for id_, text, reported in rows]


def _shown(space_id: int, phase_id: int) -> tuple[ColumnElement[bool], ...]:
    """The reasons that others may read."""
    table = Contribution
    here = (table.space_id == space_id, table.phase_id == phase_id)
    return (*here, table.kind == WHY, table.state == "sent", table.text.is_not(None))


async def _answer(connection: AsyncConnection, look: Look) -> official.Said | None:
    """The authority's last answer."""
    petition = await _petition(connection, look.space_id, look.phase_id)
    return await official.last(connection, look.space_id, petition, look.language) if petition is not None else None


# -- what the authority's answer hangs at, and whom it concerns ----------------------------------------------------


async def itself(connection: AsyncConnection, space_id: int, phase_id: int, at: datetime) -> int:
    """The id of the contribution that stands for the petition; it is made when it is asked for first."""
    return await _petition(connection, space_id, phase_id) or await _make(connection, space_id, phase_id, at)


async def _petition(connection: AsyncConnection, space_id: int, phase_id: int) -> int | None:
    table = Contribution
    found: int | None = await connection.scalar(
        select(table.id).where(table.space_id == space_id, table.phase_id == phase_id, table.kind == PETITION)
    )
    return found


async def _make(connection: AsyncConnection, space_id: int, phase_id: int, at: datetime) -> int:
    """It is nobody's and about itself, so that it counts nowhere as somebody who took part."""
    id_ = new_id()
    row = {
        "space_id": space_id,
        "id": id_,
        "phase_id": phase_id,
        "parent_id": id_,
        "key": PETITION,
        "kind": PETITION,
        "state": "sent",
        "fields": {},
        "origin": "organiser",
        "created_at": at,
        "updated_at": at,
    }
    await connection.execute(insert(Contribution).values(**row))
    return id_


def signers(space_id: int, phase_id: int) -> Audience:
    """Whose signature counts."""
    table = Contribution
    signed = (table.space_id == space_id, table.phase_id == phase_id, table.kind == SIGNATURE, table.state == "sent")
    return select(table.participant_id.cast(BigInteger)).where(*signed, table.participant_id.is_not(None))


# -- for the panel -------------------------------------------------------------------------------------------------


async def words(connection: AsyncConnection, space_id: int, phase_id: int) -> dict[int, str]:
    """What was said with each signature, by its id, as far as others see it."""
    table = Contribution
    rows = await connection.execute(select(table.parent_id, table.text).where(*_shown(space_id, phase_id)))
    return {parent_id: text for parent_id, text in rows if parent_id is not None and text is not None}
