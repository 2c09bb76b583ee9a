"""What an order changes, and what it may not: the change as quads, and refusals of what contradicts where statements come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Triple, parse

from qit4n_kg.errors import ChangeRefusedError, NotFoundError
from qit4n_kg.loading import SourceKind
from qit4n_kg.namespaces import RDF, STDORG
from qit4n_kg.store.canonical import has_blank_node
from qit4n_kg.store.journal import Change
from qit4n_kg.store.oxigraph import stored_forms
from qit4n_kg.store.update_text import ALL, DEFAULT, NAMED, read_update

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from qit4n_kg.building import Origin
    from qit4n_kg.committing.orders import GraphWrite, PreparedChange
    from qit4n_kg.store.evaluating import Update
    from qit4n_kg.store.oxigraph import OxigraphStore

_SOURCE_FILE, _IN_FORCE, _OVERRULED = (NamedNode(STDORG + name) for name in ("sourceFile", "inForce", "OverruledGraph"))
_TYPE = NamedNode(RDF + "type")
_DIRECT = ("update", "graph-store")
_FILE_HINT = "It comes from a file: change the file, or add and retract single statements."


def _file_graphs(store: OxigraphStore, origin: Origin) -> set[str]:
    registry = NamedNode(origin.settings.graph_base + "registry")
    found = store.quads(predicate=_SOURCE_FILE, graph=registry)
    return {quad.subject.value for quad in found if isinstance(quad.subject, NamedNode)}


def refuse_wiping(order: Update, store: OxigraphStore, origin: Origin) -> None:
    """Refuse operations on whole graphs that come from files, and on the default graph, which follows from them."""
    wiped = [graph for operation in _operations(order) for graph in operation.wiped]
    if not wiped:
        return
    files = _file_graphs(store, origin)
    for graph in wiped:
        if graph in (ALL, NAMED, DEFAULT):
            raise ChangeRefusedError(f"{graph} covers graphs that come from files.", hint="Name one graph.")
        if graph in files:
            raise ChangeRefusedError(f"The graph <{graph}> is not emptied, replaced or removed.", hint=_FILE_HINT)


def _operations(order: Update) -> tuple[Any, ...]:
    return read_update(
        order.text,
        base_iri=order.base_iri,
        default_graphs=order.default_graphs,
        named_graphs=order.named_graphs,
    )


def refuse_change(change: Change, origin: Origin, loose: Container[Quad], source: str) -> None:
    """Refuse what would contradict where statements come from.

    `loose` are the quads that were written into the default graph, `source` is by what the change came.
    """
    base = origin.settings.graph_base
    ontology = {source.graph for source in origin.sources if source.kind is SourceKind.ONTOLOGY}
    for graph in change.graphs():
        local = graph.value.removeprefix(base) if isinstance(graph, NamedNode) else ""
        if local == "registry" or local.startswith("entailed/"):
            raise ChangeRefusedError(f"The build itself writes the graph {graph}.")
        if local.startswith("contribution/") and source in _DIRECT:
            raise ChangeRefusedError(
                f"The graph {graph} is a contribution's: it has what its submitter sent and its reviewer saw.",
                hint="Revert the contribution, or make another one.",
            )
        if graph in ontology:
            raise ChangeRefusedError(f"The graph {graph} is the ontology's.", hint="It is changed in its file.")
    for quad in (*change.adds, *change.retracts) if source in _DIRECT else ():
        if _decides_of_another_graph(quad):
            raise ChangeRefusedError(
                f"Whether another graph counts is not said by an update: {quad.triple} .",
                hint="A contribution overrules statements; a graph of your own says in itself that it is in force.",
            )
    for quad in change.adds:
        if has_blank_node(quad):
            raise ChangeRefusedError(f"Data has no blank nodes, but this has: {quad}.", hint="Give it an IRI.")
        if isinstance(quad.object, Triple):  # shapes, reasoning and other registries know RDF 1.1 only
            raise ChangeRefusedError(
                f"Data has no triple terms (RDF 1.2), but this has: {quad}.",
                hint="Make a thing of what is said, with an IRI.",
            )
    for quad in change.retracts:
        if isinstance(quad.graph_name, DefaultGraph) and quad not in loose:
            raise ChangeRefusedError(
                f"This statement of the default graph follows from named graphs: {quad.triple} .",
                hint="Delete it from the graph that states it: GRAPH ?g { … } finds that.",
            )


def _decides_of_another_graph(quad: Quad) -> bool:
    is_of_force = quad.predicate == _IN_FORCE or (quad.predicate == _TYPE and quad.object == _OVERRULED)
    return is_of_force and quad.subject != quad.graph_name


def graph_change(order: GraphWrite, store: OxigraphStore, origin: Origin) -> Change:
    """Return what a write of the Graph Store Protocol changes.

    :raises NotFoundError: DELETE of a graph that is not there.
    :raises ChangeRefusedError: PUT or DELETE of a graph that comes from a file, or of a default graph that follows from others.
    """
    graph = NamedNode(order.graph) if order.graph is not None else DefaultGraph()
    if order.method != "POST" and not origin.settings.scratch:
        if order.graph is None:
            raise ChangeRefusedError("The default graph follows from the named graphs; it can be added to by POST.")
        if order.graph in _file_graphs(store, origin):
            raise ChangeRefusedError(f"The graph <{order.graph}> is not replaced or removed.", hint=_FILE_HINT)
    given = tuple(dict.fromkeys(stored_forms(_quads(order.triples, graph))))
    exists = isinstance(graph, DefaultGraph) or store.inner.contains_named_graph(graph)
    existing = dict.fromkeys(store.quads(graph=graph)) if order.method != "POST" else {}
    adds = tuple(quad for quad in given if quad not in store.inner)
    created = (graph,) if isinstance(graph, NamedNode) and not exists else ()
    if order.method == "DELETE":
        if not exists:
            raise NotFoundError(f"There is no graph <{order.graph}>.")
        return Change(retracts=tuple(existing), dropped=(graph,) if isinstance(graph, NamedNode) else ())
    if order.method == "POST":
        return Change(adds=adds, created=created)
    kept = set(given)
    return Change(adds, tuple(quad for quad in existing if quad not in kept), created)


def prepared_change(order: PreparedChange, store: OxigraphStore) -> Change:
    """Return what of a prepared change is one."""
    adds, retracts = (
        dict.fromkeys(stored_forms(parse(text, RdfFormat.N_QUADS))) for text in (order.adds, order.retracts)
    )
    known = store.inner
    graphs = {quad.graph_name for quad in adds if isinstance(quad.graph_name, NamedNode)}
    return Change(
        adds=tuple(quad for quad in adds if quad not in known),
        retracts=tuple(quad for quad in retracts if quad in known and quad not in adds),
        created=tuple(sorted((g for g in graphs if not known.contains_named_graph(g)), key=str)),
    )


def _quads(triples: str, graph: NamedNode | DefaultGraph) -> Iterator[Quad]:
    for triple in parse(triples, RdfFormat.N_TRIPLES):
        yield Quad(triple.subject, triple.predicate, triple.object, graph)
