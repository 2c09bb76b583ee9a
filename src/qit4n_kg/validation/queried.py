"""sh:sparql: constraints that are SPARQL queries, asked over a view, and what such a query reads, found in its algebra.

Spec: SHACL sections 5 and 5.3.1 (pre-bound variables). rdflib evaluates the query over an adapter of the view. What a query reads
is found by walking its algebra: a triple pattern counts only for focus nodes that the patterns which must match together with it
connect with `$this`; one that nothing connects, or that has a variable for its property, counts for all focus nodes.
"""
# ruff: noqa: D102, ARG002  (the Protocol in model.py says what they do and take)

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import rdflib
from pyoxigraph import NamedNode
from rdflib import SH
from rdflib.paths import AlternativePath, InvPath, MulPath, SequencePath
from rdflib.paths import Path as EnginePath
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.parserutils import CompValue

from qit4n_kg.errors import SourceError
from qit4n_kg.reporting import from_rdflib, to_rdflib
from qit4n_kg.validation.model import AnywhereRead, Finding
from qit4n_kg.validation.paths import HERE, Choice, Inverse, Maybe, Path, Repeat, Step, edges, inverse, then

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rdflib.plugins.sparql.sparql import Query

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.model import Evaluation, Read, Shape
    from qit4n_kg.validation.views import View

_THIS = rdflib.Variable("this")
_REFUSED = re.compile(r"\b(?:SERVICE|VALUES|MINUS)\b|[$?]shapesGraph\b", re.IGNORECASE)
_COMMENT_OR_TEXT = re.compile(r"#[^\n]*|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|<[^<>\s]*>")

_Pattern = tuple[Any, Any, Any]


@dataclass(frozen=True)
class Queried:
    """One SELECT query: each solution is a result. `current_shape` is what `$currentShape` is bound to."""

    text: str
    messages: tuple[str, ...]
    current_shape: rdflib.term.Node
    component: str = str(SH.SPARQLConstraintComponent)
    query: Query = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        outside = _COMMENT_OR_TEXT.sub(" ", self.text)
        if found := _REFUSED.search(outside):
            raise SourceError(f"A SPARQL constraint must not use {found[0]} (SHACL, appendix A).")
        try:
            query = prepareQuery(self.text)
        except Exception as exc:  # rdflib's parser raises whatever its grammar meets
            raise SourceError(f"A SPARQL constraint of the shapes can't be read: {exc}") from exc
        _refuse_rebinding(_within(query.algebra))
        object.__setattr__(self, "query", query)

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterator[Finding]:
        if data.queried is None:
            data.queried = rdflib.Graph(store=_ViewStore(data.view))
        bindings: dict[str, Any] = {"this": to_rdflib(focus), "currentShape": self.current_shape}
        seen = set()
        for row in data.queried.query(self.query, initBindings=bindings):
            found = row.asdict()  # type: ignore[union-attr]
            value, path = found.get("value"), found.get("path")
            if not {"this", "value", "path"} & found.keys() and "failure" not in found:
                continue
            told = tuple(_fill(text, {"this": to_rdflib(focus), **found}) for text in self.messages)
            if (value, path, told) in seen:
                continue
            seen.add((value, path, told))
            default = focus if shape.path is None else None
            yield Finding(
                shape,
                self,
                focus,
                from_rdflib(value) if value is not None else default,
                NamedNode(str(path)) if path is not None else None,
                told,
            )

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        return dict.fromkeys(_read(self.query.algebra.p, at))


def _within(node: Any) -> Any:
    """Return what the outermost selection selects from."""
    while node.name != "Project":
        node = node.p
    return node.p


def _refuse_rebinding(node: Any) -> None:
    """Refuse what pre-binding can't mean: a subselect that leaves `$this` out, and BIND to it (appendix A).

    :raises SourceError: there is such a thing.
    """
    if isinstance(node, CompValue):
        if node.name == "Project" and _THIS not in node.PV:
            raise SourceError("A SELECT within a SPARQL constraint must select $this.")
        if node.name == "Extend" and node.var == _THIS:
            raise SourceError("A SPARQL constraint must not bind $this itself.")
        node = list(node.values())
    if isinstance(node, list | tuple):
        for part in node:
            _refuse_rebinding(part)


def _fill(message: str, found: Mapping[str, Any]) -> str:
    return re.sub(r"\{[?$](\w+)\}", lambda match: str(found.get(match[1], match[0])), message)


# --- what a query reads ---------------------------------------------------------------------------------------------------------


def _read(node: Any, at: Path, beside: tuple[_Pattern, ...] = (), *, is_outermost: bool = True) -> Iterator[Read]:
    """Yield what a part of the algebra reads; `beside` are patterns that must match together with it."""
    if isinstance(node, list | tuple):
        for part in node:
            yield from _read(part, at, beside, is_outermost=is_outermost)
        return
    if not isinstance(node, CompValue):
        return
    if node.name == "BGP":
        yield from _patterns(node.triples, at, (*beside, *node.triples))
        return
    if node.name in ("Project", "Group", "AggregateJoin") and not is_outermost:
        beside = ()  # a subselect joins by the variables it selects only, so nothing outside connects what is in it
        yield from (AnywhereRead(predicate) for predicate in _properties(node))
        return
    is_outermost = is_outermost and node.name not in ("Project", "Group", "AggregateJoin")
    for name, part in node.items():
        others = [other for other in ("p", "p1", "p2") if other != name and other in node and _joins(node.name, name)]
        partners = tuple(pattern for other in others for pattern in _required(node[other]))
        yield from _read(part, at, (*beside, *partners), is_outermost=is_outermost)


def _joins(kind: str, name: str) -> bool:
    """Tell whether a part of a node matters only where the other parts match."""
    if kind == "Join":
        return True
    return kind in ("LeftJoin", "Minus", "Filter", "Extend") and name != "p1" and name != "p"


def _required(node: Any) -> tuple[_Pattern, ...]:
    """Return the patterns that match in every solution of a part."""
    if not isinstance(node, CompValue):
        return ()
    if node.name == "BGP":
        return tuple(node.triples)
    if node.name == "Join":
        return (*_required(node.p1), *_required(node.p2))
    if node.name in ("LeftJoin", "Minus"):
        return _required(node.p1)
    return _required(node.p) if node.name in ("Filter", "Extend") else ()


def _patterns(patterns: Iterable[_Pattern], at: Path, beside: tuple[_Pattern, ...]) -> Iterator[Read]:
    reached = _reached(beside, at)
    for subject, predicate, obj in patterns:
        path = _path(predicate)
        if path is None:
            yield AnywhereRead(None)
        elif subject in reached:
            yield from edges(path, reached[subject])
        elif obj in reached:
            yield from edges(inverse(path), reached[obj])
        else:
            yield from (AnywhereRead(edge.predicate) for edge in edges(path))


def _reached(patterns: tuple[_Pattern, ...], at: Path) -> dict[Any, Path]:
    """Say by which path each variable is reached from `$this`."""
    reached: dict[Any, Path] = {_THIS: at}
    is_growing = True
    while is_growing:
        is_growing = False
        for subject, predicate, obj in patterns:
            path = _path(predicate)
            if path is None:
                continue
            for near, far, way in ((subject, obj, path), (obj, subject, inverse(path))):
                if near in reached and far not in reached and isinstance(far, rdflib.Variable | rdflib.BNode):
                    reached[far] = then(reached[near], way)
                    is_growing = True
    return reached


def _properties(node: Any) -> Iterator[NamedNode | None]:
    if isinstance(node, list | tuple):
        for part in node:
            yield from _properties(part)
    elif isinstance(node, CompValue) and node.name == "BGP":
        for _, predicate, _ in node.triples:
            path = _path(predicate)
            yield from (edge.predicate for edge in edges(path)) if path is not None else (None,)
    elif isinstance(node, CompValue):
        for part in node.values():
            yield from _properties(part)


def _path(predicate: Any) -> Path | None:
    """Translate a path of rdflib's algebra; None: it may be any property."""
    if isinstance(predicate, rdflib.URIRef):
        return Step(NamedNode(str(predicate)))
    if not isinstance(predicate, EnginePath):
        return None
    if isinstance(predicate, InvPath):
        inner = _path(predicate.arg)
        return None if inner is None else Inverse(inner)
    if isinstance(predicate, MulPath):
        inner = _path(predicate.path)
        if inner is None:
            return None
        return Maybe(inner) if predicate.mod == "?" else Repeat(inner, predicate.mod == "+")
    if isinstance(predicate, SequencePath | AlternativePath):
        parts = [_path(part) for part in predicate.args]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return then(HERE, *known) if isinstance(predicate, SequencePath) else Choice(tuple(known))
    return None


# --- a view as rdflib sees it ---------------------------------------------------------------------------------------------------


class _ViewStore(rdflib.store.Store):
    """A view as a store of rdflib, to be read only."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def triples(self, triple_pattern: Any, context: Any = None) -> Iterator[Any]:
        subject, predicate, obj = (None if term is None else from_rdflib(term) for term in triple_pattern)
        for found in self._found(subject, predicate, obj):
            yield tuple(to_rdflib(term) for term in found), iter((context,))

    def _found(self, subject: Any, predicate: Any, obj: Any) -> Iterator[tuple[Term, ...]]:
        view = self._view
        if subject is not None and predicate is not None:
            objects = view.objects(subject, predicate) if obj is None else (obj,)
            yield from ((subject, predicate, o) for o in objects if obj is None or (subject, predicate, o) in view)
        elif subject is not None:
            yield from ((subject, p, o) for p, o in view.about(subject) if obj is None or o == obj)
        elif predicate is not None:
            if obj is not None:
                yield from ((s, predicate, obj) for s in view.subjects(predicate, obj))
            else:
                yield from ((s, predicate, o) for s, o in view.pairs(predicate))
        else:
            yield from (statement for statement in view if obj is None or statement[2] == obj)

    def __len__(self, context: Any = None) -> int:
        return sum(1 for _ in self._view)
