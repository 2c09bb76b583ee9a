"""A query's result as a table for a page: the first rows as cells, all rows counted; no query is run here.

It reads the two line formats: SPARQL TSV for rows and N-Triples for triples. Both escape line ends in literals, so that
the number of lines is the number of rows, however many there are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    RdfFormat,
    parse,
    parse_query_results,
)

from qit4n_kg.entities.panels import column_label
from qit4n_kg.formats import ResultFormat
from qit4n_kg.namespaces import XSD
from qit4n_kg.web.links import short_name, target

if TYPE_CHECKING:
    from collections.abc import Callable

    from qit4n_kg.config import Settings
    from qit4n_kg.store.base import Term
    from qit4n_kg.store.executor import Spooled

SHOWN_ROWS = 1000
"""A page shows this many rows; the downloads have all."""

_JOINED = "|"
_SHOWN_BYTES = 4 * 1024 * 1024
_NUMBERS = frozenset(f"{XSD}{name}" for name in ("integer", "decimal", "double", "float"))
_DATES = frozenset(f"{XSD}{name}" for name in ("date", "dateTime", "gYearMonth", "gYear"))


@dataclass(frozen=True)
class Cell:
    """One term as a page shows it; `href` is None for what is not a link, `note` is a datatype or a language other than English.

    `kind` is number or date, None for the rest.
    """

    text: str
    href: str | None = None
    title: str | None = None
    note: str | None = None
    kind: str | None = None
    label: str | None = None
    """What a thing of ours is called."""
    others: tuple[str, ...] = ()
    """More values of the same cell, as a catalogue query joins them."""


@dataclass(frozen=True)
class ResultTable:
    """The first rows of a result and the number of all; `truth` is the answer of an ASK, which has no rows.

    `labels` are headings for readers, where the columns have any.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | None, ...], ...]
    total: int
    truth: bool | None = None
    labels: tuple[str, ...] = ()

    def is_figures(self, column: int) -> bool:
        """Whether a column holds nothing but numbers."""
        cells = [row[column] for row in self.rows if row[column] is not None]
        return bool(cells) and all(cell is not None and cell.kind == "number" for cell in cells)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than shown."""
        return self.total > len(self.rows)


def read_table(
    spooled: Spooled, settings: Settings, label: Callable[[str], str | None] = lambda _: None
) -> ResultTable:
    """Read the first rows of a result that was written as TSV or N-Triples; `label` tells what an IRI's thing is called."""
    if spooled.form is not ResultFormat.TSV.value:
        triples = (quad.triple for quad in parse(_first_lines(spooled, SHOWN_ROWS), format=RdfFormat.N_TRIPLES))
        rows = tuple(tuple(_cell(term, settings, label) for term in triple) for triple in triples)
        return ResultTable(("subject", "predicate", "object"), rows, _count_lines(spooled))
    results = parse_query_results(_first_lines(spooled, SHOWN_ROWS + 1), format=QueryResultsFormat.TSV)
    if isinstance(results, QueryBoolean):
        return ResultTable((), (), 0, bool(results))
    columns = tuple(variable.value for variable in results.variables)
    rows = tuple(tuple(_cell(term, settings, label) for term in row) for row in results)
    return ResultTable(columns, rows, _count_lines(spooled) - 1)


def readable(table: ResultTable) -> ResultTable:
    """Arrange the result of a catalogue query for readers.

    By the catalogue's conventions `?personIri` is where `?person` leads (or the first column, where there is none of that name),
    and `|` stands between the values of one cell.
    """
    at = {name: position for position, name in enumerate(table.columns)}
    shown = [name for name in table.columns if not name.endswith("Iri") or len(table.columns) == 1]
    links = {}
    for name in table.columns:
        if name not in shown and shown:
            own = name.removesuffix("Iri")
            links[own if own in shown else shown[0]] = at[name]
    rows = tuple(
        tuple(_arranged(row[at[name]], row[links[name]] if name in links else None) for name in shown)
        for row in table.rows
    )
    return replace(table, columns=tuple(shown), rows=rows, labels=tuple(column_label(name) for name in shown))


def _arranged(cell: Cell | None, link: Cell | None) -> Cell | None:
    if cell is None:
        return link
    if cell.label:
        cell = replace(cell, text=cell.label, label=None)
    first, *others = cell.text.split(_JOINED) if cell.href is None and cell.kind is None else (cell.text,)
    if link is not None and cell.href is None:
        cell = replace(cell, href=link.href, title=link.title)
    return replace(cell, text=first, others=tuple(others))


def _first_lines(spooled: Spooled, count: int) -> bytes:
    """Return the first whole lines, no more than a page can hold in bytes either."""
    head = bytearray()
    for chunk in spooled.chunks():
        head += chunk
        if len(head) > _SHOWN_BYTES:
            head = head[: head.rfind(b"\n") + 1]
            break
    end = 0
    for _ in range(count):
        following = head.find(b"\n", end) + 1
        if not following:
            return bytes(head)
        end = following
    return bytes(head[:end])


def _count_lines(spooled: Spooled) -> int:
    return sum(chunk.count(b"\n") for chunk in spooled.chunks())


def _cell(term: Term | None, settings: Settings, label: Callable[[str], str | None]) -> Cell | None:
    if term is None:
        return None
    if isinstance(term, NamedNode):
        return Cell(
            short_name(term.value, settings), _href(term.value, settings), title=term.value, label=label(term.value)
        )
    if isinstance(term, BlankNode):
        return Cell(str(term))
    if not isinstance(term, Literal):
        return Cell(str(term), note="triple")
    datatype = term.datatype.value
    if term.language:
        return Cell(term.value, note=None if term.language == "en" else term.language)
    if datatype in _NUMBERS:
        return Cell(term.value, kind="number")
    if datatype == f"{XSD}string":
        return Cell(term.value)
    name = short_name(datatype, settings)
    is_date = datatype in _DATES
    return Cell(
        term.value, title=name, note=None if datatype.startswith(XSD) else name, kind="date" if is_date else None
    )


def _href(iri: str, settings: Settings) -> str | None:
    """Return where an IRI may lead: our page, or elsewhere by a scheme that is safe, so that data plants no script."""
    to = target(iri, settings)
    return None if to is None else to.href
