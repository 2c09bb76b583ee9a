"""The service description of the endpoint (SPARQL 1.1 Service Description): languages, formats, features, limits, dataset.

No vocabulary has terms for limits, so each is a feature with a label, a comment and a `schema:value`, like
`</sparql#limit-query-timeout>`; `schema:propertyID` is the setting behind it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from flask import request
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from qit4n_kg.config import SETTINGS
from qit4n_kg.formats import Format, RdfFormat, ResultFormat
from qit4n_kg.namespaces import PREFIXES, RDF, RDFS, SCHEMA
from qit4n_kg.store.writing import serialise
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.statistics import statistics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.store.base import Term

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
FORMATS = "http://www.w3.org/ns/formats/"
TYPE = NamedNode(f"{RDF}type")

# https://www.w3.org/ns/formats/ names each format.
FORMAT_NAMES = {
    ResultFormat.JSON: "SPARQL_Results_JSON",
    ResultFormat.XML: "SPARQL_Results_XML",
    ResultFormat.CSV: "SPARQL_Results_CSV",
    ResultFormat.TSV: "SPARQL_Results_TSV",
    RdfFormat.TURTLE: "Turtle",
    RdfFormat.N_TRIPLES: "N-Triples",
    RdfFormat.RDF_XML: "RDF_XML",
    RdfFormat.JSON_LD: "JSON-LD",
    RdfFormat.TRIG: "TriG",
    RdfFormat.N_QUADS: "N-Quads",
}
_LIMITS = {
    "query_timeout": "SEC",
    "query_memory": "AD",  # UN/CEFACT's code of a byte
    "result_bytes": "AD",
    "request_bytes": "AD",
    "query_characters": "C62",
    "queue": "C62",  # of a count
    "executors": "C62",
    "long_queries": "C62",
    "workers": "C62",
    "downloads": "C62",
    "remote_timeout": "SEC",
    "remote_bytes": "AD",
    "keep_generations": "C62",
    "keep_days": "DAY",
}
_FEATURES = {
    "merged-default-graphs": (
        "Merged default graphs",
        "A query over several default graphs is answered over their RDF merge: a triple that stands in three of them occurs once.",
    ),
    "whole-or-error": (
        "Whole or an error",
        "A result is sent whole, with its length, or the answer is a problem (RFC 9457); none is cut off under status 200.",
    ),
    "validators": (
        "Validators",
        "A result's ETag stands for dataset, query, format and coding: If-None-Match is answered by 304 without a query.",
    ),
    "pinned-results": (
        "Pinned results",
        "The parameter `at` pins a result to the generation that the header X-Generation names, for as long as that one is kept.",
    ),
    "query-method": (
        "The QUERY method",
        "Queries may be sent by the HTTP method QUERY (SPARQL 1.2 Protocol, a draft).",
    ),
    "spreadsheets": ("CSV for spreadsheets", "`format=csv-excel` is CSV that begins with a byte order mark."),
    "rdf-1.2": ("RDF 1.2", "Triple terms and text directions are understood in queries and written in results."),
}
_MOST_GRAPHS = 5000
_SHOWN_PREFIXES = ("dcterms", "foaf", "rdfs", "schema", "xsd")


def service_description(form: Format) -> bytes:
    """Describe the endpoint at the address of this request, as it answers now."""
    endpoint = f"{request.host_url}sparql"
    return write_graph([*_service(endpoint), *_features(endpoint), *_limits(endpoint), *_dataset()], form)


def write_graph(triples: Iterable[Triple], form: Format) -> bytes:
    """Serialise a description."""
    member = next(member for member in RdfFormat if member.value is form)
    has_prefixes = form in (RdfFormat.TURTLE.value, RdfFormat.TRIG.value, RdfFormat.RDF_XML.value)
    known = {"sd": SD, "void": VOID, "formats": FORMATS} | {name: PREFIXES[name] for name in _SHOWN_PREFIXES}
    output = io.BytesIO()
    serialise(triples, output, member, known if has_prefixes else None)
    return output.getvalue()


def statement(subject: NamedNode | BlankNode, predicate: str, value: Term | str | int | float) -> Triple:
    """Make a triple; a string is a plain literal."""
    term = value if not isinstance(value, str | int | float) else Literal(value)
    return Triple(subject, NamedNode(predicate), term)


def _service(endpoint: str) -> Iterator[Triple]:
    service = NamedNode(f"{endpoint}#service")
    yield Triple(service, TYPE, NamedNode(f"{SD}Service"))
    yield statement(service, f"{SD}endpoint", NamedNode(endpoint))
    yield statement(service, f"{SD}supportedLanguage", NamedNode(f"{SD}SPARQL10Query"))
    yield statement(service, f"{SD}supportedLanguage", NamedNode(f"{SD}SPARQL11Query"))
    for name in FORMAT_NAMES.values():
        yield statement(service, f"{SD}resultFormat", NamedNode(f"{FORMATS}{name}"))
    for name in (*_FEATURES, *(f"limit-{limit.replace('_', '-')}" for limit in _LIMITS)):
        yield statement(service, f"{SD}feature", NamedNode(f"{endpoint}#{name}"))
    if knowledge_graph().settings.allow_remote:
        yield statement(service, f"{SD}feature", NamedNode(f"{SD}BasicFederatedQuery"))
    yield statement(service, f"{SD}defaultDataset", BlankNode("dataset"))
    yield statement(service, f"{RDFS}seeAlso", NamedNode(f"{request.host_url}.well-known/void"))
    yield statement(service, f"{RDFS}seeAlso", NamedNode(f"{request.host_url}openapi.json"))


def _features(endpoint: str) -> Iterator[Triple]:
    for name, (label, comment) in _FEATURES.items():
        feature = NamedNode(f"{endpoint}#{name}")
        yield Triple(feature, TYPE, NamedNode(f"{SD}Feature"))
        yield statement(feature, f"{RDFS}label", label)
        yield statement(feature, f"{RDFS}comment", comment)


def _limits(endpoint: str) -> Iterator[Triple]:
    settings = knowledge_graph().settings
    meanings = {setting.name: setting.meaning for setting in SETTINGS}
    for name, unit in _LIMITS.items():
        limit = NamedNode(f"{endpoint}#limit-{name.replace('_', '-')}")
        yield Triple(limit, TYPE, NamedNode(f"{SD}Feature"))
        yield statement(limit, f"{RDFS}label", f"Limit: {name.replace('_', ' ')}")
        yield statement(limit, f"{RDFS}comment", meanings[name])
        yield statement(limit, f"{SCHEMA}propertyID", f"QIT4N_{name.upper()}")
        yield statement(limit, f"{SCHEMA}value", getattr(settings, name))
        yield statement(limit, f"{SCHEMA}unitCode", unit)


def _dataset() -> Iterator[Triple]:
    dataset, default = BlankNode("dataset"), BlankNode("graph")
    yield Triple(dataset, TYPE, NamedNode(f"{SD}Dataset"))
    yield statement(dataset, f"{SD}defaultGraph", default)
    yield statement(dataset, f"{VOID}uriSpace", knowledge_graph().settings.id_base)
    yield Triple(default, TYPE, NamedNode(f"{SD}Graph"))
    yield statement(default, f"{VOID}triples", snapshot().generation.manifest.triples)
    if snapshot().generation.manifest.graphs > _MOST_GRAPHS:
        return
    for number, (name, triples) in enumerate(statistics().graphs):
        named, graph = BlankNode(f"named{number}"), BlankNode(f"graph{number}")
        yield statement(dataset, f"{SD}namedGraph", named)
        yield Triple(named, TYPE, NamedNode(f"{SD}NamedGraph"))
        yield statement(named, f"{SD}name", NamedNode(name))
        yield statement(named, f"{SD}graph", graph)
        yield Triple(graph, TYPE, NamedNode(f"{SD}Graph"))
        yield statement(graph, f"{VOID}triples", triples)
