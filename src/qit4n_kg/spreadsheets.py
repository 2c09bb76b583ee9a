"""What all spreadsheets that are written here have in common: no cell is ever a formula, none holds more than it can.

A text that a spreadsheet program would run as a formula gets an apostrophe before it in CSV (OWASP, CSV injection); in a workbook
it is a text by the cell's type (ECMA-376). Tables are for others.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, BinaryIO

import xlsxwriter

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MOST_CHARACTERS = 32_767
"""What one cell holds (Excel's specifications and limits)."""
DAY = "yyyy-mm-dd"
_CUT = " … (cut: the text is longer than a cell can be)"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_EARLIEST = datetime.date(1900, 3, 1)  # before it Excel counts a 29 February 1900 that never was
_EXACT = 10**15  # Excel keeps 15 digits of a number


def is_formula(text: str) -> bool:
    """Whether a spreadsheet program would run a text as a formula."""
    return text.startswith(_FORMULA)


def harmless(text: str) -> str:
    """Mark a text that a spreadsheet program would run as a formula.

    >>> harmless("=HYPERLINK(1)"), harmless("Jinan")
    ("'=HYPERLINK(1)", 'Jinan')
    """
    return f"'{text}" if is_formula(text) else text


def new_workbook(output: BinaryIO, **options: object) -> xlsxwriter.Workbook:
    """Begin a workbook in which a text is a text; `options` are those of XlsxWriter."""
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    return xlsxwriter.Workbook(output, {**plain, **options})


def write_cell(
    sheet: Worksheet, place: tuple[int, int], value: str | int | float | bool | datetime.date, day: Format
) -> bool:
    """Write one value, a number or a date as such where Excel can hold it; return whether a text had to be cut."""
    if isinstance(value, bool):
        sheet.write_boolean(*place, value)
    elif isinstance(value, int | float) and abs(value) < _EXACT:
        sheet.write_number(*place, value)
    elif isinstance(value, datetime.date) and value >= _EARLIEST:
        sheet.write_datetime(*place, datetime.datetime.combine(value, datetime.time()), day)
    else:
        text = str(value)
        is_long = len(text) > MOST_CHARACTERS
        sheet.write_string(*place, text[: MOST_CHARACTERS - len(_CUT)] + _CUT if is_long else text)
        return is_long
    return False
