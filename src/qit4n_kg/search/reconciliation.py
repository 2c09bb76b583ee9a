"""Reconciliation: which thing of the graph a name in a table means, and what is known of it, as OpenRefine asks.

Follows the Reconciliation Service API 0.2 of the W3C community group. Candidates come from the search index; how well one fits is
said from 0 to 100, by its names and by the values of the properties that were given. A `match` is only what is certain: the one
thing of which a name, a code or an identifier is the text, with no property against it. Everything asked is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyoxigraph import DefaultGraph, Literal, NamedNode

from qit4n_kg.errors import ParameterError
from qit4n_kg.namespaces import RDF, STDORG, XSD, compact, prefixes
from qit4n_kg.search.index import LONGEST_QUESTION
from qit4n_kg.search.text import fold, is_one_typo, key, may_be_misspelt, similarity, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qit4n_kg.config import Settings
    from qit4n_kg.entities.labels import LabelReader
    from qit4n_kg.search.index import Hit, SearchIndex
    from qit4n_kg.store.base import Store, Term

MOST_QUERIES = 100
"""Queries of one batch."""
MOST_CANDIDATES = 50
MOST_IDS = 200
MOST_PROPERTIES = 40
MOST_VALUES = 50
"""Values of one property that are compared or given."""

_CANDIDATES = 5
_CONSIDERED = 30
_MOST_TYPES = 8
_PROPERTY_WEIGHT = 0.4
_TYPE_BONUS = 5.0
_SURE = 80.0
_LEAST = 20.0
"""What fits less than this is no candidate."""
_ALL_WORDS = 70.0
_TYPE = f"{RDF}type"
_INTEGER, _BOOLEAN = f"{XSD}integer", f"{XSD}boolean"
_FLOATS = frozenset(f"{XSD}{name}" for name in ("decimal", "double", "float"))


@dataclass(frozen=True)
class Wanted:
    """One query: a text, types of which a candidate has any (or all), and values that its properties should have."""

    text: str
    types: tuple[str, ...]
    strict: str
    limit: int
    properties: tuple[tuple[str, tuple[str, ...]], ...]


class Reconciler:
    """Answers reconciliation queries from one generation's index and store."""

    def __init__(self, index: SearchIndex, store: Store, labels: LabelReader, settings: Settings) -> None:
        self._index = index
        self._store = store
        self._labels = labels
        self._base = settings.id_base
        self._prefixes = prefixes(settings.base_iri)

    # --- identifiers --------------------------------------------------------------------------------------------------

    def id_of(self, iri: str) -> str:
        """Return a thing's identifier: its path under the identifier space."""
        return iri.removeprefix(self._base)

    def iri_of(self, identifier: str) -> str:
        """Return the IRI of an identifier, which may be an IRI already."""
        return identifier if identifier.startswith(("http://", "https://")) else f"{self._base}{identifier}"

    def term_of(self, identifier: str) -> str:
        """Return the IRI of a type's or a property's identifier: an IRI, a prefixed name, or a name of the ontology."""
        if identifier.startswith(("http://", "https://")):
            return identifier
        prefix, colon, local = identifier.partition(":")
        return f"{self._prefixes[prefix]}{local}" if colon and prefix in self._prefixes else f"{STDORG}{identifier}"

    def name(self, iri: str) -> str:
        """Return what a type or property is called."""
        try:
            return self._labels.label(iri)
        except ValueError:  # a client's text that is no IRI
            return iri

    def types(self, classes: Iterable[str]) -> list[dict[str, str]]:
        """Describe classes."""
        return [{"id": compact(iri), "name": self.name(iri)} for iri in classes]

    # --- reconciling --------------------------------------------------------------------------------------------------

    def answer(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a batch of queries, each under its own key.

        :raises ParameterError: it is no batch of queries, or one is malformed.
        """
        if not isinstance(batch, dict):
            raise ParameterError("A batch of queries is a JSON object, with a query under each key.")
        if len(batch) > MOST_QUERIES:
            raise ParameterError(f"The batch has {len(batch)} queries.", hint=f"Send up to {MOST_QUERIES} at a time.")
        return {name: {"result": self._candidates(_read_query(query, name))} for name, query in batch.items()}

    def _candidates(self, wanted: Wanted) -> list[dict[str, Any]]:
        hits = self._hits(wanted)
        rated = sorted(
            ((self._rate(hit, wanted), hit) for hit in hits), key=lambda pair: (-pair[0]["score"], -pair[1].score)
        )
        found = [result for result, _ in rated if result["score"] >= _LEAST]
        certain = [result for result in found if result.pop("certain")]
        for result in found:
            result["match"] = len(certain) == 1 and result is certain[0]
        return found[: wanted.limit]

    def _hits(self, wanted: Wanted) -> list[Hit]:
        text = wanted.text or " ".join(value for _, values in wanted.properties for value in values)
        text = text[:LONGEST_QUESTION]
        types = [self.term_of(name) for name in wanted.types]
        filters: list[dict[str, str]] = [{"kind": name} for name in types] if wanted.strict != "should" else []
        found: dict[str, Hit] = {}
        for each in filters or [{}]:
            if not (answer := self._search(text, each)):
                continue
            found.update(
                (hit.iri, hit) for hit in answer if not types or wanted.strict == "should" or self._fits(hit, each)
            )
        if wanted.strict == "all":
            return [hit for hit in found.values() if set(types) <= set(hit.classes)]
        return list(found.values())

    def _search(self, text: str, filters: dict[str, str]) -> tuple[Hit, ...]:
        """Find candidates; a text with too many words is cut, since a cell of a table may hold anything."""
        parts = text.split()
        while parts:
            try:
                return self._index.search(" ".join(parts), filters, limit=_CONSIDERED, with_facets=False).hits
            except ParameterError:
                parts = parts[: len(parts) // 2]
        return ()

    @staticmethod
    def _fits(hit: Hit, filters: Mapping[str, str]) -> bool:
        return all(value in hit.classes for value in filters.values())

    def _rate(self, hit: Hit, wanted: Wanted) -> dict[str, Any]:
        """Say how well a candidate fits."""
        names = (hit.label, *hit.names, *hit.codes, *hit.identifiers, hit.iri)
        is_named = bool(wanted.text) and key(wanted.text) in {key(name) for name in names}
        named = 100.0 if is_named else max(_likeness(wanted.text, name) for name in names) if wanted.text else 0.0
        features = [{"id": "name", "value": round(named, 1)}] if wanted.text else []
        parts, weights = [named], [1.0 if wanted.text else 0.0]
        for property_id, values in wanted.properties:
            fit = self._fit(hit.iri, property_id, values)
            features.append({"id": property_id, "value": round(fit, 1)})
            parts.append(fit)
            weights.append(_PROPERTY_WEIGHT)
        score = sum(part * weight for part, weight in zip(parts, weights, strict=True)) / sum(weights)
        if wanted.strict == "should" and {self.term_of(name) for name in wanted.types} & set(hit.classes):
            score = min(100.0, score + _TYPE_BONUS)
        return {
            "id": self.id_of(hit.iri),
            "name": hit.label,
            "description": hit.summary[:200],
            "type": self.types(hit.kinds),
            "score": round(score, 1),
            "features": features,
            "certain": is_named and all(fit >= _SURE for fit in parts[1:]),
        }

    def _fit(self, iri: str, property_id: str, values: Sequence[str]) -> float:
        """Say how well a property's values are those that were given: by identifier, or by how alike they are."""
        known = [text for term in self._values(iri, property_id) for text in self._texts(term)]
        if not known or not values:
            return 0.0
        best = [
            max(100.0 if key(value) == key(text) else 99 * similarity(value, text) for text in known)
            for value in values
        ]
        return sum(best) / len(best)

    def _texts(self, term: Term) -> list[str]:
        if isinstance(term, NamedNode):
            hit = self._index.get(term.value)
            names = (hit.label, *hit.names, *hit.codes) if hit is not None else (self._labels.label(term.value),)
            return [*names, self.id_of(term.value), term.value]
        return [term.value] if isinstance(term, Literal) else []

    def _values(self, iri: str, property_id: str) -> list[Term]:
        try:
            node, predicate = NamedNode(iri), NamedNode(self.term_of(property_id))
        except ValueError:
            return []
        found: list[Term] = []
        for quad in self._store.quads(node, predicate, None, DefaultGraph()):
            found.append(quad.object)
            if len(found) >= MOST_VALUES:
                break
        return found

    # --- data extension -----------------------------------------------------------------------------------------------

    def extend(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Give the values of properties of things.

        :raises ParameterError: it is no order for values, or a too large one.
        """
        ids, properties = _read_extension(order)
        rows = {
            identifier: {
                name: [self._plain(term) for term in self._values(self.iri_of(identifier), name)[:limit]]
                for name, limit in properties
            }
            for identifier in ids
        }
        return {"meta": [{"id": name, "name": self.name(self.term_of(name))} for name, _ in properties], "rows": rows}

    def _plain(self, term: Term) -> dict[str, Any]:
        """Write one value as the API has it."""
        if isinstance(term, NamedNode):
            if term.value.startswith(self._base):
                return {"id": self.id_of(term.value), "name": self._labels.label(term.value)}
            return {"str": term.value}
        if not isinstance(term, Literal):
            return {"str": str(term)}
        datatype = term.datatype.value
        if datatype == _INTEGER:
            return {"int": int(term.value)}
        if datatype in _FLOATS:
            return {"float": float(term.value)}
        if datatype == f"{XSD}date" and len(term.value) == 10:
            return {"date": f"{term.value}T00:00:00Z"}
        return {"str": term.value}

    # --- suggesting ---------------------------------------------------------------------------------------------------

    def suggest_entities(self, text: str, most: int) -> list[dict[str, Any]]:
        """Suggest things whose name begins so."""
        return [
            {
                "id": self.id_of(hit.iri),
                "name": hit.label,
                "description": hit.summary[:200] or ", ".join(self.name(kind) for kind in hit.kinds),
                "notable": self.types(hit.kinds),
            }
            for hit in self._index.suggest(text[:LONGEST_QUESTION], most).hits
        ]

    def suggest_types(self, text: str, most: int) -> list[dict[str, Any]]:
        """Suggest classes of which there are things, those with most things first."""
        return self._suggest_terms("class", text, most)

    def suggest_properties(self, text: str, most: int) -> list[dict[str, Any]]:
        """Suggest properties that things have, those that most have first."""
        return self._suggest_terms("property", text, most)

    def _suggest_terms(self, kind: str, text: str, most: int) -> list[dict[str, Any]]:
        wanted = fold(text[:LONGEST_QUESTION]).strip()
        found = []
        for each in self._index.counts(kind, most=1_000):
            term = {"id": compact(each.value), "name": self.name(each.value)}
            if wanted in fold(term["name"]) or wanted in fold(term["id"]):
                found.append({**term, "description": each.value})
            if len(found) >= most:
                break
        return found

    def propose(self, type_id: str, most: int) -> list[dict[str, str]]:
        """Propose properties that things of a type have: those of our ontology first, and of these what most have."""
        filters = {"kind": self.term_of(type_id)} if type_id else {}
        counts = self._index.counts("property", filters, most=1_000)
        own_first = sorted(counts, key=lambda each: not each.value.startswith(STDORG))
        terms = [
            {"id": compact(each.value), "name": self.name(each.value)} for each in own_first if each.value != _TYPE
        ]
        return terms[:most]


def _likeness(text: str, name: str) -> float:
    """Say how alike two texts are, below 100: more if every word of the first is in the second, with a typo each at most.

    >>> _likeness("Kenyosi", "Kaoru Kenyoshi") > 80, _likeness("Kenyosi", "Alexey Borodin") < 20
    (True, True)
    """
    alike, known = 99 * similarity(text, name), words(name)
    sought = words(text)
    has_all = bool(sought) and all(
        one in known or (may_be_misspelt(one) and any(is_one_typo(one, word) for word in known)) for one in sought
    )
    return _ALL_WORDS + (99 - _ALL_WORDS) * alike / 99 if has_all else alike


def _read_query(query: Any, name: str) -> Wanted:
    """Read one query of a batch.

    :raises ParameterError: it has another form than the API's.
    """
    if not isinstance(query, dict):
        raise _malformed(name, "it is no JSON object")
    text = query.get("query", "")
    types = query.get("type", [])
    types = [types] if isinstance(types, str) else types
    properties = query.get("properties", [])
    limit = query.get("limit", _CANDIDATES)
    strict = query.get("type_strict", "any")
    if not isinstance(text, str):
        raise _malformed(name, "`query` is no string")
    if not isinstance(types, list) or len(types) > _MOST_TYPES or not all(isinstance(one, str) for one in types):
        raise _malformed(name, f"`type` is no identifier, nor a list of up to {_MOST_TYPES}")
    if isinstance(limit, bool) or not isinstance(limit, int | float) or limit < 1:
        raise _malformed(name, "`limit` is no number from 1 on")
    if strict not in ("any", "all", "should"):
        raise _malformed(name, "`type_strict` is not any, all or should")
    if not isinstance(properties, list) or len(properties) > MOST_PROPERTIES:
        raise _malformed(name, f"`properties` is no list of up to {MOST_PROPERTIES}")
    pairs = tuple(_read_property(one, name) for one in properties)
    if not text.strip() and not pairs:
        raise _malformed(name, "it has neither a `query` nor `properties`")
    return Wanted(text.strip(), tuple(types), strict, int(min(limit, MOST_CANDIDATES)), pairs)


def _read_property(given: Any, name: str) -> tuple[str, tuple[str, ...]]:
    if not isinstance(given, dict) or not isinstance(given.get("pid"), str) or "v" not in given:
        raise _malformed(name, "a property has no `pid` and `v`")
    values = given["v"] if isinstance(given["v"], list) else [given["v"]]
    texts = []
    for value in values[:MOST_VALUES]:
        plain = value.get("id", "") if isinstance(value, dict) else value
        if not isinstance(plain, str | int | float):
            raise _malformed(name, f"a value of {given['pid'][:100]!r} is no text, number or thing")
        texts.append(str(plain)[:LONGEST_QUESTION])
    return given["pid"], tuple(text for text in texts if text.strip())


def _read_extension(order: Any) -> tuple[list[str], list[tuple[str, int]]]:
    ids = order.get("ids") if isinstance(order, dict) else None
    properties = order.get("properties") if isinstance(order, dict) else None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise ParameterError("An order for values has `ids`, a list of identifiers.")
    if not isinstance(properties, list) or not all(
        isinstance(one, dict) and isinstance(one.get("id"), str) for one in properties
    ):
        raise ParameterError("An order for values has `properties`, a list of objects with an `id`.")
    if len(ids) > MOST_IDS or len(properties) > MOST_PROPERTIES:
        raise ParameterError(
            f"It is an order of {len(properties)} properties of {len(ids)} things.",
            hint=f"Ask for up to {MOST_PROPERTIES} properties of up to {MOST_IDS} things at a time.",
        )
    return ids, [(one["id"], _limit_of(one)) for one in properties]


def _limit_of(given: Mapping[str, Any]) -> int:
    """Return how many values a property's settings ask for; 0 or nothing is as many as are given."""
    settings = given.get("settings")
    text = str(settings.get("limit", "")) if isinstance(settings, dict) else ""
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    return min(limit or MOST_VALUES, MOST_VALUES)


def _malformed(name: str, reason: str) -> ParameterError:
    return ParameterError(
        f"The query {name[:100]!r} of the batch can't be understood: {reason}.",
        hint='It is like {"query": "SG13", "type": "stdorg:Body", "limit": 3}.',
    )
