"""Statements that reception runs for every batch: compiled once, with rows going in and coming out as plain tuples.

SQLAlchemy works out each row's parameters by name, every time: that took longer than SQLite took to write the row.
Here it compiles the statement and converts the values that need it, and the rows pass untouched.
docs/decisions/prepared-statements.md has the measurements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnClause,
    Delete,
    Dialect,
    Insert,
    Select,
    String,
    Update,
    bindparam,
    cast,
    column,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from storage.types import Document

Statement: TypeAlias = "Select[*tuple[Any, ...]] | Insert | Update | Delete"
Convert: TypeAlias = "Callable[[Any], Any]"


class Prepared:
    """A statement for values in the order of these names of its parameters."""

    def __init__(self, statement: Statement, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._compiled: dict[str, _Compiled] = {}

    async def write(self, connection: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Once for each of these rows."""
        if rows:
            compiled = self._for(connection.dialect)
            await connection.exec_driver_sql(compiled.text, compiled.given(rows))

    async def read(self, connection: AsyncConnection, *values: Any) -> list[tuple[Any, ...]]:
        """What it selects for these values."""
        compiled = self._for(connection.dialect)
        rows = (await connection.exec_driver_sql(compiled.text, compiled.given([values])[0])).all()
        return _converted(rows, compiled.after)

    def _for(self, dialect: Dialect) -> _Compiled:
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self._statement, self._names, dialect)
        return compiled


class _Compiled:
    """The statement as one kind of database takes it."""

    def __init__(self, statement: Statement, names: tuple[str, ...], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
        self.text: str = compiled.string
        self.order = [names.index(name) for name in compiled.positiontup or names]
        self.named = None if compiled.positional else names
        types = [compiled.binds[name].type for name in names]
        self.before = _converters(types, lambda type_: type_.dialect_impl(dialect).bind_processor(dialect))
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        self.after = _converters(
            [column.type for column in columns],
            lambda type_: type_.dialect_impl(dialect).result_processor(dialect, None),
        )

    def given(self, rows: Sequence[tuple[Any, ...]]) -> Any:
        """The rows as the driver takes them: by position, or by name."""
        converted = _converted(rows, self.before)
        if self.named is not None:
            return [dict(zip(self.named, row, strict=True)) for row in converted]
        if self.order == list(range(len(self.order))):
            return converted
        return [tuple([row[place] for place in self.order]) for row in converted]


def _converters(
    types: Sequence[TypeEngine[Any]], of: Callable[[TypeEngine[Any]], Convert | None]
) -> list[tuple[int, Convert]]:
    """The columns whose values have to be converted, each with what does it."""
    found = ((place, of(type_)) for place, type_ in enumerate(types))
    return [(place, convert) for place, convert in found if convert is not None]


def _converted(rows: Sequence[Any], converters: Sequence[tuple[int, Convert]]) -> list[tuple[Any, ...]]:
    """Column by column: a batch has a hundred rows and few columns to convert."""
    if not converters or not rows:
        return list(rows)
    columns: list[Any] = list(zip(*rows, strict=True))
    for place, convert in converters:
        columns[place] = map(convert, columns[place])
    return list(zip(*columns, strict=True))


def among(column: InstrumentedAttribute[Any] | Column[Any], name: str) -> ColumnElement[bool]:
    """Whether the column is one of a list, given as ONE parameter of this name: the text stays the same for any
    length."""
    values = _Elements(bindparam(name, type_=Document)).table_valued("value")
    return column.in_(select(cast(values.c.value, column.type)))


class _Elements(FunctionElement[Any]):
    """The elements of a JSON array as rows."""

    inherit_cache = True
    name = "elements"


@compiles(_Elements, "sqlite")
def _sqlite_elements(element: _Elements, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Elements, "postgresql")
def _postgres_elements(element: _Elements, compiler: Any, **options: Any) -> str:
    return f"jsonb_array_elements_text({compiler.process(element.clauses, **options)})"


def rows(name: str, **columns: TypeEngine[Any]) -> TableValuedAlias:
    """A table of rows given as ONE parameter of this name: a list of lists, their values in the order of the columns.

    Texts in it are compared by their bytes, as SQLite does anyway.
    """
    given = [column(named, type_) for named, type_ in columns.items()]
    return _Rows(given, bindparam(name, type_=Document)).table_valued(*given)


class _Rows(FunctionElement[Any]):
    """The inner lists of a JSON array as rows."""

    inherit_cache = False
    name = "rows"

    def __init__(self, given: Sequence[ColumnClause[Any]], array: BindParameter[Any]) -> None:
        super().__init__(array)
        self.given = given


@compiles(_Rows, "sqlite")
def _sqlite_rows(element: _Rows, compiler: Any, **options: Any) -> str:
    values = (f"json_extract(value, '$[{place}]') AS {one.name}" for place, one in enumerate(element.given))
    return f"(SELECT {', '.join(values)} FROM json_each({compiler.process(element.clauses, **options)}))"


@compiles(_Rows, "postgresql")
def _postgresql_rows(element: _Rows, compiler: Any, **options: Any) -> str:
    values = []
    for place, one in enumerate(element.given):
        cast_to = compiler.dialect.type_compiler_instance.process(one.type)
        collate = ' COLLATE "C"' if isinstance(one.type, String) else ""
        values.append(f"CAST(value ->> {place} AS {cast_to}){collate} AS {one.name}")
    array = compiler.process(element.clauses, **options)
    return f"(SELECT {', '.join(values)} FROM jsonb_array_elements({array}))"
