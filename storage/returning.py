"""Codes by which a participant is found again, once: on another device (`return`), or by another door (`link`).

Only a digest of each is kept. Whoever uses or replaces one waits for nobody: a code that somebody else has in hand at
this very moment is as good as used, and two batches that hold each other's codes would wait for ever.
"""

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
GROUP = 4
"""Signs between two hyphens."""


@value
class Kind:
    """What a code is for: how many signs it has, and how long it lasts."""

    name: str
    length: int
    lasts: timedelta


RETURN = Kind("return", 12, timedelta(days=7))
"""About 58 bits: with the throttle, beyond guessing."""


@value
class Holder:
    """Whom a code leads to."""

    space_id: int
    participant_id: int
    at: datetime


async def write(connection: AsyncConnection, kind: Kind, holders: Sequence[Holder]) -> list[str]:
    """New codes for these, each replacing its holder's former one of this kind; written in groups of four."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(kind.length)) for _ in holders]
    rows = []
    for item, code in zip(holders, codes, strict=True):
        await _drop(connection, kind, item)
        rows.append(
            {
                "space_id": item.space_id,
                "id": new_id(),
                "participant_id": item.participant_id,
                "kind": kind.name,
                "digest": digest(kind, item.space_id, code),
                "created_at": item.at,
                "expires_at": item.at + kind.lasts,
            }
        )
    await connection.execute(insert(ReturnCode), rows)
    return ["-".join(code[start : start + GROUP] for start in range(0, kind.length, GROUP)) for code in codes]


async def use(
    connection: AsyncConnection, kind: Kind, space_id: int, code: str, now: datetime, *, by: int | None = None
) -> int | None:
    """The participant behind a code, which is used up by it, unless they typed it themselves (`by`); None when it is
    unknown, used or too old: nobody is told which."""
    this = ReturnCode.digest == digest(kind, space_id, code)
    query = select(ReturnCode.participant_id, ReturnCode.expires_at).where(ReturnCode.space_id == space_id, this)
    found = (await connection.execute(query.with_for_update(skip_locked=True))).one_or_none()
    if found is None or found.expires_at <= now:
        return None
    if found.participant_id != by:
        await connection.execute(delete(ReturnCode).where(ReturnCode.space_id == space_id, this))
    holder: int = found.participant_id
    return holder


async def _drop(connection: AsyncConnection, kind: Kind, holder: Holder) -> None:
    """Forget the code that this holder had."""
    theirs = (ReturnCode.space_id == holder.space_id, ReturnCode.participant_id == holder.participant_id)
    free = select(ReturnCode.id).where(*theirs, ReturnCode.kind == kind.name).with_for_update(skip_locked=True)
    await connection.execute(delete(ReturnCode).where(ReturnCode.space_id == holder.space_id, ReturnCode.id.in_(free)))


def digest(kind: Kind, space_id: int, code: str) -> str:
    """What is kept of a code; case, spaces and hyphens do not count."""
    plain = "".join(character for character in code.upper() if character in ALPHABET)
    return hashlib.sha256(f"{kind.name}:{space_id}:{plain}".encode()).hexdigest()


# -- on another device -----------------------------------------------------------------------------------------------


@value
class NewCode:
    """A code asked for by a participant in a conversation; `at` in ISO format."""

    space_id: int
    participant_id: int
    conversation_id: int
    at: str


async def issue(connection: AsyncConnection, wanted: Sequence[NewCode]) -> Sequence[str | Refusal]:
    """New return codes, each replacing its participant's former one."""
    holders = [Holder(one.space_id, one.participant_id, datetime.fromisoformat(one.at)) for one in wanted]
    return await write(connection, RETURN, holders)


async def redeem(connection: AsyncConnection, space_id: int, code: str, now: datetime) -> int | None:
    """The participant behind a return code, which is used up by it; None when it is unknown or too old."""
    return await use(connection, RETURN, space_id, code, now)


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
