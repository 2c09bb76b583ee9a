"""`EntityReader` reads an `EntityView` from one generation; no HTTP, no user text in a query.

The cost of reading does not grow with the graph: fixed patterns through `Store.quads`, at most `LISTED` statements a predicate
at a hub, counts that stop at `COUNTED` and are kept. What was left out is said (`PropertyGroup.is_whole`). Evidence follows the
model: the default graph holds what is in force, and each named graph that repeats a statement is a source of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, cast

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Triple

from qit4n_kg.entities.kept import Kept
from qit4n_kg.entities.labels import LabelReader, Reference, natural_key, words
from qit4n_kg.entities.passages import Passage, PassageReader, SourceKind
from qit4n_kg.entities.view import Difference, Discrepancy, EntityView, LinksPage, PropertyGroup, Question, Value
from qit4n_kg.errors import UnknownEntityError
from qit4n_kg.namespaces import DCTERMS, OWL, RDF, RDFS, SKOS, STDORG, compact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pyoxigraph import Quad

    from qit4n_kg.store.base import Solutions, Store, Term

LISTED = 50
"""Most statements of one predicate that are listed at a hub, and of incoming links always."""
SCANNED = 2_000
"""A node with more statements than this in one direction is a hub: its predicates are probed one by one."""
COUNTED = 200_000
"""A hub's statements are counted up to here (the LIMIT of `incoming-counts.rq`); beyond it the page says "more than"."""
PAGED = 100
"""Links on one page of `links`."""
SOURCES = 12
"""Most named graphs that are shown for one statement."""

DISPUTED = 500
"""Most discrepancies that are read at once."""

_HUBS = 10_000  # sides of nodes that are remembered to be hubs, so that they are not scanned again
_DEFAULT = DefaultGraph()
_TYPE = NamedNode(f"{RDF}type")
_SUBCLASS = NamedNode(f"{RDFS}subClassOf")
_CLASSES = (NamedNode(f"{OWL}Class"), NamedNode(f"{RDFS}Class"))
_DESCRIPTIONS = tuple(
    NamedNode(iri) for iri in (f"{DCTERMS}description", f"{STDORG}objective", f"{SKOS}definition", f"{RDFS}comment")
)
_ABOUT = NamedNode(f"{STDORG}about")
_DISCREPANCY = NamedNode(f"{STDORG}Discrepancy")
_ON_PROPERTY = NamedNode(f"{STDORG}onProperty")
_CHOSEN = NamedNode(f"{STDORG}chosenGraph")
_OTHER = NamedNode(f"{STDORG}otherGraph")
_REASON = NamedNode(f"{STDORG}reason")
_QUESTION = NamedNode(f"{STDORG}question")


@dataclass(frozen=True)
class _Found:
    triples: list[Triple]
    count: int
    is_counted: bool


class EntityReader:
    """Reads entities from one immutable generation; keeps what is the same for all of them (labels, passages, predicates).

    `queries` is the folder `queries/entity`; `base` the instance's base IRI, for readable names; `languages` those that labels are
    preferred in, `rendered` names in the first of them.
    """

    def __init__(
        self,
        store: Store,
        queries: Path,
        *,
        base: str = "",
        languages: Sequence[str] = ("en",),
        rendered: Mapping[str, str] | None = None,
    ) -> None:
        self._store = store
        self._queries = queries
        self.labels = LabelReader(store, base, languages, rendered)
        self.passages = PassageReader(store, self.labels)
        self._known_counts: Kept[dict[str, int]] = Kept(1024)
        self._counting = Lock()
        self._hubs: set[tuple[str, bool]] = set()
        self._superclasses: Kept[frozenset[str]] = Kept(4096)

    def has(self, iri: str) -> bool:
        """Tell whether any statement in force is about this IRI."""
        node = _node(iri)
        if node is None:
            return False
        return any(True for _ in self._match(subject=node)) or any(True for _ in self._match(obj=node))

    def read(self, iri: str) -> EntityView:
        """Read all that is known about one thing.

        :raises UnknownEntityError: no statement in force has it as subject or object.
        """
        node = _node(iri)
        outgoing = self._gather(node, incoming=False) if node else {}
        incoming = self._gather(node, incoming=True) if node else {}
        if node is None or not (outgoing or incoming):
            raise UnknownEntityError(f"Nothing is known about <{iri}>.")
        notes = _Footnotes(self._store, self.passages)
        properties = self._group(outgoing, notes, lambda triple: triple.object)
        links = self._group(incoming, notes, lambda triple: triple.subject)
        description = next(filter(None, (self._only(properties, predicate) for predicate in _DESCRIPTIONS)), None)
        types = next((group.values for group in properties if group.predicate.iri == _TYPE.value), ())
        discrepancies, questions = self._disputes(node, notes)
        found = [triple for part in (outgoing, incoming) for one in part.values() for triple in one.triples]
        return EntityView(
            iri=iri,
            label=self.labels.label(iri),
            types=self._most_specific(types),
            all_types=tuple(value.term.value for value in types if isinstance(value.term, NamedNode)),
            description=description,
            properties=tuple(properties),
            incoming=tuple(links),
            passages=notes.listed(),
            discrepancies=discrepancies,
            questions=questions,
            triples=tuple(sorted(dict.fromkeys(found), key=lambda t: (t.subject != node, str(t)))),
        )

    def types(self, iri: str) -> tuple[Reference, ...]:
        """Read the most specific classes of one thing."""
        node, notes = _node(iri), _Footnotes(self._store, self.passages)
        found = self._match(node, _TYPE) if node else ()
        return self._most_specific(self._value(triple, triple.object, notes) for triple in found)

    @staticmethod
    def _only(groups: Iterable[PropertyGroup], predicate: NamedNode) -> Value | None:
        """Return the value of a property that has one value."""
        found = next((group.values for group in groups if group.predicate.iri == predicate.value), ())
        return found[0] if len(found) == 1 else None

    def with_sources(self, view: EntityView, graphs: Iterable[str]) -> EntityView:
        """Return the view with these named graphs among its passages too, so that what stands beside it can point to them."""
        notes = _Footnotes(self._store, self.passages)
        for graph in (*(passage.graph for passage in view.passages), *graphs):
            notes.passage(graph)
        return replace(view, passages=notes.listed())

    # --- gathering ------------------------------------------------------------------------------------------------

    def _match(
        self, subject: Term | None = None, predicate: NamedNode | None = None, obj: Term | None = None
    ) -> Iterator[Triple]:
        return (quad.triple for quad in self._store.quads(subject, predicate, obj, _DEFAULT))

    def _gather(self, node: NamedNode, *, incoming: bool) -> dict[str, _Found]:
        """Collect the statements on one side of a node by predicate; a hub is probed a predicate at a time."""

        def match(predicate: NamedNode | None = None) -> Iterator[Triple]:
            return self._match(None, predicate, node) if incoming else self._match(node, predicate)

        side = (node.value, incoming)
        first = [] if side in self._hubs else list(islice(match(), SCANNED + 1))
        if side not in self._hubs and len(first) <= SCANNED:
            most = LISTED if incoming else SCANNED
            grouped: dict[str, list[Triple]] = {}
            for triple in first:
                grouped.setdefault(triple.predicate.value, []).append(triple)
            return {iri: _Found(triples[:most], len(triples), True) for iri, triples in grouped.items()}
        if len(self._hubs) < _HUBS:
            self._hubs.add(side)
        counts = self._counts(node.value, incoming)
        is_counted = sum(counts.values()) <= COUNTED
        found = {}
        for predicate in (NamedNode(iri) for iri in counts) if is_counted else self.predicates:
            if triples := list(islice(match(predicate), LISTED)):
                count = counts.get(predicate.value, 0)
                found[predicate.value] = _Found(triples, max(count, len(triples)), is_counted)
        return found

    def _counts(self, iri: str, incoming: bool) -> dict[str, int]:
        """Return the kept counts; many requests at once count once."""
        with self._counting:
            return self._known_counts.get((iri, incoming), self._read_counts, iri, incoming)

    def _read_counts(self, iri: str, incoming: bool) -> dict[str, int]:
        """Count the statements on one side of a hub by predicate, `COUNTED` + 1 of them at most."""
        file = "incoming-counts.rq" if incoming else "outgoing-counts.rq"
        rows = self._rows(file, {"this": NamedNode(iri)})
        pairs = ((row[0], row[1]) for row in rows)
        return {a.value: int(b.value) for a, b in pairs if isinstance(a, NamedNode) and isinstance(b, Literal)}

    def link_counts(self, iri: str) -> list[tuple[Reference, int, bool]]:
        """Count what points at a thing, by property; the last value tells whether the count is whole."""
        counts = self._counts(iri, True)
        is_counted = sum(counts.values()) <= COUNTED
        return [
            (self.predicate(predicate), counts[predicate], is_counted) for predicate in sorted(counts, key=self.rank)
        ]

    def links(self, iri: str, predicate: str, page: int) -> LinksPage:
        """Read one page of what points at a thing with one property, in the store's own order, which stays the same.

        :raises UnknownEntityError: nothing does.
        """
        nodes = (_node(iri), _node(predicate))
        if nodes[0] is None or nodes[1] is None:
            raise UnknownEntityError(f"Nothing is known about <{iri}>.")
        counts = self._counts(iri, True)
        count, is_counted = counts.get(predicate, 0), sum(counts.values()) <= COUNTED
        offset = (page - 1) * PAGED
        found: list[NamedNode | BlankNode] = []
        if offset <= COUNTED:
            rows = self._rows(
                "links.rq", {"this": nodes[0], "property": nodes[1]}, f" LIMIT {PAGED + 1} OFFSET {offset}"
            )
            found = [row[0] for row in rows if isinstance(row[0], NamedNode | BlankNode)]
        if not found:
            raise UnknownEntityError(f"There is no page {page} of what links to <{iri}> by <{predicate}>.")
        notes = _Footnotes(self._store, self.passages)
        values = [self._value(Triple(term, nodes[1], nodes[0]), term, notes) for term in found[:PAGED]]
        group = PropertyGroup(self.predicate(predicate), tuple(values), max(count, offset + len(values)), is_counted)
        return LinksPage(iri, self.labels.label(iri), group, page, len(found) > PAGED, notes.listed())

    @cached_property
    def predicates(self) -> tuple[NamedNode, ...]:
        """Every predicate in force: one pass over the default graph (0.3 s a million triples), when the first hub is shown."""
        found = (row[0] for row in self._rows("predicates.rq"))
        return tuple(sorted((node for node in found if isinstance(node, NamedNode)), key=str))

    @cached_property
    def _order(self) -> dict[str, int]:
        return {row[0].value: position for position, row in enumerate(self._named_properties)}

    @cached_property
    def _names(self) -> dict[str, str]:
        return {row[0].value: row[1].value for row in self._named_properties if isinstance(row[1], Literal)}

    @cached_property
    def _named_properties(self) -> list[tuple[NamedNode, Term | None]]:
        rows = self._rows("property-order.rq")
        return [(row[0], row[1]) for row in rows if isinstance(row[0], NamedNode)]

    def _rows(self, file: str, bindings: Mapping[str, Term] | None = None, end: str = "") -> Solutions:
        text = (self._queries / file).read_text(encoding="utf-8") + end
        return cast("Solutions", self._store.query(text, bindings=bindings))

    # --- arranging ------------------------------------------------------------------------------------------------

    def _group(self, found: dict[str, _Found], notes: _Footnotes, end: Callable[[Triple], Term]) -> list[PropertyGroup]:
        groups = []
        for iri in sorted(found, key=self.rank):
            one = found[iri]
            values = [
                self._value(triple, end(triple), notes) for triple in sorted(one.triples, key=self._triple_key(end))
            ]
            is_key = iri in self._order
            groups.append(PropertyGroup(self.predicate(iri), tuple(values), one.count, one.is_counted, is_key))
        return groups

    def rank(self, predicate: str) -> tuple[int, str]:
        """Return what properties are sorted by: the page's own order, then by name."""
        return (self._order.get(predicate, len(self._order)), self.predicate(predicate).label.casefold())

    def predicate(self, iri: str) -> Reference:
        """Name a property: as the pages call it, else by its label, else by the words of its name."""
        if iri in self._names:
            return Reference(iri, self._names[iri])
        label = self.labels.label(iri)
        return Reference(iri, words(iri) if label in (iri, compact(iri)) else label)

    def _triple_key(self, end: Callable[[Triple], Term]) -> Callable[[Triple], tuple[object, ...]]:
        return lambda triple: (natural_key(self.labels.text(end(triple))), str(end(triple)))

    def _value(self, triple: Triple, term: Term, notes: _Footnotes) -> Value:
        graphs = notes.graphs(triple)
        entailed = bool(graphs) and all(passage.kind.is_entailed for passage in graphs)
        return Value(term, self.labels.text(term), tuple(passage.graph for passage in graphs), entailed)

    def _most_specific(self, types: Iterable[Value]) -> tuple[Reference, ...]:
        """Keep the classes that are no superclass of another one; asserted ones, where there are any."""
        named = {value.term.value: value for value in types if isinstance(value.term, NamedNode)}
        above = {iri: self._superclasses.get(iri, self._read_superclasses) for iri in named}
        lowest = [iri for iri in named if not any(iri in above[other] and other not in above[iri] for other in named)]
        asserted = [iri for iri in lowest if not named[iri].is_entailed]
        return tuple(self.labels.reference(iri) for iri in asserted or lowest)

    def _read_superclasses(self, iri: str) -> frozenset[str]:
        seen: set[str] = set()
        waiting = [iri]
        while waiting:
            for triple in self._match(NamedNode(waiting.pop()), _SUBCLASS):
                if isinstance(triple.object, NamedNode) and triple.object.value not in seen:
                    seen.add(triple.object.value)
                    waiting.append(triple.object.value)
        return frozenset(seen - {iri})

    # --- disputes -------------------------------------------------------------------------------------------------

    def disputed(self) -> tuple[tuple[tuple[Reference, Discrepancy], ...], bool]:
        """Read every discrepancy with the thing that it is about, and tell whether that is all of them."""
        records = [triple.subject for triple in islice(self._match(None, _TYPE, _DISCREPANCY), DISPUTED + 1)]
        about = {
            triple.object
            for record in records[:DISPUTED]
            for triple in self._match(record, _ABOUT)
            if isinstance(triple.object, NamedNode)
        }
        notes = _Footnotes(self._store, self.passages)
        things = sorted(about, key=lambda node: (natural_key(self.labels.label(node.value)), node.value))
        found = ((self.labels.reference(node.value), one) for node in things for one in self._disputes(node, notes)[0])
        return tuple(found), len(records) <= DISPUTED

    def _disputes(self, node: NamedNode, notes: _Footnotes) -> tuple[tuple[Discrepancy, ...], tuple[Question, ...]]:
        differences: dict[tuple[str, str, str], list[Difference]] = {}
        questions = []
        for record in sorted((t.subject for t in islice(self._match(None, _ABOUT, node), LISTED)), key=str):
            if not isinstance(record, NamedNode):
                continue
            reason = self._text(record, _REASON)
            if any(True for _ in self._match(record, _TYPE, _DISCREPANCY)):
                chosen, other = (self._named(record, role) for role in (_CHOSEN, _OTHER))
                key = (chosen.value if chosen else "", other.value if other else "", reason)
                differences.setdefault(key, []).append(self._difference(node, record, chosen, other))
            elif question := self._text(record, _QUESTION):
                questions.append(Question(record.value, self.labels.label(record.value), question, reason))
        discrepancies = (
            Discrepancy(
                notes.passage(chosen), notes.passage(other), reason, tuple(sorted(found, key=self._difference_key))
            )
            for (chosen, other, reason), found in differences.items()
        )
        return tuple(discrepancies), tuple(questions)

    def _difference_key(self, difference: Difference) -> tuple[int, str]:
        return (
            self.rank(difference.on_property.iri) if difference.on_property else (len(self._order) + 1, difference.iri)
        )

    def _difference(
        self, node: NamedNode, record: NamedNode, chosen: NamedNode | None, other: NamedNode | None
    ) -> Difference:
        on_property = self._named(record, _ON_PROPERTY)

        def stated(graph: NamedNode | None) -> tuple[Value, ...]:
            if graph is None or on_property is None:
                return ()
            quads = islice(self._store.quads(node, on_property, None, graph), LISTED)
            return tuple(Value(quad.object, self.labels.text(quad.object), (graph.value,)) for quad in quads)

        return Difference(
            iri=record.value,
            label=self.labels.label(record.value),
            on_property=self.predicate(on_property.value) if on_property else None,
            chosen=stated(chosen),
            other=stated(other),
        )

    def _named(self, subject: NamedNode, predicate: NamedNode) -> NamedNode | None:
        return next((t.object for t in self._match(subject, predicate) if isinstance(t.object, NamedNode)), None)

    def _text(self, subject: NamedNode, predicate: NamedNode) -> str:
        return next((t.object.value for t in self._match(subject, predicate) if isinstance(t.object, Literal)), "")


class _Footnotes:
    """Collects the passages that one view needs."""

    def __init__(self, store: Store, reader: PassageReader) -> None:
        self._store = store
        self._reader = reader
        self._needed: dict[str, Passage] = {}

    def graphs(self, triple: Triple) -> list[Passage]:
        """Return the passages that state a triple, those not in force included."""
        quads: Iterator[Quad] = self._store.quads(triple.subject, triple.predicate, triple.object, None)
        named = (quad.graph_name.value for quad in quads if isinstance(quad.graph_name, NamedNode))
        found = [self._reader.passage(iri) for iri in islice(named, SOURCES)]
        self._needed.update((passage.graph, passage) for passage in found)
        return found

    def passage(self, graph: str) -> Passage | None:
        """Return a passage by its graph, none for an empty name."""
        return self._needed.setdefault(graph, self._reader.passage(graph)) if graph else None

    def listed(self) -> tuple[Passage, ...]:
        """Return what was needed: documents first, rules last."""
        kinds = list(SourceKind)
        return tuple(
            sorted(self._needed.values(), key=lambda one: (kinds.index(one.kind), natural_key(one.label), one.graph))
        )


def _node(iri: str) -> NamedNode | None:
    try:
        return NamedNode(iri)
    except ValueError:
        return None
