"""Identifiers that are not used any more: what the graph says of them, and what stands in their place; no HTTP.

An identifier is retired by `owl:deprecated true` in force, preferably in a registry graph. `dcterms:isReplacedBy` names what
replaces it (one thing: it was merged; several: it was split; none: it was withdrawn), and `stdorg:reason` says why. It is never
deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, Literal, NamedNode

from qit4n_kg.namespaces import DCTERMS, OWL, RDFS, STDORG

if TYPE_CHECKING:
    from qit4n_kg.store.base import Store

_DEFAULT = DefaultGraph()
_DEPRECATED = NamedNode(f"{OWL}deprecated")
_REPLACED = NamedNode(f"{DCTERMS}isReplacedBy")
_REASONS = tuple(NamedNode(iri) for iri in (f"{STDORG}reason", f"{DCTERMS}description", f"{RDFS}comment"))
_MOST = 20
_TRUE = ("true", "1")


@dataclass(frozen=True)
class Retirement:
    """Why an identifier is not used any more, and which ones are instead."""

    iri: str
    replacements: tuple[str, ...]
    reason: str

    @property
    def replacement(self) -> str | None:
        """The one thing that stands in its place, None where there is none or several."""
        return self.replacements[0] if len(self.replacements) == 1 else None


def read_retirement(store: Store, iri: str) -> Retirement | None:
    """Return how an identifier was retired, None for one in use; merged again and again, the last thing replaces it."""
    found = first = _read(store, iri)
    seen = {iri}
    while found is not None and (following := found.replacement) is not None:
        if following in seen or len(seen) > _MOST:
            assert first is not None
            return Retirement(iri, (), first.reason)  # each replaces the other: none of them is in use
        seen.add(following)
        after = _read(store, following)
        if after is None:
            assert first is not None
            return Retirement(iri, (following,), first.reason)
        found = Retirement(iri, after.replacements, after.reason)
    return found


def _read(store: Store, iri: str) -> Retirement | None:
    try:
        node = NamedNode(iri)
    except ValueError:
        return None
    marks = (quad.object for quad in store.quads(node, _DEPRECATED, None, _DEFAULT))
    if not any(isinstance(mark, Literal) and mark.value in _TRUE for mark in marks):
        return None
    instead = (quad.object for quad in islice(store.quads(node, _REPLACED, None, _DEFAULT), _MOST))
    reasons = (quad.object for predicate in _REASONS for quad in store.quads(node, predicate, None, _DEFAULT))
    reason = next((one.value for one in reasons if isinstance(one, Literal)), "")
    return Retirement(iri, tuple(sorted(one.value for one in instead if isinstance(one, NamedNode))), reason)
