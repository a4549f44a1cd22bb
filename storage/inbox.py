"""The inbox: every message under the platform's key, so that a repeat ends there.

A message is written once its turn is over, in the same transaction: there is no row of a message half handled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Heard

MOST_TRIES = 3
RETRY_AFTER = (timedelta(seconds=2), timedelta(seconds=30))
KEYS_LAST = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class MessageKey:
    """The platform's id of a message, within one of our accounts of a channel."""

    channel: str
    account: str
    key: str


_KNOWN = select(Heard.key).where(
    Heard.channel == bindparam("channel"),
    Heard.account == bindparam("account"),
    Heard.key.in_(bindparam("keys", expanding=True)),
)


async def known(connection: AsyncConnection, keys: Iterable[MessageKey]) -> set[MessageKey]:
    """Those of these messages that were noted before."""
    by_account: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        by_account.setdefault((key.channel, key.account), []).append(key.key)
    found: set[MessageKey] = set()
    for (channel, account), wanted in by_account.items():
        rows = await connection.execute(_KNOWN, {"channel": channel, "account": account, "keys": wanted})
        found.update(MessageKey(channel, account, row[0]) for row in rows)
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


async def note(connection: AsyncConnection, notes: Sequence[Note]) -> None:
    """Write these messages; a key that was noted meanwhile by another process fails the batch."""
    handled = [_row(item) for item in notes if item.state == "handled"]
    others = [_row(item) | _trouble(item) for item in notes if item.state != "handled"]
    for rows in (handled, others):
        if rows:
            await connection.execute(insert(Heard), rows)


def _row(item: Note) -> dict[str, Any]:
    return {
        "id": item.id,
        "space_id": item.space_id,
        "participant_id": item.participant_id,
        "channel": item.key.channel,
        "account": item.key.account,
        "key": item.key.key,
        "shown": item.shown,
        "tap": item.tap,
        "attached": item.attached,
        "state": item.state,
        "tries": item.tries,
        "conversation_id": item.conversation_id,
        "heard_at": item.heard_at,
    }


def _trouble(item: Note) -> dict[str, Any]:
    return {"body": item.body, "error": item.error, "retry_at": item.retry_at}


@dataclass(frozen=True, slots=True)
class Aside:
    """A message set aside: its row, its Incoming as JSON, how often it was tried, and whether its sender has been
    heard since, after which answering it would misfile it."""

    id: int
    body: str
    tries: int
    overtaken: bool


async def due(connection: AsyncConnection, now: datetime, limit: int = 100) -> list[Aside]:
    """Messages set aside whose next try has come, the oldest first."""
    later = Heard.__table__.alias()
    rows = await connection.execute(
        select(
            Heard.id,
            Heard.body,
            Heard.tries,
            select(later.c.id)
            .where(
                later.c.space_id == Heard.space_id,
                later.c.participant_id == Heard.participant_id,
                later.c.id > Heard.id,
                later.c.state == "handled",
            )
            .limit(1)
            .scalar_subquery(),
        )
        .where(Heard.state == "aside", Heard.retry_at <= now)
        .order_by(Heard.id)
        .limit(limit)
    )
    return [Aside(id_, body or "", tries, other is not None) for id_, body, tries, other in rows]


async def retried(connection: AsyncConnection, id_: int, *, now: datetime, tries: int, error: str | None) -> bool:
    """Note the outcome of another try: handled without an error; True when it was the last and the message is dead."""
    dead = error is not None and tries >= MOST_TRIES
    again = error is not None and not dead
    await connection.execute(
        update(Heard)
        .where(Heard.id == id_)
        .values(
            state="dead" if dead else "aside" if again else "handled",
            tries=tries,
            error=error,
            retry_at=now + RETRY_AFTER[min(tries, len(RETRY_AFTER)) - 1] if again else None,
            **({} if error is not None else {"body": None}),
        )
    )
    return dead


async def sweep(connection: AsyncConnection, *, texts_before: datetime, now: datetime) -> None:
    """Retention: texts of handled messages go first, then the keys themselves."""
    await connection.execute(
        update(Heard)
        .where(Heard.heard_at < texts_before, Heard.state != "aside", Heard.shown.is_not(None))
        .values(shown=None, body=None, attached=None)
    )
    await connection.execute(delete(Heard).where(Heard.heard_at < now - KEYS_LAST, Heard.state != "aside"))
