"""Messages that may show a secret: each brings along what is kept in its place, its `veil`.

It takes that place once the message has left for good. On a page that shows what we keep (Capabilities.drawn) it does
so only when the person is heard again about it; and everywhere at the latest when the phase is sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Delivery

VEILED: Mapping[str, Any] = {"body": func.coalesce(Delivery.veil, Delivery.body), "veil": None}
"""What an UPDATE of deliveries sets."""


async def veil(connection: AsyncConnection, people: Sequence[tuple[int, int]]) -> None:
    """Keep nothing that may show a secret of what has left to these (space, participant)."""
    if people:
        await connection.execute(_VEIL, [{"s": space_id, "p": participant_id} for space_id, participant_id in people])


_VEIL = (
    update(Delivery)
    .where(Delivery.space_id == bindparam("s"), Delivery.participant_id == bindparam("p"))
    .where(Delivery.veil.is_not(None), Delivery.state.not_in(("waiting", "claimed")))
    .values(VEILED)
)
