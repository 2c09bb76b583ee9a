"""What the query form offers beside the protocol: examples, a query to begin with, and the words that its editor completes.

The words are this graph's own: the prefixes, the classes and properties that are used, each with its label, its definition and how
often it is used. They are counted once a generation (web/statistics.py); things are found by `/suggest`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from qit4n_kg.errors import NotFoundError, SourceError
from qit4n_kg.formats import JSON
from qit4n_kg.namespaces import compact, prefixes
from qit4n_kg.queries import bind, read_query, shown_text
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.readings import reading
from qit4n_kg.web.sending import send
from qit4n_kg.web.statistics import statistics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.queries import CatalogueQuery
    from qit4n_kg.web.statistics import Partition

workbench = Blueprint("workbench", __name__)

_FORM_PREFIXES = ("stdorg", "id", "graph", "rdfs", "schema", "dcterms", "skos", "prov", "xsd")
_MOST_TERMS = 2_000
_LONGEST = 240


@workbench.get("/sparql/vocabulary")
def vocabulary() -> Response:
    """List what an editor completes: prefixes, classes and properties of this graph."""
    known = prefixes(knowledge_graph().settings.base_iri)
    counted = statistics()
    words = {"prefixes": known, "classes": _terms(counted.classes), "properties": _terms(counted.properties)}
    return send(json.dumps(words, ensure_ascii=False, separators=(",", ":")) + "\n", JSON)


def _terms(partitions: Iterable[Partition]) -> list[dict[str, Any]]:
    """Describe the classes or properties that are used, the most used first."""
    described = {term.iri: term for term in reading().vocabulary.terms}
    known = prefixes(knowledge_graph().settings.base_iri)
    terms = []
    for partition in sorted(partitions, key=_uses, reverse=True)[:_MOST_TERMS]:
        term = described.get(partition.iri)
        about = {"label": term.label, "definition": term.definition[:_LONGEST]} if term else {}
        terms.append({"iri": partition.iri, "name": compact(partition.iri, known), "uses": _uses(partition)} | about)
    return terms


def _uses(partition: Partition) -> int:
    return max(partition.counts.values())


def examples() -> Iterator[tuple[str, list[CatalogueQuery]]]:
    """Yield the catalogue's queries by topic, in the catalogue's order."""
    topics: dict[str, list[CatalogueQuery]] = {}
    for query in knowledge_graph().catalogue:
        topics.setdefault(query.topic, []).append(query)
    yield from topics.items()


def example_text(name: str) -> str:
    """Return the text of a catalogue query, with its defaults where it has them.

    :raises NotFoundError: the catalogue has none of this name.
    """
    graph = knowledge_graph()
    query = graph.catalogue.queries.get(name)
    if query is None:
        raise NotFoundError(f"The catalogue has no query {name[:80]!r}.", hint="/queries lists them.")
    if any(not parameter.default for parameter in query.parameters):
        return query.text
    return shown_text(query, bind(query, {}, graph.settings.base_iri))


def first_query() -> str:
    """Return what stands in the empty form: the prefixes that a query is likely to need, and one to begin with."""
    settings = knowledge_graph().settings
    try:
        example = read_query(settings.sources / "queries" / "site" / "first-query.rq")
    except SourceError:  # sources of someone's own need not have one
        return ""
    known = prefixes(settings.base_iri)
    declared = [f"PREFIX {name}: <{known[name]}>" for name in _FORM_PREFIXES]
    lines = shown_text(example, bind(example, {}, settings.base_iri)).splitlines()
    return "\n".join([*declared, "", *(line for line in lines if not line.startswith("PREFIX "))])
