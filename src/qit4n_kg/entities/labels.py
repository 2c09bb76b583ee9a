"""What a thing is called: labels by preference of property and language, with a readable name where there is none; no HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pyoxigraph import DefaultGraph, Literal, NamedNode, Triple

from qit4n_kg.entities.kept import Kept
from qit4n_kg.namespaces import DCTERMS, FOAF, RDFS, SCHEMA, SKOS, compact, prefixes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qit4n_kg.store.base import Store, Term

LABEL_PROPERTIES = tuple(
    NamedNode(iri) for iri in (f"{SKOS}prefLabel", f"{RDFS}label", f"{DCTERMS}title", f"{SCHEMA}name", f"{FOAF}name")
)
"""Where a label is looked for; the first property that has one wins."""

_LABEL_LENGTH = 400
_REGISTRIES = {
    "https://ror.org/": "ROR",
    "https://orcid.org/": "ORCID",
    "http://www.wikidata.org/entity/": "Wikidata",
    "https://doi.org/": "DOI",
}
"""Registries that people know by name: an identifier of theirs reads better with it than as an address."""
_DEFAULT = DefaultGraph()
_NUMBER = re.compile(r"(\d+)")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Reference:
    """A resource and what it is called."""

    iri: str
    label: str


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that puts "meeting 10" after "meeting 9", upper and lower case alike.

    >>> sorted(["D2.10", "D2.9", "d2.1"], key=natural_key)
    ['d2.1', 'D2.9', 'D2.10']
    """
    parts = _NUMBER.split(text.casefold())
    return tuple((0, int(part), "") if part.isdecimal() and len(part) < 20 else (1, 0, part) for part in parts if part)


def words(iri: str) -> str:
    """Turn a term's name into words, for a property that nobody labelled.

    >>> words("http://xmlns.com/foaf/0.1/familyName")
    'family name'
    """
    return _HUMP.sub(" ", local_name(iri)).replace("_", " ").lower()


def local_name(iri: str, base: str = "") -> str:
    """Return the readable end of an IRI: what follows `base`, else what follows the last `#` or `/`.

    >>> local_name("https://w3id.org/qit4n/id/fg-qit4n/wg1", "https://w3id.org/qit4n/")
    'fg-qit4n/wg1'
    >>> local_name("https://w3id.org/stdorg/ns#Meeting")
    'Meeting'
    """
    for start in (f"{base}id/", f"{base}graph/"):
        if base and iri.startswith(start) and len(iri) > len(start):
            return unquote(iri[len(start) :])
    return re.split(r"[#/]", iri.rstrip("#/"))[-1] or iri


class LabelReader:
    """Reads labels from an immutable store, so it may remember them.

    `rendered` has names, by IRI, for things that have no label of their own in the language that is preferred.
    """

    def __init__(
        self,
        store: Store,
        base: str = "",
        languages: Sequence[str] = ("en",),
        rendered: Mapping[str, str] | None = None,
    ) -> None:
        self._rendered = rendered or {}
        self._store = store
        self._base = base
        self._prefixes = prefixes(base) if base else None
        self._wanted = tuple(language.lower() for language in languages)
        self._labels: Kept[str] = Kept(16_384)
        self._firsts: Kept[str | None] = Kept(16_384)

    def label(self, iri: str) -> str:
        """Return what a thing or a term is called, its identifier's words where it has no name."""
        return self._labels.get(iri, self._read)

    def reference(self, iri: str) -> Reference:
        """Pair an IRI with its label."""
        return Reference(iri, self.label(iri))

    def text(self, term: Term) -> str:
        """Return what to show for any term: a label, or a literal's own text."""
        if isinstance(term, NamedNode):
            return self.label(term.value)
        if isinstance(term, Triple):
            return str(term)
        return term.value

    def before_english(self, iri: str) -> str | None:
        """Return a label in a language that is preferred to English, None where there is none."""
        return self._firsts.get(iri, self._read_first) if self._wanted[0] != "en" else None

    def _read(self, iri: str) -> str:
        if label := self.before_english(iri):
            return label
        node = NamedNode(iri)
        for predicate in LABEL_PROPERTIES:
            if literals := self._literals(node, predicate):
                return min(literals, key=lambda literal: (self._rank(literal), literal.value)).value[:_LABEL_LENGTH]
        return self._fallback(iri)

    def _read_first(self, iri: str) -> str | None:
        """Look for the language first, then for the property."""
        found = [self._literals(NamedNode(iri), predicate) for predicate in LABEL_PROPERTIES]
        for rank in range(self._wanted.index("en") if "en" in self._wanted else len(self._wanted)):
            for literals in found:
                if best := [literal.value for literal in literals if self._rank(literal) == rank]:
                    return min(best)[:_LABEL_LENGTH]
        return self._rendered.get(iri)

    def _literals(self, node: NamedNode, predicate: NamedNode) -> list[Literal]:
        objects = (quad.object for quad in self._store.quads(node, predicate, None, _DEFAULT))
        return [term for term in objects if isinstance(term, Literal) and term.value.strip()]

    def _rank(self, literal: Literal) -> int:
        """Wanted languages first in their order (a kind of a language is that language), then none, then any other."""
        language = (literal.language or "").lower()
        for position, wanted in enumerate(self._wanted):
            if language == wanted or language.startswith(f"{wanted}-"):
                return position
        return len(self._wanted) + (1 if language else 0)

    def _fallback(self, iri: str) -> str:
        for space, name in _REGISTRIES.items():
            if iri.startswith(space) and len(iri) > len(space):
                return f"{name} {iri.removeprefix(space)}"
        short = compact(iri, self._prefixes)
        if self._base and iri.startswith(self._base):
            return local_name(iri, self._base)
        return short
