"""The built store as an rdflib Dataset, through oxrdflib, read-only.

oxrdflib 0.5 lets rdflib normalise spellings, drops text directions and does not merge several default graphs; so terms are
converted by `rdflib_terms` here, and queries are answered by `OxigraphStore`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import oxrdflib
import pyoxigraph
from rdflib import Graph, Variable
from rdflib.query import Result

from qit4n_kg.errors import StateError
from qit4n_kg.store.oxigraph import OxigraphSolutions, OxigraphStore, OxigraphTriples, OxigraphTruth
from qit4n_kg.store.rdflib_terms import (
    QuietDataset,
    from_rdflib,
    graph_from_rdflib,
    graph_to_rdflib,
    to_rdflib,
    triple_to_rdflib,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def as_rdflib(path: Path) -> QuietDataset:
    """Open a store that no process writes any more (`Generation.store_path`) as an rdflib Dataset.

    Its default graph is the store's, its other graphs are the named graphs. Close it when done.

    :raises OSError: there is no store, or it is damaged.
    """
    return QuietDataset(store=ReadOnlyOxigraph(OxigraphStore.open_read_only(path)))


class ReadOnlyOxigraph(oxrdflib.OxigraphStore):
    """oxrdflib's store with exact terms; every change is refused. rdflib calls the methods, so their names are its own."""

    def __init__(self, store: OxigraphStore) -> None:
        self._opened = store
        super().__init__(store=store.inner)

    def triples(self, triple_pattern: Any, context: Graph | None = None) -> Iterator[tuple[Any, Iterator[Graph]]]:
        """Yield the triples that match a pattern, each with the graph that it stands in."""
        subject, predicate, obj = (None if term is None else from_rdflib(term) for term in triple_pattern)
        graph = None if context is None else graph_from_rdflib(context.identifier)
        if not isinstance(predicate, pyoxigraph.NamedNode | None):
            return
        for quad in self._opened.quads(subject, predicate, obj, graph):
            found = Graph(store=self, identifier=graph_to_rdflib(quad.graph_name))
            yield triple_to_rdflib(quad), iter((found,))

    def query(self, query: Any, initNs: Any, initBindings: Any, queryGraph: Any, **kwargs: Any) -> Result:  # noqa: N803
        """Answer a query in Oxigraph; a prepared one is left to rdflib."""
        if not isinstance(query, str) or kwargs:
            raise NotImplementedError("Only a query's text is answered in the store.")
        graph = graph_from_rdflib(queryGraph)
        answer = self._opened.query(
            query,
            bindings={str(name): from_rdflib(term) for name, term in initBindings.items()},
            default_graphs=None if isinstance(graph, pyoxigraph.DefaultGraph) else [graph],
            prefixes={prefix: str(namespace) for prefix, namespace in initNs.items()},
        )
        if isinstance(answer, OxigraphTruth):
            result = Result("ASK")
            result.askAnswer = bool(answer)
        elif isinstance(answer, OxigraphSolutions):
            result = Result("SELECT")
            result.vars = [Variable(name) for name in answer.variables]
            result.bindings = [
                {name: to_rdflib(term) for name, term in zip(result.vars, row, strict=True) if term is not None}
                for row in answer
            ]
        else:
            assert isinstance(answer, OxigraphTriples), answer
            result = Result("CONSTRUCT")
            result.graph = Graph()
            for triple in answer:
                result.graph.add(triple_to_rdflib(triple))
        return result

    def close(self, commit_pending_transaction: bool = False) -> None:  # noqa: ARG002
        """Let go of the files."""
        super().close()
        self._opened.close()

    def add_graph(self, graph: Graph) -> None:
        """Do nothing: rdflib calls this when a graph is only looked at."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        raise StateError("A published generation can't be changed.", hint="Change the sources and build again.")

    add = addN = remove = update = remove_graph = destroy = _refuse  # noqa: N815
