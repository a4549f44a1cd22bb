"""The pace of accounts that several couriers send by: one row for each, locked by whoever looks to send more."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Pace

_WRITE = update(Pace).where(Pace.lane == bindparam("its_lane")).values(ledger=bindparam("its_ledger"))


async def now(connection: AsyncConnection) -> float:
    """Seconds of the database's clock, the one that all who share it have in common."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float((await connection.execute(select(func.extract("epoch", func.clock_timestamp())))).scalar_one())


async def read(connection: AsyncConnection, lanes: Collection[str]) -> dict[str, str]:
    """The ledgers of these lanes; those that have none yet are missing."""
    rows = await connection.execute(select(Pace.lane, Pace.ledger).where(Pace.lane.in_(sorted(lanes))))
    return {row.lane: row.ledger for row in rows}


async def lock(connection: AsyncConnection, lanes: Collection[str]) -> dict[str, str]:
    """The same, which nobody else may read to write to it until this transaction ends; an empty text for a new lane."""
    found = await _locked(connection, lanes)
    missing = sorted(set(lanes) - found.keys())
    if missing:
        insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(Pace)
        new = [{"lane": lane, "ledger": ""} for lane in missing]
        await connection.execute(insert.on_conflict_do_nothing(), new)
        found |= await _locked(connection, lanes)
    return found


async def _locked(connection: AsyncConnection, lanes: Collection[str]) -> dict[str, str]:
    """In the order of their names, so that two never wait for each other."""
    query = select(Pace.lane, Pace.ledger).where(Pace.lane.in_(sorted(lanes))).order_by(Pace.lane)
    return {row.lane: row.ledger for row in await connection.execute(query.with_for_update())}


async def write(connection: AsyncConnection, ledgers: Mapping[str, str]) -> None:
    """Those of lanes that are locked."""
    if ledgers:
        given = [{"its_lane": lane, "its_ledger": ledger} for lane, ledger in ledgers.items()]
        await connection.execute(_WRITE, given)


async def lanes(connection: AsyncConnection) -> list[str]:
    """All that have a ledger."""
    return list((await connection.execute(select(Pace.lane).order_by(Pace.lane))).scalars())
