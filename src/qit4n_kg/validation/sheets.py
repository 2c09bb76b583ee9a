"""Sheets to fill in: a class's table with what is there, drop-downs and notes from the shapes, as XLSX or CSV; it reads none.

The layout is that of columns.py. The second row, which people don't see, says of which generation the values are. A workbook
has two more hidden sheets: `#seen`, the values as they were, so that only what was changed is taken from it, and `#values`, the
lists that cells may be chosen from. A value that a cell can't say (a text in another language, one with `|` in it, one that a
spreadsheet program would run as a formula, a very long one) is left out, and so left alone.
Spec: ECMA-376 (written by a library); RFC 4180.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from qit4n_kg.errors import NotFoundError, ResultTooLargeError
from qit4n_kg.namespaces import STDORG, XSD, compact, prefixes
from qit4n_kg.spreadsheets import is_formula, new_workbook
from qit4n_kg.validation.columns import LANGUAGE_TEXT, Column, columns_of, target_classes
from qit4n_kg.validation.model import SUBCLASS, TYPE
from qit4n_kg.validation.tables import SEPARATOR, Meaning, read_literal
from qit4n_kg.validation.terms import label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.tables import Reading
    from qit4n_kg.validation.views import View

SEEN, VALUES = "#seen", "#values"
MOST_THINGS = 5_000
_EMPTY_ROWS = 200
_MOST_VALUES = 2_000
_LONGEST_CELL = 30_000
"""Characters; a workbook's cell holds 32,767."""
_LONGEST_LABEL = 250
_BETWEEN = f" {SEPARATOR} "
_HEAD, _CODES = 0, 1
_TEXTS = (f"{XSD}string", LANGUAGE_TEXT)


@dataclass(frozen=True)
class Sheet:
    """A class's table as texts: its columns, and a row of cells a thing, the first being the thing's IRI."""

    kind: NamedNode
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    lists: tuple[tuple[str, ...], ...]
    """For each column, what its cells may be chosen from; nothing where that is open."""
    generation: int

    @property
    def name(self) -> str:
        """What the sheet is called: the class."""
        return self.kind.value.rsplit("#", 1)[-1].rsplit("/", 1)[-1][:31]

    @property
    def codes(self) -> list[str]:
        """The second row."""
        first = f"#{compact(self.kind.value)} generation={self.generation}"
        return [first, *(column.code for column in self.columns)]

    @property
    def headings(self) -> list[str]:
        """The first row; what is needed has an asterisk."""
        return ["IRI", *(f"{column.name}{' *' if column.is_required else ''}" for column in self.columns)]


def read_sheet(
    name: str,
    reading: Reading,
    data: View,
    generation: int,
    follows: Callable[[NamedNode], bool],
    *,
    is_empty: bool,
) -> Sheet:
    """Make the table of a class, by its local name: of what is there, or with no row; without properties that only follow.

    :raises NotFoundError: no shape is about such a class.
    :raises ResultTooLargeError: there are too many things for a sheet.
    """
    known = target_classes(reading.shapes)
    if name.lower() not in known:
        raise NotFoundError(
            f"There is no sheet for {name[:60]!r}.", hint="/contribute/sheets lists those that there are."
        )
    kind = known[name.lower()]
    columns = tuple(one for one in columns_of(reading.shapes, kind, reading.axioms) if one.predicate != TYPE)
    columns = tuple(column for column in columns if not follows(column.predicate))
    things = [] if is_empty else sorted(_instances(data, kinds_below(kind, reading.axioms)), key=str)
    if len(things) > MOST_THINGS:
        raise ResultTooLargeError(
            f"There are {len(things):,} things, and a sheet to fill in has at most {MOST_THINGS:,}."
        )
    writer = Texts(reading, data)
    rows = tuple((writer.iri(thing), *(writer.cell(thing, column) for column in columns)) for thing in things)
    return Sheet(kind, columns, rows, tuple(writer.choices(column) for column in columns), generation)


def sheet_classes(reading: Reading, data: View) -> list[tuple[str, int]]:
    """Return the classes that there is a sheet for, by name, with how many things each has; graphs are not contributed."""
    graphs = kinds_below(NamedNode(f"{STDORG}NamedGraph"), reading.axioms)
    kinds = [kind for kind in dict.fromkeys(target_classes(reading.shapes).values()) if kind not in graphs]
    counted = ((kind, len(_instances(data, kinds_below(kind, reading.axioms)))) for kind in kinds)
    return sorted((kind.value.rsplit("#", 1)[-1].rsplit("/", 1)[-1], count) for kind, count in counted)


def kinds_below(kind: NamedNode, axioms: View) -> set[NamedNode]:
    """Return a class and its subclasses."""
    found, waiting = {kind}, [kind]
    while waiting:
        for sub in axioms.subjects(SUBCLASS, waiting.pop()):
            if isinstance(sub, NamedNode) and sub not in found:
                found.add(sub)
                waiting.append(sub)
    return found


def _instances(data: View, kinds: Iterable[NamedNode]) -> dict[NamedNode, None]:
    return {thing: None for kind in kinds for thing in data.subjects(TYPE, kind) if isinstance(thing, NamedNode)}


class Texts:
    """Values as texts that a cell says, and that read back as the same values."""

    def __init__(self, reading: Reading, data: View) -> None:
        self._reading = reading
        self._data = data
        self._base = f"{reading.base_iri}id/"
        self._prefixes = prefixes(reading.base_iri)

    def iri(self, thing: NamedNode) -> str:
        """Write an IRI, short where it is of this registry."""
        local = thing.value.removeprefix(self._base)
        if local != thing.value and "/" in local and ":" not in local and local == local.strip():
            return local
        short = compact(thing.value, self._prefixes)
        return short if not short.startswith("id:") else thing.value

    def cell(self, thing: NamedNode, column: Column) -> str:
        """Write the values of a property."""
        texts = [self.text(value, Meaning(column)) for value in self._data.objects(thing, column.predicate)]
        return _BETWEEN.join(sorted(text for text in texts if text is not None))

    def text(self, value: Term, meaning: Meaning) -> str | None:
        """Write one value, None where a cell can't say it."""
        if isinstance(value, NamedNode | Literal) and len(value.value) > _LONGEST_CELL:
            return None
        if isinstance(value, NamedNode):
            return self._link(value, meaning.column.kinds) if meaning.column.is_link else None
        if not isinstance(value, Literal) or meaning.column.is_link:
            return None
        text = value.value
        is_plain = bool(text) and text == text.strip() and SEPARATOR not in text and "\r" not in text
        would_run = is_formula(text) and value.datatype.value in _TEXTS
        return text if is_plain and not would_run and read_literal(meaning, text) == value else None

    def choices(self, column: Column) -> tuple[str, ...]:
        """Return what a cell may be chosen from."""
        if column.datatypes and all(datatype.endswith("#boolean") for datatype in column.datatypes):
            return ("true", "false")
        things: dict[NamedNode, None] = {}
        for kind in column.kinds:
            things |= _instances(self._data, kinds_below(kind, self._reading.axioms))
        if not 0 < len(things) <= _MOST_VALUES:
            return ()
        return tuple(sorted(self._link(thing, column.kinds) for thing in things))

    def _link(self, thing: NamedNode, kinds: Sequence[NamedNode]) -> str:
        """Write a thing: its label where that says exactly this one."""
        label = label_of(self._data, thing)
        if kinds and label and len(label) <= _LONGEST_LABEL and SEPARATOR not in label and label == label.strip():
            found = self._reading.names.things(label, kinds)
            if len(found) == 1 and found[0] == thing:
                return label
        return self.iri(thing)


def write_csv(sheet: Sheet) -> bytes:
    """Write a sheet as CSV, with a byte order mark, by which spreadsheet programs know UTF-8."""
    output = io.StringIO(newline="")
    writer = csv.writer(output)
    writer.writerow(sheet.headings)
    writer.writerow(sheet.codes)
    writer.writerows(sheet.rows)
    return output.getvalue().encode("utf-8-sig")


def write_xlsx(sheet: Sheet) -> bytes:
    """Write a sheet as a workbook; every cell is a text, never a formula."""
    output = io.BytesIO()
    book = new_workbook(output, in_memory=True)
    text = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
    head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E7ECEF", "valign": "top", "text_wrap": True})
    shown, seen, values = (book.add_worksheet(name) for name in (sheet.name, SEEN, VALUES))
    _write_table(shown, sheet, head, text)
    _write_table(seen, sheet, head, text)
    seen.hide()
    values.hide()
    _add_help(shown, sheet, values)
    book.close()
    return output.getvalue()


def _write_table(page: Worksheet, sheet: Sheet, head: Format, text: Format) -> None:
    page.write_row(_HEAD, 0, sheet.headings, head)
    page.write_row(_CODES, 0, sheet.codes, text)
    page.set_row(_CODES, None, None, {"hidden": True})
    page.set_column(0, 0, 40, text)
    page.set_column(1, len(sheet.columns), 24, text)
    page.freeze_panes(_CODES + 1, 1)
    for number, row in enumerate(sheet.rows, start=_CODES + 1):
        for place, cell in enumerate(row):
            page.write_string(number, place, cell, text)


def _add_help(page: Worksheet, sheet: Sheet, values: Worksheet) -> None:
    """Add notes to the headings and lists to the cells."""
    size = {"x_scale": 2, "y_scale": 1.5}
    start = f"One row a thing. A new one: person/ada-byron, say. Several values stand apart by {SEPARATOR}."
    page.write_comment(_HEAD, 0, start, size)
    last = _CODES + len(sheet.rows) + _EMPTY_ROWS
    for place, (column, choices) in enumerate(zip(sheet.columns, sheet.lists, strict=True), start=1):
        if column.help:
            page.write_comment(_HEAD, place, column.help, size)
        if choices:
            values.write_column(0, place, choices)
            source = f"='{VALUES}'!${_letters(place)}$1:${_letters(place)}${len(choices)}"
            rule = {"validate": "list", "source": source, "error_type": "information", "show_error": False}
            page.data_validation(_CODES + 1, place, last, place, rule)


def _letters(place: int) -> str:
    """Return a column's letters, from 0.

    >>> _letters(0), _letters(26)
    ('A', 'AA')
    """
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
