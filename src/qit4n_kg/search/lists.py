"""Lists of a generation (people, meetings …): made once from query files when it is built, then sorted and narrowed by look-ups.

A list's file stands under `queries/site/tables`; a row of its answer states one value of one `?item`, or that it is one and what it
is called (`?itemLabel`), and the rows of an item are put together: a UNION costs the sum of its parts, where OPTIONAL would cost
their product. Its heading names the columns that narrow it (`# facets:`), the one that orders it at first (`# sort:`), those that
are not shown (`# hidden:`), the two whose values belong together (`# pair:`), what an empty cell says (`# absent: column text`,
several separated by `;`) and the catalogue's query on the same (`# see:`). The rows lie in an SQLite file beside the store: a page
of a hundred thousand people costs one pass over them at most, whatever is asked, and a deadline ends that.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qit4n_kg.entities.panels import Panel, column_label, read_panels
from qit4n_kg.errors import ParameterError, QueryTimeoutError, SearchMissingError, StateError
from qit4n_kg.search.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


FILE = "lists.sqlite"
QUERIES = "site/tables"
NOTHING = "-"
"""The value of a filter that takes the rows without any value in a column."""

SECONDS = 5.0
FILE_SECONDS = 60.0
MOST_FACETS = 200
_STEPS = 20_000


@dataclass(frozen=True)
class Value:
    """One value in a cell; `iri` is the thing that it names, if any; `beside` is what it is paired with, as a role with a group."""

    text: str
    iri: str | None = None
    beside: Value | None = None

    @property
    def whole(self) -> str:
        """The value with what it is paired with, as a sheet has it."""
        return f"{self.text}: {self.beside.text}" if self.beside else self.text


@dataclass(frozen=True)
class Column:
    """One column; `kind` is text, number or date; `has_things` where its values are IRIs.

    `is_paired` says that its values stand beside another column's, so that alone they would say something else.
    """

    name: str
    kind: str
    has_things: bool = False
    has_facet: bool = False
    is_hidden: bool = False
    is_paired: bool = False
    absent: str = ""

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


# --- reading --------------------------------------------------------------------------------------------------------------


def pair_of(panel: Panel) -> tuple[str, str]:
    """Return the two columns whose values belong together; two empty names where there are none."""
    first, _, second = panel.headers.get("pair", "").partition(" ")
    return first, second


def _read_value(text: str, iri: str | None, other: str | None = None, other_iri: str | None = None) -> Value:
    return Value(text, iri, Value(other, other_iri) if other is not None else None)


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
        second = pair_of(self._panels[name])[1]
        absent = self._panels[name].absent
        return tuple(
            Column(
                column, kind, has_things, column in facets, column in hidden, column == second, absent.get(column, "")
            )
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
            yield Row(iri, label, tuple(tuple(_read_value(*value) for value in cell) for cell in json.loads(cells)))

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
