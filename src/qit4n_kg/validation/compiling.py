"""From a graph of shapes to `Shape` values: SHACL Core, and constraints in SPARQL; it reads no data.

Spec: SHACL sections 2 and 4 for syntax. What this engine can't do it refuses by name (constraint components of one's own, targets
in SPARQL, shapes that contain themselves), so that nothing conforms because it was not looked at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import rdflib
from pyoxigraph import Literal, NamedNode
from rdflib import OWL, RDF, RDFS, SH
from rdflib.collection import Collection

from qit4n_kg.errors import SourceError
from qit4n_kg.reporting import from_rdflib, write_path
from qit4n_kg.validation import components
from qit4n_kg.validation.components import Closed, Count, HasValue, InstanceOf, Logic, Pair, Property, Qualified
from qit4n_kg.validation.model import Shape, Targets
from qit4n_kg.validation.paths import read_path
from qit4n_kg.validation.queried import Queried

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.model import Constraint

    Node = rdflib.term.Node

_RANGES = ("minExclusive", "minInclusive", "maxExclusive", "maxInclusive")
_PAIRS = ("equals", "disjoint", "lessThan", "lessThanOrEquals")
_LISTS = ("and", "or", "xone")
_SHAPE_CLASSES = (RDFS.Class, OWL.Class)
_AFFIXES = (SH.target, SH.rule, SH.expression, SH.js)
_TARGETS = (SH.targetNode, SH.targetClass, SH.targetSubjectsOf, SH.targetObjectsOf)


def compile_shapes(graph: rdflib.Graph) -> tuple[Shape, ...]:
    """Return the shapes of a graph that have targets, with everything that they refer to.

    :raises SourceError: a shape is malformed, uses what this engine does not have, or contains itself.
    """
    _refuse_extensions(graph)
    compiler = _Compiler(graph)
    targeted = {node for predicate in _TARGETS for node in graph.subjects(predicate)}
    implicit = {n for kind in _SHAPE_CLASSES for n in graph.subjects(RDF.type, kind) if compiler.is_shape(n)}
    return tuple(compiler.compile(node) for node in sorted(targeted | implicit, key=str))


def _refuse_extensions(graph: rdflib.Graph) -> None:
    for predicate in _AFFIXES:
        if (None, predicate, None) in graph:
            raise SourceError(f"The shapes use sh:{predicate.removeprefix(str(SH))}, which is not SHACL Core.")
    for component in graph.subjects(SH.parameter):
        raise SourceError(f"The shapes have a constraint component of their own: {component}.")


class _Compiler:
    """One shapes graph while it is compiled; a shape that several refer to is compiled once."""

    def __init__(self, graph: rdflib.Graph) -> None:
        self.graph = graph
        self.shapes: dict[Node, Shape] = {}
        self.open: set[Node] = set()
        self.makers: dict[str, Callable[[Node], Iterable[Constraint]]] = {
            "closed": self._closed,
            "sparql": self._queried,
            "qualifiedValueShape": self._qualified,
            "uniqueLang": self._unique_language,
            "pattern": self._patterns,
            "property": lambda node: (Property(self.compile(n)) for n in self._objects(node, "property")),
            "node": lambda node: (Logic("node", (self.compile(n),)) for n in self._objects(node, "node")),
            "not": lambda node: (Logic("not", (self.compile(n),)) for n in self._objects(node, "not")),
            "in": lambda node: (components.is_one_of(self._list(n)) for n in self._objects(node, "in")),
            "class": lambda node: (InstanceOf(from_rdflib(n)) for n in self._objects(node, "class")),
            "hasValue": lambda node: (HasValue(from_rdflib(n)) for n in self._objects(node, "hasValue")),
            "minCount": lambda node: (Count(least=n) for n in self._numbers(node, "minCount")),
            "maxCount": lambda node: (Count(most=n) for n in self._numbers(node, "maxCount")),
            "minLength": lambda node: (components.has_length(n) for n in self._numbers(node, "minLength")),
            "maxLength": lambda node: (components.has_length(most=n) for n in self._numbers(node, "maxLength")),
            "datatype": lambda node: (
                components.has_datatype(NamedNode(str(n))) for n in self._objects(node, "datatype")
            ),
            "nodeKind": lambda node: (
                components.has_node_kind(str(n).removeprefix(str(SH))) for n in self._objects(node, "nodeKind")
            ),
            "languageIn": lambda node: (
                components.has_language(tuple(_text(term) for term in self._list(n)))
                for n in self._objects(node, "languageIn")
            ),
        }

    def is_shape(self, node: Node) -> bool:
        """Tell whether a class is a shape as well (section 2.1.3.3)."""
        return (node, RDF.type, SH.NodeShape) in self.graph or (node, RDF.type, SH.PropertyShape) in self.graph

    def compile(self, node: Node) -> Shape:
        """Return the shape of a node of the graph."""
        if (known := self.shapes.get(node)) is not None:
            return known
        if node in self.open:
            raise SourceError(f"The shape {node} contains itself, which SHACL leaves undefined.")
        self.open.add(node)
        try:
            shape = self._compile(node)
        except (re.error, KeyError, ValueError) as exc:
            raise SourceError(f"The shape {node} can't be used: {exc}") from exc
        finally:
            self.open.discard(node)
        self.shapes[node] = shape
        return shape

    def _compile(self, node: Node) -> Shape:
        path = self.graph.value(node, SH.path)
        severity = self.graph.value(node, SH.severity)
        return Shape(
            node=node,
            path=read_path(self.graph, path) if path is not None else None,
            written_path=write_path(self.graph, path) if path is not None else None,
            severity=str(severity or SH.Violation),
            messages=tuple(sorted(str(text) for text in self.graph.objects(node, SH.message))),
            is_deactivated=self._is_true(node, "deactivated"),
            targets=self._targets(node),
            constraints=tuple(self._constraints(node)),
        )

    def _targets(self, node: Node) -> Targets:
        kinds = self._terms(node, "targetClass")
        is_implicit = any((node, RDF.type, kind) in self.graph for kind in _SHAPE_CLASSES) and self.is_shape(node)
        return Targets(
            self._terms(node, "targetNode"),
            (*kinds, from_rdflib(node)) if is_implicit else kinds,
            tuple(NamedNode(str(n)) for n in self._objects(node, "targetSubjectsOf")),
            tuple(NamedNode(str(n)) for n in self._objects(node, "targetObjectsOf")),
        )

    def _constraints(self, node: Node) -> Iterator[Constraint]:
        used = {str(predicate) for predicate in self.graph.predicates(node)}
        for name, make in self.makers.items():
            if str(SH) + name in used:
                yield from make(node)
        for name in _LISTS:
            for head in self._objects(node, name):
                yield Logic(name, tuple(self.compile(n) for n in self._nodes(head)))
        for name in _RANGES:
            yield from (components.in_range(name, from_rdflib(n)) for n in self._objects(node, name))
        for name in _PAIRS:
            yield from (Pair(name, NamedNode(str(n))) for n in self._objects(node, name))

    def _closed(self, node: Node) -> Iterator[Constraint]:
        if self._is_true(node, "closed"):
            own = (self.graph.value(prop, SH.path) for prop in self._objects(node, "property"))
            allowed = {NamedNode(str(path)) for path in own if isinstance(path, rdflib.URIRef)}
            for head in self._objects(node, "ignoredProperties"):
                allowed |= {NamedNode(str(path)) for path in self._nodes(head)}
            yield Closed(frozenset(allowed))

    def _queried(self, node: Node) -> Iterator[Constraint]:
        path = self.graph.value(node, SH.path)
        for constraint in self._objects(node, "sparql"):
            select = self.graph.value(constraint, SH.select)
            if select is None:
                raise SourceError(f"The constraint {constraint} has no sh:select.")
            if self._is_true(constraint, "deactivated"):
                continue
            text = str(select)
            if path is not None:
                text = re.sub(r"[$?]PATH\b", lambda _: _full_path(self.graph, path), text)
            messages = [str(message) for message in self.graph.objects(constraint, SH.message)]
            yield Queried(f"{self._prefixes(constraint)}{text}", tuple(sorted(messages)), node)

    def _prefixes(self, constraint: Node) -> str:
        """Write the prologue that sh:prefixes asks for (section 5.2.1)."""
        declared: dict[str, str] = {}
        for start in self._objects(constraint, "prefixes"):
            for module in self.graph.transitive_objects(start, OWL.imports):
                for declaration in self.graph.objects(module, SH.declare):
                    prefix, namespace = (
                        self.graph.value(declaration, SH.prefix),
                        self.graph.value(declaration, SH.namespace),
                    )
                    declared[str(prefix)] = str(namespace)
        return "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in sorted(declared.items()))

    def _qualified(self, node: Node) -> Iterator[Constraint]:
        if self.graph.value(node, SH.path) is None:
            return
        siblings: set[Node] = set()
        if self._is_true(node, "qualifiedValueShapesDisjoint"):
            for parent in self.graph.subjects(SH.property, node):
                for prop in self.graph.objects(parent, SH.property):
                    siblings |= set(self.graph.objects(prop, SH.qualifiedValueShape))
        for wanted in self._objects(node, "qualifiedValueShape"):
            others = tuple(self.compile(n) for n in sorted(siblings - {wanted}, key=str))
            shape = self.compile(wanted)
            yield from (Qualified(shape, others, least=n) for n in self._numbers(node, "qualifiedMinCount"))
            yield from (Qualified(shape, others, most=n) for n in self._numbers(node, "qualifiedMaxCount"))

    def _unique_language(self, node: Node) -> Iterator[Constraint]:
        if self._is_true(node, "uniqueLang"):
            yield components.UniqueLanguage()

    def _patterns(self, node: Node) -> Iterator[Constraint]:
        flags = str(self.graph.value(node, SH.flags) or "")
        for pattern in self._objects(node, "pattern"):
            yield components.has_pattern(str(pattern), flags)

    # --- terms of the graph

    def _objects(self, node: Node, name: str) -> list[Node]:
        return sorted(self.graph.objects(node, SH[name]), key=str)

    def _terms(self, node: Node, name: str) -> tuple[Term, ...]:
        return tuple(from_rdflib(term) for term in self._objects(node, name))

    def _nodes(self, head: Node) -> list[Node]:
        return list(Collection(self.graph, head))

    def _list(self, head: Node) -> list[Term]:
        return [from_rdflib(term) for term in self._nodes(head)]

    def _numbers(self, node: Node, name: str) -> list[int]:
        return [int(str(term)) for term in self._objects(node, name)]

    def _is_true(self, node: Node, name: str) -> bool:
        """Read a boolean; in the lexical form "true" only, where SHACL says so for sh:uniqueLang."""
        return any(
            str(term) == "true" or (name != "uniqueLang" and str(term) == "1") for term in self._objects(node, name)
        )


def _text(term: Term) -> str:
    assert isinstance(term, Literal)
    return term.value


def _full_path(graph: rdflib.Graph, path: Node) -> str:
    """Write a path for a query whose prefixes are not known: with IRIs in full."""
    if isinstance(path, rdflib.URIRef):
        return path.n3()
    for term, before, after in (
        (SH.inversePath, "^", ""),
        (SH.zeroOrMorePath, "", "*"),
        (SH.oneOrMorePath, "", "+"),
        (SH.zeroOrOnePath, "", "?"),
    ):
        if (inner := graph.value(path, term)) is not None:
            return f"({before}{_full_path(graph, inner)}{after})"
    if (choices := graph.value(path, SH.alternativePath)) is not None:
        return f"({'|'.join(_full_path(graph, choice) for choice in Collection(graph, choices))})"
    return f"({'/'.join(_full_path(graph, step) for step in Collection(graph, path))})"
