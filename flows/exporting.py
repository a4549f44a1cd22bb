"""Writing a table to a file: CSV for spreadsheets, XLSX for Excel, JSON for programs. Row by row, never as a whole.

A cell that a resident wrote must never become a formula: in CSV it gets an apostrophe before it, in XLSX it is
written as a text whatever it looks like.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from typing import IO, Literal, TypeAlias

import orjson
import xlsxwriter

from flows.figures import Cell

Format: TypeAlias = Literal["csv", "xlsx", "json"]
Separator: TypeAlias = Literal[",", ";"]
Table: TypeAlias = AsyncIterator[Sequence[Cell]]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
LONGEST_CELL = 32_767
"""What Excel takes in one cell."""
MOST_ROWS = 1_048_575
"""What Excel takes below the header."""

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"-?\d+([.,]\d+)?")


class TooManyRows(Exception):
    """A sheet of Excel takes 1,048,575 rows: export as CSV."""


async def write(table: Table, file: IO[bytes], format: Format, separator: Separator = ",") -> int:
    """Write a header and the rows after it; answers how many rows there were.

    With `;` as the separator the decimal mark is a comma, as a spreadsheet that wants one wants the other.
    """
    if format == "csv":
        return await _write_csv(table, file, separator)
    if format == "json":
        return await _write_json(table, file)
    return await _write_xlsx(table, file)


async def _write_csv(table: Table, file: IO[bytes], separator: Separator) -> int:
    """UTF-8 with its mark at the beginning, without which Excel misreads accents."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, delimiter=separator)
    rows = -1
    async for row in table:
        writer.writerow([_harmless(cell, separator) for cell in row])
        rows += 1
    text.detach()
    return rows


def _harmless(cell: Cell, separator: Separator) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, int):
        return cell
    if isinstance(cell, float):
        return repr(cell).replace(".", ",") if separator == ";" else repr(cell)
    cell = cell.replace("\0", "")
    return f"'{cell}" if _FORMULA.match(cell) and not _PLAIN_NUMBER.fullmatch(cell) else cell


async def _write_json(table: Table, file: IO[bytes]) -> int:
    """A list of objects, one a row and a line, keyed by the header."""
    header = [str(cell) for cell in await anext(table)]
    rows = 0
    file.write(b"[")
    async for row in table:
        file.write(b",\n" if rows else b"\n")
        file.write(orjson.dumps(dict(zip(header, row, strict=True))))
        rows += 1
    file.write(b"\n]\n")
    return rows


async def _write_xlsx(table: Table, file: IO[bytes]) -> int:
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }
    workbook = xlsxwriter.Workbook(file, options)
    sheet = workbook.add_worksheet()
    bold = workbook.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    rows = -1
    async for row in table:
        rows += 1
        if rows > MOST_ROWS:
            raise TooManyRows(TooManyRows.__doc__)
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(rows, column, _fitting(cell), bold if rows == 0 else None)
            elif cell is not None:
                sheet.write_number(rows, column, cell)
    await asyncio.to_thread(workbook.close)
    return rows


def _fitting(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"
