"""`EntityView`: all that a page, a Turtle file or a CSV file says about one thing; plain values, no store, no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from qit4n_kg.namespaces import RDF, RDFS, SKOS, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyoxigraph import Triple

    from qit4n_kg.entities.labels import Reference
    from qit4n_kg.entities.passages import Passage
    from qit4n_kg.store.base import Term

_STRING = f"{XSD}string"
_TYPE = f"{RDF}type"
_LABELS = frozenset((f"{RDFS}label", f"{SKOS}prefLabel"))


@dataclass(frozen=True)
class Value:
    """One end of a statement; `sources` are the named graphs that state it (`EntityView.footnotes` numbers them)."""

    term: Term
    label: str
    sources: tuple[str, ...] = ()
    is_entailed: bool = False
    """No document, reference or contribution says so, only a rule."""

    @property
    def iri(self) -> str | None:
        """Where it leads, None for a literal."""
        return self.term.value if isinstance(self.term, NamedNode) else None

    @property
    def language(self) -> str | None:
        """A literal's language tag."""
        return self.term.language if isinstance(self.term, Literal) else None

    @property
    def datatype(self) -> str | None:
        """A literal's datatype, None where it is plain text."""
        if not isinstance(self.term, Literal) or self.term.language or self.term.datatype.value == _STRING:
            return None
        return self.term.datatype.value


@dataclass(frozen=True)
class PropertyGroup:
    """The statements of one predicate; `count` is a lower bound where `is_counted` is False."""

    predicate: Reference
    values: tuple[Value, ...]
    count: int
    is_counted: bool = True
    is_key: bool = False
    """`property-order.rq` names the predicate."""

    @property
    def is_whole(self) -> bool:
        """Whether every statement is listed."""
        return self.is_counted and self.count == len(self.values)

    @property
    def is_entailed(self) -> bool:
        """Whether only rules say all of it."""
        return all(value.is_entailed for value in self.values)


@dataclass(frozen=True)
class Difference:
    """One property on which two passages disagree, and what each says."""

    iri: str
    label: str
    on_property: Reference | None
    chosen: tuple[Value, ...]
    other: tuple[Value, ...]


@dataclass(frozen=True)
class Discrepancy:
    """Two passages disagree; the registry chose one and says why. What they disagree on for the same reason stands together."""

    chosen: Passage | None
    other: Passage | None
    reason: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Question:
    """Something that the sources leave open."""

    iri: str
    label: str
    question: str
    reason: str


@dataclass(frozen=True)
class LinksPage:
    """One page, counted from 1, of what points at a thing with one property."""

    iri: str
    label: str
    group: PropertyGroup
    number: int
    has_next: bool
    passages: tuple[Passage, ...]

    def footnotes(self, value: Value) -> list[int]:
        """Return the positions in `passages`, counted from 1, of the named graphs that state it."""
        numbers = {passage.graph: number for number, passage in enumerate(self.passages, start=1)}
        return sorted(numbers[graph] for graph in value.sources)


@dataclass(frozen=True)
class EntityView:
    """What is known about one thing. `triples` are what every serialisation holds: outgoing, then the listed incoming ones."""

    iri: str
    label: str
    types: tuple[Reference, ...]
    all_types: tuple[str, ...]
    description: Value | None
    properties: tuple[PropertyGroup, ...]
    incoming: tuple[PropertyGroup, ...]
    passages: tuple[Passage, ...]
    discrepancies: tuple[Discrepancy, ...]
    questions: tuple[Question, ...]
    triples: tuple[Triple, ...]

    @property
    def is_whole(self) -> bool:
        """Whether `triples` is every statement in which the thing stands."""
        return all(group.is_whole for group in (*self.properties, *self.incoming))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {passage.graph: number for number, passage in enumerate(self.passages, start=1)}

    def footnotes(self, value: Value) -> list[int]:
        """Return the positions in `passages`, counted from 1, of the named graphs that state it."""
        return sorted(self._numbers[graph] for graph in value.sources)

    def numbers(self, graphs: Iterable[str | None]) -> list[int]:
        """Return the positions in `passages`, counted from 1, of named graphs."""
        return sorted(self._numbers[graph] for graph in graphs if graph in self._numbers)

    @property
    def linked_by(self) -> tuple[PropertyGroup, ...]:
        """The incoming links, without those that only rules add."""
        return tuple(group for group in self.incoming if group.is_key or not group.is_entailed)

    def disputed(self, predicate: str) -> list[tuple[int, Difference]]:
        """Return what other passages say with a predicate, each with its discrepancy's position, counted from 1."""
        return [
            (position, difference)
            for position, one in enumerate(self.discrepancies, start=1)
            for difference in one.differences
            if difference.on_property is not None and difference.on_property.iri == predicate
        ]

    @property
    def facts(self) -> tuple[PropertyGroup, ...]:
        """What a reader wants first: what is stated, and what follows from it by a rule where the property is a key one."""
        return tuple(group for group in self._beyond_heading if group.is_key or not group.is_entailed)

    @property
    def inferred(self) -> tuple[PropertyGroup, ...]:
        """The rest, which only rules say."""
        return tuple(group for group in self._beyond_heading if not group.is_key and group.is_entailed)

    @property
    def _beyond_heading(self) -> Iterator[PropertyGroup]:
        """Leave out what the heading says already: types, the label, and a description that is the only one."""
        for group in self.properties:
            is_label = group.predicate.iri in _LABELS and [value.label for value in group.values] == [self.label]
            if group.predicate.iri != _TYPE and not is_label and group.values != (self.description,):
                yield group

    def values(self, predicate: str) -> tuple[Value, ...]:
        """Return the values of one predicate."""
        return next((group.values for group in self.properties if group.predicate.iri == predicate), ())
