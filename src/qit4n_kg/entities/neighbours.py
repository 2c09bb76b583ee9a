"""What stands around one thing: the things that it links to and those that link to it, bounded; for the explorer. No HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qit4n_kg.entities.labels import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qit4n_kg.entities.view import EntityView, PropertyGroup

MOST = 60
"""Most neighbours of one thing."""
OF_ONE_PROPERTY = 15
"""Most neighbours by one property, so that a hub shows every kind of link that it has."""


@dataclass(frozen=True)
class Links:
    """The neighbours by one property in one direction; `left_out` says that there are more."""

    predicate: Reference
    is_incoming: bool
    things: tuple[Reference, ...]
    left_out: bool


@dataclass(frozen=True)
class Neighbourhood:
    """One thing and its neighbours."""

    iri: str
    label: str
    types: tuple[Reference, ...]
    links: tuple[Links, ...]
    left_out: bool

    @property
    def count(self) -> int:
        """How many links are listed."""
        return sum(len(links.things) for links in self.links)


def neighbourhood(view: EntityView, space: str) -> Neighbourhood:
    """Choose what to show around a thing: things of ours only (their IRIs begin with `space`), each once.

    What a thing says of others comes before what others say of it, and a link that only a rule adds is left out unless it is a key
    one, as on the thing's page.
    """
    seen = {view.iri}
    found = []
    room = MOST
    for is_incoming, groups in ((False, view.facts), (True, view.linked_by)):
        for group in groups:
            links, room = _of(group, is_incoming, space, seen, room)
            if links is not None:
                found.append(links)
    return Neighbourhood(view.iri, view.label, view.types, tuple(found), any(links.left_out for links in found))


def _of(group: PropertyGroup, is_incoming: bool, space: str, seen: set[str], room: int) -> tuple[Links | None, int]:
    """Return the neighbours of one property that are not seen yet, and how much room is left then."""
    new = list(_things(group, space, seen))
    kept = new[: min(OF_ONE_PROPERTY, room)]
    if not new:
        return None, room
    seen.update(thing.iri for thing in kept)
    left_out = len(kept) < len(new) or not group.is_whole
    return Links(group.predicate, is_incoming, tuple(kept), left_out), room - len(kept)


def _things(group: PropertyGroup, space: str, seen: set[str]) -> Iterable[Reference]:
    for value in group.values:
        if value.iri is not None and value.iri.startswith(space) and value.iri not in seen:
            yield Reference(value.iri, value.label)
