"""Whom a change can affect: the (shape, focus node) pairs that must be judged again; it judges nothing.

Every shape says what validating a focus node reads (`Shape.reads`): edges at the end of a path, whether nodes at the end of a path
are instances of a class, or statements anywhere. Turned round, that leads from each changed statement to every focus node whose
results it may change. Paths are walked over the union of before and after, in which whatever either of them can read is there.
A shape's focus nodes that no changed statement leads to read the same statements before and after, so their results are the same.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from qit4n_kg.validation.model import KINDS, SUBCLASS, TYPE, ClassRead, Evaluation
from qit4n_kg.validation.paths import HERE, Edge, inverse, walk
from qit4n_kg.validation.views import Layered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyoxigraph import NamedNode

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.model import Read, Shape
    from qit4n_kg.validation.paths import Path
    from qit4n_kg.validation.views import Statement, View

    Pairs = dict[Shape, dict[Term, None]]


class Index:
    """What each of some shapes reads, found by property and by class."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self.shapes = tuple(shapes)
        self.edges: dict[NamedNode | None, dict[tuple[Path, bool], dict[Shape, None]]] = defaultdict(dict)
        self.classes: dict[Term, dict[Path, dict[Shape, None]]] = defaultdict(dict)
        self.anywhere: dict[NamedNode | None, dict[Shape, None]] = defaultdict(dict)
        for shape in self.shapes:
            for read in dict.fromkeys((*shape.target_reads(), *shape.reads())):
                self._enter(shape, read)

    def _enter(self, shape: Shape, read: Read) -> None:
        if isinstance(read, Edge):
            self.edges[read.predicate].setdefault((read.prefix, read.is_outgoing), {})[shape] = None
        elif isinstance(read, ClassRead):
            self.classes[read.kind].setdefault(read.at, {})[shape] = None
        else:
            self.anywhere[read.predicate][shape] = None

    def affected(self, before: Evaluation, after: Evaluation, changed: Iterable[Statement]) -> Pairs:
        """Return of each shape the nodes whose results may differ; a node need not be a focus node of it any more, or yet."""
        changed = list(changed)
        search = _Search(Layered(before.view, changed))
        for statement in changed:
            self._follow_edges(search, statement)
        self._follow_classes(search, before, after, changed)
        pairs = search.pairs
        for predicate in {None, *(statement[1] for statement in changed)} if changed else ():
            for shape in self.anywhere.get(predicate, ()):
                pairs[shape] = shape.focus_nodes(before) | shape.focus_nodes(after)
        return pairs

    def _follow_edges(self, search: _Search, statement: Statement) -> None:
        subject, predicate, obj = statement
        for wanted in (predicate, None):
            for (prefix, is_outgoing), shapes in self.edges.get(wanted, {}).items():
                search.reach(prefix, subject if is_outgoing else obj, shapes)

    def _follow_classes(
        self, search: _Search, before: Evaluation, after: Evaluation, changed: Iterable[Statement]
    ) -> None:
        """Follow what reads a class from the nodes that became, or ceased to be, instances of it."""
        nodes: dict[Term, None] = {}
        for subject, predicate, _ in changed:
            if predicate == TYPE:
                nodes[subject] = None
            elif predicate == SUBCLASS:
                nodes |= walk(inverse(KINDS), search.union, (subject,))
        for node in nodes:
            for kind in before.kinds(node) ^ after.kinds(node):
                for at, shapes in self.classes.get(kind, {}).items():
                    search.reach(at, node, shapes)


class _Search:
    """The pairs found so far; each way back is walked once."""

    def __init__(self, union: View) -> None:
        self.union = union
        self.pairs: Pairs = defaultdict(dict)
        self._walked: dict[tuple[Path, Term], dict[Term, None]] = {}

    def reach(self, prefix: Path, node: Term, shapes: Iterable[Shape]) -> None:
        """Add what reads a node at the end of a path."""
        if prefix == HERE:
            found = {node: None}
        elif (node_key := (prefix, node)) in self._walked:
            found = self._walked[node_key]
        else:
            found = self._walked[node_key] = walk(inverse(prefix), self.union, (node,))
        for shape in shapes:
            self.pairs[shape] |= found
