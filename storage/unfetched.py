"""Photos and documents that a platform keeps for us until their bytes are here, under the reference it gave them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import files
from storage.files import File
from storage.inbox import MessageKey
from storage.models import File as Kept
from storage.models import Heard
from storage.value import value


@value
class Unfetched:
    """What a message brought, and when."""

    message: MessageKey
    reference: str
    at: datetime


def _kept() -> ColumnElement[bool]:
    return exists().where(and_(Kept.space_id == Heard.space_id, Kept.digest == Heard.attached))


async def without_bytes(connection: AsyncConnection, channel: str, since: datetime) -> Sequence[Unfetched]:
    """Those that came by this channel since then and whose bytes are not here, the oldest first."""
    begins = Heard.attached.startswith(f"{channel}:", autoescape=True)
    rows = await connection.execute(
        select(Heard.account, Heard.key, Heard.attached, Heard.heard_at)
        .where(Heard.channel == channel, Heard.heard_at >= since, begins, ~_kept())
        .order_by(Heard.id)
    )
    return [Unfetched(MessageKey(channel, account, key), reference or "", at) for account, key, reference, at in rows]


async def space_of(connection: AsyncConnection, one: Unfetched) -> int | None:
    """The space in which its bytes are to be kept; None when they are, or when nobody refers to it any more."""
    found = await connection.scalar(
        select(Heard.space_id).where(
            Heard.channel == one.message.channel,
            Heard.account == one.message.account,
            Heard.key == one.message.key,
            Heard.attached == one.reference,
            ~_kept(),
        )
    )
    return int(found) if found is not None else None


async def keep(connection: AsyncConnection, one: Unfetched, file: File, now: datetime) -> None:
    """Keep its bytes; not those of somebody who was erased meanwhile."""
    space_id = await space_of(connection, one)
    if space_id is not None:
        await files.put(connection, space_id, one.reference, file, now)
