"""Secret votes that are over are sealed within a minute: docs/secret-votes.md says what that is worth."""

from __future__ import annotations

from datetime import datetime

import structlog

from flows import module
from flows.journal import SEALED
from storage import secrecy
from storage.database import Database
from storage.phases import PhaseFacts

log = structlog.get_logger()


def is_secret(phase: PhaseFacts) -> bool:
    """Whether its module says so; where this program has none, nobody can have been asked anything."""
    try:
        return module.load(phase.kind, phase.settings).seals
    except (KeyError, ValueError):
        return False


async def seal(database: Database, now: datetime) -> None:
    """Seal what is over, and wipe what the database's files still hold of it. What fails is done at the next turn."""
    async with database.read() as connection:
        over = await secrecy.to_seal(connection, now, is_secret)
    for space_id, phase_id in over:
        async with database.write() as connection:
            await secrecy.seal(connection, space_id, phase_id, now, SEALED)
    if over:
        log.info("secret phases sealed", count=len(over))
    async with database.read() as connection:
        left = await secrecy.to_wipe(connection)
    if left and not await secrecy.wipe(database, now):
        log.warning("a long read keeps what was sealed from being wiped")
