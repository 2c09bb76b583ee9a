"""Reads the W3C's SPARQL 1.1 test manifests into plain values; knows nothing of how a test is run.

Where the manifests are: `QIT4N_W3C_DIR`, else `shared/w3c` beside the project's root.
Vocabulary: https://www.w3.org/2009/sparql/docs/tests/README.html and, for requests, HTTP in RDF (ht:, cnt:).
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import Literal, NamedNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyoxigraph import BlankNode

    Node = NamedNode | BlankNode

BASE = "http://www.w3.org/2009/sparql/docs/tests/data-sparql11/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UT = "http://www.w3.org/2009/sparql/tests/test-update#"
HT = "http://www.w3.org/2011/http#"
CNT = "http://www.w3.org/2011/content#"

VARIABLE = "QIT4N_W3C_DIR"
FOLDER = Path(os.environ.get(VARIABLE) or Path(__file__).resolve().parents[3] / "shared" / "w3c") / "sparql11"
MISSING = f"The W3C tests are not in {FOLDER.parent}; name their folder in {VARIABLE}."

SECTIONS = {
    "SPARQL 1.1 Query, evaluation": ("QueryEvaluationTest",),
    "SPARQL 1.1 Query, syntax": ("PositiveSyntaxTest11", "NegativeSyntaxTest11"),
    "SPARQL 1.1 Update, evaluation": ("UpdateEvaluationTest",),
    "SPARQL 1.1 Update, syntax": ("PositiveUpdateSyntaxTest11", "NegativeUpdateSyntaxTest11"),
    "Results CSV, TSV and JSON": ("CSVResultFormatTest",),
    "SPARQL 1.1 Protocol": ("ProtocolTest",),
    "Graph Store Protocol": ("GraphStoreProtocolTest",),
    "Service Description": ("ServiceDescriptionTest",),
}


@dataclass(frozen=True)
class Source:
    """A file, and the graph that it goes to (None: the default graph)."""

    path: Path
    base: str
    graph: str | None = None


@dataclass(frozen=True)
class Request:
    """One HTTP request of a test, and what the answer must be."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    statuses: tuple[str, ...]
    boolean: bool | None = None
    form: str | None = None
    location: str | None = None
    expected: str | None = None
    expected_type: str | None = None


@dataclass(frozen=True)
class Case:
    """One test of a manifest."""

    iri: str
    manifest: str
    kind: str
    section: str
    request: Source | None = None
    before: tuple[Source, ...] = ()
    result: Source | None = None
    after: tuple[Source, ...] = ()
    requests: tuple[Request, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        return f"{self.manifest.removeprefix(BASE).split('/')[0]}/{self.iri.rsplit('#', 1)[-1]}"


@cache
def cases() -> tuple[Case, ...]:
    """Read every test of every manifest, none where the folder is missing."""
    if not FOLDER.is_dir():
        return ()
    return tuple(case for path in sorted(FOLDER.glob("*/manifest*.ttl")) for case in _Manifest(path).cases())


@cache
def known() -> dict[str, dict[str, str]]:
    """Read known.toml: what is skipped (by manifest) and what fails (by test), each with its reason."""
    return tomllib.loads((Path(__file__).parent / "known.toml").read_text(encoding="utf-8"))


class _Manifest:
    """One manifest file."""

    def __init__(self, path: Path) -> None:
        self._base = BASE + path.relative_to(FOLDER).as_posix()
        self._folder = path.parent
        self._store = pyoxigraph.Store()
        self._store.load(path=str(path), format=pyoxigraph.RdfFormat.TURTLE, base_iri=self._base)

    def cases(self) -> Iterator[Case]:
        entries = self._value(NamedNode(self._base), MF + "entries")
        for test in self._list(entries) if entries else ():
            kind = self._value(test, RDF + "type").value.removeprefix(MF)
            yield self._case(test, kind)

    def _case(self, test: Node, kind: str) -> Case:
        section = next(name for name, kinds in SECTIONS.items() if kind in kinds)
        if "csv-tsv-res" in test.value or "json-res" in test.value:
            section = "Results CSV, TSV and JSON"
        action, result = self._value(test, MF + "action"), self._value(test, MF + "result")
        requests: tuple[Request, ...] = ()
        source = None
        before: tuple[Source, ...] = ()
        if kind in ("ProtocolTest", "GraphStoreProtocolTest") and action is not None:
            requests = tuple(self._request(node) for node in self._list(self._value(action, HT + "requests")))
            before = self._dataset(test)
        elif action is not None:
            whole = self._value(action, QT + "query") or self._value(action, UT + "request") or action
            source = self._source(whole)
            before = self._dataset(action) if whole is not action else ()
        is_update = kind == "UpdateEvaluationTest"
        return Case(
            test.value,
            self._base,
            kind,
            section,
            source,
            before,
            self._source(result) if result is not None and not is_update else None,
            self._dataset(result) if result is not None and is_update else (),
            requests,
        )

    def _dataset(self, node: Node) -> tuple[Source, ...]:
        found = []
        for prefix in (QT, UT):
            found += [self._source(file) for file in self._values(node, prefix + "data")]
            for graph in self._values(node, prefix + "graphData"):
                file = self._value(graph, UT + "graph")
                label = self._value(graph, RDFS + "label")
                found.append(
                    self._source(graph, graph.value) if file is None else self._source(file, label and label.value)
                )
        return tuple(found)

    def _source(self, node: Node, graph: str | None = None) -> Source:
        return Source(self._folder / node.value.rsplit("/", 1)[-1], node.value, graph)

    def _request(self, node: Node) -> Request:
        answer = self._value(node, HT + "resp")
        body = self._value(node, HT + "body")
        expected = self._value(answer, HT + "body")
        boolean = self._value(answer, MF + "expectedBoolean")
        text = {name: self._value(answer, MF + name) for name in ("expectedFormat", "expectedLocation")}
        types = [value for name, value in self._headers(answer) if name.lower() == "content-type"]
        encoding = self._value(body, CNT + "characterEncoding").value if body is not None else "utf-8"
        return Request(
            self._value(node, HT + "methodName").value,
            self._value(node, HT + "absolutePath").value,
            self._headers(node),
            self._value(body, CNT + "chars").value.encode(encoding) if body is not None else b"",
            tuple(status.value.rsplit("#", 1)[-1] for status in self._values(answer, MF + "expectedStatus")),
            None if boolean is None else boolean.value == "true",
            text["expectedFormat"] and text["expectedFormat"].value,
            text["expectedLocation"] and text["expectedLocation"].value,
            self._value(expected, CNT + "chars").value if expected is not None else None,
            types[0] if types else None,
        )

    def _headers(self, node: Node) -> tuple[tuple[str, str], ...]:
        headers = self._value(node, HT + "headers")
        if headers is None:
            return ()
        return tuple(
            (self._value(item, HT + "fieldName").value, self._value(item, HT + "fieldValue").value)
            for item in self._list(headers)
        )

    def _value(self, node: Node, predicate: str) -> Node | Literal | None:
        return next(iter(self._values(node, predicate)), None)

    def _values(self, node: Node, predicate: str) -> list[Node | Literal]:
        return [quad.object for quad in self._store.quads_for_pattern(node, NamedNode(predicate), None, None)]

    def _list(self, node: Node) -> Iterator[Node]:
        while node.value != RDF + "nil":
            yield self._value(node, RDF + "first")
            node = self._value(node, RDF + "rest")
