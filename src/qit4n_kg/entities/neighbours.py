"""What stands around one thing: the things that it links to and those that link to it, bounded; for the explorer. No HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, NamedNode

from qit4n_kg.namespaces import RDF, SKOS, STDORG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.entities.labels import Reference
    from qit4n_kg.entities.view import EntityView, PropertyGroup
    from qit4n_kg.store.base import Store

MOST = 60
"""Most neighbours of one thing."""
OF_ONE_PROPERTY = 15
"""Most neighbours by one property, so that a hub shows every kind of link that it has."""

OTHER = "other"
_ROLE = "role"
KINDS = {
    "person": f"{STDORG}Person",
    "organization": f"{STDORG}Organization",
    "body": f"{STDORG}Body",
    "event": f"{STDORG}Event",
    "plan": f"{STDORG}EventPlan",
    "document": f"{STDORG}Document",
    "liaison": f"{STDORG}Liaison",
    _ROLE: f"{STDORG}RoleHeld",
    "concept": f"{SKOS}Concept",
}
"""The kinds of things that a picture tells apart, and the class of each; the first that fits."""

_TYPE = NamedNode(f"{RDF}type")
_ENDS = tuple(NamedNode(f"{STDORG}{name}") for name in ("agent", "in", "forLiaison"))


@dataclass(frozen=True)
class Neighbour:
    """One thing and its kind, of `KINDS` or `OTHER`."""

    iri: str
    label: str
    kind: str


@dataclass(frozen=True)
class Links:
    """The neighbours by one property in one direction; `left_out` says that there are more."""

    predicate: Reference
    is_incoming: bool
    things: tuple[Neighbour, ...]
    left_out: bool


@dataclass(frozen=True)
class Neighbourhood:
    """One thing and its neighbours."""

    iri: str
    label: str
    types: tuple[Reference, ...]
    links: tuple[Links, ...]
    left_out: bool
    kind: str = OTHER

    @property
    def count(self) -> int:
        """How many links are listed."""
        return sum(len(links.things) for links in self.links)


def neighbourhood(view: EntityView, space: str, store: Store) -> Neighbourhood:
    """Choose what to show around a thing: things of ours only (their IRIs begin with `space`), each once.

    What a thing says of others comes before what others say of it, and a link that only a rule adds is left out unless it is a key
    one, as on the thing's page. A role that somebody holds is left out where a link of its own joins the two already: "edits D2.2"
    says in the picture what "co-editor of D2.2" would say once more.
    """
    choice = _Choice(store, space, {view.iri})
    found = []
    for is_incoming, groups in ((False, view.facts), (True, view.linked_by)):
        for group in groups:
            links = choice.of(group, is_incoming)
            if links is not None:
                found.append(links)
    left_out = any(links.left_out for links in found)
    return Neighbourhood(view.iri, view.label, view.types, tuple(found), left_out, choice.kind(view.iri))


class _Choice:
    """The neighbours that are chosen so far, and how much room is left."""

    def __init__(self, store: Store, space: str, seen: set[str]) -> None:
        self._store = store
        self._space = space
        self._seen = seen
        self._room = MOST

    def of(self, group: PropertyGroup, is_incoming: bool) -> Links | None:
        """Choose the neighbours of one property that are not seen yet."""
        new = list(self._things(group))
        if not new:
            return None
        kept = new[: min(OF_ONE_PROPERTY, self._room)]
        self._seen.update(thing.iri for thing in kept)
        self._room -= len(kept)
        left_out = len(kept) < len(new) or not group.is_whole
        return Links(group.predicate, is_incoming, tuple(kept), left_out)

    def _things(self, group: PropertyGroup) -> Iterator[Neighbour]:
        for value in group.values:
            if value.iri is None or not value.iri.startswith(self._space) or value.iri in self._seen:
                continue
            kind = self.kind(value.iri)
            if kind != _ROLE or not self._joins_what_is_seen(value.iri):
                yield Neighbour(value.iri, value.label, kind)

    def kind(self, iri: str) -> str:
        """Return the kind of a thing."""
        types = {term.value for term in self._objects(iri, _TYPE)}
        return next((name for name, of_class in KINDS.items() if of_class in types), OTHER)

    def _joins_what_is_seen(self, role: str) -> bool:
        """Tell whether both ends of a role are in the picture already."""
        return sum(any(end.value in self._seen for end in self._objects(role, one)) for one in _ENDS) > 1

    def _objects(self, iri: str, predicate: NamedNode) -> Iterator[NamedNode]:
        for quad in self._store.quads(NamedNode(iri), predicate, None, DefaultGraph()):
            if isinstance(quad.object, NamedNode):
                yield quad.object
