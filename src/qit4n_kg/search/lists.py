"""Lists of a generation (people, meetings …): made once from query files when it is built, then sorted and narrowed by look-ups.

A list's file stands under `queries/site/tables`; a row of its answer states one value of one `?item`, or that it is one and what it
is called (`?itemLabel`), and the rows of an item are put together: a UNION costs the sum of its parts, where OPTIONAL would cost
their product. Its heading names the
columns that narrow it (`# facets:`), the one that orders it at first (`# sort:`), those that are not shown (`# hidden:`) and the
catalogue's query on the same (`# see:`). The rows lie in an SQLite file beside the store: a page of a hundred thousand people costs
one pass over them at most, whatever is asked, and a deadline ends that.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pyoxigraph import Literal, NamedNode

from qit4n_kg.entities.labels import natural_key
from qit4n_kg.entities.panels import Panel, column_label, read_panels
from qit4n_kg.errors import ParameterError, QueryTimeoutError, SearchMissingError, StateError
from qit4n_kg.namespaces import XSD
from qit4n_kg.search.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from qit4n_kg.store.base import Solutions, Store, Term

FILE = "lists.sqlite"
QUERIES = "site/tables"
NOTHING = "-"
"""The value of a filter that takes the rows without any value in a column."""

SECONDS = 5.0
FILE_SECONDS = 60.0
MOST_FACETS = 200
MOST_VALUES = 100
"""Values that one cell keeps."""
_LONGEST = 1_000
_STEPS = 20_000
_NUMBERS = frozenset(f"{XSD}{name}" for name in ("integer", "decimal", "double", "float"))
_DATES = frozenset(f"{XSD}{name}" for name in ("date", "dateTime", "gYearMonth", "gYear"))
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Value:
    """One value in a cell; `iri` is the thing that it names, if any."""

    text: str
    iri: str | None = None


@dataclass(frozen=True)
class Column:
    """One column; `kind` is text, number or date; `has_things` where its values are IRIs."""

    name: str
    kind: str
    has_things: bool = False
    has_facet: bool = False
    is_hidden: bool = False

    @property
    def label(self) -> str:
        """Its heading."""
        return column_label(self.name)


@dataclass(frozen=True)
class Row:
    """One item and what its columns hold, in their order."""

    iri: str
    label: str
    cells: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True)
class Count:
    """One value of a column, its label, and how many rows have it."""

    value: str
    label: str
    count: int


@dataclass(frozen=True)
class Wanted:
    """Which rows, in which order: words that a row must have, values of columns, a column to sort by."""

    text: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    is_descending: bool = False


@dataclass(frozen=True)
class Part:
    """Some rows of a list, how many there are, and the facets' counts under the filters of the others."""

    total: int
    rows: tuple[Row, ...]
    facets: Mapping[str, tuple[Count, ...]]


# --- writing --------------------------------------------------------------------------------------------------------------


def write_lists(folder: Path, store: Store, queries: Path) -> None:
    """Write the lists of a store into a folder.

    :raises OSError: they can't be written, as when the disk is full.
    """
    try:
        with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as connection:
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")
            connection.execute("CREATE TABLE lists (name TEXT PRIMARY KEY, columns TEXT, total INTEGER)")
            for panel in read_panels(queries / QUERIES):
                _write_list(connection, panel, store)
            connection.execute("COMMIT")
    except sqlite3.OperationalError as exc:
        raise OSError(str(exc)) from exc


def _write_list(connection: sqlite3.Connection, panel: Panel, store: Store) -> None:
    answer = cast("Solutions", store.query(panel.text))
    names = [name for name in answer.variables if not (name.endswith("Label") and name[:-5] in answer.variables)]
    assert names[0] == "item", f"{panel.id}.rq does not begin with ?item"
    items, kinds = _gather(answer, names[1:])
    columns = [(name, "text" if kinds.get(name) == "thing" else kinds.get(name, "text")) for name in names[1:]]
    known = [[column, kind, kinds.get(column) == "thing"] for column, kind in columns]
    name = panel.id
    keys = "".join(f", k{number}" for number in range(len(columns) + 1))
    # What is sorted and searched stands apart from what is shown, so that a pass over all rows reads little.
    connection.execute(f'CREATE TABLE "{name}" (position INTEGER PRIMARY KEY, folded{keys})')
    connection.execute(f'CREATE TABLE "{name}/rows" (position INTEGER PRIMARY KEY, item, label, cells)')
    connection.execute(f'CREATE TABLE "{name}/values" (col INTEGER, value, position INTEGER)')
    connection.execute(f'CREATE TABLE "{name}/labels" (col INTEGER, value, label, total INTEGER)')
    ordered = sorted(items.items(), key=lambda pair: (natural_key(pair[1].label[:200]), pair[0]))
    for position, (iri, item) in enumerate(ordered, start=1):
        shown, keyed = _stored(iri, item, columns)
        connection.execute(f'INSERT INTO "{name}/rows" VALUES (?, ?, ?, ?)', (position, *shown))  # noqa: S608 a file's name
        marks = ", ".join("?" * (1 + len(keyed)))
        connection.execute(f'INSERT INTO "{name}" VALUES ({marks})', (position, *keyed))  # noqa: S608
    facets = panel.headers.get("facets", "").split()
    labels: dict[tuple[int, str], str] = {}
    connection.executemany(
        f'INSERT INTO "{name}/values" VALUES (?, ?, ?)',  # noqa: S608
        _facet_values(ordered, columns, facets, labels),
    )
    connection.execute(f'CREATE INDEX "{name}/by-value" ON "{name}/values" (col, value, position)')
    counted = connection.execute(f'SELECT col, value, COUNT(*) FROM "{name}/values" GROUP BY col, value').fetchall()  # noqa: S608
    connection.executemany(
        f'INSERT INTO "{name}/labels" VALUES (?, ?, ?, ?)',  # noqa: S608
        ((number, value, labels[number, value], total) for number, value, total in counted),
    )
    connection.execute("INSERT INTO lists VALUES (?, ?, ?)", (name, json.dumps(known), len(ordered)))


@dataclass
class _Item:
    label: str = ""
    cells: dict[str, dict[tuple[str, str | None], None]] = field(default_factory=dict)


def _gather(answer: Solutions, names: Sequence[str]) -> tuple[dict[str, _Item], dict[str, str]]:
    """Put the rows of each item together; also say of which kind each column's values are."""
    at = {name: position for position, name in enumerate(answer.variables)}
    items: dict[str, _Item] = {}
    kinds: dict[str, set[str]] = {}
    for row in answer:
        item = row[at["item"]]
        if not isinstance(item, NamedNode):
            continue
        own = items.setdefault(item.value, _Item())
        own.label = own.label or _text(row[at["itemLabel"]])
        for name in names:
            term = row[at[name]]
            if term is None:
                continue
            label = row[at[f"{name}Label"]] if f"{name}Label" in at else None
            values = own.cells.setdefault(name, {})
            if len(values) < MOST_VALUES:
                values[_text(label) or _text(term), term.value if isinstance(term, NamedNode) else None] = None
            kinds.setdefault(name, set()).add(_kind(term))
    listed = {iri: item for iri, item in items.items() if item.label}
    return listed, {name: found.pop() if len(found) == 1 else "text" for name, found in kinds.items()}


def _text(term: Term | None) -> str:
    return "" if term is None else (term.value if isinstance(term, Literal | NamedNode) else str(term))[:_LONGEST]


def _kind(term: Term) -> str:
    if not isinstance(term, Literal):
        return "thing"
    datatype = term.datatype.value
    return "number" if datatype in _NUMBERS else "date" if datatype in _DATES else "text"


def _stored(iri: str, item: _Item, columns: Sequence[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Return what is shown of an item, and what it is sought and sorted by."""
    cells: list[list[tuple[str, str | None]]] = []
    keys: list[Any] = [_sort_key(item.label, "text")]
    for name, kind in columns:
        values = sorted(item.cells.get(name, ()), key=lambda value, kind=kind: _order(value[0], kind))
        cells.append(values)
        keys.append(_sort_key(values[0][0], kind) if values else None)
    said = " ".join((item.label, iri.rsplit("/", 1)[-1], *(text for cell in cells for text, _ in cell)))
    return (iri, item.label, json.dumps(cells, ensure_ascii=False)), (fold(said), *keys)


def _order(text: str, kind: str) -> Any:
    return _sort_key(text, kind) if kind != "number" else (_sort_key(text, kind), text)


def _sort_key(text: str, kind: str) -> Any:
    """Return what a column is sorted by: numbers by size, text with its numbers by size too.

    >>> _sort_key("95.0", "number"), _sort_key("D2.10", "text")
    (95.0, 'd00000002.00000010')
    """
    if kind == "number":
        try:
            return float(text)
        except ValueError:
            return 0.0
    return _DIGITS.sub(lambda digits: digits.group().zfill(8), fold(text[:200])) if kind == "text" else text


def _facet_values(
    ordered: Sequence[tuple[str, _Item]],
    columns: Sequence[tuple[str, str]],
    facets: Sequence[str],
    labels: dict[tuple[int, str], str],
) -> Iterator[tuple[int, str, int]]:
    """Yield what can be narrowed by: each value of the facets' columns once a row, or that there is none; note their labels."""
    for number, (name, _) in enumerate(columns):
        if name not in facets:
            continue
        for position, (_, item) in enumerate(ordered, start=1):
            values = {iri or text: text for text, iri in item.cells.get(name, ())} or {NOTHING: ""}
            for value, text in values.items():
                labels.setdefault((number, value), text)
                yield (number, value, position)


# --- reading --------------------------------------------------------------------------------------------------------------


class Lists:
    """The lists of one generation, open for reading by any thread: each request has a connection of its own."""

    def __init__(self, folder: Path, queries: Path) -> None:
        """Read which lists there are.

        :raises SearchMissingError: the generation was built without them.
        """
        self._file = folder / FILE
        if not self._file.is_file():
            raise SearchMissingError(
                "This generation has no lists.", hint="A build writes them; an older one had none."
            )
        self._panels = {panel.id: panel for panel in read_panels(queries / QUERIES)}
        with self._open() as connection:
            stored = connection.execute("SELECT name, columns, total FROM lists").fetchall()
        self._columns = {name: json.loads(columns) for name, columns, _ in stored}
        self.totals: dict[str, int] = {name: total for name, _, total in stored}

    def __contains__(self, name: str) -> bool:
        return name in self._columns and name in self._panels

    def panel(self, name: str) -> Panel:
        """Return the query file of a list."""
        return self._panels[name]

    def columns(self, name: str) -> tuple[Column, ...]:
        """Return the columns of a list, in their order."""
        headers = self._panels[name].headers
        facets, hidden = headers.get("facets", "").split(), headers.get("hidden", "").split()
        return tuple(
            Column(column, kind, has_things, column in facets, column in hidden)
            for column, kind, has_things in self._columns[name]
        )

    def read(self, name: str, wanted: Wanted, limit: int, offset: int = 0) -> Part:
        """Return some rows of a list, and what it can be narrowed by.

        :raises ParameterError: it has no such column.
        :raises QueryTimeoutError: it takes too long.
        """
        with self._open() as connection:
            where, values = self._where(name, wanted)
            total = self.totals[name]
            if values:
                total = connection.execute(f'SELECT COUNT(*) FROM "{name}" WHERE {where}', values).fetchone()[0]  # noqa: S608
            rows = tuple(self._rows(connection, name, wanted, limit, offset))
            facets = {
                column.name: self._facet(connection, name, number, column.name, wanted)
                for number, column in enumerate(self.columns(name))
                if column.has_facet
            }
        return Part(total, rows, facets)

    def rows(self, name: str, wanted: Wanted, limit: int, offset: int = 0) -> Iterator[Row]:
        """Yield the rows of a list, no more than `limit` after the first ones; for a file, so there is more time.

        :raises QueryTimeoutError: it takes too long.
        """
        with self._open(FILE_SECONDS) as connection:
            yield from self._rows(connection, name, wanted, limit, offset)

    @contextmanager
    def _open(self, seconds: float = SECONDS) -> Iterator[sqlite3.Connection]:
        """Open the file, which nobody writes any more; what takes longer than the deadline is stopped."""
        address = f"{self._file.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            end = time.monotonic() + seconds
            connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
            try:
                yield connection
            except sqlite3.OperationalError as exc:
                if "interrupted" in str(exc):
                    raise QueryTimeoutError("The list could not be made in time.", hint="Narrow it.") from exc
                raise StateError("The lists of this generation can't be read.", hint="Build again.") from exc

    def _where(self, name: str, wanted: Wanted, but: str = "") -> tuple[str, list[Any]]:
        """Write the condition of the rows that are wanted; the text of a request is only ever a value."""
        conditions, values = ["1"], []
        for word in fold(wanted.text).split():
            conditions.append("instr(folded, ?)")
            values.append(word)
        for column, value in wanted.filters.items():
            if column != but:
                number = self._number(name, column)
                having = f'SELECT position FROM "{name}/values" WHERE col = {number} AND value = ?'  # noqa: S608
                conditions.append(f"position IN ({having})")
                values.append(value)
        return " AND ".join(conditions), values

    def _number(self, name: str, column: str) -> int:
        for number, known in enumerate(self.columns(name)):
            if known.name == column:
                return number
        raise ParameterError(f"The list {name} has no column {column[:100]!r}.")

    def _rows(
        self, connection: sqlite3.Connection, name: str, wanted: Wanted, limit: int, offset: int
    ) -> Iterator[Row]:
        where, values = self._where(name, wanted)
        key = "k0" if wanted.sort in ("", "item") else f"k{self._number(name, wanted.sort) + 1}"
        direction = "DESC" if wanted.is_descending else "ASC"
        # Positions follow the names, so that the list's own order needs no sorting.
        order = f"position {direction}" if key == "k0" else f"{key} IS NULL, {key} {direction}, position"
        text = (
            f'SELECT item, label, cells FROM (SELECT position, {key} FROM "{name}" WHERE {where} '  # noqa: S608
            f'ORDER BY {order} LIMIT ? OFFSET ?) JOIN "{name}/rows" USING (position) ORDER BY {order}'
        )
        for iri, label, cells in connection.execute(text, [*values, limit, offset]):
            yield Row(iri, label, tuple(tuple(Value(*value) for value in cell) for cell in json.loads(cells)))

    def _facet(
        self, connection: sqlite3.Connection, name: str, number: int, column: str, wanted: Wanted
    ) -> tuple[Count, ...]:
        where, values = self._where(name, wanted, but=column)
        if not values:
            text = (
                f'SELECT value, label, total FROM "{name}/labels" WHERE col = {number} '  # noqa: S608
                f"ORDER BY total DESC, label LIMIT {MOST_FACETS}"
            )
            return tuple(Count(*row) for row in connection.execute(text))
        text = (
            f'WITH chosen AS MATERIALIZED (SELECT position FROM "{name}" WHERE {where}), '  # noqa: S608
            f'counted AS (SELECT value, COUNT(*) AS rows FROM "{name}/values" '
            f"WHERE col = {number} AND position IN chosen GROUP BY value) "
            f'SELECT value, label, rows FROM counted JOIN "{name}/labels" USING (value) WHERE col = {number} '
            f"ORDER BY rows DESC, label LIMIT {MOST_FACETS}"
        )
        return tuple(Count(*row) for row in connection.execute(text, values))
