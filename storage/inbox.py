"""The inbox: every message under the platform's key, so that a repeat ends there.

A message is written once its turn is over, in the same transaction: there is no row of a message half handled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.models import Heard, Participant
from storage.prepared import Prepared, among
from storage.value import value

MOST_TRIES = 3
RETRY_AFTER = (timedelta(seconds=2), timedelta(seconds=30))
KEYS_LAST = timedelta(days=30)


@value
class MessageKey:
    """The platform's id of a message, within one of our accounts of a channel."""

    channel: str
    account: str
    key: str


_KNOWN = Prepared(
    select(Heard.key).where(
        Heard.channel == bindparam("channel"), Heard.account == bindparam("account"), among(Heard.key, "keys")
    ),
    "channel",
    "account",
    "keys",
)


async def known(connection: AsyncConnection, keys: Iterable[MessageKey]) -> set[MessageKey]:
    """Those of these messages that were noted before."""
    by_account: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        by_account.setdefault((key.channel, key.account), []).append(key.key)
    found: set[MessageKey] = set()
    for (channel, account), wanted in by_account.items():
        rows = await _KNOWN.read(connection, channel, account, wanted)
        found.update(MessageKey(channel, account, key) for (key,) in rows)
    return found


@dataclass(slots=True)
class Note:
    """One message as it is noted. `body` is kept only while it has to be tried again or shown as failed."""

    id: int
    space_id: int
    participant_id: int | None
    key: MessageKey
    heard_at: datetime
    shown: str | None = None
    tap: str | None = None
    attached: str | None = None
    conversation_id: int | None = None
    state: str = "handled"
    tries: int = 1
    body: str | None = None
    error: str | None = None
    retry_at: datetime | None = None


_HANDLED = (
    "id",
    "space_id",
    "participant_id",
    "channel",
    "account",
    "key",
    "shown",
    "tap",
    "attached",
    "state",
    "tries",
    "conversation_id",
    "heard_at",
)
_TROUBLE = ("body", "error", "retry_at")
_NOTE = Prepared(insert(Heard), *_HANDLED)
_NOTE_TROUBLE = Prepared(insert(Heard), *_HANDLED, *_TROUBLE)


async def note(connection: AsyncConnection, notes: Sequence[Note]) -> None:
    """Write these messages; a key that was noted meanwhile by another process fails the batch."""
    await _NOTE.write(connection, [_row(item) for item in notes if item.state == "handled"])
    trouble = [(*_row(item), item.body, item.error, item.retry_at) for item in notes if item.state != "handled"]
    await _NOTE_TROUBLE.write(connection, trouble)


def _row(item: Note) -> tuple[Any, ...]:
    return (
        item.id,
        item.space_id,
        item.participant_id,
        item.key.channel,
        item.key.account,
        item.key.key,
        item.shown,
        item.tap,
        item.attached,
        item.state,
        item.tries,
        item.conversation_id,
        item.heard_at,
    )


class Overtaken(Exception):
    """Its sender has been heard since: to answer a message now would misfile it."""


@value
class Aside:
    """A message set aside: its row, its Incoming as JSON, and how often it was tried."""

    id: int
    body: str
    tries: int


async def due(connection: AsyncConnection, channels: Collection[str], now: datetime, limit: int = 100) -> list[Aside]:
    """Messages set aside on these channels whose next try has come, the oldest first."""
    rows = await connection.execute(
        select(Heard.id, Heard.body, Heard.tries)
        .where(
            Heard.error.is_not(None), Heard.state == "aside", Heard.retry_at <= now, Heard.channel.in_(list(channels))
        )
        .order_by(Heard.id)
        .limit(limit)
    )
    return [Aside(id_, body or "", tries) for id_, body, tries in rows]


def _is(aside: Aside) -> ColumnElement[bool]:
    """This message as it was found: not tried by another process since, nor erased with its sender."""
    return and_(Heard.id == aside.id, Heard.state == "aside", Heard.tries == aside.tries)


async def take(connection: AsyncConnection, aside: Aside) -> bool:
    """Whether it is ours to try now; no other process can take it until the end of the transaction."""
    taken = await connection.execute(update(Heard).where(_is(aside)).values(error=None).returning(Heard.id))
    return taken.first() is not None


async def overtaken(connection: AsyncConnection, aside: Aside) -> bool:
    """Whether its sender has been heard since. Ask once the sender is locked."""
    later = aliased(Heard)
    found = await connection.execute(
        select(later.id)
        .join(Heard, and_(Heard.space_id == later.space_id, Heard.participant_id == later.participant_id))
        .where(Heard.id == aside.id, later.id > Heard.id, later.state == "handled")
        .limit(1)
    )
    return found.first() is not None


async def handled(connection: AsyncConnection, aside: Aside, conversation_id: int | None, *, blank: bool) -> None:
    """It went well at last; `blank`: a secret was in it, which is not kept."""
    gone: dict[str, None] = {"shown": None, "tap": None, "attached": None} if blank else {}
    await connection.execute(
        update(Heard)
        .where(Heard.id == aside.id)
        .values(
            state="handled", tries=aside.tries + 1, body=None, retry_at=None, conversation_id=conversation_id, **gone
        )
    )


@value
class Sender:
    """Whoever has to be told that a message is given up."""

    space_id: int
    participant_id: int
    language: str | None


async def failed_again(connection: AsyncConnection, aside: Aside, error: str, now: datetime) -> Sender | None:
    """Note another try that failed; hands back the sender when it was the last and the message is dead."""
    dead = aside.tries + 1 >= MOST_TRIES or error == Overtaken.__name__
    values = {"state": "dead" if dead else "aside", "tries": aside.tries + 1, "error": error}
    again = None if dead else now + RETRY_AFTER[aside.tries - 1]
    row = (
        await connection.execute(
            update(Heard)
            .where(_is(aside))
            .values(**values, retry_at=again)
            .returning(Heard.space_id, Heard.participant_id)
        )
    ).first()
    if row is None or not dead or row.participant_id is None:
        return None
    language = await connection.scalar(
        select(Participant.language).where(Participant.space_id == row.space_id, Participant.id == row.participant_id)
    )
    return Sender(row.space_id, row.participant_id, language)


async def sweep(connection: AsyncConnection, *, texts_before: datetime, now: datetime) -> None:
    """Retention: texts of handled messages go first, then the keys themselves."""
    await connection.execute(
        update(Heard)
        .where(Heard.heard_at < texts_before, Heard.state != "aside", Heard.shown.is_not(None))
        .values(shown=None, body=None, attached=None)
    )
    await connection.execute(delete(Heard).where(Heard.heard_at < now - KEYS_LAST, Heard.state != "aside"))
