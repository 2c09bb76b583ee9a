"""Terms from pyoxigraph to rdflib and back, losing nothing: datatype, language, spelling, blank-node label, graph name.

RDF 1.2's triple terms and text directions have no place in rdflib, and are refused rather than dropped. White space that the
datatypes xsd:token and xsd:normalizedString collapse is collapsed by rdflib, which changes no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pyoxigraph
import rdflib
from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad, Triple
from rdflib import BNode, Dataset, Graph, URIRef
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID

from qit4n_kg.errors import UnsupportedTermError

if TYPE_CHECKING:
    from collections.abc import Generator

    from qit4n_kg.store.base import GraphName, Term

RdflibTerm: TypeAlias = URIRef | BNode | rdflib.Literal
RdflibTriple: TypeAlias = tuple[RdflibTerm, RdflibTerm, RdflibTerm]

_XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"


class QuietDataset(Dataset):
    """A Dataset on which rdflib's SPARQL engine can run without the warnings that rdflib 7.6 gives about itself."""

    @property
    def default_context(self) -> Graph:
        """The default graph."""
        graph: Graph = self.default_graph
        return graph

    @default_context.setter
    def default_context(self, graph: Graph) -> None:
        self.default_graph = graph

    def contexts(self, triple: Any = None) -> Generator[Graph, None, None]:
        """Yield every graph, the default one included, that holds a triple or, with None, that exists."""
        yield from self.graphs(triple)


def to_rdflib(term: Term) -> RdflibTerm:
    """Convert a term for rdflib; a plain string has no datatype there, and no spelling is normalised.

    :raises UnsupportedTermError: a triple term, or text with a direction.

    >>> to_rdflib(pyoxigraph.Literal("01", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#integer"))).n3()
    '"01"^^<http://www.w3.org/2001/XMLSchema#integer>'
    """
    if isinstance(term, NamedNode):
        return URIRef(term.value)
    if isinstance(term, BlankNode):
        return BNode(term.value)
    if isinstance(term, Triple):
        raise UnsupportedTermError("rdflib has no triple terms.")
    if term.direction is not None:
        raise UnsupportedTermError(f"rdflib has no text direction: {term}.")
    if term.language is not None:
        return rdflib.Literal(term.value, lang=term.language)
    if term.datatype.value == _XSD_STRING:
        return rdflib.Literal(term.value)
    return rdflib.Literal(term.value, datatype=URIRef(term.datatype.value), normalize=False)


def from_rdflib(term: object) -> NamedNode | BlankNode | pyoxigraph.Literal:
    """Convert a term of rdflib.

    :raises UnsupportedTermError: it is none that RDF knows, or an IRI that is not absolute.
    """
    try:
        if isinstance(term, URIRef):
            return NamedNode(term)
        if isinstance(term, BNode):
            return BlankNode(term)
        if isinstance(term, rdflib.Literal):
            if term.language is not None:
                return pyoxigraph.Literal(str(term), language=term.language)
            return pyoxigraph.Literal(str(term), datatype=NamedNode(term.datatype or _XSD_STRING))
    except ValueError as exc:
        raise UnsupportedTermError(f"{term!r} can't be used in RDF: {exc}.") from exc
    raise UnsupportedTermError(f"{term!r} is no RDF term.")


def triple_to_rdflib(triple: Triple | Quad) -> RdflibTriple:
    """Convert the subject, predicate and object of a triple or quad."""
    return to_rdflib(triple.subject), to_rdflib(triple.predicate), to_rdflib(triple.object)


def triple_from_rdflib(triple: tuple[object, object, object]) -> Triple:
    """Convert a triple of rdflib.

    :raises UnsupportedTermError: a literal stands where RDF allows none, as rdflib's "generalized RDF" does.
    """
    subject, predicate, obj = (from_rdflib(term) for term in triple)
    if isinstance(subject, pyoxigraph.Literal) or not isinstance(predicate, NamedNode):
        raise UnsupportedTermError(f"{triple!r} is no RDF triple.")
    return Triple(subject, predicate, obj)


def graph_to_rdflib(graph: GraphName | DefaultGraph) -> URIRef | BNode:
    """Convert a graph's name; the default graph has a name in rdflib."""
    if isinstance(graph, DefaultGraph):
        return DATASET_DEFAULT_GRAPH_ID
    return URIRef(graph.value) if isinstance(graph, NamedNode) else BNode(graph.value)


def graph_from_rdflib(name: object) -> NamedNode | BlankNode | DefaultGraph:
    """Convert a graph's name of rdflib, that of the default graph included."""
    if name == DATASET_DEFAULT_GRAPH_ID:
        return DefaultGraph()
    graph = from_rdflib(name)
    if isinstance(graph, pyoxigraph.Literal):
        raise UnsupportedTermError(f"{name!r} can't name a graph.")
    return graph
