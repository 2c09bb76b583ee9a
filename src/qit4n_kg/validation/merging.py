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
from qit4n_kg.validation.kinds import AXIOMS
from qit4n_kg.validation.model import SUBCLASS, TYPE
from qit4n_kg.validation.terms import FALSE, IN_FORCE, OVERRULED, TRUE, puts_out_of_force, statement
from qit4n_kg.validation.views import Layered, MemoryView, StoredView

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator

    from pyoxigraph import Quad

    from qit4n_kg.store.recording import Editable
    from qit4n_kg.validation.views import Statement, View

_SOURCE_FILE = NamedNode(f"{STDORG}sourceFile")
_ONTOLOGY_GRAPH = NamedNode(f"{STDORG}OntologyGraph")


class Holding(Protocol):
    """The quads of data, by statement and by graph; `files` are the graphs that always count, in force unless put out of it."""

    @property
    def files(self) -> Container[object]: ...

    @property
    def said(self) -> Collection[Quad]:
        """What is said of graphs that decides whether they count: in force, not in force, overruled."""
        ...

    def stating(self, found: Statement) -> Iterable[object]:
        """Return the graphs that state it."""
        ...

    def within(self, graph: object) -> Iterable[Quad]:
        """Return the quads of a graph."""
        ...

    def view(self, graphs: Container[object]) -> View:
        """Return the merge of graphs, and what any graph says of itself."""
        ...


@dataclass(frozen=True)
class NetChange:
    """Statements that a merge gains and loses."""

    added: tuple[Statement, ...]
    removed: tuple[Statement, ...]


@dataclass(frozen=True)
class Stated:
    """The graphs whose statements count: those of files, and others that say that they are in force, or are taken as if."""

    files: Container[object]
    others: frozenset[object]

    @classmethod
    def of(cls, files: Container[object], said: Iterable[Quad], *others: object) -> Stated:
        """Read them from what is said of graphs."""
        named = {quad.subject for quad in said if quad.predicate == IN_FORCE and quad.object in TRUE}
        return cls(files, frozenset({*named, *others, DefaultGraph()}))

    def __contains__(self, graph: object) -> bool:
        return graph in self.others or graph in self.files


@dataclass(frozen=True)
class InForce:
    """The graphs that are in force."""

    stated: Stated
    overruled: frozenset[object]

    @classmethod
    def of(cls, stated: Stated, said: Iterable[Quad]) -> InForce:
        """Read them from what is said of graphs."""
        return cls(stated, frozenset(quad.subject for quad in said if puts_out_of_force(quad)))

    def __contains__(self, graph: object) -> bool:
        return graph not in self.overruled and graph in self.stated


class MergedData:
    """Data as validation merges them: `in_force` and `stated` as views, and what a change makes of them."""

    def __init__(self, holding: Holding, axioms: Iterable[Quad]) -> None:
        self.holding = holding
        self.axioms = MemoryView.of(statement(quad) for quad in axioms if quad.predicate == SUBCLASS)
        self._stated = Stated.of(holding.files, holding.said)
        self._force = InForce.of(self._stated, holding.said)

    @cached_property
    def in_force(self) -> View:
        """What is in force, with the subclass axioms."""
        return Layered(self.holding.view(self._force), self.axioms)

    @cached_property
    def stated(self) -> View:
        """Everything that a passage states."""
        return self.holding.view(self._stated)

    def change(self, adds: Iterable[Quad], retracts: Iterable[Quad], *, is_merged: bool) -> tuple[NetChange, NetChange]:
        """Return what a change makes of what is in force, and of what is stated.

        With `is_merged` a new graph counts as if it were in force, as a build takes a new file; without it only if it says so.
        """
        adds = dict.fromkeys(adds)
        edit = _Edit(self.holding, adds, {quad: None for quad in retracts if quad not in adds})
        others = {quad.graph_name for quad in adds} if is_merged else ()
        stated = Stated.of(self.holding.files, edit.said, *others)
        force = InForce.of(stated, edit.said)
        flipped = (self._stated.others ^ stated.others) | (self._force.overruled ^ force.overruled)
        merged = edit.net(self._force, force, flipped)
        removed = tuple(found for found in merged.removed if found not in self.axioms)  # the ontology still says so
        return NetChange(merged.added, removed), edit.net(self._stated, stated, flipped)


@dataclass(frozen=True)
class _Edit:
    """A change over a holding."""

    holding: Holding
    adds: dict[Quad, None]
    retracts: dict[Quad, None]

    @cached_property
    def said(self) -> list[Quad]:
        """What is said of graphs after the change."""
        new = (quad for quad in self.adds if _is_of_force(quad))
        return [quad for quad in (*self.holding.said, *new) if quad not in self.retracts]

    def net(self, before: Container[object], after: Container[object], flipped: Iterable[object]) -> NetChange:
        """Return what the merge of the graphs before, and that of those after, gains and loses."""
        touched: dict[Statement, None] = {statement(quad): None for quad in (*self.adds, *self.retracts)}
        for graph in flipped:
            if (graph in before) != (graph in after):
                touched |= {statement(quad): None for quad in self.holding.within(graph)}
        added, removed = [], []
        for found in touched:
            graphs = set(self.holding.stating(found))
            is_there = _counts(found, graphs, before)
            graphs -= {quad.graph_name for quad in self._retracted.get(found, ())}
            graphs |= {quad.graph_name for quad in self._added.get(found, ())}
            will_be = _counts(found, graphs, after)
            if will_be and not is_there:
                added.append(found)
            elif is_there and not will_be:
                removed.append(found)
        return NetChange(tuple(added), tuple(removed))

    @cached_property
    def _added(self) -> dict[Statement, list[Quad]]:
        return _by_statement(self.adds)

    @cached_property
    def _retracted(self) -> dict[Statement, list[Quad]]:
        return _by_statement(self.retracts)


def _is_of_force(quad: Quad) -> bool:
    return quad.predicate == IN_FORCE or (quad.predicate == TYPE and quad.object == OVERRULED)


def _by_statement(quads: Iterable[Quad]) -> dict[Statement, list[Quad]]:
    found: dict[Statement, list[Quad]] = defaultdict(list)
    for quad in quads:
        found[statement(quad)].append(quad)
    return found


def _counts(found: Statement, graphs: Iterable[object], counted: Container[object]) -> bool:
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
        self.files = frozenset(self._within)
        self.said = tuple(quad for quad in self._quads if _is_of_force(quad))

    def stating(self, found: Statement) -> Iterable[object]:
        return self._graphs.get(found, ())

    def within(self, graph: object) -> Iterable[Quad]:
        return self._within.get(graph, ())

    def view(self, graphs: Container[object]) -> View:
        quads = (quad for quad in self._quads if quad.graph_name in graphs or quad.subject == quad.graph_name)
        return MemoryView.of(statement(quad) for quad in quads)


class StoredHolding:
    """The data of a generation: the graphs of its files, those that say that they are in force, and what stands in no graph.

    `loose` are the statements that clients put into the default graph: the journal has them, and the store can't tell them from
    what is merged there.
    """

    def __init__(self, store: Editable, graph_base: str, loose: Iterable[Quad] = ()) -> None:
        self._store = store
        self._made = NamedNode(f"{graph_base}registry")
        self._loose = MemoryView.of(statement(quad) for quad in loose)
        ontology = {quad.subject for quad in store.quads_for_pattern(None, TYPE, _ONTOLOGY_GRAPH, self._made)}
        files = (quad.subject for quad in store.quads_for_pattern(None, _SOURCE_FILE, None, self._made))
        self.files = frozenset(graph for graph in files if graph not in ontology)
        self.said = tuple(self._saying())

    def stating(self, found: Statement) -> Iterable[object]:
        subject, predicate, obj = found
        if isinstance(subject, Literal):
            return ()
        graphs = {quad.graph_name for quad in self._store.quads_for_pattern(subject, predicate, obj, None)}
        graphs.discard(DefaultGraph())
        return {*graphs, DefaultGraph()} if found in self._loose else graphs

    def within(self, graph: object) -> Iterable[Quad]:
        assert isinstance(graph, NamedNode)  # the default graph is always in force
        return self._store.quads_for_pattern(None, None, None, graph)

    def view(self, graphs: Container[object]) -> View:
        return Layered(StoredView(self._store, graphs), self._loose)

    def _saying(self) -> Iterator[Quad]:
        """Yield what data say of graphs; what the build says of them follows from it."""
        patterns: list[tuple[NamedNode, NamedNode | Literal]] = [(TYPE, OVERRULED)]
        patterns += ((IN_FORCE, value) for value in (*TRUE, *FALSE))
        for predicate, obj in patterns:
            for quad in self._store.quads_for_pattern(None, predicate, obj, None):
                if quad.graph_name not in (DefaultGraph(), self._made):
                    yield quad


def ontology_quads(store: Editable, graph_base: str) -> list[Quad]:
    """Return what the ontology's graphs in a generation say of types, and of which kinds there are."""
    found = store.quads_for_pattern(None, TYPE, _ONTOLOGY_GRAPH, NamedNode(f"{graph_base}registry"))
    graphs = [quad.subject for quad in found if isinstance(quad.subject, NamedNode)]
    return [
        quad
        for graph in graphs
        for predicate in (TYPE, *AXIOMS)
        for quad in store.quads_for_pattern(None, predicate, None, graph)
    ]
