"""Validation reports: what was found, as text for a terminal, as JSON and as a SHACL report; judges nothing, reads no file.

Spec: SHACL section 3.6 (validation report) and section 2.3.1 (property paths, written here as SPARQL 1.1 writes them).
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode
from rdflib import RDF, SH
from rdflib.collection import Collection

from qit4n_kg.errors import SourceError
from qit4n_kg.findings import shorten, write_finding
from qit4n_kg.namespaces import PREFIXES, compact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.store.base import Term

Identity: TypeAlias = "tuple[str, str, Term, str | None, Term | None]"
_LISTED_VALUES = 4

MOST_LINES = 200
"""How many findings a text report lists; JSON and Turtle have all."""


class Severity(Enum):
    """How bad a result is; only a violation stops a build."""

    VIOLATION = "Violation"
    WARNING = "Warning"
    INFO = "Info"

    @classmethod
    def of(cls, term: rdflib.term.Node | None) -> Severity:
        """Read sh:Warning and sh:Info; whatever else is a violation (section 2.1.4: the default)."""
        return {str(SH.Warning): cls.WARNING, str(SH.Info): cls.INFO}.get(str(term), cls.VIOLATION)

    @property
    def rank(self) -> int:
        """The worst is 0."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class StatedValue:
    """One of several values where fewer are allowed, and where it is stated, if that is known."""

    value: Term
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Result:
    """One finding; `path` is written as in SPARQL, `predicate` is it where it is one property. Lines and columns from 1.

    `values` are all values of the path where there are too many (sh:maxCount). In a table `line` is the row of the `sheet`.
    `suggestion` says what to write instead, where that can be computed.
    """

    severity: Severity
    message: str
    focus: Term
    path: str | None
    value: Term | None
    shape: str
    component: str = ""
    predicate: NamedNode | None = None
    focus_label: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    values: tuple[StatedValue, ...] = ()
    sheet: str | None = None
    suggestion: str | None = None

    @property
    def explanation(self) -> str:
        """The message, and where there are too many values, which: the last one written may be right in itself."""
        if not self.values:
            return self.message
        here = (self.file, self.line)
        values = sorted(self.values, key=lambda one: ((one.file, one.line) != here, one.file or "", one.line or 0))
        listed = values[:_LISTED_VALUES]
        texts = [_bare(one.value) for one in listed]
        if len(set(texts)) < len(texts):
            texts = [_short(one.value) for one in listed]
        told = [f"{text}{self._place_of(one)}" for text, one in zip(texts, listed, strict=True)]
        told += [f"and {len(values) - len(listed)} more"] if len(values) > len(listed) else []
        return f"{self.message} It has {_plural(len(values), 'value')}: {', '.join(told)}."

    def _place_of(self, one: StatedValue) -> str:
        if one.file is None:
            return ""
        is_here = (one.file, one.line) == (self.file, self.line)
        return " here" if is_here else f" in {one.file}:{one.line}"

    @property
    def identity(self) -> Identity:
        """What makes it the same finding in another run, wherever it stands."""
        return (self.shape, self.component, self.focus, self.path, self.value)

    def to_text(self) -> str:
        """Write it in one line, and what to write instead."""
        return write_finding(self.to_dict())

    def to_dict(self) -> dict[str, str | int | None]:
        """Return plain values for JSON; terms as N-Triples writes them."""
        return {
            "severity": self.severity.value,
            "message": self.explanation,
            "focus": str(self.focus),
            "focusLabel": self.focus_label,
            "path": self.path,
            "value": str(self.value) if self.value is not None else None,
            "shape": self.shape,
            "component": self.component or None,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "sheet": self.sheet,
            "suggestion": self.suggestion,
        }


@dataclass(frozen=True)
class Report:
    """All results, the worst first; make it with `Report.of`.

    Text and JSON tell the `findings`, so that their counts agree; Turtle has every result of the engine. `statements` is how many
    were judged, where someone asked about files of theirs, and `hint` is one sentence for that person.
    """

    results: tuple[Result, ...]
    shapes: rdflib.Graph = field(repr=False, compare=False)
    statements: int | None = None
    hint: str | None = None

    @classmethod
    def of(cls, results: Iterable[Result], shapes: rdflib.Graph) -> Report:
        """Sort the results: by severity, then by place."""
        ordered = sorted(results, key=lambda r: (r.severity.rank, r.file or "", r.line or 0, r.column or 0))
        return cls(tuple(ordered), shapes)

    @property
    def conforms(self) -> bool:
        """Whether there is no violation; warnings are allowed."""
        return not self.violations

    @property
    def violations(self) -> tuple[Result, ...]:
        """What must be mended."""
        return tuple(result for result in self.results if result.severity is Severity.VIOLATION)

    @property
    def warnings(self) -> tuple[Result, ...]:
        """What should be looked at."""
        return tuple(result for result in self.results if result.severity is Severity.WARNING)

    def with_results(self, results: Iterable[Result]) -> Report:
        """Return a report of other results, sorted."""
        return replace(self, results=Report.of(results, self.shapes).results)

    def without(self, known: Counter[Identity]) -> Report:
        """Leave out results that were there before, each as often as it was."""
        left = known.copy()
        kept = []
        for result in self.results:
            if left[result.identity] > 0:
                left[result.identity] -= 1
            else:
                kept.append(result)
        return replace(self, results=tuple(kept))

    @property
    def findings(self) -> tuple[Result, ...]:
        """The results without repetitions: one wrong value may break several constraints of a shape."""
        return tuple({(r.shape, r.message, r.focus, r.path, r.value): r for r in reversed(self.results)}.values())[::-1]

    @property
    def summary(self) -> str:
        """One line: conforms or not, and how many findings of each severity."""
        counts = Counter(result.severity for result in self.findings)
        found = ", ".join(
            _plural(counts[severity], severity.value.lower()) for severity in Severity if counts[severity]
        )
        if not self.conforms:
            return f"Does not conform: {found}."
        judged = f"{_plural(self.statements, 'statement')}, " if self.statements is not None else ""
        return f"Conforms: {judged}{found or 'nothing to remark'}."

    def to_text(self) -> str:
        """Write a line a finding, the worst first, the hint if there is one, and the summary."""
        lines = [result.to_text() for result in self.findings]
        more = [f"… and {len(lines) - MOST_LINES} more."] if len(lines) > MOST_LINES else []
        hint = [self.hint] if self.hint else []
        return "\n".join([*lines[:MOST_LINES], *more, *hint, self.summary])

    def to_json(self) -> str:
        """Write every finding as one JSON object; its counts are those of the text."""
        findings = self.findings
        report = {
            "conforms": self.conforms,
            "statements": self.statements,
            "violations": sum(finding.severity is Severity.VIOLATION for finding in findings),
            "warnings": sum(finding.severity is Severity.WARNING for finding in findings),
            "hint": self.hint,
            "results": [finding.to_dict() for finding in findings],
        }
        return json.dumps(report, ensure_ascii=False, indent=2)

    def to_turtle(self) -> str:
        """Write a SHACL report; its sh:conforms is SHACL's: true only when nothing at all was found, not even a warning."""
        with quiet_terms():
            return self._to_graph().serialize(format="turtle")

    def _to_graph(self) -> rdflib.Graph:
        graph = rdflib.Graph()
        for prefix, namespace in PREFIXES.items():
            graph.bind(prefix, namespace)
        report = rdflib.BNode()
        graph.add((report, RDF.type, SH.ValidationReport))
        graph.add((report, SH.conforms, rdflib.Literal(not self.results)))
        for result in self.results:
            graph.add((report, SH.result, self._state(graph, result)))
        return graph

    def _state(self, graph: rdflib.Graph, result: Result) -> rdflib.BNode:
        node = rdflib.BNode()
        shape = rdflib.URIRef(result.shape)
        graph.add((node, RDF.type, SH.ValidationResult))
        graph.add((node, SH.resultSeverity, SH[result.severity.value]))
        graph.add((node, SH.resultMessage, rdflib.Literal(result.explanation, lang="en")))
        graph.add((node, SH.focusNode, to_rdflib(result.focus)))
        graph.add((node, SH.sourceShape, shape))
        if result.component:
            graph.add((node, SH.sourceConstraintComponent, rdflib.URIRef(result.component)))
        if result.value is not None:
            graph.add((node, SH.value, to_rdflib(result.value)))
        if result.predicate is not None:
            graph.add((node, SH.resultPath, to_rdflib(result.predicate)))
        elif (path := self.shapes.value(shape, SH.path)) is not None:
            graph.add((node, SH.resultPath, path))
            for triple in self.shapes.cbd(path):
                graph.add(triple)
        return node


@contextmanager
def quiet_terms() -> Iterator[None]:
    """Keep rdflib from logging a traceback for each malformed literal: the report has them as violations."""
    logger = logging.getLogger("rdflib.term")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def write_path(graph: rdflib.Graph, path: rdflib.term.Node) -> str:
    """Write a SHACL path as SPARQL does, with prefixed names.

    >>> turtle = "@prefix sh: <http://www.w3.org/ns/shacl#> . <a:s> sh:path ( [ sh:inversePath <a:p> ] <a:q> ) ."
    >>> graph = rdflib.Graph().parse(data=turtle)
    >>> write_path(graph, graph.value(rdflib.URIRef("a:s"), SH.path))
    '^<a:p>/<a:q>'
    """
    if isinstance(path, rdflib.URIRef):
        short = compact(str(path))
        return short if short != str(path) else f"<{path}>"
    if (path, RDF.first, None) in graph:
        return "/".join(_bracket(write_path(graph, step)) for step in Collection(graph, path))
    for term, before, after in (
        (SH.inversePath, "^", ""),
        (SH.zeroOrMorePath, "", "*"),
        (SH.oneOrMorePath, "", "+"),
        (SH.zeroOrOnePath, "", "?"),
    ):
        if (inner := graph.value(path, term)) is not None:
            return f"{before}{_bracket(write_path(graph, inner))}{after}"
    choices = graph.value(path, SH.alternativePath)
    return "|".join(write_path(graph, choice) for choice in Collection(graph, choices)) if choices else "?"


def to_rdflib(term: Term) -> rdflib.URIRef | rdflib.BNode | rdflib.Literal:
    """Convert a term; a literal's lexical form stays as it is.

    :raises SourceError: it is a triple term (RDF 1.2), which SHACL does not know.

    >>> to_rdflib(Literal("007", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#integer"))).n3()
    '"007"^^<http://www.w3.org/2001/XMLSchema#integer>'
    """
    if isinstance(term, NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, BlankNode):
        return rdflib.BNode(term.value)
    if not isinstance(term, Literal):
        raise SourceError(f"A triple can't stand as a term in another: {term}.")
    is_plain = term.language or term.datatype.value == str(rdflib.XSD.string)
    datatype = None if is_plain else rdflib.URIRef(term.datatype.value)
    return rdflib.Literal(term.value, lang=term.language, datatype=datatype, normalize=False)


def from_rdflib(term: rdflib.term.Node) -> Term:
    """Convert a term back.

    >>> from_rdflib(rdflib.Literal("Jinan", lang="en"))
    <Literal value=Jinan language=en>
    """
    if isinstance(term, rdflib.Literal):
        if term.language:
            return Literal(str(term), language=term.language)
        return Literal(str(term), datatype=NamedNode(str(term.datatype))) if term.datatype else Literal(str(term))
    return BlankNode(str(term)) if isinstance(term, rdflib.BNode) else NamedNode(str(term))


def _bracket(path: str) -> str:
    """Set an alternative or a sequence in brackets; the slashes of a bare IRI are none."""
    is_one = path.startswith("<") or not any(mark in path for mark in "|/")
    return path if is_one else f"({path})"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 or noun == 'info' else 's'}"


def _bare(value: Term) -> str:
    """Write a number or a date as it stands in Turtle's text; the rest as `_short` does."""
    is_bare = isinstance(value, Literal) and not value.language and value.datatype.value != str(rdflib.XSD.string)
    return value.value[:120] if is_bare and isinstance(value, Literal) else _short(value)


def _short(value: Term) -> str:
    return shorten(str(value)) or ""
