"""Writes the rows of a list as CSV (RFC 4180), JSON or an Excel workbook (ECMA-376); no store, no HTTP.

Several values of one cell stand apart by `; ` in a sheet and as an array in JSON; a pair is `first: second`, and `of` in JSON. A
text that a spreadsheet program would take for a formula is marked as text: by an apostrophe in CSV, by the cell's type in a
workbook.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
from typing import TYPE_CHECKING, Any, BinaryIO

import xlsxwriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from qit4n_kg.search.lists import Column, Row, Value

_BETWEEN = "; "
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_CELL = 32_767
_NOT_IN_NAMES = "[]:*?/\\'"
MOST_ROWS = 1_000_000
"""Rows that a worksheet holds, and so the most that are written."""


def harmless(text: str) -> str:
    """Mark a text that a spreadsheet program would run as a formula.

    >>> harmless("=HYPERLINK(1)"), harmless("Jinan")
    ("'=HYPERLINK(1)", 'Jinan')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_csv(item: str, columns: Sequence[Column], rows: Iterable[Row], output: BinaryIO) -> None:
    """Write rows as CSV: the item, its columns, its IRI; a first line of headings."""
    text = io.TextIOWrapper(output, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([item, *(column.label for column in columns if not column.is_paired), "IRI"])
    for row in rows:
        writer.writerow([harmless(row.label), *_joined(columns, row), row.iri])
    text.detach()


def _cells(columns: Sequence[Column], row: Row) -> Iterator[tuple[Column, Sequence[Value]]]:
    """Yield what stands in a sheet: a column whose values stand beside another's has none of its own."""
    return ((column, cell) for column, cell in zip(columns, row.cells, strict=True) if not column.is_paired)


def _joined(columns: Sequence[Column], row: Row) -> Iterator[str]:
    for column, cell in _cells(columns, row):
        text = _BETWEEN.join(value.whole for value in cell)
        yield text if column.kind == "number" and len(cell) < 2 else harmless(text)


def write_json(item: str, columns: Sequence[Column], rows: Iterable[Row], output: BinaryIO) -> None:
    """Write rows as a JSON array of objects: `iri`, `label` and the columns by name; things with IRI and label."""
    del item
    output.write(b"[")
    for position, row in enumerate(rows):
        record: dict[str, Any] = {"iri": row.iri, "label": row.label}
        for column, cell in zip(columns, row.cells, strict=True):
            record[column.name] = [_plain(column, value) for value in cell]
        output.write(b",\n " if position else b"\n ")
        output.write(json.dumps(record, ensure_ascii=False).encode())
    output.write(b"\n]\n")


def _plain(column: Column, value: Value) -> Any:
    if value.iri is not None:
        thing = {"iri": value.iri, "label": value.text}
        return thing if value.beside is None else {**thing, "of": {"iri": value.beside.iri, "label": value.beside.text}}
    if column.kind == "number":
        number = float(value.text)
        return int(number) if number.is_integer() else number
    return value.text


def write_xlsx(item: str, columns: Sequence[Column], rows: Iterable[Row], output: BinaryIO) -> None:
    """Write rows as a workbook of one sheet, its headings frozen and with filters; numbers and whole dates are such."""
    book = xlsxwriter.Workbook(
        output, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet(_sheet_name(item))
    strong, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    headings = [item, *(column.label for column in columns if not column.is_paired), "IRI"]
    for number, heading in enumerate(headings):
        sheet.write_string(0, number, heading, strong)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 40)
    sheet.set_column(1, len(headings) - 1, 18)
    last = 0
    for last, row in enumerate(rows, start=1):
        sheet.write_string(last, 0, row.label[:_LONGEST_CELL])
        for number, (column, cell) in enumerate(_cells(columns, row), start=1):
            _write_cell(sheet, last, number, column, cell, day)
        sheet.write_string(last, len(headings) - 1, row.iri[:_LONGEST_CELL])
    sheet.autofilter(0, 0, last, len(headings) - 1)
    book.close()


def _sheet_name(text: str) -> str:
    """Keep what a worksheet's name may hold.

    >>> _sheet_name("In/out")
    'Inout'
    """
    return "".join(letter for letter in text if letter not in _NOT_IN_NAMES)[:31]


def _write_cell(sheet: Any, row: int, number: int, column: Column, cell: Sequence[Value], day: Any) -> None:
    if not cell:
        return
    text = _BETWEEN.join(value.whole for value in cell)[:_LONGEST_CELL]
    if len(cell) == 1 and column.kind == "number":
        sheet.write_number(row, number, float(text))
    elif len(cell) == 1 and column.kind == "date" and (date := _date(text)) is not None:
        sheet.write_datetime(row, number, date, day)
    else:
        sheet.write_string(row, number, text)


def _date(text: str) -> datetime.date | None:
    try:
        date = datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return date if date.year >= 1900 else None  # a sheet's calendar begins there


WRITERS: dict[str, Callable[[str, Sequence[Column], Iterable[Row], BinaryIO], None]] = {
    "csv": write_csv,
    "json": write_json,
    "xlsx": write_xlsx,
}
"""How to write a list, by the name of a format."""
