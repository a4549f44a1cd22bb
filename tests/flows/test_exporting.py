"""Tables written to files, and read again as the town's computers read them."""

import csv
import io
import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from flows import exporting
from flows.exporting import Format, Separator
from flows.figures import Cell

DANGEROUS = ["=1+1", "+33 6 39 98 00 12", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", "＝1"]


async def rows_of(table: Sequence[Sequence[Cell]]) -> AsyncIterator[Sequence[Cell]]:
    for row in table:
        yield row


async def written(table: Sequence[Sequence[Cell]], format: Format, separator: Separator = ",") -> bytes:
    file = io.BytesIO()
    assert await exporting.write(rows_of(table), file, format, separator) == len(table) - 1
    return file.getvalue()


def read_csv(data: bytes, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator))


def read_xlsx(data: bytes) -> list[list[object]]:
    sheet = load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


async def test_csv_begins_with_the_mark_that_excel_needs() -> None:
    assert (await written([["À pied"]], "csv")).startswith(b"\xef\xbb\xbf")


async def test_csv_keeps_commas_quotes_and_lines() -> None:
    table = [["a", "b"], ['un, "deux"', "trois\nquatre; cinq"]]
    assert read_csv(await written(table, "csv")) == table
    assert read_csv(await written(table, "csv", ";"), ";") == table


@pytest.mark.parametrize("text", DANGEROUS)
async def test_csv_never_carries_a_formula(text: str) -> None:
    assert read_csv(await written([["a"], [text]], "csv"))[1] == ["'" + text]


@pytest.mark.parametrize("text", ["-5", "-2,5", "12", "a=b", "", "'"])
async def test_csv_leaves_harmless_texts_as_they_are(text: str) -> None:
    [[_, found]] = read_csv(await written([["a", text]], "csv"))
    assert found == text


async def test_numbers_stay_numbers_and_follow_the_separator() -> None:
    table: list[list[Cell]] = [["a", "b", "c"], [-3, -2.5, None]]
    assert read_csv(await written(table, "csv"))[1] == ["-3", "-2.5", ""]
    assert read_csv(await written(table, "csv", ";"), ";")[1] == ["-3", "-2,5", ""]
    assert read_xlsx(await written(table, "xlsx"))[1] == [-3, -2.5, None]
    assert json.loads(await written(table, "json")) == [{"a": -3, "b": -2.5, "c": None}]


async def test_xlsx_writes_every_text_as_a_text() -> None:
    texts = [*(text for text in DANGEROUS if "\r" not in text), "https://a.example", "internal:A1", "007", "{=A1}"]
    data = await written([["a"], *([text] for text in texts)], "xlsx")
    assert [row[0] for row in read_xlsx(data)[1:]] == texts
    sheet = load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}


async def test_xlsx_shortens_what_excel_cannot_hold() -> None:
    [[_], [found]] = read_xlsx(await written([["a"], ["x" * 50_000]], "xlsx"))
    assert isinstance(found, str)
    assert len(found) == exporting.LONGEST_CELL
    assert found.endswith("…")


async def test_an_empty_table_is_a_header() -> None:
    assert read_csv(await written([["a"]], "csv")) == [["a"]]
    assert json.loads(await written([["a"]], "json")) == []
    assert read_xlsx(await written([["a"]], "xlsx")) == [["a"]]


# What a resident can have typed: anything but half a character and the null byte, which storage refuses.
TYPED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(TYPED, min_size=1, max_size=4))
async def test_whatever_is_typed_is_read_again(texts: list[str]) -> None:
    header = [f"q{number}" for number in range(len(texts))]
    data = await written([header, texts], "json")
    assert list(json.loads(data)[0].values()) == texts
    for found, typed in zip(read_csv(await written([header, texts], "csv"))[1], texts, strict=True):
        assert found in (typed, "'" + typed)
        assert not exporting._FORMULA.match(found) or exporting._PLAIN_NUMBER.fullmatch(found)


@pytest.mark.parametrize("format", ["csv", "json", "xlsx"])
async def test_a_large_table_is_not_held_in_memory(format: Format) -> None:
    async def many() -> AsyncIterator[Sequence[Cell]]:
        yield ["a", "b"]
        for number in range(20_000):
            yield [number, "x" * 200]

    class Nowhere(io.BytesIO):
        def write(self, data: object, /) -> int:
            return super().write(data) if format == "xlsx" else len(data)  # type: ignore[arg-type]

    tracemalloc.start()
    await exporting.write(many(), Nowhere(), format)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000, "the 4 MB of the table were never together"
