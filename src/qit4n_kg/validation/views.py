"""Data as validation reads them: statements in force, without graph names; in memory, in a store, or one laid over another.

A view must not change while something is validated on it. `Layered` shows what a change would make of another view without
touching that: it is how "as if merged" is meant. Engines rewrite typed values in a store (see store/oxigraph.py), so what is laid
over a `StoredView` should be spelt as the store spells it where it takes something away.
"""
# ruff: noqa: D102  (the Protocol says what they do)

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from pyoxigraph import BlankNode, NamedNode

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator

    from pyoxigraph import Quad

    from qit4n_kg.store.base import Term
    from qit4n_kg.store.recording import Editable

Statement: TypeAlias = "tuple[Term, NamedNode, Term]"
"""Subject, predicate, object."""


class View(Protocol):
    """Statements that can be looked up from either end; each is yielded once."""

    def objects(self, subject: Term, predicate: NamedNode) -> Collection[Term]:
        """Return the values of a property."""
        ...

    def subjects(self, predicate: NamedNode, obj: Term) -> Collection[Term]:
        """Return what has a value of a property."""
        ...

    def about(self, subject: Term) -> Iterable[tuple[NamedNode, Term]]:
        """Yield property and value of everything said of a subject."""
        ...

    def pairs(self, predicate: NamedNode) -> Iterable[tuple[Term, Term]]:
        """Yield subject and value of everything said with a property."""
        ...

    def __iter__(self) -> Iterator[Statement]: ...

    def __contains__(self, statement: object) -> bool: ...


@dataclass
class MemoryView:
    """Statements in dictionaries, indexed from both ends."""

    _by_subject: dict[Term, dict[NamedNode, dict[Term, None]]] = field(default_factory=dict)
    _by_predicate: dict[NamedNode, dict[Term, dict[Term, None]]] = field(default_factory=dict)

    @classmethod
    def of(cls, statements: Iterable[Statement]) -> MemoryView:
        """Make a view of statements."""
        view = cls()
        for statement in statements:
            view.add(statement)
        return view

    def add(self, statement: Statement) -> None:
        """Add a statement; to be called only while nothing is validated."""
        subject, predicate, obj = statement
        self._by_subject.setdefault(subject, {}).setdefault(predicate, {})[obj] = None
        self._by_predicate.setdefault(predicate, {}).setdefault(obj, {})[subject] = None

    def objects(self, subject: Term, predicate: NamedNode) -> Collection[Term]:
        return self._by_subject.get(subject, {}).get(predicate, ())

    def subjects(self, predicate: NamedNode, obj: Term) -> Collection[Term]:
        return self._by_predicate.get(predicate, {}).get(obj, ())

    def about(self, subject: Term) -> Iterable[tuple[NamedNode, Term]]:
        for predicate, objects in self._by_subject.get(subject, {}).items():
            for obj in objects:
                yield predicate, obj

    def pairs(self, predicate: NamedNode) -> Iterable[tuple[Term, Term]]:
        for obj, subjects in self._by_predicate.get(predicate, {}).items():
            for subject in subjects:
                yield subject, obj

    def __iter__(self) -> Iterator[Statement]:
        for subject, said in self._by_subject.items():
            for predicate, objects in said.items():
                for obj in objects:
                    yield subject, predicate, obj

    def __contains__(self, statement: object) -> bool:
        assert isinstance(statement, tuple)
        subject, predicate, obj = statement
        return obj in self._by_subject.get(subject, {}).get(predicate, ())


@dataclass(frozen=True)
class StoredView:
    """The statements of some named graphs of a store, merged; and what any graph says of itself. The default graph never counts."""

    store: Editable
    graphs: Container[object]

    def objects(self, subject: Term, predicate: NamedNode) -> Collection[Term]:
        return {quad.object: None for quad in self._quads(subject, predicate, None)}

    def subjects(self, predicate: NamedNode, obj: Term) -> Collection[Term]:
        return {quad.subject: None for quad in self._quads(None, predicate, obj)}

    def about(self, subject: Term) -> Iterable[tuple[NamedNode, Term]]:
        return {(quad.predicate, quad.object): None for quad in self._quads(subject, None, None)}

    def pairs(self, predicate: NamedNode) -> Iterable[tuple[Term, Term]]:
        return {(quad.subject, quad.object): None for quad in self._quads(None, predicate, None)}

    def __iter__(self) -> Iterator[Statement]:
        return iter({(quad.subject, quad.predicate, quad.object): None for quad in self._quads(None, None, None)})

    def __contains__(self, statement: object) -> bool:
        assert isinstance(statement, tuple)
        return any(True for _ in self._quads(*statement))

    def _quads(self, subject: Term | None, predicate: NamedNode | None, obj: Term | None) -> Iterator[Quad]:
        if not (subject is None or isinstance(subject, NamedNode | BlankNode)):
            return
        graphs = self.graphs
        for quad in self.store.quads_for_pattern(subject, predicate, obj, None):
            graph = quad.graph_name
            if isinstance(graph, NamedNode) and (graph in graphs or quad.subject == graph):
                yield quad


class Layered:
    """A view with some statements more and some fewer; what is both added and removed is there."""

    def __init__(self, base: View, added: Iterable[Statement] = (), removed: Iterable[Statement] = ()) -> None:
        self.base = base
        self.added = added if isinstance(added, MemoryView) else MemoryView.of(added)
        self.removed = MemoryView.of(statement for statement in removed if statement not in self.added)

    def objects(self, subject: Term, predicate: NamedNode) -> Collection[Term]:
        gone = self.removed.objects(subject, predicate)
        new = self.added.objects(subject, predicate)
        found = self.base.objects(subject, predicate)
        return _merged(found, new, gone) if new or gone else found

    def subjects(self, predicate: NamedNode, obj: Term) -> Collection[Term]:
        gone = self.removed.subjects(predicate, obj)
        new = self.added.subjects(predicate, obj)
        found = self.base.subjects(predicate, obj)
        return _merged(found, new, gone) if new or gone else found

    def about(self, subject: Term) -> Iterable[tuple[NamedNode, Term]]:
        said = dict.fromkeys(self.base.about(subject)) | dict.fromkeys(self.added.about(subject))
        for gone in self.removed.about(subject):
            said.pop(gone, None)
        return said

    def pairs(self, predicate: NamedNode) -> Iterable[tuple[Term, Term]]:
        found = dict.fromkeys(self.base.pairs(predicate)) | dict.fromkeys(self.added.pairs(predicate))
        for gone in self.removed.pairs(predicate):
            found.pop(gone, None)
        return found

    def __iter__(self) -> Iterator[Statement]:
        yield from self.added
        for statement in self.base:
            if statement not in self.removed and statement not in self.added:
                yield statement

    def __contains__(self, statement: object) -> bool:
        return statement in self.added or (statement not in self.removed and statement in self.base)


def _merged(found: Collection[Term], new: Collection[Term], gone: Collection[Term]) -> dict[Term, None]:
    merged = dict.fromkeys(found) | dict.fromkeys(new)
    for term in gone:
        merged.pop(term, None)
    return merged
