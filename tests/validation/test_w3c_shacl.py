"""Guards both engines against W3C's SHACL test suite: each test's multiset of results, failures included.

What an engine does not pass is named here with its reason; the suite is no part of the repository, and without it this is skipped.
"""

from __future__ import annotations

import warnings
from collections import Counter
from functools import cache
from pathlib import Path

import pyoxigraph
import pyshacl
import pytest
import rdflib
from pyshacl.errors import ValidationFailure
from rdflib import RDF, SH, Namespace
from rdflib.collection import Collection

from qit4n_kg.errors import SourceError
from qit4n_kg.reporting import from_rdflib, quiet_terms, to_rdflib
from qit4n_kg.validation.compiling import compile_shapes
from qit4n_kg.validation.model import Evaluation
from qit4n_kg.validation.terms import to_graph
from qit4n_kg.validation.views import MemoryView

SUITE = Path(__file__).parents[3] / "shared" / "w3c" / "data-shapes-test-suite" / "tests"
MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SHT = Namespace("http://www.w3.org/ns/shacl-test#")
FAILURE = "failure"

OWN_MISSES = {
    "optional-001": "constraint components of one's own are refused, not passed over",
    "propertyValidator-select-001": "constraint components of one's own are refused, not passed over",
    "validator-001": "constraint components of one's own are refused, not passed over",
    "shapesGraph-001": "$shapesGraph is refused: shapes and data stay apart",
    "pre-binding-006": "rdflib takes SELECT * to select $this, which is used in its FILTER",
}
REFERENCE_MISSES = {
    "prefixes-001": "sh:prefixes through owl:imports counts only where rdflib itself read the file's prefixes",
    "shapesGraph-001": "$shapesGraph is not supported",
    "uniqueLang-002": 'sh:uniqueLang "1"^^xsd:boolean is taken for true',
}

pytestmark = pytest.mark.skipif(not SUITE.is_dir(), reason="the W3C's SHACL suite is not beside the checkout")


@cache
def read(path: Path) -> rdflib.Graph:
    """Read a file as the project does: every literal as it is spelt."""
    return to_graph(pyoxigraph.parse(path=path, format=pyoxigraph.RdfFormat.TURTLE, base_iri=path.as_uri()))


def cases(manifest: Path) -> list[tuple[str, rdflib.Graph, rdflib.term.Node, Path]]:
    graph = read(manifest)
    found = []
    for node in graph.subjects(RDF.type, MF.Manifest):
        for other in graph.objects(node, MF.include):
            found += cases(Path(str(other).removeprefix("file://")))
        entries = graph.value(node, MF.entries)
        items = Collection(graph, entries) if entries is not None else ()
        found += [(str(test).rsplit("/", 1)[-1], graph, test, manifest) for test in items]
    return found


def plain(term: rdflib.term.Node | None) -> object:
    """Blank nodes have other names in each graph."""
    return "blank" if isinstance(term, rdflib.BNode) else term


def expected(graph: rdflib.Graph, test: rdflib.term.Node) -> object:
    result = graph.value(test, MF.result)
    return FAILURE if result == SHT.Failure else results(graph, result)


def results(graph: rdflib.Graph, report: rdflib.term.Node | None) -> Counter[tuple[object, ...]]:
    names = (SH.focusNode, SH.value, SH.sourceShape, SH.resultPath, SH.sourceConstraintComponent, SH.resultSeverity)
    return Counter(tuple(plain(graph.value(node, name)) for name in names) for node in graph.objects(report, SH.result))


def graphs(graph: rdflib.Graph, test: rdflib.term.Node) -> list[rdflib.Graph]:
    action = graph.value(test, MF.action)
    return [
        read(Path(str(graph.value(action, name)).removeprefix("file://"))) for name in (SHT.dataGraph, SHT.shapesGraph)
    ]


def with_own_engine(data: rdflib.Graph, shapes: rdflib.Graph) -> object:
    try:
        compiled = compile_shapes(shapes)
    except SourceError:
        return FAILURE
    evaluation = Evaluation(MemoryView.of(tuple(from_rdflib(term) for term in triple) for triple in data))
    found: Counter[tuple[object, ...]] = Counter()
    for shape in compiled:
        for focus in shape.focus_nodes(evaluation):
            for one in shape.validate(evaluation, focus):
                path = to_rdflib(one.path) if one.path is not None else shapes.value(one.shape.node, SH.path)
                value = to_rdflib(one.value) if one.value is not None else None
                terms = (to_rdflib(one.focus), value, one.shape.node, path)
                component, severity = rdflib.URIRef(one.constraint.component), rdflib.URIRef(one.shape.severity)
                found[(*(plain(term) for term in terms), component, severity)] += 1
    return found


def with_reference(data: rdflib.Graph, shapes: rdflib.Graph) -> object:
    try:
        _, report, _ = pyshacl.validate(data, shacl_graph=shapes, advanced=False)
    except Exception:  # noqa: BLE001  (whatever it raises is its failure)
        return FAILURE
    if isinstance(report, ValidationFailure):
        return FAILURE
    return results(report, next(report.subjects(RDF.type, SH.ValidationReport), None))


@pytest.mark.parametrize(
    ("engine", "misses"), [(with_own_engine, OWN_MISSES), (with_reference, REFERENCE_MISSES)], ids=["own", "pySHACL"]
)
def test_the_engine_passes_the_suite_but_for_what_is_named(engine, misses):
    failed = {}
    all_cases = cases(SUITE / "manifest.ttl")
    with warnings.catch_warnings(), quiet_terms():
        warnings.simplefilter("ignore")  # rdflib warns of odd booleans, which some tests are about
        for name, graph, test, _ in all_cases:
            found = engine(*graphs(graph, test))
            if found != expected(graph, test):
                failed[name] = (found, expected(graph, test))
    assert len(all_cases) == 120
    unlike = failed.keys() ^ misses.keys()
    assert not unlike, {name: failed.get(name, "passed") for name in unlike}
