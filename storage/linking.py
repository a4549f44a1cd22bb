"""Linking a second door: a short code is shown at one, and typed at the other.

The code is the only way. Nothing here looks at a name, a number or an id of a platform: a phone number is given to
somebody else one day, and whoever has it then is another person.

Whoever types the code only leaves word that the two are one: a turn never writes another participant's rows, as two
batches that each held one of them would wait for each other. storage/joining.py makes them one, and
docs/decisions/one-person-several-doors.md says what becomes of what both have.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import attempts, models, returning
from storage.attempts import Limit
from storage.refusals import Refusal
from storage.returning import Holder, Kind
from storage.types import new_id
from storage.value import value

LINK = Kind("link", 8, timedelta(minutes=15))
"""About 39 bits: it is typed by hand, and there are few at a time."""
GUESSES = Limit(5, timedelta(hours=1))
"""Of one participant."""
GUESSES_IN_SPACE = Limit(300, timedelta(minutes=15))
"""Of all participants of a space together: whoever guesses may come as many."""


class UnknownCode(Refusal):
    """There is no such code: it was never given, was used, or is too old."""


class TooManyTries(Refusal):
    """Too many codes were tried; `minutes` is how long to wait."""


class OwnCode(Refusal):
    """It was typed by the person it was shown to: there is nothing to link."""


@value
class NewLink:
    """A code asked for by a participant; `at` in ISO format."""

    space_id: int
    participant_id: int
    at: str


async def issue(connection: AsyncConnection, wanted: Sequence[NewLink]) -> Sequence[str | Refusal]:
    """New codes, `TKM7-4RWP`, each replacing its participant's former one. They last as long as LINK says."""
    holders = [Holder(one.space_id, one.participant_id, datetime.fromisoformat(one.at)) for one in wanted]
    return await returning.write(connection, LINK, holders)


@value
class Typed:
    """A participant types a code that was shown at another door; `at` in ISO format."""

    space_id: int
    participant_id: int
    code: str
    at: str


class Asked(TypedDict):
    """The join that is to be made: a row of models.Join."""

    join: int


async def redeem(connection: AsyncConnection, typed: Sequence[Typed]) -> Sequence[Asked | Refusal]:
    """Use these codes up, and leave word of what is to be joined. Refuses codes that are no good (UnknownCode), one's
    own (OwnCode, which is not used up) and too many tries (TooManyTries)."""
    return [await _redeem(connection, one) for one in typed]


async def _redeem(connection: AsyncConnection, one: Typed) -> Asked | Refusal:
    now = datetime.fromisoformat(one.at)
    who = attempts.subject("link", f"{one.space_id}.{one.participant_id}")
    limits = [(who, GUESSES), (attempts.subject("link in", str(one.space_id)), GUESSES_IN_SPACE)]
    wait = await attempts.attempt(connection, limits, now)
    if wait is not None:
        return TooManyTries(minutes=wait // timedelta(minutes=1) + 1)
    holder = await returning.use(connection, LINK, one.space_id, one.code, now, by=one.participant_id)
    if holder is None:
        return UnknownCode()
    await attempts.forgive(connection, who)
    if holder == one.participant_id:
        return OwnCode()
    row = {"space_id": one.space_id, "id": new_id(), "into_id": holder, "from_id": one.participant_id}
    await connection.execute(insert(models.Join).values(**row, asked_at=now, done_at=None))
    return Asked(join=row["id"])


async def waiting(connection: AsyncConnection, limit: int = 100) -> list[tuple[int, int]]:
    """The (space, id) of joins to be made, the oldest first: a look that needs no writer."""
    rows = await connection.execute(
        select(models.Join.space_id, models.Join.id)
        .where(models.Join.done_at.is_(None))
        .order_by(models.Join.asked_at, models.Join.id)
        .limit(limit)
    )
    return [(space_id, id_) for space_id, id_ in rows]
