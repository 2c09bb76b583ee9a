"""What someone sends: bytes with a name and a format, read within bounds, with the place of each statement.

Nothing is ever fetched: a JSON-LD context must be inline, and an XML text that declares entities is refused. The name is only
shown, never opened.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pyoxigraph import DefaultGraph, NamedNode, Quad

from qit4n_kg.errors import SourceError
from qit4n_kg.formats import CSV, XLSX, RdfFormat
from qit4n_kg.locating import Position, StatementIndex
from qit4n_kg.locating_others import MOST_NESTED, index_json, index_xml
from qit4n_kg.store.canonical import has_blank_node
from qit4n_kg.validation.tables import read_csv, read_xlsx
from qit4n_kg.validation.texts import decode, in_one_graph, parse_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qit4n_kg.formats import Format
    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.tables import Reading

_RDF = {form.value: form for form in RdfFormat}


class PlaceFinder(Protocol):
    """Says where statements of one text, or one sheet, stand."""

    def find(
        self, subject: Term, predicate: Term | None = None, obj: Term | None = None
    ) -> tuple[int, Position] | None:
        """Find the place of a statement, else of the nearest: how many of the three terms agree, and where."""
        ...


@dataclass(frozen=True)
class Upload:
    """Bytes that were sent."""

    name: str
    form: Format
    content: bytes


@dataclass(frozen=True)
class Given:
    """An upload that was read: its statements, and where they stand, by sheet (None in a text)."""

    name: str
    quads: tuple[Quad, ...]
    places: tuple[tuple[str | None, PlaceFinder], ...]
    is_table: bool = False


def read_upload(upload: Upload, reading: Reading, most: int) -> Given:
    """Read an upload of at most so many statements.

    :raises SourceError: it can't be read, is nested too deeply, refers to what would have to be fetched, or is too much.
    """
    try:
        given = _read(upload, reading)
    except SourceError as exc:
        path = exc.path if exc.path is not None else upload.name
        raise SourceError(exc.message, path=path, line=exc.line, column=exc.column, hint=exc.hint) from exc
    except RecursionError as exc:
        raise SourceError("The text is nested too deeply.", path=upload.name) from exc
    if len(given.quads) > most:
        raise SourceError(
            f"These are {len(given.quads):,} statements, and {most:,} are the most.",
            path=upload.name,
            hint="Send it in parts, or validate it by `qit4n-kg validate`, which has no limit.",
        )
    return given


def _read(upload: Upload, reading: Reading) -> Given:
    if upload.form is CSV or upload.form is XLSX:
        read = read_csv if upload.form is CSV else read_xlsx
        tables = read(upload.content, upload.name, reading)
        quads = tuple(quad for table in tables for quad in table.quads)
        return Given(upload.name, quads, tuple((table.sheet, table) for table in tables), is_table=True)
    form = _RDF[upload.form]
    path = Path(upload.name)  # for messages only
    base = f"{reading.base_iri}id/"
    text = decode(path, upload.content)
    places = _places(text, form, base)
    parsed = parse_text(text, form, path, base)
    _refuse_triple_terms(parsed)
    quads = tuple(parsed) if form.value.has_graphs else in_one_graph(parsed)
    return Given(upload.name, quads, ((None, places),))


def _places(text: str, form: RdfFormat, base: str) -> PlaceFinder:
    if form is RdfFormat.JSON_LD:
        _refuse_remote_contexts(text)
        return index_json(text, base)
    if form is RdfFormat.RDF_XML:
        return index_xml(text.encode(), base)
    depth = deepest(text)
    if depth > MOST_NESTED:
        raise SourceError(f"The text is nested more than {MOST_NESTED} deep.")
    return _Lines(text) if form in (RdfFormat.N_TRIPLES, RdfFormat.N_QUADS) else _Statements(text, base)


@dataclass(frozen=True)
class _Statements:
    """The statements of a Turtle or TriG text, read for their places when these are first asked for."""

    text: str
    base: str

    @cached_property
    def _index(self) -> StatementIndex:
        return StatementIndex(self.text, self.base)

    def find(
        self, subject: Term, predicate: Term | None = None, obj: Term | None = None
    ) -> tuple[int, Position] | None:
        """Find the place of a statement, else of the nearest."""
        return self._index.find(subject, predicate, obj)


@dataclass(frozen=True)
class _Lines:
    """The lines of N-Triples or N-Quads, of which there may be millions: only those about a subject are read."""

    text: str

    def find(
        self, subject: Term, predicate: Term | None = None, obj: Term | None = None
    ) -> tuple[int, Position] | None:
        """Find the place of a statement, else of the nearest."""
        best: tuple[int, Position] | None = None
        for match in re.finditer(rf"^[ \t]*{re.escape(str(subject))}[ \t][^\n]*", self.text, re.MULTILINE):
            found = StatementIndex(match[0]).find(subject, predicate, obj)
            if found and (best is None or found[0] > best[0]):
                line = self.text.count("\n", 0, match.start()) + 1
                best = (found[0], Position(line, found[1].column))
            if best and best[0] == 3:
                break
        return best


def deepest(text: str) -> int:
    """Count how deep brackets of a Turtle text are open at most; brackets in texts count too, which errs on the safe side.

    >>> deepest("<a> <b> [ <c> ( 1 2 ) ] .")
    2
    """
    depth = most = 0
    for mark in re.findall(r"<[^<>\s]*>|\"(?:[^\"\\\n]|\\.)*\"|#[^\n]*|[\[\](){}]", text):
        if mark in ("[", "(", "{"):
            depth += 1
            most = max(most, depth)
        elif mark in ("]", ")", "}"):
            depth = max(0, depth - 1)
    return most


def _refuse_remote_contexts(text: str) -> None:
    """Refuse a context that is an address: nothing is fetched here.

    :raises SourceError: there is one, or the text is no JSON.
    """
    try:
        waiting = [json.loads(text)]
    except json.JSONDecodeError as exc:
        raise SourceError(f"This is not JSON: {exc.msg}.", line=exc.lineno, column=exc.colno) from exc
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            _refuse_addresses(value.get("@context"), text)
            if "@import" in value:
                raise SourceError("The JSON-LD context imports another, and none is fetched here.")
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _refuse_addresses(context: object, text: str) -> None:
    for one in context if isinstance(context, list) else [context]:
        if isinstance(one, str):
            at = text.find(json.dumps(one, ensure_ascii=False))
            line = text.count("\n", 0, at) + 1 if at >= 0 else None
            raise SourceError(
                f"The JSON-LD context {one[:200]} would have to be fetched, and none is.",
                line=line,
                hint="Write the context into the document.",
            )


def _refuse_triple_terms(quads: Sequence[Quad]) -> None:
    for quad in quads:
        if not isinstance(quad.graph_name, NamedNode | DefaultGraph) and has_blank_node(quad):
            raise SourceError(f"A graph is named by an IRI, and this one is not: {quad.graph_name}.")
        if "Triple" in type(quad.object).__name__:
            raise SourceError(f"A triple can't stand as a term in another: {quad.object}.")
