"""Tables: CSV (RFC 4180) with CSVW metadata (W3C, 2015), JSON Lines, Parquet; the workbook is in `workbook`.

A text in a CSV cell that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection); numbers,
dates and truth values can't be formulas and stay as they are.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
from typing import TYPE_CHECKING, Any, BinaryIO

import arro3.io
from arro3.core import Array, DataType, Field, Schema, list_array
from arro3.core import Table as ArrowTable
from pyoxigraph import Literal, NamedNode

from qit4n_kg.exports.formats.workbook import write_workbook
from qit4n_kg.exports.tables import (
    PARAMETER,
    Column,
    Kind,
    Table,
    Value,
    column_properties,
    group_label,
    read_table,
    read_tables,
    text_of,
)
from qit4n_kg.namespaces import RDF, RDFS, SKOS
from qit4n_kg.sparql import names_in
from qit4n_kg.spreadsheets import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pyoxigraph import Triple

    from qit4n_kg.exports.making import Material
    from qit4n_kg.store.base import Term

_EPOCH = datetime.date(1970, 1, 1)
_ARROW = {
    Kind.INTEGER: DataType.int64,
    Kind.DECIMAL: DataType.float64,
    Kind.BOOLEAN: DataType.bool,
}


# --- CSV and CSVW ---------------------------------------------------------------------------------------------------------


def write_csv(material: Material, output: BinaryIO) -> None:
    """Write one table as CSV."""
    table = read_table(material, material.wanted.argument or "")
    output.write(_csv_line([column.name for column in table.columns]))
    for row in table.rows:
        output.write(_csv_line([csv_cell(column, term) for column, term in zip(table.columns, row, strict=True)]))


def _csv_line(cells: list[str]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode()


def csv_cell(column: Column, term: Term | None) -> str:
    """Return a cell's text, a text that would be a formula with an apostrophe before it."""
    text = text_of(term)
    is_text = column.kind in (Kind.STRING, Kind.IRI)
    return harmless(text) if is_text else text


def write_metadata(material: Material, output: BinaryIO) -> None:
    """Write the CSVW description of all tables."""
    properties = column_properties(material)
    group = material.arguments.get(PARAMETER)
    query = f"?{PARAMETER}={group}" if group else ""
    document = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "dc:title": f"Tables about {group_label(material)}",
        "dc:description": f"Generation {material.stamp.generation} of the knowledge graph, dataset {material.stamp.dataset}.",
        "dc:modified": {"@value": material.stamp.built_at, "@type": "xsd:dateTime"},
        "dialect": {"encoding": "utf-8", "lineTerminators": ["\r\n"], "header": True},
        "tables": [_describe(material, table, properties, query) for table in read_tables(material)],
    }
    output.write((json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())


def _describe(material: Material, table: Table, properties: dict[str, str], query: str) -> dict[str, Any]:
    columns = [_describe_column(material, column, properties.get(column.name)) for column in table.columns]
    return {
        "url": f"{table.name}.csv{query}",
        "dc:title": table.query.title,
        "dc:description": table.query.question,
        "tableSchema": {"columns": columns},
    }


def _describe_column(material: Material, column: Column, behind: str | None) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name, "titles": [column.name], "datatype": column.kind.value}
    if column.separator is not None:
        described["separator"] = column.separator
    if behind is not None:
        described["rdfs:seeAlso"] = {"@id": behind}
        definition = material.facts.text(behind, "skos:definition")
        if definition is not None:
            described["dc:description"] = definition
    return described


# --- JSON Lines and Parquet -----------------------------------------------------------------------------------------------


def write_jsonl(material: Material, output: BinaryIO) -> None:
    """Write one table as JSON Lines; what is absent is null."""
    table = read_table(material, material.wanted.argument or "")
    names = [column.name for column in table.columns]
    for row in table.values:
        line = dict(zip(names, map(_plain, row), strict=True))
        output.write((json.dumps(line, ensure_ascii=False) + "\n").encode())


def _plain(value: Value) -> Value:
    return value.isoformat() if isinstance(value, datetime.date) else value


def write_parquet(material: Material, output: BinaryIO) -> None:
    """Write one table as Parquet; what is absent is null, or an empty list."""
    table = read_table(material, material.wanted.argument or "")
    columns = [_arrow(column, [row[at] for row in table.values]) for at, column in enumerate(table.columns)]
    fields = [
        Field(column.name, array.type, nullable=True) for column, array in zip(table.columns, columns, strict=True)
    ]
    stamp = {
        "title": table.query.title,
        "generation": str(material.stamp.generation),
        "dataset": material.stamp.dataset,
    }
    buffer = io.BytesIO()
    arro3.io.write_parquet(
        ArrowTable.from_arrays(columns, schema=Schema(fields, metadata=stamp)), buffer, compression="zstd(3)"
    )
    output.write(buffer.getbuffer())


def _arrow(column: Column, values: list[Any]) -> Array:
    if column.is_list:
        offsets = [0]
        for value in values:
            offsets.append(offsets[-1] + len(value or ()))
        flat = [text for value in values for text in value or ()]
        return list_array(Array(offsets, type=DataType.int32()), Array(flat, type=DataType.utf8()))
    if column.kind is Kind.DATE:
        days = [None if value is None else (value - _EPOCH).days for value in values]
        return Array(days, type=DataType.int32()).cast(DataType.date32())
    return Array(values, type=_ARROW.get(column.kind, DataType.utf8)())


# --- what is carried ------------------------------------------------------------------------------------------------------


def carried(material: Material) -> Callable[[Triple], bool]:
    """Tell which facts the tables hold.

    A fact is in them when a table's query names its property, and its value, or a label or code of its value, stands in a cell;
    a type, when a query names the class.
    """
    wanted = material.wanted.argument
    tables = [read_table(material, wanted)] if wanted else list(read_tables(material))
    named = frozenset().union(*(names_in(table.query.text) for table in tables))
    shown = {
        text
        for table in tables
        for row in table.rows
        for column, term in zip(table.columns, row, strict=True)
        for text in _texts(column, term)
    }
    labels = _Labels(material, shown)

    def is_carried(fact: Triple) -> bool:
        if fact.predicate.value == f"{RDF}type":
            return isinstance(fact.object, NamedNode) and fact.object.value in named
        return fact.predicate.value in named and labels.is_shown(fact.object)

    return is_carried


def _texts(column: Column, term: Term | None) -> Iterable[str]:
    if term is None:
        return ()
    return text_of(term).split(column.separator) if column.separator is not None else (text_of(term),)


class _Labels:
    """Tells whether a value stands in a cell, by its text or by one of its names."""

    def __init__(self, material: Material, shown: set[str]) -> None:
        self._store = material.store
        self._shown = shown
        self._known: dict[str, bool] = {}

    def is_shown(self, term: Term) -> bool:
        if isinstance(term, Literal):
            return text_of(term) in self._shown
        if not isinstance(term, NamedNode):
            return False
        if term.value not in self._known:
            self._known[term.value] = term.value in self._shown or any(map(self._shown.__contains__, self._names(term)))
        return self._known[term.value]

    def _names(self, thing: NamedNode) -> Iterable[str]:
        for name in (f"{RDFS}label", f"{SKOS}notation"):
            for quad in self._store.quads(thing, NamedNode(name)):
                yield text_of(quad.object) if not isinstance(quad.object, NamedNode) else ""


WRITERS = {
    "csvw/{table}.csv": write_csv,
    "csvw/csvw-metadata.json": write_metadata,
    "{table}.jsonl": write_jsonl,
    "{table}.parquet": write_parquet,
    "workbook.xlsx": write_workbook,
}
