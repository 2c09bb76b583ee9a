"""What can be found of a generation: one `Record` a described thing, read from its store when it is built; no index, no HTTP.

Every thing under the id base that something is said of is a record: its names, codes, identifiers and all that is said of it in
words. The two relations that need more than its own statements, its groups and its countries, are query files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, cast

from pyoxigraph import DefaultGraph, Literal, NamedNode

from qit4n_kg.entities.labels import LABEL_PROPERTIES, local_name, natural_key
from qit4n_kg.namespaces import DCTERMS, FOAF, OWL, RDF, RDFS, SCHEMA, SKOS, STDORG, XSD
from qit4n_kg.queries import read_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pyoxigraph import Quad

    from qit4n_kg.store.base import Solutions, Store, Term

QUERIES = "search"
"""The folder of the query files, under `queries/`."""

MOST_NAMES = 40
"""Names, codes and identifiers of one thing that can be found, each kind."""
_LONGEST_NAME = 400
_SHOWN_TEXT = 600
_MOST_TEXT = 8_000

_TYPE, _SUBCLASS, _LABEL = NamedNode(f"{RDF}type"), NamedNode(f"{RDFS}subClassOf"), NamedNode(f"{RDFS}label")
_STRINGS = frozenset((f"{XSD}string", f"{RDF}langString"))
_DATES = frozenset(f"{XSD}{name}" for name in ("date", "dateTime", "gYearMonth", "gYear"))
_YEAR = re.compile(r"[0-9]{4}")
_NAMES = frozenset(
    f"{space}{name}"
    for space, names in ((SKOS, "altLabel hiddenLabel"), (DCTERMS, "alternative"), (SCHEMA, "alternateName"))
    for name in names.split()
) | {f"{FOAF}nick"}
_CODES = frozenset((f"{SKOS}notation", f"{DCTERMS}identifier", f"{SCHEMA}identifier"))
_SAME = frozenset((f"{SKOS}exactMatch", f"{OWL}sameAs", f"{SCHEMA}sameAs"))
_DESCRIPTIONS = tuple(
    f"{space}{name}"
    for space, name in (
        (DCTERMS, "description"),
        (STDORG, "objective"),
        (SKOS, "definition"),
        (RDFS, "comment"),
        (STDORG, "question"),
        (STDORG, "reason"),
    )
)
_LABELS = tuple(node.value for node in LABEL_PROPERTIES)


@dataclass(frozen=True)
class Record:
    """What is known of one thing for finding it; `kinds` are its most specific classes, `classes` all of them."""

    iri: str
    label: str
    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    text: str = ""
    summary: str = ""
    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    years: tuple[str, ...] = ()
    weight: int = 0
    properties: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Relations:
    """What of a thing its own statements do not say, and what holds of classes."""

    groups: Mapping[str, tuple[str, ...]]
    countries: Mapping[str, tuple[str, ...]]
    weights: Mapping[str, int]
    above: Mapping[str, frozenset[str]]
    class_names: Mapping[str, str]


@dataclass(frozen=True)
class Harvest:
    """The records of a store by IRI, and what they were made with."""

    relations: Relations
    records: Mapping[str, Record]

    def ordered(self) -> list[Record]:
        """Return the records: those of the kinds that people seek come first, each kind by name."""
        return sorted(
            self.records.values(), key=lambda record: (-record.weight, natural_key(record.label[:80]), record.iri)
        )


def harvest(store: Store, queries: Path, id_base: str) -> list[Record]:
    """Read the records of a store: those of the kinds that people seek come first, each kind by name."""
    return gather(store, queries, id_base).ordered()


def gather(store: Store, queries: Path, id_base: str) -> Harvest:
    """Read the records of a store."""
    relations = _relations(store, queries)
    statements = store.quads(None, None, None, DefaultGraph())  # by subject: that is the order of the store's index
    records = {}
    for subject, quads in groupby(statements, key=lambda quad: quad.subject):
        if isinstance(subject, NamedNode) and subject.value.startswith(id_base):
            records[subject.value] = _record_of(subject.value, quads, relations, id_base)
    return Harvest(relations, records)


def gather_changed(old: Harvest, store: Store, queries: Path, id_base: str, subjects: Iterable[str]) -> Harvest:
    """Read the records of a store that differs from that of an older harvest in what it says of some subjects."""
    relations = _relations(store, queries)
    was = old.relations
    if (relations.weights, relations.above, relations.class_names) != (was.weights, was.above, was.class_names):
        return gather(store, queries, id_base)
    changed = {iri for iri in subjects if iri.startswith(id_base)}
    for before, now in ((was.groups, relations.groups), (was.countries, relations.countries)):
        changed |= {iri for iri in before.keys() | now.keys() if before.get(iri) != now.get(iri)}
    records = dict(old.records)
    for iri in changed:
        records.pop(iri, None)
        if quads := list(store.quads(NamedNode(iri), None, None, DefaultGraph())):
            records[iri] = _record_of(iri, quads, relations, id_base)
    return Harvest(relations, records)


def _relations(store: Store, queries: Path) -> Relations:
    return Relations(
        groups=_pairs(store, queries / QUERIES / "groups.rq"),
        countries=_pairs(store, queries / QUERIES / "countries.rq"),
        weights=_weights(store, queries / QUERIES / "classes.rq"),
        above=_superclasses(store),
        class_names=_class_names(store),
    )


def _record_of(iri: str, quads: Iterable[Quad], relations: Relations, id_base: str) -> Record:
    said: dict[str, list[Term]] = defaultdict(list)
    for quad in quads:
        said[quad.predicate.value].append(quad.object)
    return _record(iri, said, relations, id_base)


def _record(iri: str, said: Mapping[str, list[Term]], relations: Relations, id_base: str) -> Record:
    classes = tuple(sorted(term.value for term in said.get(_TYPE.value, ()) if isinstance(term, NamedNode)))
    kinds = _most_specific(classes, relations.above)
    labels = [text for predicate in _LABELS for text in _literals(said.get(predicate, ()))]
    codes = tuple(_literals(term for predicate in sorted(_CODES) for term in said.get(predicate, ())))
    names = [*labels, *_literals(term for predicate in sorted(_NAMES) for term in said.get(predicate, ()))]
    label = labels[0] if labels else local_name(iri, id_base.removesuffix("id/"))
    same = [term.value for predicate in _SAME for term in said.get(predicate, ()) if isinstance(term, NamedNode)]
    described = [text for predicate in _DESCRIPTIONS for text in _literals(said.get(predicate, ()))]
    texts = [text for predicate, terms in sorted(said.items()) if predicate not in _LABELS for text in _literals(terms)]
    texts += [relations.class_names[kind] for kind in classes if kind in relations.class_names]
    return Record(
        iri=iri,
        label=label[:_LONGEST_NAME],
        names=tuple(dict.fromkeys(name[:_LONGEST_NAME] for name in names if name != label))[:MOST_NAMES],
        codes=tuple(code[:_LONGEST_NAME] for code in codes[:MOST_NAMES]),
        identifiers=(
            iri.removeprefix(id_base),
            iri,
            *(part for one in sorted(same) for part in (one, local_name(one))),
        )[:MOST_NAMES],
        text="\n".join(text[:_MOST_TEXT] for text in dict.fromkeys(texts))[: 4 * _MOST_TEXT],
        summary=next(iter(described), "")[:_SHOWN_TEXT],
        kinds=kinds,
        classes=classes,
        groups=relations.groups.get(iri, ()),
        countries=relations.countries.get(iri, ()),
        years=_years(said),
        weight=max((relations.weights.get(name, 0) for name in classes), default=0),
        properties=tuple(sorted(said)),
    )


def _literals(terms: Iterable[Term]) -> list[str]:
    """Return texts in words, those in English or in no language first."""
    texts = [term for term in terms if isinstance(term, Literal) and term.datatype.value in _STRINGS]
    texts.sort(key=lambda term: (term.language or "en") != "en")
    return [text.value for text in texts if text.value.strip()]


def _years(said: Mapping[str, list[Term]]) -> tuple[str, ...]:
    found = {
        match.group()
        for terms in said.values()
        for term in terms
        if isinstance(term, Literal) and term.datatype.value in _DATES and (match := _YEAR.match(term.value))
    }
    return tuple(sorted(found))


def _most_specific(classes: tuple[str, ...], above: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Keep the classes of ours that are no superclass of another one; any other class only where there are none."""
    own = [name for name in classes if name.startswith(STDORG)] or list(classes)
    return tuple(name for name in own if not any(name in above.get(other, ()) for other in own if other != name))


def _superclasses(store: Store) -> dict[str, frozenset[str]]:
    direct: dict[str, set[str]] = defaultdict(set)
    for quad in store.quads(None, _SUBCLASS, None, DefaultGraph()):
        if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode):
            direct[quad.subject.value].add(quad.object.value)
    result = {}
    for name in direct:
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            new = direct.get(waiting.pop(), set()) - seen
            seen |= new
            waiting += new
        result[name] = frozenset(seen - {name})
    return result


def _class_names(store: Store) -> dict[str, str]:
    """Return the labels of the ontology's classes."""
    classes = {
        quad.subject.value
        for quad in store.quads(None, _TYPE, NamedNode(f"{OWL}Class"), DefaultGraph())
        if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(STDORG)
    }
    labels = ((name, store.quads(NamedNode(name), _LABEL, None, DefaultGraph())) for name in sorted(classes))
    return {name: texts[0] for name, quads in labels if (texts := _literals(quad.object for quad in quads))}


def _rows(store: Store, path: Path) -> Iterator[tuple[Term | None, ...]]:
    if path.is_file():  # sources without these queries have things that can be found all the same
        yield from cast("Solutions", store.query(read_query(path).text))


def _pairs(store: Store, path: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for thing, value in _rows(store, path):
        if isinstance(thing, NamedNode) and isinstance(value, NamedNode):
            found[thing.value].add(value.value)
    return {thing: tuple(sorted(values)) for thing, values in found.items()}


def _weights(store: Store, path: Path) -> dict[str, int]:
    return {
        name.value: int(weight.value)
        for name, weight in _rows(store, path)
        if isinstance(name, NamedNode) and isinstance(weight, Literal)
    }
