"""Secret phases: while one is open a ballot lies under a pseudonym, which only the phase's key can make; once it is
closed nothing but totals is left, and the key is destroyed.

From then on nobody, the town included, can say who chose what. Before, who holds the database and the key could; and
backups made before closing still hold both, which docs/secret-votes.md says.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import phases
from storage.models import Phase, Sealed, SecretBallot, SecretKey

KEY_BYTES = 32


class Voting(Protocol):
    """Somebody votes in a phase."""

    @property
    def space_id(self) -> int: ...
    @property
    def phase_id(self) -> int: ...
    @property
    def participant_id(self) -> int: ...


async def pseudonyms(connection: AsyncConnection, voting: Sequence[Voting]) -> list[str]:
    """The name of each of these voters in its phase; a phase's key is made with its first ballot."""
    keys = await _keys(connection, {(one.space_id, one.phase_id) for one in voting})
    return [_pseudonym(keys[one.space_id, one.phase_id], one.participant_id) for one in voting]


def _pseudonym(key: bytes, participant_id: int) -> str:
    return hmac.digest(key, str(participant_id).encode(), "sha256").hex()


async def _keys(connection: AsyncConnection, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    known = await _known(connection, wanted)
    missing = sorted(wanted - known.keys())
    if not missing:
        return known
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = [{"space_id": s, "phase_id": p, "key": secrets.token_bytes(KEY_BYTES)} for s, p in missing]
    await connection.execute(make(SecretKey).on_conflict_do_nothing(), rows)  # another process may just have made it
    return await _known(connection, wanted)


async def _known(connection: AsyncConnection, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    rows = await connection.execute(
        select(SecretKey.space_id, SecretKey.phase_id, SecretKey.key).where(
            tuple_(SecretKey.space_id, SecretKey.phase_id).in_(wanted)
        )
    )
    return {(space_id, phase_id): key for space_id, phase_id, key in rows}


async def to_seal(connection: AsyncConnection, now: datetime) -> list[tuple[int, int]]:
    """The (space, phase) that are over and still have a key."""
    rows = (await connection.execute(select(SecretKey.space_id, SecretKey.phase_id))).all()
    facts = await phases.load(connection, [phase_id for _space_id, phase_id in rows])
    return [(space_id, phase_id) for space_id, phase_id in rows if facts[phase_id].is_over(now)]


async def seal(connection: AsyncConnection, space_id: int, phase_id: int, now: datetime) -> None:
    """Leave only totals of this phase. It takes no ballot any more, whatever is done with its dates."""
    here = (SecretBallot.space_id == space_id, SecretBallot.phase_id == phase_id)
    totals = (
        select(
            SecretBallot.space_id,
            SecretBallot.phase_id,
            SecretBallot.subject,
            SecretBallot.value,
            func.count().label("ballots"),
        )
        .where(*here)
        .group_by(SecretBallot.space_id, SecretBallot.phase_id, SecretBallot.subject, SecretBallot.value)
        .order_by(SecretBallot.subject, SecretBallot.value)
    )
    await connection.execute(
        insert(Sealed).from_select(["space_id", "phase_id", "subject", "value", "ballots"], totals)
    )
    await connection.execute(delete(SecretBallot).where(*here))
    await connection.execute(delete(SecretKey).where(SecretKey.space_id == space_id, SecretKey.phase_id == phase_id))
    await connection.execute(
        update(Phase).where(Phase.space_id == space_id, Phase.id == phase_id).values(state="closed", sealed_at=now)
    )
