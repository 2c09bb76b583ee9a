"""SHACL property paths as values: read from a shapes graph, walked over a view of the data, and asked which edges they read.

Spec: SHACL section 2.3.1. `edges` is what makes incremental validation sound: for every edge that walking a path may read it says
by which path its near end is reached, so that `walk(inverse(prefix))` leads from a changed triple back to the nodes whose values
it can change.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import rdflib
from pyoxigraph import NamedNode
from rdflib import RDF, SH
from rdflib.collection import Collection

from qit4n_kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.views import View

_MOST_STEPS = 200
"""A path that is written with more steps is refused: nobody means it, and reading it takes recursion."""


@dataclass(frozen=True)
class Step:
    """One property, followed from subject to object."""

    predicate: NamedNode


@dataclass(frozen=True)
class Inverse:
    """A path, followed backwards."""

    inner: Path


@dataclass(frozen=True)
class Sequence:
    """Paths one after the other; none is the path from a node to itself."""

    parts: tuple[Path, ...]


@dataclass(frozen=True)
class Choice:
    """Any of several paths."""

    parts: tuple[Path, ...]


@dataclass(frozen=True)
class Repeat:
    """A path followed again and again (`*`), or at least once (`+`)."""

    inner: Path
    at_least_once: bool = False


@dataclass(frozen=True)
class Maybe:
    """A path that may be left out (`?`)."""

    inner: Path


Path: TypeAlias = Step | Inverse | Sequence | Choice | Repeat | Maybe
HERE = Sequence(())
_KINDS: tuple[tuple[rdflib.URIRef, type[Repeat | Maybe], bool], ...] = (
    (SH.zeroOrMorePath, Repeat, False),
    (SH.oneOrMorePath, Repeat, True),
)


class Edge(NamedTuple):
    """An edge that walking a path may read: at the end of `prefix`, along `predicate` (None: any) out of it or into it."""

    prefix: Path
    predicate: NamedNode | None
    is_outgoing: bool


def then(first: Path, *others: Path) -> Path:
    """Put paths one after the other.

    >>> then(HERE, Step(NamedNode("http://x/p"))) == Step(NamedNode("http://x/p"))
    True
    """
    parts: list[Path] = []
    for path in (first, *others):
        parts += path.parts if isinstance(path, Sequence) else (path,)
    return parts[0] if len(parts) == 1 else Sequence(tuple(parts))


def read_path(graph: rdflib.Graph, node: rdflib.term.Node) -> Path:
    """Read a path of a shapes graph.

    :raises SourceError: it is none, or it has too many steps.
    """
    left = [_MOST_STEPS]
    return _read(graph, node, left)


def _read(graph: rdflib.Graph, node: rdflib.term.Node, left: list[int]) -> Path:
    left[0] -= 1
    if left[0] < 0:
        raise SourceError(f"A path of the shapes has more than {_MOST_STEPS} steps, or contains itself.")
    if isinstance(node, rdflib.URIRef) and node != RDF.nil:
        return Step(NamedNode(str(node)))
    if (node, RDF.first, None) in graph:
        return then(HERE, *(_read(graph, part, left) for part in _items(graph, node)))
    if (inner := graph.value(node, SH.inversePath)) is not None:
        return Inverse(_read(graph, inner, left))
    if (inner := graph.value(node, SH.zeroOrOnePath)) is not None:
        return Maybe(_read(graph, inner, left))
    for predicate, kind, at_least_once in _KINDS:
        if (inner := graph.value(node, predicate)) is not None:
            return kind(_read(graph, inner, left), at_least_once)  # type: ignore[call-arg]
    if (choices := graph.value(node, SH.alternativePath)) is not None:
        return Choice(tuple(_read(graph, part, left) for part in _items(graph, choices)))
    raise SourceError(f"The shapes have a path that is none: {node}.")


def _items(graph: rdflib.Graph, node: rdflib.term.Node) -> list[rdflib.term.Node]:
    try:
        return list(Collection(graph, node))
    except ValueError as exc:  # a list that contains itself
        raise SourceError("The shapes have a list without an end.") from exc


def walk(path: Path, view: View, nodes: Iterable[Term]) -> dict[Term, None]:
    """Return the nodes at the other end of a path from any of these nodes, each once."""
    if isinstance(path, Step):
        return {end: None for node in nodes for end in view.objects(node, path.predicate)}
    if isinstance(path, Sequence):
        reached = dict.fromkeys(nodes)
        for part in path.parts:
            reached = walk(part, view, reached)
        return reached
    if isinstance(path, Inverse):
        if isinstance(path.inner, Step):
            return {end: None for node in nodes for end in view.subjects(path.inner.predicate, node)}
        return walk(inverse(path.inner), view, nodes)
    if isinstance(path, Choice):
        nodes = list(nodes)
        return {end: None for part in path.parts for end in walk(part, view, nodes)}
    if isinstance(path, Maybe):
        nodes = dict.fromkeys(nodes)
        return nodes | walk(path.inner, view, nodes)
    return _closure(path, view, nodes)


def _closure(path: Repeat, view: View, nodes: Iterable[Term]) -> dict[Term, None]:
    waiting = dict.fromkeys(nodes)
    reached = {} if path.at_least_once else dict(waiting)
    while waiting:
        waiting = {node: None for node in walk(path.inner, view, waiting) if node not in reached}
        reached |= waiting
    return reached


@lru_cache(maxsize=1024)
def inverse(path: Path) -> Path:
    """Turn a path round.

    >>> inverse(then(Step(NamedNode("http://x/p")), Inverse(Step(NamedNode("http://x/q"))))).parts[0].predicate.value
    'http://x/q'
    """
    if isinstance(path, Step):
        return Inverse(path)
    if isinstance(path, Inverse):
        return path.inner
    if isinstance(path, Sequence):
        return Sequence(tuple(inverse(part) for part in reversed(path.parts)))
    if isinstance(path, Choice):
        return Choice(tuple(inverse(part) for part in path.parts))
    if isinstance(path, Maybe):
        return Maybe(inverse(path.inner))
    return Repeat(inverse(path.inner), path.at_least_once)


def edges(path: Path, prefix: Path = HERE) -> Iterator[Edge]:
    """Yield every edge that walking `path` from the end of `prefix` may read."""
    if isinstance(path, Step):
        yield Edge(prefix, path.predicate, True)
    elif isinstance(path, Inverse):
        if isinstance(path.inner, Step):
            yield Edge(prefix, path.inner.predicate, False)
        else:
            yield from edges(inverse(path.inner), prefix)
    elif isinstance(path, Sequence):
        for number, part in enumerate(path.parts):
            yield from edges(part, then(prefix, *path.parts[:number]))
    elif isinstance(path, Choice):
        for part in path.parts:
            yield from edges(part, prefix)
    elif isinstance(path, Maybe):
        yield from edges(path.inner, prefix)
    else:
        yield from edges(path.inner, then(prefix, Repeat(path.inner)))
