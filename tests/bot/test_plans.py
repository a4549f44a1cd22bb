"""SQLite chooses its indexes without knowing how full its tables are, so that every town has the same plans from the
first day on. None of them may read all rows of a space again for each row that it looks at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.demo.content import furnish
from flows.figures import Filter, Page, PhaseRef, Reports
from flows.module import load
from storage import moderation
from storage.database import Database
from storage.models import Base, Phase
from storage.moderation import Queue
from tests.tables import make_tables

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
TABLES = set(Base.metadata.tables)


def read_again(plan: Sequence[Any]) -> list[str]:
    """What a plan does for each row of something else, and reads a table for, or all of it that a space has."""
    steps = {step: (above, said) for step, above, _unused, said in plan}

    def is_for_each(step: int) -> bool:
        above, said = steps[step]
        return said.startswith("CORRELATED") or (above in steps and is_for_each(above))

    def reads_all(said: str) -> bool:
        how, table, *_rest = said.split()
        return said.endswith("USING PRIMARY KEY (space_id=?)") or (how == "SCAN" and table in TABLES)

    return [said for step, (_above, said) in steps.items() if is_for_each(step) and reads_all(said)]


async def test_the_panel_reads_no_table_again_for_each_row(tmp_path: Path) -> None:
    database, asked = Database(f"sqlite:///{tmp_path / 'town.db'}"), dict[str, Any]()
    async with database.write() as connection:
        await make_tables(connection)
        space_id = (await furnish(connection, NOW)).space_id

    @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_more: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.setdefault(statement, given)

    async with database.read() as connection:
        await read_all(connection, space_id)
        found = {
            statement: read_again((await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)).all())
            for statement, given in list(asked.items())
        }
    await database.close()
    assert len(found) > 30
    assert {statement: steps for statement, steps in found.items() if steps} == {}


async def read_all(connection: AsyncConnection, space_id: int) -> None:
    """Every list of contributions, and the results of every way of taking part."""
    for state in moderation.STATES:
        await moderation.listed(connection, Queue(space_id, search="banc"), state, 0, 20)
    await moderation.count(connection, Queue(space_id))
    await moderation.figure(connection, Queue(space_id))
    for phase_id, kind, settings in (await connection.execute(select(Phase.id, Phase.kind, Phase.settings))).all():
        module, phase = load(kind, settings), PhaseRef(space_id, phase_id)
        if isinstance(module, Reports):
            for figure in (await module.results(connection, phase, Filter())).figures:
                await module.texts(connection, phase, figure.id, Filter(), Page("banc", 0, 20))
            assert [row async for row in module.table(connection, phase, "fr")]
