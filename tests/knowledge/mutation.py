"""Mutations of the shipped data: each asserted quad removed, with another value, and with a value of another type.

Nothing here is random: the same data make the same mutations. `judging.py` says what catches each, `test_mutations.py`
has the tests.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Store
from rdflib import RDF, RDFS

from qit4n_kg import loading
from qit4n_kg.assembling import _describe_ontology, _out_of_force
from qit4n_kg.loading import SourceKind, find_sources
from qit4n_kg.namespaces import DEFAULT_BASE_IRI, STDORG, compact
from qit4n_kg.validation import Shapes, load_shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


ROOT = Path(__file__).parents[2]
GRAPHS = f"{DEFAULT_BASE_IRI}graph/"
XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE = NamedNode(str(RDF.type))
SUBCLASS = NamedNode(str(RDFS.subClassOf))
OVERRULED = NamedNode(f"{STDORG}OverruledGraph")
PROPERTY_VALUED = {NamedNode(f"{STDORG}{name}") for name in ("fieldProperty", "onProperty", "measureProperty")}
TEXTS = (f"{XSD}string", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString")


class Kind(Enum):
    """What is done to a statement."""

    REMOVE = "remove"
    VALUE = "value"
    DATATYPE = "datatype"
    CLASS = "class"
    LITERAL = "literal"


@dataclass(frozen=True)
class Mutation:
    """One change of one statement of one graph; `new` is None where it is removed."""

    kind: Kind
    old: Quad
    new: Quad | None

    @property
    def predicate(self) -> str:
        return compact(self.old.predicate.value)


@dataclass(frozen=True)
class World:
    """The shipped data and ontology, as the build reads them."""

    data: tuple[Quad, ...]
    ontology: tuple[Quad, ...]
    shapes: Shapes
    checks: dict[str, str]

    @classmethod
    def shipped(cls) -> World:
        data: list[Quad] = []
        ontology: list[Quad] = []
        for source in find_sources(ROOT, GRAPHS):
            if source.kind is SourceKind.DATA:
                data += loading.parse(source)
            elif source.kind is SourceKind.ONTOLOGY:
                ontology += loading.parse(source)
        checks = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "queries/checks").glob("*.rq"))}
        return cls(tuple(data), tuple(ontology), load_shapes(ROOT / "shapes"), checks)

    def changed(self, mutation: Mutation) -> list[Quad]:
        quads = [quad for quad in self.data if quad != mutation.old]
        return [*quads, mutation.new] if mutation.new else quads

    def store(self, data: Iterable[Quad]) -> Store:
        """Load what checks look at: named graphs, and in the default graph what is in force; entailments apart."""
        data = list(data)
        hidden = _out_of_force(data)
        store = Store()
        store.extend([*self.ontology, *data])
        in_force = (q for q in data if q.graph_name not in hidden or q.subject == q.graph_name)
        store.extend(Quad(*quad.triple, DefaultGraph()) for quad in (*self.ontology, *in_force))
        store.extend(Quad(*triple, DefaultGraph()) for triple in _describe_ontology(self.ontology))
        return store


# --- the mutations ------------------------------------------------------------------------------------------------------------


class Mutator:
    """Makes the mutations of a world: one of each kind that its value allows, each near to the truth, always the same."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.types: dict[object, set[NamedNode]] = defaultdict(set)
        self.instances: dict[frozenset[NamedNode], list[NamedNode]] = defaultdict(list)
        self.parents: dict[NamedNode, set[NamedNode]] = defaultdict(set)
        for quad in world.data:
            if quad.predicate == TYPE and isinstance(quad.object, NamedNode):
                self.types[quad.subject].add(quad.object)
        for thing, types in self.types.items():
            if isinstance(thing, NamedNode):
                self.instances[frozenset(types - {OVERRULED})].append(thing)
        for things in self.instances.values():
            things.sort(key=str)
        for quad in world.ontology:
            if quad.predicate == SUBCLASS and str(quad.object).startswith(f"<{STDORG}"):
                self.parents[quad.subject].add(quad.object)
        kinds = {q.subject for q in world.ontology if q.predicate == TYPE and str(q.object).endswith("#Class>")}
        self.classes = sorted((kind for kind in kinds if str(kind).startswith(f"<{STDORG}")), key=str)
        self.properties = sorted({quad.predicate for quad in world.data}, key=str)
        self.stated = {quad.triple for quad in world.data}

    def __iter__(self) -> Iterator[Mutation]:
        for quad in self.world.data:
            yield Mutation(Kind.REMOVE, quad, None)
            for kind, value in self._values(quad):
                new = Quad(quad.subject, quad.predicate, value, quad.graph_name)
                if new.triple not in self.stated:
                    yield Mutation(kind, quad, new)

    def _values(self, quad: Quad) -> Iterator[tuple[Kind, NamedNode | Literal]]:
        value = quad.object
        if isinstance(value, Literal):
            other = nearby(value)
            while Quad(quad.subject, quad.predicate, other).triple in self.stated:
                other = nearby(other)
            yield Kind.VALUE, other
            yield Kind.DATATYPE, other_datatype(value)
            return
        assert isinstance(value, NamedNode)
        candidates = {Kind.VALUE: self._siblings(quad), Kind.CLASS: self._strangers(quad)}
        for kind, found in candidates.items():
            fresh = [term for term in found if Quad(quad.subject, quad.predicate, term).triple not in self.stated]
            if fresh:
                yield kind, fresh[sum(str(quad).encode()) % len(fresh)]
        yield Kind.LITERAL, Literal(value.value)

    def _siblings(self, quad: Quad) -> list[NamedNode]:
        value = quad.object
        if quad.predicate == TYPE:
            parents = self.parents[value]
            return [c for c in self.classes if c not in (value, OVERRULED) and self.parents[c] & parents]
        if quad.predicate in PROPERTY_VALUED:
            return [other for other in self.properties if other != value]
        types = self.types.get(value)
        if not types:
            return [NamedNode(value.value[:-1] + ("1" if value.value[-1] != "1" else "2"))]
        return [other for other in self.instances[frozenset(types - {OVERRULED})] if other != value]

    def _strangers(self, quad: Quad) -> list[NamedNode]:
        if quad.predicate == TYPE:
            own = self._roots(quad.object)
            return [other for other in self.classes if not self._roots(other) & own]
        own = set().union(*(self._roots(kind) for kind in self.types.get(quad.object, ())))
        return [
            things[0]
            for types, things in sorted(self.instances.items(), key=lambda item: str(sorted(map(str, item[0]))))
            if not set().union(*(self._roots(kind) for kind in types)) & own
        ]

    def _roots(self, kind: NamedNode) -> set[NamedNode]:
        parents = self.parents.get(kind)
        return set().union(*(self._roots(parent) for parent in parents)) if parents else {kind}


def nearby(value: Literal) -> Literal:
    """Return a value of the same datatype and language that somebody could write by mistake."""
    text, kind = value.value, value.datatype.value.removeprefix(XSD)
    if value.language or value.datatype.value in TEXTS:
        last = max((i for i, char in enumerate(text) if char.isalnum()), default=0)
        other = chr(ord(text[last]) + (-1 if text[last] in "zZ9" else 1))
        return _like(value, text[:last] + other + text[last + 1 :])
    if kind == "date":
        return _like(value, (date.fromisoformat(text) + timedelta(days=1)).isoformat())
    if kind == "gYearMonth":
        return _like(value, f"{text[:5]}{int(text[5:]) % 12 + 1:02}")
    if kind == "boolean":
        return _like(value, "false" if text in ("true", "1") else "true")
    if kind == "time":
        return _like(value, f"{(int(text[:2]) + 1) % 24:02}{text[2:]}")
    if kind == "decimal":
        return _like(value, f"{float(text) - 1 if float(text) >= 1 else 1.0}")
    return _like(value, str(int(text) + 1))


def other_datatype(value: Literal) -> Literal:
    """Return the same text with another datatype: text with a language loses it, plain text gets one, the rest becomes text."""
    if value.datatype.value == TEXTS[0]:
        return Literal(value.value, language="en")
    return Literal(value.value)


def _like(value: Literal, text: str) -> Literal:
    return Literal(text, language=value.language) if value.language else Literal(text, datatype=value.datatype)
