"""`Recorder`: an engine's own store that remembers what came and went since it was opened, so that nobody has to look for it.

It passes reads through. Of writes it counts only what makes a difference, in the spelling in which the engine keeps terms; what
comes and goes again is no difference. It can show the store as it was at any moment since, which costs a checkpoint once.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pyoxigraph
from pyoxigraph import DefaultGraph, NamedNode, Quad

from qit4n_kg.store.oxigraph import stored_forms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pyoxigraph import BlankNode, Triple, Variable

    from qit4n_kg.store.base import GraphName, Term


_DEFAULT = DefaultGraph()


@dataclass(frozen=True)
class Net:
    """What a store has and had not before, and the reverse; `graphs` says of named graphs that were touched if they are there."""

    came: tuple[Quad, ...]
    went: tuple[Quad, ...]
    graphs: Mapping[NamedNode, bool]
    more_graphs: int
    """How many more named graphs there are than before."""

    @property
    def more_triples(self) -> int:
        """How many more triples the default graph has than before."""
        gained, lost = (sum(quad.graph_name == _DEFAULT for quad in quads) for quads in (self.came, self.went))
        return gained - lost


class Recorder:
    """A store that is being changed.

    `original` is the same dataset in another store, which nobody writes; where there is none, a checkpoint is made at once, and
    nothing may have been written since the store was opened (a checkpoint lacks what is only in the log). `workspace` is a folder
    on the same file system, where one lies until `close`.
    """

    def __init__(self, store: pyoxigraph.Store, workspace: Path, original: pyoxigraph.Store | None = None) -> None:
        self._open: pyoxigraph.Store | None = store
        self._original = original
        self._folder = workspace / "before"
        if original is None:
            store.backup(str(self._folder))
        self._log: list[tuple[bool, Quad]] = []
        self._older: pyoxigraph.Store | None = None
        self._rolled = 0
        self._came: dict[Quad, None] = {}
        self._went: dict[Quad, None] = {}
        self._was_there: dict[NamedNode, bool] = {}

    @property
    def raw(self) -> pyoxigraph.Store:
        """The engine's own store, to be read only."""
        return self._store

    @property
    def _store(self) -> pyoxigraph.Store:
        assert self._open is not None, "the recorder is closed"
        return self._open

    def quads_for_pattern(
        self,
        subject: NamedNode | BlankNode | Triple | None,
        predicate: NamedNode | None,
        obj: Term | None,
        graph_name: GraphName | None = None,
    ) -> Iterator[Quad]:
        """Yield quads, as the engine does."""
        return self._store.quads_for_pattern(subject, predicate, obj, graph_name)

    def query(
        self, query: str, *, substitutions: dict[Variable, Term] | None = None
    ) -> pyoxigraph.QuerySolutions | pyoxigraph.QueryBoolean | pyoxigraph.QueryTriples:
        """Answer a query, as the engine does."""
        return self._store.query(query, substitutions=substitutions)

    def contains_named_graph(self, graph_name: NamedNode) -> bool:
        """Tell whether there is a named graph."""
        return self._store.contains_named_graph(graph_name)

    def __contains__(self, quad: Quad) -> bool:
        return quad in self._store

    def add(self, quad: Quad) -> None:
        """Add a quad."""
        self.extend((quad,))

    def extend(self, quads: Iterable[Quad]) -> None:
        """Add quads."""
        new = {quad: None for quad in stored_forms(quads) if quad not in self._store}
        for quad in new:
            self._touch(quad.graph_name)
            _count(quad, self._came, self._went)
        self._log += ((True, quad) for quad in new)
        self._store.extend(new)

    def remove(self, quad: Quad) -> None:
        """Remove a quad, if it is there."""
        for kept in stored_forms((quad,)):
            if kept in self._store:
                self._touch(kept.graph_name)
                self._store.remove(kept)
                self._log.append((False, kept))
                _count(kept, self._went, self._came)

    def add_graph(self, graph_name: NamedNode) -> None:
        """Let there be a named graph."""
        self._touch(graph_name)
        self._store.add_graph(graph_name)

    def remove_graph(self, graph_name: NamedNode) -> None:
        """Remove a named graph with all that it has."""
        self._touch(graph_name)
        for quad in list(self._store.quads_for_pattern(None, None, None, graph_name)):
            self._log.append((False, quad))
            _count(quad, self._went, self._came)
        self._store.remove_graph(graph_name)

    def net(self) -> Net:
        """Return what came and went so far."""
        graphs = {graph: self._store.contains_named_graph(graph) for graph in self._was_there}
        more = sum(graphs[graph] - was for graph, was in self._was_there.items())
        return Net(tuple(self._came), tuple(self._went), graphs, more)

    def removed(self) -> list[Quad]:
        """Return what was removed so far, though it may have come back."""
        return [quad for is_added, quad in self._log if not is_added]

    def mark(self) -> int:
        """Return what stands for this moment."""
        return len(self._log)

    def at(self, mark: int) -> pyoxigraph.Store:
        """Return a store with the quads of a moment, not earlier than that of the last call; to be read until the next."""
        if self._original is not None and mark == 0:
            return self._original
        if self._older is None:
            if self._original is not None:
                self._original.backup(str(self._folder))
            self._older = pyoxigraph.Store(str(self._folder))
        for is_added, quad in self._log[self._rolled : mark]:
            (self._older.add if is_added else self._older.remove)(quad)
        self._rolled = mark
        return self._older

    def close(self) -> None:
        """Remove the checkpoint, and let go of the stores, whoever holds this yet: one that is open is not read by others."""
        self._older = self._original = self._open = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _touch(self, graph: object) -> None:
        if isinstance(graph, NamedNode) and graph not in self._was_there:
            self._was_there[graph] = self._store.contains_named_graph(graph)


Editable: TypeAlias = pyoxigraph.Store | Recorder
"""What can be asked and changed: an engine's own store, or a recorder of one."""


def _count(quad: Quad, here: dict[Quad, None], there: dict[Quad, None]) -> None:
    if quad in there:
        del there[quad]
    else:
        here[quad] = None
