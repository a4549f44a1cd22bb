"""Column types, ids and values that every table shares."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """A plain function, since a batch binds the same moment hundreds of times: the last one is remembered."""
        convert = _microseconds if dialect.name == "sqlite" else _in_utc
        last: tuple[datetime | None, Any] = (None, None)

        def bind(value: datetime | None) -> Any:
            nonlocal last
            if value is not last[0]:
                if value is not None and value.tzinfo is None:
                    raise ValueError("a time without its zone was about to be stored")
                last = (value, convert(value) if value is not None else None)
            return last[1]

        return bind

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], datetime | None]:
        convert = _from_microseconds if dialect.name == "sqlite" else _in_utc
        return lambda value: None if value is None else convert(value)


LARGEST_ID = 2**63 - 1
"""What both databases take; a number from outside may be larger."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _microseconds(value: datetime) -> int:
    delta = value - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


Document = JSON().with_variant(JSONB(), "postgresql")
"""A JSON document the database can look into."""


def _from_microseconds(value: int) -> datetime:
    return _EPOCH + timedelta(0, 0, value)


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


_BITS_OF_CHANCE = 21
_IDS_BEGIN = 1_700_000_000_000
_chance = random.Random(os.urandom(16))
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
        fresh = moment | _chance.getrandbits(_BITS_OF_CHANCE - 1)
        _last = fresh if fresh > _last else _last + 1 + _chance.getrandbits(3)
        return _last


MANY = 1 << (_BITS_OF_CHANCE - 1)
"""So many ids are taken at once for rows that the database makes by itself."""


def first_of_many() -> int:
    """The first of MANY ids, one after the other: the half of a millisecond that chance leaves to them, so that no
    process takes one of them for a single row."""
    global _last
    with _lock:
        moment = (time.time_ns() // 1_000_000 - _IDS_BEGIN) << _BITS_OF_CHANCE
        first = max(moment, ((_last >> _BITS_OF_CHANCE) + 1) << _BITS_OF_CHANCE) + MANY
        _last = first + MANY - 1
        return first


PERSON: dict[Any, Any] = {"person": True}
"""`info` of a column that holds personal data: erasure, export, merge and the register walk this mark."""
