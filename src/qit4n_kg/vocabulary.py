"""The ontology as one: its modules merged, written as Turtle, and read as a list of terms; no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode

from qit4n_kg.entities.labels import Reference, local_name, natural_key
from qit4n_kg.namespaces import OWL, PREFIXES, RDF, RDFS, SCHEMA, SKOS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import Triple

    from qit4n_kg.store.base import Store, Term

_CLASSES = frozenset((f"{OWL}Class", f"{RDFS}Class"))
_PROPERTIES = frozenset(
    (f"{OWL}ObjectProperty", f"{OWL}DatatypeProperty", f"{OWL}AnnotationProperty", f"{RDF}Property")
)


@dataclass(frozen=True)
class OntologyTerm:
    """A class or property that the ontology defines."""

    iri: str
    name: str
    label: str
    definition: str
    note: str
    is_class: bool
    above: tuple[Reference, ...]
    domain: tuple[Reference, ...]
    range: tuple[Reference, ...]


class Vocabulary:
    """The merged ontology of one immutable generation."""

    def __init__(self, store: Store, graph_base: str) -> None:
        start = f"{graph_base}ontology/"
        graphs = [graph for graph in store.graphs() if isinstance(graph, NamedNode) and graph.value.startswith(start)]
        merged = {quad.triple for graph in graphs for quad in store.quads(None, None, None, graph)}
        self.triples: tuple[Triple, ...] = tuple(_canonical(merged))

    @cached_property
    def _index(self) -> dict[str, dict[str, list[Term]]]:
        index: dict[str, dict[str, list[Term]]] = {}
        for triple in self.triples:
            if isinstance(triple.subject, NamedNode):
                index.setdefault(triple.subject.value, {}).setdefault(triple.predicate.value, []).append(triple.object)
        return index

    @cached_property
    def turtle(self) -> bytes:
        """The merged modules with nested lists; the same ontology gives the same bytes."""
        import rdflib  # noqa: PLC0415  (a server's start must not wait 0.1 s for what one address needs)

        graph = rdflib.Graph(bind_namespaces="none")
        for name, iri in PREFIXES.items():
            graph.bind(name, iri)
        lines = pyoxigraph.serialize(self.triples, format=pyoxigraph.RdfFormat.N_TRIPLES)
        graph.parse(data=lines or b"", format="nt")
        return graph.serialize(format="turtle", encoding="utf-8")

    @cached_property
    def terms(self) -> tuple[OntologyTerm, ...]:
        """The classes and properties that the ontology itself labels, by name."""
        found = []
        for iri, about in self._index.items():
            kinds = {term.value for term in about.get(f"{RDF}type", ()) if isinstance(term, NamedNode)}
            if kinds & (_CLASSES | _PROPERTIES) and about.get(f"{RDFS}label"):
                found.append(self._term(iri, about, is_class=bool(kinds & _CLASSES)))
        return tuple(sorted(found, key=lambda term: natural_key(term.name)))

    def _term(self, iri: str, about: Mapping[str, list[Term]], *, is_class: bool) -> OntologyTerm:
        def text(*predicates: str) -> str:
            literals = (t for p in predicates for t in about.get(p, ()) if isinstance(t, Literal))
            return next((literal.value for literal in literals), "")

        def named(*predicates: str) -> tuple[Reference, ...]:
            iris = {t.value for p in predicates for t in about.get(p, ()) if isinstance(t, NamedNode)}
            return tuple(Reference(one, self._label(one)) for one in sorted(iris))

        return OntologyTerm(
            iri=iri,
            name=local_name(iri),
            label=text(f"{RDFS}label"),
            definition=text(f"{SKOS}definition", f"{RDFS}comment"),
            note=text(f"{SKOS}scopeNote"),
            is_class=is_class,
            above=named(f"{RDFS}subClassOf" if is_class else f"{RDFS}subPropertyOf"),
            domain=named(f"{RDFS}domain", f"{SCHEMA}domainIncludes"),
            range=named(f"{RDFS}range", f"{SCHEMA}rangeIncludes"),
        )

    def _label(self, iri: str) -> str:
        labels = self._index.get(iri, {}).get(f"{RDFS}label", [])
        return next((label.value for label in labels if isinstance(label, Literal)), "")


def _canonical(triples: Iterable[Triple]) -> list[Triple]:
    """Sort, with blank nodes named by RDFC-1.0, so that the order does not depend on how a file was parsed."""
    dataset = pyoxigraph.Dataset(pyoxigraph.Quad(*triple) for triple in triples)
    if any(isinstance(term, BlankNode) for triple in triples for term in triple):
        dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    return sorted((quad.triple for quad in dataset), key=str)
