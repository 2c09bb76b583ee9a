"""Compares answers with what the W3C's tests expect: solutions as multisets, graphs by isomorphism, blank nodes by structure.

Typed literals are compared by value ("01" and "1" are one xsd:integer), since the engine keeps values.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import BlankNode, Dataset, Literal, NamedNode, Quad, Triple

from qit4n_kg.store.oxigraph import stored_forms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.manifests import Source

RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
RDF_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_RESULTS = {
    ".srx": pyoxigraph.QueryResultsFormat.XML,
    ".srj": pyoxigraph.QueryResultsFormat.JSON,
    ".tsv": pyoxigraph.QueryResultsFormat.TSV,
}
_GRAPHS = {
    ".ttl": pyoxigraph.RdfFormat.TURTLE,
    ".rdf": pyoxigraph.RdfFormat.RDF_XML,
    ".nt": pyoxigraph.RdfFormat.N_TRIPLES,
}
_HERE = NamedNode("x-conformance:cell")


def wanted_type(result: Source) -> str:
    """Name the media type to ask for, that of the expected file; a result set in RDF is compared as JSON."""
    suffix = result.path.suffix
    if suffix == ".csv":
        return "text/csv"
    if suffix in _RESULTS:
        return _RESULTS[suffix].media_type.split(";")[0]
    return _RESULTS[".srj"].media_type if _is_result_set(_graph(result)) else "application/n-triples"


def is_expected(result: Source, body: bytes) -> bool:
    """Tell whether a body in the wanted type is the expected answer."""
    wanted = wanted_type(result)
    if wanted == "text/csv":
        return _table(body) == _table(result.path.read_bytes())
    if wanted == "application/n-triples":
        return isomorphic(_graph(result), parse(body, wanted))
    expected = _graph(result) if result.path.suffix in _GRAPHS else None
    form = pyoxigraph.QueryResultsFormat.from_media_type(wanted)
    found = comparable(pyoxigraph.parse_query_results(body, format=form))
    if expected is not None:
        return found == _from_result_set(expected)
    return found == comparable(pyoxigraph.parse_query_results(result.path.read_bytes(), format=form))


def parse(body: bytes, media_type: str, base: str = "http://localhost/") -> list[Quad]:
    """Parse RDF in the type of a Content-Type header."""
    form = pyoxigraph.RdfFormat.from_media_type(media_type.split(";", maxsplit=1)[0])
    assert form is not None, media_type
    return list(pyoxigraph.parse(body, form, base_iri=base))


def read(source: Source) -> list[Quad]:
    """Read a test's data into the graph that it names."""
    quads = pyoxigraph.parse(source.path.read_bytes(), _GRAPHS[source.path.suffix], base_iri=source.base)
    if source.graph is None:
        return list(quads)
    graph = NamedNode(source.graph)
    return [Quad(quad.subject, quad.predicate, quad.object, graph) for quad in quads]


def isomorphic(left: Iterable[Quad], right: Iterable[Quad]) -> bool:
    """Compare two datasets as RDF 1.1 section 3.6 says."""
    return _canonical(left) == _canonical(right)


def comparable(answer: object) -> object:
    """Turn an answer into a value that is equal for equal answers."""
    if isinstance(answer, pyoxigraph.QueryBoolean):
        return bool(answer)
    assert isinstance(answer, pyoxigraph.QuerySolutions), answer
    names = [variable.value for variable in answer.variables]
    return _solutions(names, [dict(zip(names, row, strict=True)) for row in answer])


def _solutions(names: list[str], rows: list[dict[str, object]]) -> object:
    bound = [{name: term for name, term in row.items() if term is not None} for row in rows]
    if not any(isinstance(term, BlankNode) for row in bound for term in row.values()):
        return sorted(names), Counter(frozenset((n, str(_by_value(t))) for n, t in row.items()) for row in bound)
    quads = []
    for number, row in enumerate(bound):
        node = BlankNode(f"row{number}")
        quads.append(Quad(node, RDF_TYPE, _HERE))
        quads += [Quad(node, NamedNode(f"x-conformance:{name}"), term) for name, term in row.items()]
    return sorted(names), _canonical(quads)


def _by_value(term: object) -> object:
    return next(stored_forms([Quad(_HERE, _HERE, term)])).object if isinstance(term, Literal | Triple) else term


def _canonical(quads: Iterable[Quad]) -> set[Quad]:
    dataset = Dataset(stored_forms(quads))
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    return set(dataset)


def _graph(source: Source) -> list[Quad]:
    return list(pyoxigraph.parse(source.path.read_bytes(), _GRAPHS[source.path.suffix], base_iri=source.base))


def _is_result_set(quads: list[Quad]) -> bool:
    return any(quad.object == NamedNode(RS + "ResultSet") for quad in quads)


def _from_result_set(quads: list[Quad]) -> object:
    """Read solutions, or a boolean, written in the tests' own RDF vocabulary."""

    def values(node: object, name: str) -> list[object]:
        return [q.object for q in quads if q.subject == node and q.predicate == NamedNode(RS + name)]

    (top,) = {quad.subject for quad in quads if quad.object == NamedNode(RS + "ResultSet")}
    if truth := values(top, "boolean"):
        return truth[0].value == "true"
    rows = [
        {values(binding, "variable")[0].value: values(binding, "value")[0] for binding in values(solution, "binding")}
        for solution in values(top, "solution")
    ]
    return _solutions([name.value for name in values(top, "resultVariable")], rows)


def _table(body: bytes) -> Counter[frozenset[tuple[str, str]]]:
    """Read CSV as a multiset of rows: columns by name, blank nodes as such, numbers by value (the engine keeps values)."""
    rows = csv.DictReader(io.StringIO(body.decode(), newline=""))
    return Counter(frozenset((name, _cell(cell)) for name, cell in row.items()) for row in rows)


def _cell(text: str) -> str:
    try:
        return str(float(text))
    except ValueError:
        return "_:" if text.startswith("_:") else text
