"""Return codes: finding a conversation again on another device. Only a digest of each code is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Address, ReturnCode
from storage.participants import AddressKey, move_address
from storage.refusals import Refusal
from storage.types import new_id
from storage.value import value

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No letter or digit that is read as another."""
LENGTH = 12
"""About 58 bits: with the throttle, beyond guessing."""
LASTS = timedelta(days=7)


@value
class NewCode:
    """A code asked for by a participant in a conversation; `at` in ISO format."""

    space_id: int
    participant_id: int
    conversation_id: int
    at: str


async def issue(connection: AsyncConnection, wanted: Sequence[NewCode]) -> Sequence[str | Refusal]:
    """New codes, each replacing its participant's former one; written in groups of four."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in wanted]
    rows = []
    for item, code in zip(wanted, codes, strict=True):
        at = datetime.fromisoformat(item.at)
        await connection.execute(
            delete(ReturnCode).where(
                ReturnCode.space_id == item.space_id, ReturnCode.participant_id == item.participant_id
            )
        )
        rows.append(
            {
                "space_id": item.space_id,
                "id": new_id(),
                "participant_id": item.participant_id,
                "digest": digest(item.space_id, code),
                "created_at": at,
                "expires_at": at + LASTS,
            }
        )
    await connection.execute(insert(ReturnCode), rows)
    return ["-".join(code[start : start + 4] for start in range(0, LENGTH, 4)) for code in codes]


def digest(space_id: int, code: str) -> str:
    """What is kept of a code; case, spaces and hyphens do not count."""
    plain = "".join(character for character in code.upper() if character in ALPHABET)
    return hashlib.sha256(f"{space_id}:{plain}".encode()).hexdigest()


async def redeem(connection: AsyncConnection, space_id: int, code: str, now: datetime) -> int | None:
    """The participant behind a code, which is used up by it; None when it is unknown or too old."""
    condition = (ReturnCode.space_id == space_id) & (ReturnCode.digest == digest(space_id, code))
    found = (
        await connection.execute(select(ReturnCode.participant_id, ReturnCode.expires_at).where(condition))
    ).one_or_none()
    await connection.execute(delete(ReturnCode).where(condition))
    return found.participant_id if found is not None and found.expires_at > now else None


async def attach(
    connection: AsyncConnection, space_id: int, participant_id: int, key: AddressKey, now: datetime
) -> None:
    """This address writes for that participant from now on, whoever it wrote for before."""
    found = await connection.scalar(
        select(Address.id).where(
            Address.channel == key.channel, Address.account == key.account, Address.sender == key.sender
        )
    )
    if found is not None:
        await move_address(connection, space_id, found, participant_id)
        return
    row = {"space_id": space_id, "id": new_id(), "participant_id": participant_id, "created_at": now}
    await connection.execute(
        insert(Address).values(**row, channel=key.channel, account=key.account, sender=key.sender, unreachable=None)
    )
