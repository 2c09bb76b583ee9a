"""Names in a page's language for things that the data names in English only: countries by their code, concepts by the catalogues.

For display alone: data files and results of queries have the labels of the data. A country's name is the one of Unicode's
territory data (CLDR, by Babel) for its ISO 3166-1 code; a concept's is the translation of its English label, which
`web/messages.py` collects.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from babel import Locale
from pyoxigraph import DefaultGraph, Literal, NamedNode

from qit4n_kg.namespaces import RDF, RDFS, SKOS, STDORG
from qit4n_kg.web.languages import SOURCE, translated_into

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.store.base import Store

MOST = 2_000
"""Most countries and most concepts that are looked at."""

_DEFAULT = DefaultGraph()
_TYPE = NamedNode(f"{RDF}type")
_CODE = NamedNode(f"{SKOS}notation")
_LABEL = NamedNode(f"{RDFS}label")
_COUNTRY = NamedNode(f"{STDORG}Country")
_SCHEME = NamedNode(f"{SKOS}inScheme")


def renderings(store: Store, language: str) -> dict[str, str]:
    """Return names by IRI in a language that pages come in; none for another, nor for English, which the labels are in."""
    translate = translated_into(language)
    if language == SOURCE or translate is None:
        return {}
    territories = Locale.parse(language).territories
    found = {}
    for iri in _subjects(store, _SCHEME, None):
        for label in _texts(store, iri, _LABEL):
            if (text := translate(label)) != label:
                found[iri.value] = text
    for iri in _subjects(store, _TYPE, _COUNTRY):
        for code in _texts(store, iri, _CODE):
            if (name := territories.get(code)) is not None:
                found[iri.value] = name
    return found


def _subjects(store: Store, predicate: NamedNode, obj: NamedNode | None) -> Iterator[NamedNode]:
    quads = islice(store.quads(None, predicate, obj, _DEFAULT), MOST)
    return (quad.subject for quad in quads if isinstance(quad.subject, NamedNode))


def _texts(store: Store, iri: NamedNode, predicate: NamedNode) -> Iterator[str]:
    quads = store.quads(iri, predicate, None, _DEFAULT)
    return (quad.object.value for quad in quads if isinstance(quad.object, Literal))
