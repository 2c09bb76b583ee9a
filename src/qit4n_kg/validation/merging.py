"""What is stated and what of it is in force, and what a change of quads makes of both; it judges nothing.

Validation looks at two merges: the statements in force (with the ontology's subclass axioms), and everything that any passage
states. A quad that comes or goes changes a merge only if no other graph in force states the same; a graph that is overruled takes
all its statements with it. `MergedData` turns a change of quads into a change of statements for both.

A generation's default graph is no good for this: entailments in it would hide what is missing.
"""
# ruff: noqa: D102  (the Protocol says what they do)

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from pyoxigraph import DefaultGraph, Literal, NamedNode

from qit4n_kg.namespaces import STDORG
from qit4n_kg.validation.model import SUBCLASS, TYPE
from qit4n_kg.validation.terms import FALSE, IN_FORCE, OVERRULED, TRUE, puts_out_of_force, statement
from qit4n_kg.validation.views import Layered, MemoryView, StoredView

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyoxigraph import Quad, Store

    from qit4n_kg.validation.views import Statement, View

_SOURCE_FILE = NamedNode(f"{STDORG}sourceFile")
_ONTOLOGY_GRAPH = NamedNode(f"{STDORG}OntologyGraph")


class Holding(Protocol):
    """The quads of data, by statement and by graph; `members` are the graphs that count, in force unless put out of it."""

    @property
    def members(self) -> frozenset[object]: ...

    @property
    def out_of_force(self) -> frozenset[object]: ...

    def stating(self, found: Statement) -> Iterable[object]:
        """Return the graphs that state it."""
        ...

    def within(self, graph: object) -> Iterable[Quad]:
        """Return the quads of a graph."""
        ...

    def view(self, graphs: frozenset[object]) -> View:
        """Return the merge of graphs, and what any graph says of itself."""
        ...

    def saying_of_force(self) -> Iterable[Quad]:
        """Return the quads that say of a graph that it counts, or is not in force."""
        ...


@dataclass(frozen=True)
class NetChange:
    """Statements that a merge gains and loses."""

    added: tuple[Statement, ...]
    removed: tuple[Statement, ...]


class MergedData:
    """Data as validation merges them: `in_force` and `stated` as views, and what a change makes of them."""

    def __init__(self, holding: Holding, axioms: Iterable[Quad]) -> None:
        self.holding = holding
        self.axioms = MemoryView.of(statement(quad) for quad in axioms if quad.predicate == SUBCLASS)
        self._force = frozenset(holding.members - holding.out_of_force)

    @cached_property
    def in_force(self) -> View:
        """What is in force, with the subclass axioms."""
        return Layered(self.holding.view(self._force), self.axioms)

    @cached_property
    def stated(self) -> View:
        """Everything that a passage states."""
        return self.holding.view(self.holding.members)

    def change(self, adds: Iterable[Quad], retracts: Iterable[Quad], *, is_merged: bool) -> tuple[NetChange, NetChange]:
        """Return what a change makes of what is in force, and of what is stated.

        With `is_merged` a new graph counts as if it were in force, as a build takes a new file; without it only if it says so.
        """
        edit = _Edit(self.holding, adds, retracts)
        members = edit.members(is_merged=is_merged)
        force = frozenset(members - edit.out_of_force())
        return edit.net(self._force, force), edit.net(self.holding.members, members)


class _Edit:
    """A change over a holding."""

    def __init__(self, holding: Holding, adds: Iterable[Quad], retracts: Iterable[Quad]) -> None:
        self.holding = holding
        self.adds = dict.fromkeys(adds)
        self.retracts = {quad: None for quad in retracts if quad not in self.adds}

    def members(self, *, is_merged: bool) -> frozenset[object]:
        """Return the graphs that count after the change."""
        new: set[object] = {quad.subject for quad in self._says() if quad.predicate == IN_FORCE and quad.object in TRUE}
        new.add(DefaultGraph())
        if is_merged:
            new |= {quad.graph_name for quad in self.adds}
        return frozenset(self.holding.members | new)

    def out_of_force(self) -> frozenset[object]:
        """Return the graphs that are not in force after the change."""
        return frozenset(quad.subject for quad in self._says() if puts_out_of_force(quad))

    def _says(self) -> Iterator[Quad]:
        said = (*self.holding.saying_of_force(), *self.adds)
        return (quad for quad in said if quad not in self.retracts and quad.predicate in (IN_FORCE, TYPE))

    def net(self, before: frozenset[object], after: frozenset[object]) -> NetChange:
        """Return what a merge of these graphs before, and of those after, gains and loses."""
        touched: dict[Statement, None] = {statement(quad): None for quad in (*self.adds, *self.retracts)}
        for graph in before ^ after:
            touched |= {statement(quad): None for quad in self.holding.within(graph)}
        added, removed = [], []
        for found in touched:
            graphs = set(self.holding.stating(found))
            is_there = _counts(found, graphs, before)
            graphs |= {quad.graph_name for quad in self._by_statement_added.get(found, ())}
            graphs -= {quad.graph_name for quad in self._by_statement_retracted.get(found, ())}
            will_be = _counts(found, graphs, after)
            if will_be and not is_there:
                added.append(found)
            elif is_there and not will_be:
                removed.append(found)
        return NetChange(tuple(added), tuple(removed))

    @cached_property
    def _by_statement_added(self) -> dict[Statement, list[Quad]]:
        return _by_statement(self.adds)

    @cached_property
    def _by_statement_retracted(self) -> dict[Statement, list[Quad]]:
        return _by_statement(self.retracts)


def _by_statement(quads: Iterable[Quad]) -> dict[Statement, list[Quad]]:
    found: dict[Statement, list[Quad]] = defaultdict(list)
    for quad in quads:
        found[statement(quad)].append(quad)
    return found


def _counts(found: Statement, graphs: Iterable[object], counted: frozenset[object]) -> bool:
    return any(graph in counted or graph == found[0] for graph in graphs)


class FileHolding:
    """Quads in memory, as they were read from files: every graph counts."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        self._quads = list(dict.fromkeys(quads))
        self._graphs: dict[Statement, list[object]] = defaultdict(list)
        self._within: dict[object, list[Quad]] = defaultdict(list)
        for quad in self._quads:
            self._graphs[statement(quad)].append(quad.graph_name)
            self._within[quad.graph_name].append(quad)
        self.members = frozenset((*self._within, DefaultGraph()))
        self.out_of_force = frozenset(quad.subject for quad in self._quads if puts_out_of_force(quad))

    def stating(self, found: Statement) -> Iterable[object]:
        return self._graphs.get(found, ())

    def within(self, graph: object) -> Iterable[Quad]:
        return self._within.get(graph, ())

    def view(self, graphs: frozenset[object]) -> View:
        quads = (quad for quad in self._quads if quad.graph_name in graphs or quad.subject == quad.graph_name)
        return MemoryView.of(statement(quad) for quad in quads)

    def saying_of_force(self) -> Iterable[Quad]:
        return [quad for quad in self._quads if quad.predicate == IN_FORCE or quad.object == OVERRULED]


class StoredHolding:
    """The data of a generation: the graphs of its files, those that say that they are in force, and what stands in no graph.

    `loose` are the statements that clients put into the default graph: the journal has them, and the store can't tell them from
    what is merged there.
    """

    def __init__(self, store: Store, graph_base: str, loose: Iterable[Quad] = ()) -> None:
        self._store = store
        self._made = NamedNode(f"{graph_base}registry")
        self._loose = MemoryView.of(statement(quad) for quad in loose)
        files = {quad.subject for quad in store.quads_for_pattern(None, _SOURCE_FILE, None, self._made)}
        ontology = {quad.subject for quad in store.quads_for_pattern(None, TYPE, _ONTOLOGY_GRAPH, self._made)}
        said = list(self.saying_of_force())
        named = {quad.subject for quad in said if quad.predicate == IN_FORCE and quad.object in TRUE}
        self.members: frozenset[object] = frozenset({*(files - ontology), *named, DefaultGraph()})
        self.out_of_force: frozenset[object] = frozenset(quad.subject for quad in said if puts_out_of_force(quad))

    def stating(self, found: Statement) -> Iterable[object]:
        subject, predicate, obj = found
        graphs = {quad.graph_name for quad in self._store.quads_for_pattern(subject, predicate, obj, None)}  # type: ignore[arg-type]
        graphs.discard(DefaultGraph())
        return {*graphs, DefaultGraph()} if found in self._loose else graphs

    def within(self, graph: object) -> Iterable[Quad]:
        assert isinstance(graph, NamedNode)  # the default graph is always in force
        return self._store.quads_for_pattern(None, None, None, graph)

    def view(self, graphs: frozenset[object]) -> View:
        return Layered(StoredView(self._store, graphs - {DefaultGraph()}), self._loose)

    def saying_of_force(self) -> Iterable[Quad]:
        aside = (DefaultGraph(), self._made)
        patterns: list[tuple[NamedNode, NamedNode | Literal]] = [(TYPE, OVERRULED)]
        patterns += ((IN_FORCE, value) for value in (*TRUE, *FALSE))
        for predicate, obj in patterns:
            for quad in self._store.quads_for_pattern(None, predicate, obj, None):
                if quad.graph_name not in aside:
                    yield quad


def ontology_quads(store: Store, graph_base: str) -> list[Quad]:
    """Return what the ontology's graphs in a generation say of types and subclasses."""
    found = store.quads_for_pattern(None, TYPE, _ONTOLOGY_GRAPH, NamedNode(f"{graph_base}registry"))
    graphs = [quad.subject for quad in found if isinstance(quad.subject, NamedNode)]
    return [
        quad
        for graph in graphs
        for predicate in (TYPE, SUBCLASS)
        for quad in store.quads_for_pattern(None, predicate, None, graph)
    ]
