"""The tables of an export: the answers of catalogue queries, with a type for each column; rows are kept as terms."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, cast

from pyoxigraph import Literal, NamedNode

from qit4n_kg.errors import NotFoundError
from qit4n_kg.exports.deliverables import clean, one_line
from qit4n_kg.exports.facts import expand
from qit4n_kg.namespaces import XSD
from qit4n_kg.queries import CatalogueQuery, bind, read_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.exports.making import Material
    from qit4n_kg.store.base import Term

    Row = tuple[Term | None, ...]

PARAMETER = "forGroup"
SEPARATOR = "|"
"""What stands between the values of a cell, unless one of them holds it: then the next one that none holds."""
_OTHERS = (SEPARATOR, ";", "¦", "‖", *map(chr, range(0x2400, 0x2427)))
_JOINED = re.compile(r'separator="\|"\)\s*AS\s*\?(\w+)', re.IGNORECASE)
_APART = "\x1f"
"""What the catalogue's queries are asked to put between values here: no text that is exported holds it (`clean`)."""
_LARGEST = 2**63
Value = str | int | float | bool | datetime.date | list[str] | None


class Kind(Enum):
    """What the cells of a column are; the value is the datatype's name in CSVW and XML Schema."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    MONTH = "gYearMonth"
    IRI = "anyURI"


_KINDS = {f"{XSD}{kind.value}": kind for kind in Kind}


@dataclass(frozen=True)
class Column:
    """A column; where its cells hold several values, `separator` stands between them and in none of them."""

    name: str
    kind: Kind
    separator: str | None = None

    @property
    def is_list(self) -> bool:
        """Whether a cell holds several values."""
        return self.separator is not None


@dataclass(frozen=True)
class Table:
    """The answer of one catalogue query."""

    query: CatalogueQuery
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The query's id."""
        return self.query.id

    @cached_property
    def values(self) -> list[tuple[Value, ...]]:
        """The rows as values of Python."""
        return [tuple(map(value_of, self.columns, row)) for row in self.rows]


def table_names(material: Material) -> tuple[str, ...]:
    """Return the names of all tables, as the heading has them."""
    argument = material.wanted.export.description.argument
    return argument.values if argument is not None else ()


def read_tables(material: Material) -> Iterator[Table]:
    """Read every table, one at a time."""
    for name in table_names(material):
        yield read_table(material, name)


def read_table(material: Material, name: str) -> Table:
    """Ask one catalogue query, about the group that was asked for where it takes one.

    :raises NotFoundError: the group is not in the graph.
    """
    query = read_query(material.queries / "catalogue" / f"{name}.rq")
    takes_group = any(parameter.name == PARAMETER for parameter in query.parameters)
    arguments = {PARAMETER: group_name(material)} if takes_group else {}
    if takes_group:
        (group,) = bind(query, arguments, material.base_iri).values()
        if isinstance(group, NamedNode) and not material.is_known(group.value):
            raise NotFoundError(
                f"The graph knows no group <{group.value}>.", hint=f"Name another: {PARAMETER}=id:… (see /groups)."
            )
    answer = material.ask(replace(query, text=_JOINED.sub(_ask_apart, query.text)), arguments)
    names, rows = answer.variables, list(zip(*answer, strict=True)) or [()] * len(answer.variables)
    lists = set(_JOINED.findall(query.text))
    columns, cells = zip(
        *(_column(one, values, is_list=one in lists) for one, values in zip(names, rows, strict=True)), strict=True
    )
    return Table(query, columns, tuple(zip(*cells, strict=True)))


def _ask_apart(joined: re.Match[str]) -> str:
    return joined[0].replace('"|"', '"\\u001F"')


def _column(name: str, terms: tuple[Term | None, ...], *, is_list: bool) -> tuple[Column, tuple[Term | None, ...]]:
    """Return a column and its cells; the values of a list stand with what holds them apart between them."""
    if not is_list:
        return Column(name, _kind(terms)), terms
    lists = [[clean(text) for text in text_in(term).split(_APART)] for term in terms]
    separator = next((one for one in _OTHERS if not any(one in text for texts in lists for text in texts)), SEPARATOR)
    cells = (Literal(separator.join(texts)) for texts in lists)
    return Column(name, Kind.STRING, separator), tuple(cells)


def group_iri(material: Material) -> str:
    """Return the IRI of the group that was asked for."""
    query = material.wanted.export.description.query
    (group,) = bind(query, {PARAMETER: group_name(material)}, material.base_iri).values()
    return cast("NamedNode", group).value


def group_label(material: Material) -> str:
    """Return what the group that was asked for is called: its label, else as it was asked for."""
    return one_line(material.facts.label(group_iri(material)) or group_name(material))


def group_name(material: Material) -> str:
    """Return the group that was asked for, or the default."""
    default = material.wanted.export.description.query.parameter(PARAMETER).default
    return material.arguments.get(PARAMETER) or default or ""


def _kind(terms: Iterable[Term | None]) -> Kind:
    """Return the one kind that all values of a column have, else a string's."""
    kinds = {_kind_of(term) for term in terms if term is not None}
    if kinds == {Kind.INTEGER, Kind.DECIMAL}:
        return Kind.DECIMAL
    return kinds.pop() if len(kinds) == 1 else Kind.STRING


def _kind_of(term: Term) -> Kind:
    if isinstance(term, NamedNode):
        return Kind.IRI
    kind = _KINDS.get(term.datatype.value, Kind.STRING) if isinstance(term, Literal) else Kind.STRING
    try:
        _converted(kind, term)
    except (ValueError, OverflowError):  # a spelling that is of its datatype by name only
        return Kind.STRING
    return kind


def text_of(term: Term | None) -> str:
    """Return a cell as text."""
    return clean(text_in(term))


def text_in(term: Term | None) -> str:
    """Return a cell's text as the graph has it."""
    return "" if term is None else term.value if isinstance(term, Literal | NamedNode) else str(term)


def value_of(column: Column, term: Term | None) -> Value:
    """Return a cell as a value of Python; a month and an IRI stay texts."""
    if column.separator is not None:
        return text_of(term).split(column.separator) if text_of(term) else None
    return None if term is None else _converted(column.kind, term)


def _converted(kind: Kind, term: Term) -> Value:
    text = text_of(term)
    if kind is Kind.INTEGER:
        number = int(text)
        if not -_LARGEST <= number < _LARGEST:
            raise OverflowError(text)
        return number
    if kind is Kind.DECIMAL:
        return float(text)
    if kind is Kind.BOOLEAN:
        return text in ("true", "1")
    if kind is Kind.DATE:
        return datetime.date.fromisoformat(text)
    return text


def column_properties(material: Material) -> dict[str, str]:
    """Return the property behind each column that the mapping names, as an IRI.

    A place of the mapping is the names of columns: `number, meeting`.
    """
    found: dict[str, str] = {}
    for mapped in material.wanted.export.description.mappings:
        for name in mapped.place.split(","):
            found.setdefault(name.strip(), expand(mapped.term))
    return found
