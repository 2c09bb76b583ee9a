"""The loss report: which facts have no place in a format, computed from the graph and from what the export takes of it.

A fact is a statement that a graph in force states (a source passage, reference data, a contribution); what is entailed
follows from facts and is not counted. A fact is carried when the export's query takes it and the format did not leave its
subject out. A format module whose query takes no statements (tables) says itself what is carried, by a function `carried`.
"""

from __future__ import annotations

import sys
from collections import Counter
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, cast

from pyoxigraph import DefaultGraph, Literal, NamedNode, Triple

from qit4n_kg.exports.loss_report import MOST_LISTED, Evidence, Field, LossReport, Lost, LostFact, Reason
from qit4n_kg.exports.making import make, module_of
from qit4n_kg.namespaces import RDF, STDORG, compact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qit4n_kg.exports.making import Material
    from qit4n_kg.store.base import Term

    Carried = Callable[[Triple], bool]

_TYPE = NamedNode(f"{RDF}type")
_OVERRULED = NamedNode(f"{STDORG}OverruledGraph")
_NO_CLASS = "(no class)"
_ORDER = {reason: number for number, reason in enumerate(Reason)}


class _Nowhere:
    """A file that forgets."""

    def write(self, data: bytes) -> int:
        return len(data)

    def flush(self) -> None:
        pass


def report_loss(material: Material) -> LossReport:
    """Make an export, forget it, and tell what it did not hold.

    :raises NotFoundError: the graph has nothing that its argument could mean.
    """
    make(material, cast("Any", _Nowhere()))
    count = _Count(_Held(material))
    for fact in facts_of(material):
        count.add(fact)
    return LossReport(
        name=material.wanted.name,
        facts=count.facts.total(),
        lost=count.lost.total(),
        evidence=_evidence(material),
        fields=count.fields(),
        groups=count.groups(),
        left_out=tuple(sorted(material.left_out, key=lambda one: (one.iri, one.reason))),
        listed=count.listed(),
    )


class _Held:
    """What the file holds: facts, and so things, classes, and properties of classes."""

    def __init__(self, material: Material) -> None:
        self.kinds = _Kinds(material)
        self._away = {one.iri for one in material.left_out}
        self._is_carried = _carried(material)
        self._things: set[str] = set()
        self._fields: set[tuple[str, str]] = set()
        self._classes: set[str] = set()
        for fact in facts_of(material):  # read once more when all this is known
            subject = cast("NamedNode", fact.subject)
            if subject.value not in self._away and self._is_carried(fact):
                kind = self.kinds.of(subject)
                self._things.add(subject.value)
                self._fields.add((kind, fact.predicate.value))
                self._classes.add(kind)

    def reason(self, fact: Triple, kind: str) -> Reason | None:
        """Return why a fact is lost; None where it is held."""
        thing = cast("NamedNode", fact.subject).value
        if thing in self._away:
            return Reason.LEFT_OUT
        if self._is_carried(fact):
            return None
        if kind not in self._classes:
            return Reason.CLASS
        if thing not in self._things:
            return Reason.THING
        return Reason.VALUE if (kind, fact.predicate.value) in self._fields else Reason.PROPERTY


class _Count:
    """Facts, and those that are lost, by class, property and reason; the first of each reason are kept as they are."""

    def __init__(self, held: _Held) -> None:
        self._held = held
        self.facts: Counter[tuple[str, str]] = Counter()
        self.lost: Counter[tuple[Reason, str, str]] = Counter()
        self._things: dict[str, set[int]] = {}
        self._names: dict[str, str] = {}
        self._lost_things: dict[tuple[Reason, str], set[int]] = {}
        self._kept: dict[Reason, list[LostFact]] = {reason: [] for reason in Reason}

    def add(self, fact: Triple) -> None:
        """Count one fact."""
        subject = cast("NamedNode", fact.subject)
        kind, name, thing = self._held.kinds.of(subject), self._name(fact.predicate.value), hash(subject)
        self.facts[kind, name] += 1
        self._things.setdefault(kind, set()).add(thing)
        reason = self._held.reason(fact, kind)
        if reason is None:
            return
        self.lost[reason, kind, name] += 1
        self._lost_things.setdefault((reason, kind), set()).add(thing)
        if len(self._kept[reason]) < MOST_LISTED:
            self._kept[reason].append(LostFact(reason.value, kind, subject.value, name, _shown(fact.object)))

    def _name(self, predicate: str) -> str:
        if predicate not in self._names:  # there are few, and a fact each
            self._names[predicate] = compact(predicate)
        return self._names[predicate]

    def fields(self) -> tuple[Field, ...]:
        """Return each property of each class."""
        lost: Counter[tuple[str, str]] = Counter()
        for (_, kind, name), number in self.lost.items():
            lost[kind, name] += number
        fields = (Field(*field, number, lost[field]) for field, number in self.facts.items())
        return tuple(sorted(fields, key=lambda f: (f.kind == _NO_CLASS, f.kind, f.property)))

    def groups(self) -> tuple[Lost, ...]:
        """Return what is lost, by reason and class: reasons in their order, then what has lost most."""
        properties: dict[tuple[Reason, str], list[tuple[str, int]]] = {}
        for (reason, kind, name), number in self.lost.items():
            properties.setdefault((reason, kind), []).append((name, number))
        found = [
            Lost(
                reason=reason,
                kind=kind,
                things=len(self._lost_things[reason, kind]),
                of_things=len(self._things[kind]),
                properties=tuple(sorted(some, key=lambda one: (-one[1], one[0]))),
            )
            for (reason, kind), some in properties.items()
        ]
        return tuple(sorted(found, key=lambda one: (_ORDER[one.reason], -one.facts, one.kind)))

    def listed(self) -> tuple[LostFact, ...]:
        """Return lost facts one by one, no more than a report lists."""
        kept = (sorted(some, key=_place) for some in self._kept.values())
        return tuple(islice(chain.from_iterable(kept), MOST_LISTED))


def _place(fact: LostFact) -> tuple[str, ...]:
    return fact.kind, fact.subject, fact.property, fact.value


def facts_of(material: Material) -> Iterator[Triple]:
    """Yield each statement of the graphs in force once; of the default graph where no graph is described."""
    graphs: list[NamedNode | DefaultGraph] = [
        cast("NamedNode", row[0]) for row in material.rows("exports/stating-graphs")
    ]
    seen: set[int] = set()  # hashes only: at a million statements a tenth of the memory
    for graph in graphs or [DefaultGraph()]:
        for quad in material.store.quads(graph=graph):
            fact = Triple(quad.subject, quad.predicate, quad.object)
            key = hash(fact)
            if key not in seen and isinstance(quad.subject, NamedNode):
                seen.add(key)
                yield fact


def _evidence(material: Material) -> Evidence:
    """Count what named graphs state; a format module whose files keep the graphs names these in `WITH_GRAPHS`."""
    store = material.store
    overruled = {quad.subject for quad in store.quads(None, _TYPE, _OVERRULED, DefaultGraph())}
    counts = {graph: sum(1 for _ in store.quads(graph=graph)) for graph in store.graphs()}
    return Evidence(
        statements=sum(counts.values()),
        graphs=len(counts),
        overruled=sum(count for graph, count in counts.items() if graph in overruled),
        is_carried=material.wanted.name in getattr(module_of(material.wanted), "WITH_GRAPHS", ()),
    )


def _carried(material: Material) -> Carried:
    own = getattr(module_of(material.wanted), "carried", None)
    if own is not None:
        return cast("Carried", own(material))
    return set(material.statements()).__contains__


class _Kinds:
    """Finds what a thing is called in the report: its class with the fewest members, which is the most specific one."""

    def __init__(self, material: Material) -> None:
        self._types: dict[str, list[str]] = {}
        sizes: Counter[str] = Counter()
        for quad in material.store.quads(None, _TYPE, None, DefaultGraph()):
            if isinstance(quad.object, NamedNode) and isinstance(quad.subject, NamedNode):
                self._types.setdefault(quad.subject.value, []).append(quad.object.value)
                sizes[quad.object.value] += 1
        self._sizes = sizes
        self._known: dict[str, str] = {}

    def of(self, subject: NamedNode) -> str:
        """Return the class of a thing, prefixed."""
        thing = subject.value
        kind = self._known.get(thing)
        if kind is None:
            types = self._types.get(thing, ())
            own = [iri for iri in types if iri.startswith(STDORG)] or types
            kind = compact(min(own, key=lambda iri: (self._sizes[iri], iri))) if own else _NO_CLASS
            self._known[thing] = sys.intern(kind)
        return kind


def _shown(term: Term) -> str:
    return term.value if isinstance(term, Literal | NamedNode) else str(term)
