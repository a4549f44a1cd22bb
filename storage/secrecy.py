"""Secret phases: while one is open a ballot lies under a pseudonym, which only the phase's key can make; once it is
over nothing but totals is left (`seal`), the key is destroyed, and so is what the database's files still hold of
either (`wipe`).

From then on nobody, the town included, can say who chose what. Before, who holds the database and the key could; and
backups made before closing still hold both, which docs/secret-votes.md says.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, func, insert, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import phases
from storage.database import Database
from storage.gate import Giving
from storage.models import Conversation, Delivery, Participant, Phase, Sealed, SecretBallot, SecretKey
from storage.phases import PhaseFacts
from storage.veiling import VEILED

KEY_BYTES = 32


async def pseudonyms(connection: AsyncConnection, voting: Sequence[Giving]) -> list[str | None]:
    """The name of each of these voters in its phase, None where the phase was sealed. Its key is made with its first
    ballot; whoever votes holds it until the end of the transaction, so that sealing waits."""
    keys = await _keys(connection, {(one.space_id, one.phase_id) for one in voting})
    return [_pseudonym(keys[one.space_id, one.phase_id], one.participant_id) for one in voting]


def _pseudonym(key: bytes | None, participant_id: int) -> str | None:
    if key is None:
        return None
    return hmac.digest(key, str(participant_id).encode(), "sha256").hex()


async def _keys(connection: AsyncConnection, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes | None]:
    known = await _known(connection, wanted)
    missing = sorted(wanted - known.keys())
    if not missing:
        return known
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = [{"space_id": s, "phase_id": p, "key": secrets.token_bytes(KEY_BYTES)} for s, p in missing]
    await connection.execute(make(SecretKey).on_conflict_do_nothing(), rows)  # another process may just have made it
    return await _known(connection, wanted)


async def _known(connection: AsyncConnection, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes | None]:
    rows = await connection.execute(
        select(SecretKey.space_id, SecretKey.phase_id, SecretKey.key)
        .where(tuple_(SecretKey.space_id, SecretKey.phase_id).in_(wanted))
        .order_by(SecretKey.space_id, SecretKey.phase_id)
        .with_for_update(read=True)
    )
    return {(space_id, phase_id): key for space_id, phase_id, key in rows}


# -- two participants who are one person -------------------------------------------------------------------------


async def voters(connection: AsyncConnection, space_id: int, people: Sequence[int]) -> dict[int, set[int]]:
    """Who of these has a ballot in a phase that is not sealed, by phase. What they chose is not looked at."""
    found: dict[int, set[int]] = {}
    for phase_id, key in (await _unsealed(connection, space_id)).items():
        names = {_pseudonym(key, participant_id): participant_id for participant_id in people}
        here = (SecretBallot.space_id == space_id, SecretBallot.phase_id == phase_id)
        rows = await connection.execute(
            select(SecretBallot.pseudonym).where(*here, SecretBallot.pseudonym.in_(names)).distinct()
        )
        found[phase_id] = {names[name] for (name,) in rows}
    return found


async def hand_over(connection: AsyncConnection, space_id: int, giver: int, taker: int) -> None:
    """The ballots of the first lie under the name of the other from now on, who has none where the first has one: they
    may be changed until closing, and nobody casts a second one."""
    for phase_id, key in (await _unsealed(connection, space_id)).items():
        here = (SecretBallot.space_id == space_id, SecretBallot.phase_id == phase_id)
        theirs = SecretBallot.pseudonym == _pseudonym(key, giver)
        await connection.execute(update(SecretBallot).where(*here, theirs).values(pseudonym=_pseudonym(key, taker)))


async def _unsealed(connection: AsyncConnection, space_id: int) -> dict[int, bytes | None]:
    """The keys of the phases of a space that are not sealed. Sealing waits for who holds them, as in `pseudonyms`."""
    rows = await connection.execute(
        select(SecretKey.phase_id, SecretKey.key)
        .where(SecretKey.space_id == space_id, SecretKey.key.is_not(None))
        .order_by(SecretKey.phase_id)
        .with_for_update(read=True)
    )
    return {row.phase_id: row.key for row in rows}


# -- closing -----------------------------------------------------------------------------------------------------


async def to_seal(
    connection: AsyncConnection, now: datetime, is_secret: Callable[[PhaseFacts], bool]
) -> list[tuple[int, int]]:
    """The (space, phase) that are over and not sealed yet: those with a key, and of those in which somebody began those
    that are secret: where nobody has cast a ballot somebody may have chosen all the same."""
    of_phase = (SecretKey.space_id == Phase.space_id, SecretKey.phase_id == Phase.id, SecretKey.key.is_not(None))
    begun = (Conversation.space_id == Phase.space_id, Conversation.phase_id == Phase.id)
    rows = await connection.execute(
        select(Phase.id, exists().where(*of_phase).label("keyed"))
        .where(Phase.sealed_at.is_(None), exists().where(*of_phase) | exists().where(*begun))
        .order_by(Phase.id)
    )
    keyed = {row.id: row.keyed for row in rows}
    facts = await phases.load(connection, keyed)
    return [
        (one.space_id, one.id)
        for one in (facts[id_] for id_ in keyed)
        if one.is_over(now) and (keyed[one.id] or is_secret(one))
    ]


async def seal(connection: AsyncConnection, space_id: int, phase_id: int, now: datetime, emptied: str) -> None:
    """Leave only totals of this phase. It takes no ballot any more, whatever is done with its dates.

    Its conversations are `emptied` to this journal: what was chosen in them and never cast is nobody's business either.
    """
    talks = (Conversation.space_id == space_id, Conversation.phase_id == phase_id)
    voters = select(Conversation.participant_id).where(*talks)
    people = select(Participant.id).where(Participant.space_id == space_id, Participant.id.in_(voters))
    await connection.execute(people.order_by(Participant.id).with_for_update())  # as reception does: no deadlock
    mine = (SecretKey.space_id == space_id, SecretKey.phase_id == phase_id)
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    nobody_cast = make(SecretKey).values(space_id=space_id, phase_id=phase_id, key=None)
    await connection.execute(nobody_cast.on_conflict_do_nothing())  # so that there is never a key for this phase
    await connection.execute(select(SecretKey.phase_id).where(*mine).with_for_update())
    sealed = select(Phase.sealed_at).where(Phase.space_id == space_id, Phase.id == phase_id)
    if await connection.scalar(sealed) is not None:
        return  # another process was here first
    await _count(connection, space_id, phase_id)
    await connection.execute(update(SecretKey).where(*mine).values(key=None))
    await connection.execute(
        update(Phase).where(Phase.space_id == space_id, Phase.id == phase_id).values(state="closed", sealed_at=now)
    )
    await connection.execute(update(Conversation).where(*talks).values(journal=emptied))
    shown = (Delivery.space_id == space_id, Delivery.participant_id.in_(voters), Delivery.veil.is_not(None))
    await connection.execute(update(Delivery).where(*shown).values(VEILED))


async def _count(connection: AsyncConnection, space_id: int, phase_id: int) -> None:
    """Put totals in the place of ballots, in an order that tells nothing."""
    here = (SecretBallot.space_id == space_id, SecretBallot.phase_id == phase_id)
    alike = (SecretBallot.space_id, SecretBallot.phase_id, SecretBallot.subject, SecretBallot.value)
    totals = select(*alike, func.count()).where(*here).group_by(*alike)
    totals = totals.order_by(SecretBallot.subject, SecretBallot.value)
    columns = ["space_id", "phase_id", "subject", "value", "ballots"]
    await connection.execute(insert(Sealed).from_select(columns, totals))
    await connection.execute(delete(SecretBallot).where(*here))


# -- and nothing left in the files -------------------------------------------------------------------------------


async def to_wipe(connection: AsyncConnection) -> bool:
    """Whether something was sealed of which the database's files may still hold leftovers."""
    sealed = select(SecretKey.phase_id).where(SecretKey.key.is_(None), SecretKey.wiped_at.is_(None)).limit(1)
    return (await connection.execute(sealed)).first() is not None


async def wipe(database: Database, now: datetime) -> bool:
    """Write anew, without what was deleted, the files that have held a choice; False when somebody who reads for long
    stands in the way, for another try.

    What is deleted stays in a file until it is written over: in pages and their gaps, in SQLite's WAL, in PostgreSQL's
    dead rows and statistics. Everybody who writes waits meanwhile, about a second for 100 MB.
    """
    async with database.alone() as connection:
        if not await (_wipe_sqlite if database.sqlite else _wipe_postgresql)(connection):
            return False
    async with database.write() as connection:
        done = update(SecretKey).where(SecretKey.key.is_(None), SecretKey.wiped_at.is_(None))
        await connection.execute(done.values(wiped_at=now))
    return True


async def _wipe_sqlite(connection: AsyncConnection) -> bool:
    """The WAL is emptied once no reader needs it."""
    await connection.execute(text("PRAGMA temp_store=FILE"))  # VACUUM copies the whole database there
    await connection.execute(text(f"PRAGMA busy_timeout={LONGEST_WAIT * 1000}"))
    try:
        await connection.execute(text("VACUUM"))
        row = (await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))).one()
    finally:
        await connection.invalidate()  # it was set up for this alone
    return not row[0]


async def _wipe_postgresql(connection: AsyncConnection) -> bool:
    """A plain VACUUM leaves the bytes where they are; FULL writes another file. ANALYZE renews the samples of texts
    that the planner keeps."""
    await connection.execute(text(f"SET lock_timeout = '{LONGEST_WAIT}s'"))
    try:
        await connection.execute(text(f"VACUUM (FULL, ANALYZE) {', '.join(HELD_CHOICES)}"))
    finally:
        await connection.invalidate()
    return True


HELD_CHOICES = [table.__tablename__ for table in (SecretBallot, SecretKey, Conversation, Delivery)]
LONGEST_WAIT = 10
"""Seconds for others to end what they are at; who comes after them queues behind us."""
