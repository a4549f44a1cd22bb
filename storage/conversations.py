"""Conversations, read and written a batch at a time. A journal is text here: only flows look into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Conversation


@dataclass(slots=True)
class Record:
    """A conversation as a batch holds it; `fresh` until it has been written once."""

    space_id: int
    id: int
    participant_id: int
    phase_id: int | None
    kind: str
    state: str
    waiting: str | None
    journal: str
    place: str | None
    channel: str
    sent_at: datetime | None
    begun_at: datetime
    heard_at: datetime
    fresh: bool = False

    def copy(self) -> Record:
        """Another one that a turn may change. Written out because every message makes one."""
        return Record(
            self.space_id,
            self.id,
            self.participant_id,
            self.phase_id,
            self.kind,
            self.state,
            self.waiting,
            self.journal,
            self.place,
            self.channel,
            self.sent_at,
            self.begun_at,
            self.heard_at,
            self.fresh,
        )


_COLUMNS = (
    Conversation.space_id,
    Conversation.id,
    Conversation.participant_id,
    Conversation.phase_id,
    Conversation.kind,
    Conversation.state,
    Conversation.waiting,
    Conversation.journal,
    Conversation.place,
    Conversation.channel,
    Conversation.sent_at,
    Conversation.begun_at,
    Conversation.heard_at,
)

_LOAD = select(*_COLUMNS).where(
    Conversation.space_id == bindparam("space_id"), Conversation.id.in_(bindparam("ids", expanding=True))
)


async def load(connection: AsyncConnection, keys: Iterable[tuple[int, int]]) -> dict[int, Record]:
    """These conversations of (space, id), by id. Their participants are locked already."""
    by_space: dict[int, list[int]] = {}
    for space_id, conversation_id in keys:
        by_space.setdefault(space_id, []).append(conversation_id)
    found: dict[int, Record] = {}
    for space_id, ids in by_space.items():
        rows = await connection.execute(_LOAD, {"space_id": space_id, "ids": ids})
        found.update((record.id, record) for record in map(_record, rows))
    return found


async def of_participants(connection: AsyncConnection, keys: Sequence[tuple[int, int]]) -> list[Record]:
    """All conversations about a phase that these (space, participant) have, the oldest first."""
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(
            Conversation.space_id.in_({space_id for space_id, _ in keys}),
            Conversation.participant_id.in_([participant_id for _, participant_id in keys]),
            Conversation.phase_id.is_not(None),
        )
        .order_by(Conversation.id)
    )
    return [_record(row) for row in rows]


def _record(row: Any) -> Record:
    return Record(*row)


_UPDATE = (
    update(Conversation)
    .where(Conversation.space_id == bindparam("s"), Conversation.id == bindparam("i"))
    .values(
        state=bindparam("state"),
        waiting=bindparam("waiting"),
        journal=bindparam("journal"),
        sent_at=bindparam("sent_at"),
        heard_at=bindparam("heard_at"),
    )
)


async def save(connection: AsyncConnection, records: Sequence[Record]) -> None:
    """Write these conversations: new ones whole, known ones what a turn can change."""
    fresh = [_row(record) for record in records if record.fresh]
    known = [_changes(record) for record in records if not record.fresh]
    if fresh:
        await connection.execute(insert(Conversation), fresh)
    if known:
        await connection.execute(_UPDATE, known)
    for record in records:
        record.fresh = False


def _row(record: Record) -> dict[str, Any]:
    return {
        "space_id": record.space_id,
        "id": record.id,
        "participant_id": record.participant_id,
        "phase_id": record.phase_id,
        "kind": record.kind,
        "state": record.state,
        "waiting": record.waiting,
        "journal": record.journal,
        "place": record.place,
        "channel": record.channel,
        "sent_at": record.sent_at,
        "begun_at": record.begun_at,
        "heard_at": record.heard_at,
    }


def _changes(record: Record) -> dict[str, Any]:
    return {
        "s": record.space_id,
        "i": record.id,
        "state": record.state,
        "waiting": record.waiting,
        "journal": record.journal,
        "sent_at": record.sent_at,
        "heard_at": record.heard_at,
    }
