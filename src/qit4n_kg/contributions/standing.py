"""What the graph states now, in which graphs, and whether it counts: what a proposal is measured against; it changes nothing.

Only evidence counts here: the graphs of files and of accepted contributions. What follows by rules, what the build writes and what
was written into the default graph itself is nobody's statement to take back.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Triple

from qit4n_kg.contributions.model import Cell
from qit4n_kg.namespaces import DCTERMS, OWL, RDF, RDFS, STDORG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.store.base import Store, Term

TYPE = NamedNode(RDF + "type")
LABEL = NamedNode(RDFS + "label")
DEPRECATED = NamedNode(OWL + "deprecated")
REPLACED = NamedNode(DCTERMS + "isReplacedBy")
IN_FORCE, OVERRULED, CONTRIBUTION_GRAPH, PASSAGE = (
    NamedNode(STDORG + name) for name in ("inForce", "OverruledGraph", "ContributionGraph", "SourcePassage")
)
_DEFAULT = DefaultGraph()
_TRUE = ("true", "1")


class Standing:
    """The evidence in one store, which does not change while this is used."""

    def __init__(self, store: Store, graph_base: str) -> None:
        self._store = store
        self._base = graph_base
        self._counts: dict[NamedNode, bool] = {}

    def stating(self, triple: Triple) -> list[Quad]:
        """Return the quads in force that state a triple."""
        return list(self.quads(triple.subject, triple.predicate, triple.object))

    def is_documented(self, triple: Triple) -> bool:
        """Tell whether a passage of a document states a triple, in force."""
        graphs = (quad.graph_name for quad in self.stating(triple) if isinstance(quad.graph_name, NamedNode))
        return any(next(iter(self._store.quads(graph, TYPE, PASSAGE, _DEFAULT)), None) is not None for graph in graphs)

    def quads(
        self, subject: Term | None = None, predicate: NamedNode | None = None, obj: Term | None = None
    ) -> Iterator[Quad]:
        """Yield the quads in force that fit, in the order of the store."""
        for quad in self._store.quads(subject, predicate, obj):
            if isinstance(quad.graph_name, NamedNode) and self.is_in_force(quad.graph_name):
                yield quad

    def kept(
        self, subject: Term | None = None, predicate: NamedNode | None = None, obj: Term | None = None
    ) -> Iterator[Quad]:
        """Yield the quads that fit and are in force or overruled, which are kept too."""
        for quad in self._store.quads(subject, predicate, obj):
            graph = quad.graph_name
            if isinstance(graph, NamedNode) and (self.is_in_force(graph) or self._is_overruled(graph)):
                yield quad

    def graph(self, name: NamedNode) -> Iterator[Quad]:
        """Yield the quads of a graph."""
        yield from self._store.quads(graph=name)

    def cell(self, subject: Term, predicate: NamedNode | None) -> Cell:
        """Return what is stated of a thing, by one property or by any."""
        found = self.quads(subject, predicate)
        if predicate is None:
            values = {f"{quad.predicate} {quad.object}" for quad in found}
        else:
            values = {str(quad.object) for quad in found}
        return Cell(str(subject), str(predicate) if predicate is not None else None, tuple(sorted(values)))

    def is_known(self, thing: NamedNode) -> bool:
        """Tell whether anything in force is said of a thing, other than that it is retired."""
        return any(quad.predicate not in (DEPRECATED, REPLACED) for quad in self.quads(thing))

    def retired(self, things: Iterable[Term]) -> dict[NamedNode, NamedNode | None]:
        """Return those of the things that are retired, with what replaces them."""
        found: dict[NamedNode, NamedNode | None] = {}
        for thing in things:
            if isinstance(thing, NamedNode) and self._says(thing, DEPRECATED, _TRUE):
                instead = [quad.object for quad in self._store.quads(thing, REPLACED, None, _DEFAULT)]
                found[thing] = next((one for one in instead if isinstance(one, NamedNode)), None)
        return found

    def is_in_force(self, graph: NamedNode) -> bool:
        """Tell whether a graph is evidence that counts."""
        if graph not in self._counts:
            self._counts[graph] = (
                not self._is_generated(graph) and self._says(graph, IN_FORCE, _TRUE) and not self._is_overruled(graph)
            )
        return self._counts[graph]

    def _is_overruled(self, graph: NamedNode) -> bool:
        if self._is_generated(graph):
            return False
        typed = next(iter(self._store.quads(graph, TYPE, OVERRULED, _DEFAULT)), None)
        return typed is not None or self._says(graph, IN_FORCE, ("false", "0"))

    def _is_generated(self, graph: NamedNode) -> bool:
        local = graph.value.removeprefix(self._base) if graph.value.startswith(self._base) else ""
        return local == "registry" or local.startswith("entailed/") or graph in self._ontology

    @cached_property
    def _ontology(self) -> frozenset[Term]:
        graphs = self._store.quads(None, TYPE, NamedNode(STDORG + "OntologyGraph"), NamedNode(self._base + "registry"))
        return frozenset(quad.subject for quad in graphs)

    def _says(self, subject: NamedNode, predicate: NamedNode, values: tuple[str, ...]) -> bool:
        found = (quad.object for quad in self._store.quads(subject, predicate, None, _DEFAULT))
        return any(isinstance(value, Literal) and value.value in values for value in found)
