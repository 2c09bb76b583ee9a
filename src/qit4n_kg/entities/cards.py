"""One thing as search engines read it: the schema.org part of an `EntityView`, as a JSON-LD object; pure, no HTTP.

Nothing is mapped here: the ontology is aligned to schema.org, so the graph holds these statements already, stated or entailed.
Added are only the name, the description and the identifier, which schema.org has under names of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode

from qit4n_kg.namespaces import SCHEMA, SKOS, XSD

if TYPE_CHECKING:
    from qit4n_kg.entities.view import EntityView, Value

_MOST = 50
_SAME = (f"{SKOS}exactMatch",)
_LONGEST = 1_000
_NUMBERS = {f"{XSD}{name}" for name in ("integer", "decimal", "int", "long", "double")}


def card(view: EntityView) -> dict[str, Any]:
    """Return the JSON-LD object, without its context."""
    kinds = sorted(iri.removeprefix(SCHEMA) for iri in view.all_types if iri.startswith(SCHEMA))
    found: dict[str, Any] = {
        "@id": view.iri,
        "@type": (kinds[0] if len(kinds) == 1 else kinds) or "Thing",
        "name": view.label,
        "identifier": [value.label for value in view.values(f"{SKOS}notation")] or None,
        "alternateName": [value.label[:_LONGEST] for value in view.values(f"{SKOS}altLabel")] or None,
        "description": view.description.label[:_LONGEST] if view.description else None,
        "sameAs": [value.iri for iri in _SAME for value in view.values(iri) if value.iri] or None,
    }
    for group in view.properties:
        if group.predicate.iri.startswith(SCHEMA):
            values = [_value(value) for value in group.values[:_MOST]]
            found.setdefault(group.predicate.iri.removeprefix(SCHEMA), values[0] if len(values) == 1 else values)
    return {name: value for name, value in found.items() if value is not None}


def _value(value: Value) -> Any:
    term = value.term
    if isinstance(term, NamedNode):
        return {"@id": term.value, "name": value.label}
    if isinstance(term, Literal) and term.datatype.value in _NUMBERS:
        try:
            return int(term.value) if term.datatype.value == f"{XSD}integer" else float(term.value)
        except ValueError:
            return term.value
    return value.label[:_LONGEST]
