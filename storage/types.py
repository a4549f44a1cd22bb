"""Column types, ids and values that every table shares."""

from __future__ import annotations

import secrets
import threading
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator


class UTCTime(TypeDecorator[datetime]):
    """A moment in UTC. Refuses naive values: a time without a zone is a bug, not a guess.

    SQLite keeps it as whole microseconds since 1970 (sorts, compares and costs little); PostgreSQL as timestamptz.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Integer())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone was about to be stored")
        return _microseconds(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            seconds, micros = divmod(value, 1_000_000)
            return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
        found: datetime = value
        return found.astimezone(UTC)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _microseconds(value: datetime) -> int:
    delta = value - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


Document = JSON().with_variant(JSONB(), "postgresql")
"""A JSON document the database can look into."""

_BITS_OF_CHANCE = 21
_IDS_BEGIN = 1_700_000_000_000
_lock = threading.Lock()
_last = 0


def new_id() -> int:
    """A new row's id: 63 bits that grow with time within a process, the milliseconds first, then chance.

    Ids are made by the program so that a flow can name a row before it is written. Growing ids keep the newest
    rows together in the index, and give the outbox its order. Two processes choosing the same id in the same
    millisecond (one in a million pairs) meet the primary key: the batch is run again and takes others.
    """
    global _last
    with _lock:
        moment = (time.time_ns() // 1_000_000 - _IDS_BEGIN) << _BITS_OF_CHANCE
        fresh = moment | secrets.randbelow(1 << (_BITS_OF_CHANCE - 1))
        _last = fresh if fresh > _last else _last + 1 + secrets.randbelow(8)
        return _last


PERSON: dict[Any, Any] = {"person": True}
"""`info` of a column that holds personal data: erasure, export, merge and the register walk this mark."""
