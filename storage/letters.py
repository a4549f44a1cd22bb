"""Personal codes: what the town's letter carries, so that whoever it wrote to can show that they are meant.

A code is used once, by one participant; only its digest is kept. Eight of thirty characters are 39 bits: of 10,000
codes one is hit in 65 million guesses, and a person has five an hour.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import attempts
from storage.attempts import Limit
from storage.consultations import Consultation
from storage.models import PersonalCode
from storage.refusals import Refusal
from storage.returning import ALPHABET
from storage.types import new_id
from storage.value import value

LENGTH = 8
GUESSES = Limit(5, timedelta(hours=1))
"""Of one participant."""


@value
class Known:
    """What the town knows of the person it writes to; None where nothing."""

    area: str | None = None
    group: str | None = None
    born: int | None = None


async def write(
    connection: AsyncConnection, consultation: Consultation, people: Sequence[Known], now: datetime
) -> list[str]:
    """A code for each of these people, `TKM7 4RWP`. They can't be read again later: only digests are kept."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in people]
    space_id = consultation.space_id
    rows = [
        {
            "space_id": space_id,
            "id": new_id(),
            "consultation_id": consultation.id,
            "digest": digest(space_id, code),
            "area": person.area,
            "group": person.group,
            "born": person.born,
            "used_by": None,
            "used_at": None,
            "created_at": now,
        }
        for code, person in zip(codes, people, strict=True)
    ]
    if rows:
        await connection.execute(insert(PersonalCode), rows)
    return [f"{code[: LENGTH // 2]} {code[LENGTH // 2 :]}" for code in codes]


def digest(space_id: int, code: str) -> str:
    """What is kept of a code; case, spaces and hyphens do not count."""
    plain = "".join(character for character in code.upper() if character in ALPHABET)
    return hashlib.sha256(f"letter:{space_id}:{plain}".encode()).hexdigest()


async def counted(connection: AsyncConnection, consultation: Consultation) -> tuple[int, int]:
    """How many codes were written for a consultation, and how many of them used."""
    row = (
        await connection.execute(
            select(func.count(), func.count(PersonalCode.used_by)).where(
                PersonalCode.space_id == consultation.space_id, PersonalCode.consultation_id == consultation.id
            )
        )
    ).one()
    return row[0], row[1]


@value
class Shown:
    """A participant shows a code for a consultation; `at` in ISO format."""

    space_id: int
    consultation_id: int
    participant_id: int
    code: str
    at: str


async def redeem(connection: AsyncConnection, shown: Sequence[Shown]) -> Sequence[dict[str, Any] | Refusal]:
    """For each: `{"area", "group", "born"}` as the town knows them; `{"wrong": True}` for a code that is unknown or
    somebody else's by now; `{"wait": minutes}` after too many guesses."""
    return [await _redeem(connection, one) for one in shown]


async def _redeem(connection: AsyncConnection, one: Shown) -> dict[str, Any]:
    now = datetime.fromisoformat(one.at)
    who = attempts.subject("letter", f"{one.space_id}.{one.participant_id}")
    wait = await attempts.attempt(connection, [(who, GUESSES)], now)
    if wait is not None:
        return {"wait": wait // timedelta(minutes=1) + 1}
    this = (PersonalCode.space_id == one.space_id, PersonalCode.digest == digest(one.space_id, one.code))
    free = PersonalCode.used_by.is_(None) | (PersonalCode.used_by == one.participant_id)
    row = (
        await connection.execute(
            update(PersonalCode)
            .where(*this, free, PersonalCode.consultation_id == one.consultation_id)
            .values(used_by=one.participant_id, used_at=func.coalesce(PersonalCode.used_at, now))
            .returning(PersonalCode.area, PersonalCode.group, PersonalCode.born)
        )
    ).first()
    if row is None:
        return {"wrong": True}
    await attempts.forgive(connection, who)
    return {"area": row.area, "group": row.group, "born": row.born}
