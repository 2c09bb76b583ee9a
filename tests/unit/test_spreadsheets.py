"""Guards what every cell that is written here keeps to: no formula, no number or day that Excel would change, no text too long."""

from __future__ import annotations

import datetime
import io

import openpyxl
import pytest

from qit4n_kg.spreadsheets import DAY, MOST_CHARACTERS, new_workbook, write_cell


def written(value):
    """The cell as another library reads it, and whether it was said to be cut."""
    output = io.BytesIO()
    with new_workbook(output) as book:
        was_cut = write_cell(book.add_worksheet(), (0, 0), value, book.add_format({"num_format": DAY}))
    return openpyxl.load_workbook(output).active["A1"], was_cut


@pytest.mark.parametrize(
    ("value", "read", "kind"),
    [
        ("=1+1", "=1+1", "s"),
        ("https://example.org/", "https://example.org/", "s"),
        ("12", "12", "s"),
        (12, 12, "n"),
        (2.5, 2.5, "n"),
        (10**15, "1000000000000000", "s"),
        (float("inf"), "inf", "s"),
        (True, True, "b"),
        (datetime.date(2021, 3, 23), datetime.datetime(2021, 3, 23), "d"),
        (datetime.date(1900, 2, 28), "1900-02-28", "s"),
        (datetime.date(1850, 1, 1), "1850-01-01", "s"),
    ],
)
def test_a_value_comes_back_as_it_was(value, read, kind):
    cell, was_cut = written(value)
    assert (cell.value, cell.data_type, was_cut) == (read, kind, False)


def test_a_text_that_is_too_long_is_cut_and_says_so():
    cell, was_cut = written("x" * (MOST_CHARACTERS + 1))
    assert was_cut
    assert len(cell.value) == MOST_CHARACTERS
    assert cell.value.endswith("(cut: the text is longer than a cell can be)")
