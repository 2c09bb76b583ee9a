"""Reads the data files straight from the folder, without any module of the package, for the tests of the knowledge itself."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph
import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, QuerySolutions, Store, Triple

ROOT = Path(__file__).parents[2]
GRAPHS = "https://w3id.org/qit4n/graph/"
STDORG = "https://w3id.org/stdorg/ns#"
TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
PREFIXES = {
    "": "https://w3id.org/qit4n/id/",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "stdorg": STDORG,
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


@dataclass(frozen=True)
class Knowledge:
    """The files by the IRI of their graph, and a store: named graphs as written, default graph the merge of those in force."""

    folder: Path
    files: dict[NamedNode, Path]
    triples: dict[NamedNode, list[Triple]]
    store: Store

    def select(self, query: str) -> list[tuple[str, ...]]:
        """Return the rows of a SELECT as text, local names for our things, "" for what is unbound."""
        results = self.store.query(query, prefixes=PREFIXES, base_iri=PREFIXES[""])
        assert isinstance(results, QuerySolutions)
        names = [variable.value for variable in results.variables]
        return [tuple(_text(row[name]) for name in names) for row in results]

    def column(self, query: str) -> list[str]:
        """Return the first column of a SELECT."""
        return [row[0] for row in self.select(query)]

    def ask(self, query: str) -> bool:
        """Answer an ASK."""
        return bool(self.store.query(query, prefixes=PREFIXES, base_iri=PREFIXES[""]))


def _text(term: object) -> str:
    if isinstance(term, NamedNode):
        for prefix in (PREFIXES[""], GRAPHS):
            if term.value.startswith(prefix):
                return term.value.removeprefix(prefix)
        return term.value
    return term.value if isinstance(term, Literal) else ""


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    """Everything in data/, each file a graph."""
    folder = ROOT / "data"
    files, triples, store = {}, {}, Store()
    for path in sorted(folder.rglob("*.ttl")):
        graph = NamedNode(GRAPHS + path.relative_to(folder).with_suffix("").as_posix())
        files[graph] = path
        triples[graph] = list(pyoxigraph.parse(path.read_bytes(), pyoxigraph.RdfFormat.TURTLE))
        triples[graph] = [Triple(q.subject, q.predicate, q.object) for q in triples[graph]]
        is_overruled = Triple(graph, TYPE, NamedNode(STDORG + "OverruledGraph")) in triples[graph]
        for triple in triples[graph]:
            store.add(Quad(triple.subject, triple.predicate, triple.object, graph))
            if not is_overruled or triple.subject == graph:
                store.add(Quad(triple.subject, triple.predicate, triple.object, DefaultGraph()))
    return Knowledge(folder, files, triples, store)


@pytest.fixture(scope="session")
def source_lines() -> str:
    """The report's text as it is, where the source is at hand."""
    shared = Path(os.environ.get("QIT4N_SHARED", ROOT.parent / "shared"))
    files = sorted((shared / "source").glob("*.txt"))
    if not files:
        pytest.skip("The source document is not part of the repository and is not at hand (QIT4N_SHARED).")
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.fixture(scope="session")
def source_text(source_lines) -> str:
    """The report's text with single spaces and without bookmarks."""
    return re.sub(r"\s+", " ", re.sub(r"\[bookmark: [^\]]*\]", "", source_lines))
