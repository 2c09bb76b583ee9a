"""Tables (CSV, XLSX) to quads, each with its cell: what columns.py says of a class's table, read.

Several values of a cell stand apart by `|`. A value of a property that links to things is an IRI, short (`person/…`) or with a
prefix, or the label of exactly one such thing. Empty cells say nothing. Specs: RFC 4180; XLSX is read by a library that expands no
entity, after a look at what its archive would unfold to.
"""

from __future__ import annotations

import csv
import datetime
import functools
import io
import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import python_calamine
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.errors import SourceError
from qit4n_kg.locating import Position
from qit4n_kg.namespaces import XSD, prefixes
from qit4n_kg.validation import literals
from qit4n_kg.validation.columns import LANGUAGE_TEXT, Column, columns_of, every_column, names_of, target_classes
from qit4n_kg.validation.model import TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import rdflib

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.views import View

MOST_UNPACKED = 64 * 1024 * 1024
MOST_PARTS = 2000
MOST_CELLS = 2_000_000
SEPARATOR = "|"
_MARK = "#"
_MOST_TOLD = 20
_UNVALUED = re.compile(
    rb"<(?:\w+:)?c\s[^<>]*?\br=\"([A-Z]{1,3}\d{1,7})\"[^<>]*>\s*"
    rb"<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_CODE = re.compile(r"(?P<name>[^@^\s]+)(?:@(?P<language>[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)|\^\^(?P<datatype>\S+))?\Z")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BAD_IRI = re.compile(r'[\x00-\x20<>"{}|^`\\]')
_Cell = object


class Names(Protocol):
    """Finds things by label."""

    def things(self, label: str, kinds: Sequence[NamedNode]) -> Sequence[NamedNode]:
        """Return the things of any of some classes that are called so."""
        ...

    def knows(self, thing: NamedNode) -> bool:
        """Tell whether anything is said of a thing."""
        ...


@dataclass
class Table:
    """One table read: its quads, where each stands, its class, and what its second row says beside that (`generation=12`)."""

    sheet: str | None
    kind: NamedNode
    quads: list[Quad] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    cells: dict[tuple[Term, NamedNode], list[tuple[Term, Position]]] = field(default_factory=dict)
    rows: dict[Term, Position] = field(default_factory=dict)
    meanings: tuple[Meaning | None, ...] = ()

    def find(
        self, subject: Term, predicate: Term | None = None, obj: Term | None = None
    ) -> tuple[int, Position] | None:
        """Find the cell of a statement, else of the nearest, as `locating.StatementIndex.find` does for texts."""
        said = self.cells.get((subject, predicate), []) if isinstance(predicate, NamedNode) else []
        exact = [place for value, place in said if value == obj]
        if exact:
            return 3, exact[0]
        if said:
            return 2, said[-1][1]
        place = self.rows.get(subject)
        return (1, place) if place else None


@dataclass(frozen=True)
class Reading:
    """What reading a table needs to know: the shapes, the subclass axioms, the base of short IRIs, and who is called what."""

    shapes: rdflib.Graph
    axioms: View
    base_iri: str
    names: Names


def read_csv(content: bytes, name: str, reading: Reading) -> list[Table]:
    """Read a CSV file: UTF-8, separated by comma, semicolon or tab.

    :raises SourceError: it is no table that can be understood; with row and column.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise SourceError("The file is not UTF-8 text.", path=name, line=line, hint="Save it as CSV UTF-8.") from exc
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = [list[_Cell](row) for row in lines]
    except csv.Error as exc:
        raise SourceError(f"This is not CSV: {exc}.", path=name, line=lines.line_num) from exc
    return [_Reader(reading, name, None).read(rows)]


def read_hidden(content: bytes, name: str, sheet: str, reading: Reading) -> Table | None:
    """Read one sheet that people don't see (its name begins with `#`), None where there is none.

    :raises SourceError: as `read_xlsx`.
    """
    _refuse_bombs(content, name)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False) if sheet in book.sheet_names else None
    except Exception as exc:  # the library raises its own kinds and, on broken archives, others
        raise SourceError(f"This is not XLSX: {exc}.", path=name) from exc
    return _Reader(reading, name, sheet).read([list[_Cell](row) for row in rows]) if rows else None


def read_xlsx(content: bytes, name: str, reading: Reading) -> list[Table]:
    """Read every sheet of an XLSX file that has a table.

    :raises SourceError: it is none, it would unfold to too much, or a table can't be understood.
    """
    _refuse_bombs(content, name)
    _refuse_unvalued(content, name)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [(sheet, book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)) for sheet in book.sheet_names]
    except Exception as exc:  # the library raises its own kinds and, on broken archives, others
        raise SourceError(f"This is not XLSX: {exc}.", path=name) from exc
    if sum(len(rows) * (len(rows[0]) if rows else 0) for _, rows in sheets) > MOST_CELLS:
        raise SourceError(f"The file has more than {MOST_CELLS:,} cells.", path=name)
    tables = [
        _Reader(reading, name, sheet).read([list[_Cell](row) for row in rows])
        for sheet, rows in sheets
        if not sheet.startswith(_MARK) and any(cell != "" for row in rows for cell in row)
    ]
    if not tables:
        raise SourceError("The file has no table.", path=name)
    return tables


def _refuse_bombs(content: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise SourceError(f"The file unfolds to more than {MOST_UNPACKED // 2**20} MiB.", path=name)
            unpacked = 0
            for part in parts:  # what an archive says of its sizes need not be true
                with archive.open(part) as stream:
                    while chunk := stream.read(2**20):
                        unpacked += len(chunk)
                        if unpacked > MOST_UNPACKED:
                            raise SourceError(f"The file unfolds to more than {MOST_UNPACKED // 2**20} MiB.", path=name)
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as exc:
        raise SourceError(f"This is not XLSX: {exc}.", path=name) from exc


def _refuse_unvalued(content: bytes, name: str) -> None:
    """Refuse a workbook with a formula that nobody computed: its cell reads as empty, and would take a value back.

    :raises SourceError: with the first such cell.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for part in archive.namelist():
            if part.startswith("xl/worksheets/") and (found := _UNVALUED.search(archive.read(part))):
                column, row = re.fullmatch(r"([A-Z]+)(\d+)", found[1].decode()).groups()  # type: ignore[union-attr]
                raise SourceError(
                    f"The cell {column}{row} holds a formula without its value.",
                    path=name,
                    line=int(row),
                    column=functools.reduce(lambda number, letter: number * 26 + ord(letter) - 64, column, 0),
                    hint="Open and save it in a spreadsheet program, or write the value itself.",
                )


@dataclass(frozen=True)
class Meaning:
    """What a column of this table is: the property with what shapes say of it, and what its code adds."""

    column: Column
    language: str | None = None
    datatype: str | None = None


class _Reader:
    """One table while it is read."""

    def __init__(self, reading: Reading, name: str, sheet: str | None) -> None:
        self.reading, self.name, self.sheet = reading, name, sheet
        self.prefixes = prefixes(reading.base_iri)

    def read(self, rows: list[list[_Cell]]) -> Table:
        if not rows or not rows[0]:
            raise self._error("The table has no headings.", 1)
        headings = [str(cell).strip() for cell in rows[0]]
        codes = [str(cell).strip() for cell in rows[1]] if len(rows) > 1 else []
        is_coded = bool(codes) and codes[0].startswith(_MARK)
        words = codes[0][1:].split() if is_coded else []
        kind = self._kind(words[0] if words else None)
        table = Table(self.sheet, kind, notes=dict(word.split("=", 1) for word in words[1:] if "=" in word))
        meanings = self._meanings(headings, codes if is_coded else [], kind)
        table.meanings = tuple(meanings)
        numbered = [
            (number, row)
            for number, row in enumerate(rows[2 if is_coded else 1 :], start=3 if is_coded else 2)
            if any(str(cell).strip() for cell in row)
        ]
        self._require_things(numbered)
        for number, row in numbered:
            self._row(table, meanings, number, row)
        return table

    def _require_things(self, rows: list[tuple[int, list[_Cell]]]) -> None:
        """Make sure that each row says what it is about; all that don't are told at once."""
        bad = [number for number, row in rows if not str(row[0]).strip()]
        if not bad:
            return
        more = f" So it is with {len(bad)} rows: {', '.join(map(str, bad[:_MOST_TOLD]))}" if len(bad) > 1 else ""
        more += " and others." if len(bad) > _MOST_TOLD else "." if more else ""
        hint = "Write person/ada-byron, say."
        raise self._error(f"The row has values, but its first cell has no IRI.{more}", bad[0], 1, hint)

    def _kind(self, code: str | None) -> NamedNode:
        if code:
            return NamedNode(self._iri(code, 2, 1))
        known = target_classes(self.reading.shapes)
        for name in filter(None, (self.sheet, re.sub(r"\.[A-Za-z]+\Z", "", self.name.rsplit("/", 1)[-1]))):
            for wanted in (name.lower(), name.lower().rstrip("s")):
                if wanted in known:
                    return known[wanted]
        raise self._error(
            "The table does not say of which class its things are.",
            2,
            hint="Write #stdorg:Person, or another class, into the first cell of the second row.",
        )

    def _meanings(self, headings: list[str], codes: list[str], kind: NamedNode) -> list[Meaning | None]:
        columns = columns_of(self.reading.shapes, kind, self.reading.axioms)
        own, every = {column.predicate.value: column for column in columns}, every_column(self.reading.shapes)
        named = names_of(columns) | {}
        meanings: list[Meaning | None] = [None]
        for number, heading in enumerate(headings[1:], start=1):
            code = codes[number] if number < len(codes) else ""
            text = code or heading
            if code == _MARK or not text:
                meanings.append(None)
                continue
            if not codes and heading.lower() in named:
                meanings.append(Meaning(named[heading.lower()]))
                continue
            match = _CODE.match(text)
            if match is None or ":" not in match["name"]:
                raise self._error(
                    f"The heading {heading or code!r} names no property.", 1, number + 1, self._hint(named)
                )
            iri = self._iri(match["name"], 2 if code else 1, number + 1)
            column = own.get(iri) or every.get(iri) or Column(NamedNode(iri), heading)
            datatype = self._iri(match["datatype"], 2, number + 1) if match["datatype"] else None
            meanings.append(Meaning(column, match["language"], datatype))
        return meanings

    def _hint(self, named: dict[str, Column]) -> str:
        return f"Known are: {', '.join(sorted({column.name for column in named.values()})[:30])}."

    def _row(self, table: Table, meanings: list[Meaning | None], number: int, row: list[_Cell]) -> None:
        subject = NamedNode(self._iri(str(row[0]).strip(), number, 1))
        table.rows.setdefault(subject, Position(number, 1))
        self._state(table, subject, TYPE, table.kind, Position(number, 1))
        for place, (meaning, cell) in enumerate(zip(meanings, row, strict=False), start=1):
            if meaning is not None:
                for value in self._values(meaning, cell, number, place):
                    self._state(table, subject, meaning.column.predicate, value, Position(number, place))

    def _state(self, table: Table, subject: NamedNode, predicate: NamedNode, value: Term, place: Position) -> None:
        table.quads.append(Quad(subject, predicate, value, DefaultGraph()))
        table.cells.setdefault((subject, predicate), []).append((value, place))

    def _values(self, meaning: Meaning, cell: _Cell, row: int, column: int) -> Iterator[NamedNode | Literal]:
        parts: Iterable[_Cell] = cell.split(SEPARATOR) if isinstance(cell, str) else (cell,)
        for part in parts:
            text = _text(part)
            if text:
                yield self._link(meaning, text, row, column) if meaning.column.is_link else read_literal(meaning, text)

    def _link(self, meaning: Meaning, text: str, row: int, column: int) -> NamedNode | Literal:
        """Read a value that should be a thing; a label that nothing has stays a text, which the shapes then tell."""
        kinds = meaning.column.kinds
        found = self.reading.names.things(text, kinds)
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            listed = ", ".join(thing.value for thing in found[:5])
            raise self._error(
                f"{len(found)} things are called {text!r}.", row, column, f"Write the IRI of one: {listed}."
            )
        if _ABSOLUTE.match(text) or ("/" in text and not _BAD_IRI.search(text)):
            return NamedNode(self._iri(text, row, column))
        if not _BAD_IRI.search(text) and self.reading.names.knows(thing := NamedNode(self._iri(text, row, column))):
            return thing
        return Literal(text)

    def _iri(self, text: str, row: int, column: int) -> str:
        prefix, colon, local = text.partition(":")
        if colon and prefix in self.prefixes and not local.startswith("//"):
            iri = self.prefixes[prefix] + local
        else:
            iri = text.strip("<>") if _ABSOLUTE.match(text.lstrip("<")) else f"{self.reading.base_iri}id/{text}"
        try:
            return NamedNode(iri).value
        except ValueError as exc:
            raise self._error(f"{text!r} is no IRI.", row, column) from exc

    def _error(self, message: str, row: int, column: int | None = None, hint: str | None = None) -> SourceError:
        path = f"{self.name}[{self.sheet}]" if self.sheet else self.name
        return SourceError(message, path=path, line=row, column=column, hint=hint)


def _text(cell: _Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.date | datetime.datetime | datetime.time):
        return cell.isoformat()
    return str(cell).strip()


def read_literal(meaning: Meaning, text: str) -> Literal:
    """Read a text as a value of a column."""
    if meaning.language:
        return Literal(text, language=meaning.language)
    if meaning.datatype:
        return Literal(text, datatype=NamedNode(meaning.datatype))
    datatypes = meaning.column.datatypes
    for datatype in datatypes:
        if datatype not in (LANGUAGE_TEXT, f"{XSD}string"):
            literal = Literal(text, datatype=NamedNode(datatype))
            if literals.is_well_formed(literal):
                return literal
    if LANGUAGE_TEXT in datatypes:
        return Literal(text, language="en")
    return Literal(text)
