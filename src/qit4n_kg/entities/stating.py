"""What one named graph states, for a reader: its own description apart, the statements by subject, in labels; no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from qit4n_kg.entities.view import PropertyGroup, Value

if TYPE_CHECKING:
    from pyoxigraph import Quad

    from qit4n_kg.entities.labels import Reference
    from qit4n_kg.entities.passages import Passage
    from qit4n_kg.entities.reader import EntityReader
    from qit4n_kg.store.base import Store

STATED = 400
"""Most statements of one graph that are shown."""


@dataclass(frozen=True)
class Subject:
    """One thing that a graph speaks of, and what it states of it."""

    thing: Reference
    properties: tuple[PropertyGroup, ...]


@dataclass(frozen=True)
class Stated:
    """A graph, read as a passage, and what it states; `is_whole` tells whether that is all."""

    passage: Passage
    subjects: tuple[Subject, ...]
    count: int
    is_whole: bool


def read_stated(store: Store, reader: EntityReader, graph: str) -> Stated | None:
    """Read what a graph states, None where there is no such graph."""
    try:
        node = NamedNode(graph)
    except ValueError:
        return None
    quads = list(islice(store.quads(None, None, None, node), STATED + 1))
    if not quads:
        return None
    shown = [quad for quad in quads[:STATED] if quad.subject != node]
    grouped: dict[str, dict[str, list[Quad]]] = {}
    for quad in shown:
        subject = quad.subject.value if isinstance(quad.subject, NamedNode) else str(quad.subject)
        grouped.setdefault(subject, {}).setdefault(quad.predicate.value, []).append(quad)
    subjects = tuple(
        Subject(reader.labels.reference(iri), _properties(reader, properties)) for iri, properties in grouped.items()
    )
    # What most is said of is what the passage is about.
    ordered = sorted(subjects, key=lambda one: -sum(group.count for group in one.properties))
    return Stated(reader.passages.passage(graph), tuple(ordered), len(shown), len(quads) <= STATED)


def _properties(reader: EntityReader, found: dict[str, list[Quad]]) -> tuple[PropertyGroup, ...]:
    groups = []
    for iri in sorted(found, key=reader.rank):
        values = [Value(quad.object, reader.labels.text(quad.object)) for quad in found[iri]]
        groups.append(PropertyGroup(reader.predicate(iri), tuple(values), len(values)))
    return tuple(groups)
