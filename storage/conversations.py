"""Conversations, read and written a batch at a time. A journal is text here: only flows look into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Address, Conversation, Participant
from storage.participants import AddressKey
from storage.prepared import Prepared, among


@dataclass(slots=True)
class Record:
    """A conversation as a batch holds it; `fresh` until it has been written once. `through_id` is the participant who
    holds it for the other."""

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
    heard_at: datetime
    through_id: int | None = None
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
            self.heard_at,
            self.through_id,
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
    Conversation.heard_at,
    Conversation.through_id,
)

_LOAD = Prepared(
    select(*_COLUMNS).where(Conversation.space_id == bindparam("space"), among(Conversation.id, "ids")),
    "space",
    "ids",
)


async def load(connection: AsyncConnection, keys: Iterable[tuple[int, int]]) -> dict[int, Record]:
    """These conversations of (space, id), by id. Their participants are locked already."""
    by_space: dict[int, list[int]] = {}
    for space_id, conversation_id in keys:
        by_space.setdefault(space_id, []).append(conversation_id)
    return {
        row[1]: Record(*row)
        for space_id, ids in by_space.items()
        for row in await _LOAD.read(connection, space_id, ids)
    }


async def of_participants(connection: AsyncConnection, keys: Sequence[tuple[int, int]]) -> list[Record]:
    """All conversations about a phase that these (space, participant) hold, for themselves or for somebody else, the
    oldest first."""
    people = [participant_id for _, participant_id in keys]
    rows = await connection.execute(
        select(*_COLUMNS)
        .where(
            Conversation.space_id.in_({space_id for space_id, _ in keys}),
            Conversation.participant_id.in_(people) | Conversation.through_id.in_(people),
            Conversation.phase_id.is_not(None),
        )
        .order_by(Conversation.id)
    )
    found: Sequence[Any] = rows.all()
    return [Record(*row) for row in found]


async def is_held(connection: AsyncConnection, space_id: int, conversation_id: int) -> bool:
    """Whether this conversation is one of the space's."""
    query = select(Conversation.id).where(Conversation.space_id == space_id, Conversation.id == conversation_id)
    return await connection.scalar(query) is not None


async def waits_for(connection: AsyncConnection, key: AddressKey) -> bool:
    """Whether the conversation that typed text of this address goes to waits for an answer."""
    theirs = (Participant.space_id == Address.space_id) & (Participant.id == Address.participant_id)
    current = (Conversation.space_id == Participant.space_id) & (Conversation.id == Participant.current_id)
    query = (
        select(Conversation.id)
        .join(Participant, current)
        .join(Address, theirs)
        .where(Address.channel == key.channel, Address.account == key.account, Address.sender == key.sender)
        .where(Conversation.state == "open", Conversation.waiting.is_not(None))
    )
    return await connection.scalar(query) is not None


_CHANGING = ("state", "waiting", "journal", "sent_at", "heard_at")
_UPDATE = Prepared(
    update(Conversation)
    .where(Conversation.space_id == bindparam("s"), Conversation.id == bindparam("i"))
    .values({name: bindparam(name) for name in _CHANGING}),
    *_CHANGING,
    "s",
    "i",
)


async def save(connection: AsyncConnection, records: Sequence[Record]) -> None:
    """Write these conversations: new ones whole, known ones what a turn can change."""
    fresh = [_row(record) for record in records if record.fresh]
    if fresh:
        await connection.execute(insert(Conversation), fresh)
    await _UPDATE.write(connection, [_changes(record) for record in records if not record.fresh])
    for record in records:
        record.fresh = False


def _row(record: Record) -> dict[str, Any]:
    return {
        "space_id": record.space_id,
        "id": record.id,
        "participant_id": record.participant_id,
        "through_id": record.through_id,
        "phase_id": record.phase_id,
        "kind": record.kind,
        "state": record.state,
        "waiting": record.waiting,
        "journal": record.journal,
        "place": record.place,
        "channel": record.channel,
        "sent_at": record.sent_at,
        "begun_at": record.heard_at,
        "heard_at": record.heard_at,
    }


def _changes(record: Record) -> tuple[Any, ...]:
    return (
        record.state,
        record.waiting,
        record.journal,
        record.sent_at,
        record.heard_at,
        record.space_id,
        record.id,
    )


async def who_sent(connection: AsyncConnection, space_id: int, phase_id: int) -> list[int]:
    """The participants who sent something in a phase, each once, by id. Who said stop, or was erased, is not written
    to."""
    rows = await connection.execute(
        select(Participant.id)
        .join(
            Conversation,
            (Conversation.space_id == Participant.space_id) & (Conversation.participant_id == Participant.id),
        )
        .where(Conversation.space_id == space_id, Conversation.phase_id == phase_id, Conversation.sent_at.is_not(None))
        .where(Participant.stopped_at.is_(None), Participant.erased_at.is_(None))
        .distinct()
        .order_by(Participant.id)
    )
    return [id_ for (id_,) in rows]
