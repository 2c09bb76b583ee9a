"""The workbook: a sheet a table, written row by row (XlsxWriter in constant memory); every text is a text, never a formula."""

from __future__ import annotations

import datetime
import io
import tempfile
from typing import TYPE_CHECKING, BinaryIO

from qit4n_kg.errors import ResultTooLargeError
from qit4n_kg.exports.archives import settle
from qit4n_kg.exports.tables import SEPARATOR, group_iri, group_label, read_tables
from qit4n_kg.spreadsheets import DAY, new_workbook, write_cell

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from qit4n_kg.exports.making import Material
    from qit4n_kg.exports.tables import Column, Table, Value

MOST_ROWS = 1_048_575
_WIDEST = 60
_LONGEST_TITLE = 255
_A4 = 9  # ECMA-376 part 1, 18.3.1.63, paperSize
_BETWEEN = f"Several values in a cell have {SEPARATOR} between them, or another sign where one of them holds it."


def write_workbook(material: Material, output: BinaryIO) -> None:
    """Write all tables as one workbook, after a sheet that says what they are.

    :raises ResultTooLargeError: a table has more rows than a sheet.
    """
    moment = datetime.datetime.fromisoformat(material.stamp.built_at).replace(tzinfo=None)
    buffer = io.BytesIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        new_workbook(buffer, constant_memory=True, tmpdir=folder) as book,  # it closes its files, whatever happens
    ):
        book.set_properties({"title": f"Tables about {group_label(material)}"[:_LONGEST_TITLE], "created": moment})
        _fill(book, material)
    settle(buffer, moment, output)


def _fill(book: Workbook, material: Material) -> None:
    head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E7ECEF", "valign": "top"})
    styles = {"date": book.add_format({"num_format": DAY}), "head": head}
    contents = book.add_worksheet("Contents")
    _set_print(contents)
    lines: list[tuple[str, str, int]] = []
    for table in read_tables(material):
        _add_sheet(book.add_worksheet(table.name[:31]), material, table, styles)
        lines.append((table.name, table.query.question, len(table.rows)))
    _write_contents(contents, material, lines, styles)


def _write_contents(
    sheet: Worksheet, material: Material, lines: list[tuple[str, str, int]], styles: dict[str, Format]
) -> None:
    stamp = material.stamp
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 110)
    sheet.write_row(0, 0, ["Sheet", "What it answers", "Rows"], styles["head"])
    for number, line in enumerate(lines, start=1):
        sheet.write_row(number, 0, line)
    after = len(lines) + 2
    sheet.write_string(after, 0, "Group")
    sheet.write_string(after, 1, f"{group_label(material)}, {group_iri(material)}")
    sheet.write_string(after + 1, 0, "Generation")
    sheet.write_string(after + 1, 1, f"{stamp.generation}, built {stamp.built_at}, dataset {stamp.dataset}")
    sheet.write_string(after + 2, 0, "Empty cells")
    sheet.write_string(after + 2, 1, f"What no source states. {_BETWEEN}")


def _add_sheet(sheet: Worksheet, material: Material, table: Table, styles: dict[str, Format]) -> None:
    if len(table.rows) > MOST_ROWS:
        raise ResultTooLargeError(
            f"The table {table.name} has more rows than a sheet holds.", hint="Take another format."
        )
    for at, column in enumerate(table.columns):
        longest = max([len(column.name), *(len(_text(column, row[at])) for row in table.values[:200])])
        sheet.set_column(at, at, min(_WIDEST, longest + 2))
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    _set_print(sheet)
    sheet.write_row(0, 0, [column.name for column in table.columns], styles["head"])
    for number, row in enumerate(table.values, start=1):
        for at, value in enumerate(row):
            cell = _text(table.columns[at], value) if isinstance(value, list) else value
            if cell is not None and write_cell(sheet, (number, at), cell, styles["date"]):
                material.leave_out(f"{table.name}, row {number}", "a text is longer than a cell can be and was cut")
    if table.columns:
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)


def _set_print(sheet: Worksheet) -> None:
    """Print all columns on one page's width."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")


def _text(column: Column, value: Value) -> str:
    if isinstance(value, list):
        return (column.separator or SEPARATOR).join(value)
    return "" if value is None else str(value)
