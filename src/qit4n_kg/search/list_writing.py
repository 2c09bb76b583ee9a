"""Writes the lists of a generation (`search/lists.py` says what a list is): one SQLite file, rows beside what sorts them."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pyoxigraph import Literal, NamedNode

from qit4n_kg.entities.labels import natural_key
from qit4n_kg.entities.panels import Panel, read_panels
from qit4n_kg.namespaces import XSD
from qit4n_kg.search.lists import FILE, NOTHING, QUERIES, pair_of
from qit4n_kg.search.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from qit4n_kg.store.base import Solutions, Store, Term

MOST_VALUES = 100
"""Values that one cell keeps."""
_LONGEST = 1_000
_NUMBERS = frozenset(f"{XSD}{name}" for name in ("integer", "decimal", "double", "float"))
_DATES = frozenset(f"{XSD}{name}" for name in ("date", "dateTime", "gYearMonth", "gYear"))
_DIGITS = re.compile(r"\d+")


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
    items, kinds = _gather(answer, names[1:], pair_of(panel))
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


_Stored: TypeAlias = "tuple[str, str | None] | tuple[str, str | None, str, str | None]"


@dataclass
class _Item:
    label: str = ""
    cells: dict[str, dict[_Stored, None]] = field(default_factory=dict)


def _gather(answer: Solutions, names: Sequence[str], pair: tuple[str, str]) -> tuple[dict[str, _Item], dict[str, str]]:
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
            stored: _Stored = _value(row, at, name)
            if name == pair[0] and row[at[pair[1]]] is not None:
                stored = (*stored, *_value(row, at, pair[1]))
            values = own.cells.setdefault(name, {})
            if len(values) < MOST_VALUES:
                values[stored] = None
            kinds.setdefault(name, set()).add(_kind(term))
    listed = {iri: item for iri, item in items.items() if item.label}
    return listed, {name: found.pop() if len(found) == 1 else "text" for name, found in kinds.items()}


def _value(row: Sequence[Term | None], at: Mapping[str, int], name: str) -> tuple[str, str | None]:
    term = row[at[name]]
    label = row[at[f"{name}Label"]] if f"{name}Label" in at else None
    return (_text(label) or _text(term), term.value if isinstance(term, NamedNode) else None)


def _text(term: Term | None) -> str:
    return "" if term is None else (term.value if isinstance(term, Literal | NamedNode) else str(term))[:_LONGEST]


def _kind(term: Term) -> str:
    if not isinstance(term, Literal):
        return "thing"
    datatype = term.datatype.value
    return "number" if datatype in _NUMBERS else "date" if datatype in _DATES else "text"


def _stored(iri: str, item: _Item, columns: Sequence[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Return what is shown of an item, and what it is sought and sorted by."""
    cells: list[list[_Stored]] = []
    keys: list[Any] = [_sort_key(item.label, "text")]
    for name, kind in columns:
        values = sorted(item.cells.get(name, ()), key=lambda value, kind=kind: _order(value[0], kind))
        cells.append(values)
        keys.append(_sort_key(values[0][0], kind) if values else None)
    said = " ".join((item.label, iri.rsplit("/", 1)[-1], *(value[0] for cell in cells for value in cell)))
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
            values = {value[1] or value[0]: value[0] for value in item.cells.get(name, ())} or {NOTHING: ""}
            for value, text in values.items():
                labels.setdefault((number, value), text)
                yield (number, value, position)
