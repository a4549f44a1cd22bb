"""A code typed on the chat page's first screen: this browser writes for the participant behind it from now on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.doors import LINKED
from flows.run import Tell
from flows.telling import pack_tell
from storage import history, join_doors, returning
from storage.linking import LINK
from storage.participants import AddressKey


async def come_back(
    connection: AsyncConnection, space_id: int, key: AddressKey, code: str, now: datetime, *, new: bool
) -> bool:
    """Use a code here; False when it is no good. To a browser that has not written yet (`new`) a code that links two
    doors does the same as a return code, and the person's other doors are told."""
    found = await returning.redeem(connection, space_id, code, now)
    linked = await returning.use(connection, LINK, space_id, code, now) if found is None and new else None
    if found is None and linked is None:
        return False
    await returning.attach(connection, space_id, found or linked or 0, key, now)
    seen = await history.behind(connection, key)
    if linked is not None and seen is not None:
        told = pack_tell(Tell(linked, LINKED))
        await join_doors.tell_others(connection, space_id, linked, seen.address_id, told, now)
    return True
