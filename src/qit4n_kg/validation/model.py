"""Shapes as compiled values: what a shape is, what a constraint must be able to do, and what is found; holds no data.

Spec: SHACL sections 2 and 3. A constraint answers two questions: which values break it (`check`), and what it reads to say so
(`reads`), from which incremental validation knows whom a change can affect.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from pyoxigraph import NamedNode

from qit4n_kg.namespaces import RDF, RDFS
from qit4n_kg.validation.paths import HERE, Edge, Inverse, Path, Repeat, Step, edges, then, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import rdflib

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.views import View

TYPE = NamedNode(f"{RDF}type")
SUBCLASS = NamedNode(f"{RDFS}subClassOf")
KINDS = then(Step(TYPE), Repeat(Step(SUBCLASS)))
"""From a thing to every class that it is an instance of (SHACL: "SHACL instance")."""
_BELOW = Repeat(Inverse(Step(SUBCLASS)))


class ClassRead(NamedTuple):
    """Whether the nodes at the end of a path are instances of a class is read."""

    at: Path
    kind: Term


class AnywhereRead(NamedTuple):
    """Statements with a property (None: any), wherever they stand, are read."""

    predicate: NamedNode | None


Read: TypeAlias = Edge | ClassRead | AnywhereRead


class Finding(NamedTuple):
    """A validation result before it is put into words; `path` is the shape's unless a constraint says another property."""

    shape: Shape
    constraint: Constraint
    focus: Term
    value: Term | None = None
    path: NamedNode | None = None
    messages: tuple[str, ...] = ()


class Constraint(Protocol):
    """One constraint of a shape."""

    @property
    def component(self) -> str:
        """The IRI of its constraint component."""
        ...

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterable[Finding]:
        """Yield what is wrong with a focus node whose value nodes are given."""
        ...

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        """Yield what `check` reads beyond the value nodes: these are at the end of `values`, the focus node of `at`."""
        ...


@dataclass(frozen=True)
class Targets:
    """What selects focus nodes; `kinds` are target classes, implicit ones included."""

    nodes: tuple[Term, ...] = ()
    kinds: tuple[Term, ...] = ()
    subjects_of: tuple[NamedNode, ...] = ()
    objects_of: tuple[NamedNode, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.nodes or self.kinds or self.subjects_of or self.objects_of)


@dataclass(eq=False)
class Shape:
    """A node shape, or a property shape, which has a path; `written_path` is that path as SPARQL writes it."""

    node: rdflib.term.Node
    path: Path | None = None
    written_path: str | None = None
    severity: str = ""
    messages: tuple[str, ...] = ()
    is_deactivated: bool = False
    targets: Targets = field(default_factory=Targets)
    constraints: tuple[Constraint, ...] = ()

    def validate(self, data: Evaluation, focus: Term) -> Iterator[Finding]:
        """Yield what is wrong with one focus node."""
        if self.is_deactivated:
            return
        values = {focus: None} if self.path is None else walk(self.path, data.view, (focus,))
        for constraint in self.constraints:
            yield from constraint.check(data, self, focus, values)

    def focus_nodes(self, data: Evaluation) -> dict[Term, None]:
        """Return everything that the targets select."""
        targets, view = self.targets, data.view
        found = dict.fromkeys(targets.nodes)
        for kind in targets.kinds:
            found |= data.instances(kind)
        for predicate in targets.subjects_of:
            found |= {subject: None for subject, _ in view.pairs(predicate)}
        for predicate in targets.objects_of:
            found |= {obj: None for _, obj in view.pairs(predicate)}
        return found

    def is_about(self, data: Evaluation, node: Term) -> bool:
        """Tell whether the targets select a node."""
        targets, view = self.targets, data.view
        return (
            node in targets.nodes
            or any(kind in data.kinds(node) for kind in targets.kinds)
            or not data.properties(node).isdisjoint(targets.subjects_of)
            or any(view.subjects(predicate, node) for predicate in targets.objects_of)
        )

    def reads(self, at: Path = HERE) -> Iterator[Read]:
        """Yield what validating a focus node at the end of a path reads."""
        if self.is_deactivated:
            return
        values = at
        if self.path is not None:
            yield from edges(self.path, at)
            values = then(at, self.path)
        for constraint in self.constraints:
            yield from constraint.reads(at, values)

    def target_reads(self) -> Iterator[Read]:
        """Yield what the targets read of a node."""
        yield from (ClassRead(HERE, kind) for kind in self.targets.kinds)
        yield from (Edge(HERE, predicate, True) for predicate in self.targets.subjects_of)
        yield from (Edge(HERE, predicate, False) for predicate in self.targets.objects_of)


class Evaluation:
    """One view of the data while it is validated, with what was found out about it already."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._conforming: dict[tuple[int, Term], bool] = {}
        self._above: dict[Term, frozenset[Term]] = {}
        self._kinds: dict[Term, frozenset[Term]] = {}
        self._properties: dict[Term, frozenset[NamedNode]] = {}
        self.queried: rdflib.Graph | None = None
        """The view as rdflib sees it, made by the first SPARQL constraint."""

    def conforms(self, shape: Shape, node: Term) -> bool:
        """Tell whether validating a node against a shape yields nothing at all (section 3.4.2)."""
        key = (id(shape), node)
        known = self._conforming.get(key)
        if known is None:
            known = self._conforming[key] = next(shape.validate(self, node), None) is None
        return known

    def kinds(self, node: Term) -> frozenset[Term]:
        """Return every class that a node is an instance of."""
        known = self._kinds.get(node)
        if known is None:
            types = self.view.objects(node, TYPE)
            known = self._kinds[node] = frozenset().union(*(self._with_above(kind) for kind in types))
        return known

    def properties(self, node: Term) -> frozenset[NamedNode]:
        """Return every property that something is said of a node with: one look instead of one for each of a target's many."""
        known = self._properties.get(node)
        if known is None:
            known = self._properties[node] = frozenset(predicate for predicate, _ in self.view.about(node))
        return known

    def instances(self, kind: Term) -> dict[Term, None]:
        """Return every instance of a class."""
        below = walk(_BELOW, self.view, (kind,))
        return {node: None for each in below for node in self.view.subjects(TYPE, each)}

    def _with_above(self, kind: Term) -> frozenset[Term]:
        known = self._above.get(kind)
        if known is None:
            known = self._above[kind] = frozenset(walk(Repeat(Step(SUBCLASS)), self.view, (kind,)))
        return known
