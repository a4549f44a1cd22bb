"""A town whose tables can be filled with a row of anything, for the tests of two participants who are one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, LargeBinary, SmallInteger, String, Table, insert, select

from storage import joining, linking
from storage.linking import NewLink, Typed
from storage.models import Base
from storage.types import UTCTime, new_id
from tests.storage.written import NOW, Written

MADE: dict[type, Callable[[], Any]] = {
    BigInteger: new_id,
    SmallInteger: lambda: 1,
    Float: lambda: 1.0,
    String: lambda: f"x{new_id()}",
    Boolean: lambda: False,
    UTCTime: lambda: NOW,
    LargeBinary: lambda: b"x",
}


async def add(town: Written, table: Any, **values: Any) -> int:
    """A row of this table with these values, whatever else it needs; answers its id."""
    columns: Table = table.__table__
    row: dict[str, Any] = {"space_id": town.space_id} if "space_id" in columns.c else {}
    for column in columns.c:
        needed = not column.nullable and column.server_default is None and column.name not in row
        if needed:
            made = next((make for kind, make in MADE.items() if isinstance(column.type, kind)), dict)
            row[column.name] = made()
    if "phase_id" in columns.c and not columns.c.phase_id.nullable:
        row["phase_id"] = town.phase_id
    if "consultation_id" in columns.c:
        row["consultation_id"] = town.consultation_id
    row |= values
    await town.connection.execute(insert(table).values(**row))
    return int(row.get("id", 0))


async def asked(town: Written, into: int, gone: int, at: datetime = NOW) -> int:
    """A join to be made."""
    [code] = await linking.issue(town.connection, [NewLink(town.space_id, into, at.isoformat())])
    [found] = await linking.redeem(town.connection, [Typed(town.space_id, gone, str(code), at.isoformat())])
    assert not isinstance(found, Exception)
    return found["join"]


async def join(town: Written, into: int, gone: int, **given: Any) -> Any:
    return await joining.join(town.connection, town.space_id, await asked(town, into, gone), NOW, **given)


async def everything(town: Written, but: tuple[str, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but these, as text."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in but:
            rows = await town.connection.execute(select(table))
            found[table.name] = sorted(tuple(map(str, row)) for row in rows)
    return found
