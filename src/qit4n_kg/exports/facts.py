"""`Facts`: the statements that an export's query takes from the graph, by subject; plain values, no store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from qit4n_kg.namespaces import PREFIXES, RDF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyoxigraph import Triple

    from qit4n_kg.store.base import Term

_TYPE = f"{RDF}type"


def expand(name: str) -> str:
    """Return the IRI of a prefixed name.

    >>> expand("skos:notation")
    'http://www.w3.org/2004/02/skos/core#notation'
    """
    prefix, _, local = name.partition(":")
    return f"{PREFIXES[prefix]}{local}" if prefix in PREFIXES else name


class Facts:
    """Statements by subject and property; properties and classes are written with their prefix (`stdorg:number`).

    Where a property has several values they come in the order of their text, so that the same facts make the same file.
    """

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._of: dict[str, dict[str, list[Term]]] = {}
        self._members: dict[str, list[str]] = {}
        self._inverse: dict[str, dict[str, list[str]]] = {}
        for triple in triples:
            if not isinstance(triple.subject, NamedNode):
                continue
            subject, predicate = triple.subject.value, triple.predicate.value
            self._of.setdefault(subject, {}).setdefault(predicate, []).append(triple.object)
            if predicate == _TYPE and isinstance(triple.object, NamedNode):
                self._members.setdefault(triple.object.value, []).append(subject)

    def members(self, kind: str) -> list[str]:
        """Return the IRIs of the things of a class, in their order."""
        return sorted(self._members.get(expand(kind), ()))

    def is_a(self, iri: str, kind: str) -> bool:
        """Whether a thing is of a class."""
        wanted = expand(kind)
        return any(isinstance(term, NamedNode) and term.value == wanted for term in self.terms(iri, "rdf:type"))

    def terms(self, iri: str, name: str) -> list[Term]:
        """Return the values of a property."""
        return sorted(self._of.get(iri, {}).get(expand(name), ()), key=_order)

    def iris(self, iri: str, name: str) -> list[str]:
        """Return the things that a property leads to."""
        return [term.value for term in self.terms(iri, name) if isinstance(term, NamedNode)]

    def texts(self, iri: str, name: str) -> list[str]:
        """Return the texts of a property's literals."""
        return [term.value for term in self.terms(iri, name) if isinstance(term, Literal)]

    def language(self, iri: str, name: str) -> str | None:
        """Return the language of the first text of a property, if it has one."""
        return next((term.language for term in self.terms(iri, name) if isinstance(term, Literal)), None)

    def iri(self, iri: str, name: str) -> str | None:
        """Return the first thing that a property leads to."""
        return next(iter(self.iris(iri, name)), None)

    def text(self, iri: str, name: str) -> str | None:
        """Return the first text of a property."""
        return next(iter(self.texts(iri, name)), None)

    def label(self, iri: str | None) -> str | None:
        """Return a thing's label; None where it has none."""
        return None if iri is None else self.text(iri, "rdfs:label") or self.text(iri, "skos:prefLabel")

    def subjects(self, name: str, value: str) -> list[str]:
        """Return the things whose property leads to a thing, in their order."""
        predicate = expand(name)
        if predicate not in self._inverse:
            self._inverse[predicate] = self._inverted(predicate)
        return sorted(self._inverse[predicate].get(value, ()))

    def _inverted(self, predicate: str) -> dict[str, list[str]]:
        inverse: dict[str, list[str]] = {}
        for subject, properties in self._of.items():
            for term in properties.get(predicate, ()):
                if isinstance(term, NamedNode):
                    inverse.setdefault(term.value, []).append(subject)
        return inverse

    def __iter__(self) -> Iterator[tuple[str, str, Term]]:
        for subject, properties in self._of.items():
            for predicate, values in properties.items():
                for value in values:
                    yield subject, predicate, value

    def __len__(self) -> int:
        return sum(len(values) for properties in self._of.values() for values in properties.values())


def _order(term: Term) -> tuple[str, str]:
    return (str(term), "") if not isinstance(term, Literal) else (term.value, str(term))
