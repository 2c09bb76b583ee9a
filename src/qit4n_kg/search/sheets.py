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
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from qit4n_kg.spreadsheets import DAY, harmless, new_workbook, write_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from qit4n_kg.search.lists import Column, Row, Value

_BETWEEN = "; "
_NOT_IN_NAMES = "[]:*?/\\'"
MOST_ROWS = 1_000_000
"""Rows that a worksheet holds, and so the most that are written."""


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
    book = new_workbook(output, constant_memory=True)
    sheet = book.add_worksheet(_sheet_name(item))
    strong, day = book.add_format({"bold": True}), book.add_format({"num_format": DAY})
    headings = [item, *(column.label for column in columns if not column.is_paired), "IRI"]
    for number, heading in enumerate(headings):
        sheet.write_string(0, number, heading, strong)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 40)
    sheet.set_column(1, len(headings) - 1, 18)
    last = 0
    for last, row in enumerate(rows, start=1):
        write_cell(sheet, (last, 0), row.label, day)
        for number, (column, cell) in enumerate(_cells(columns, row), start=1):
            if cell:
                write_cell(sheet, (last, number), _single(column, cell), day)
        write_cell(sheet, (last, len(headings) - 1), row.iri, day)
    sheet.autofilter(0, 0, last, len(headings) - 1)
    book.close()


def _sheet_name(text: str) -> str:
    """Keep what a worksheet's name may hold.

    >>> _sheet_name("In/out")
    'Inout'
    """
    return "".join(letter for letter in text if letter not in _NOT_IN_NAMES)[:31]


def _single(column: Column, cell: Sequence[Value]) -> str | float | datetime.date:
    """Return what one cell of a sheet holds: a number or a whole date where it is one, else a text."""
    text = _BETWEEN.join(value.whole for value in cell)
    if len(cell) == 1 and column.kind == "number":
        return int(text) if text.removeprefix("-").isdecimal() else float(text)
    if len(cell) == 1 and column.kind == "date":
        with suppress(ValueError):
            return datetime.date.fromisoformat(text)
    return text


WRITERS: dict[str, Callable[[str, Sequence[Column], Iterable[Row], BinaryIO], None]] = {
    "csv": write_csv,
    "json": write_json,
    "xlsx": write_xlsx,
}
"""How to write a list, by the name of a format."""
