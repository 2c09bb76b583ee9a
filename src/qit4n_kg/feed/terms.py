"""The terms of the feed's pages, each written once, and the IRIs and paths of its parts; pure.

Specs: Linked Data Event Streams 1.0, TREE hypermedia (W3C community group), ActivityStreams 2.0, DCAT 3 (spdx:checksum).
"""

from __future__ import annotations

from pyoxigraph import NamedNode

from qit4n_kg.namespaces import DCAT, DCTERMS, PROV, RDF, SCHEMA, XSD

LDES = "https://w3id.org/ldes#"
TREE = "https://w3id.org/tree#"
AS = "https://www.w3.org/ns/activitystreams#"
SD = "http://www.w3.org/ns/sparql-service-description#"
SPDX = "http://spdx.org/rdf/terms#"
VOID = "http://rdfs.org/ns/void#"
PREFIXES = {
    "ldes": LDES,
    "tree": TREE,
    "as": AS,
    "sd": SD,
    "spdx": SPDX,
    "void": VOID,
    "dcat": DCAT,
    "dcterms": DCTERMS,
    "prov": PROV,
    "schema": SCHEMA,
    "xsd": XSD,
}

TYPE = NamedNode(RDF + "type")
IS_VERSION_OF, CREATED, MODIFIED, TITLE, LICENCE = (
    NamedNode(DCTERMS + name) for name in ("isVersionOf", "created", "modified", "title", "license")
)
PUBLISHER = NamedNode("http://purl.org/dc/elements/1.1/publisher")  # that of DCTERMS takes no text
GENERATED_BY = NamedNode(PROV + "wasGeneratedBy")
POSITION = NamedNode(SCHEMA + "position")
DATASET, VERSION, CURRENT = (NamedNode(DCAT + name) for name in ("Dataset", "version", "hasCurrentVersion"))
CHECKSUM, CHECKSUM_CLASS, ALGORITHM, SHA256, CHECKSUM_VALUE = (
    NamedNode(SPDX + name)
    for name in ("checksum", "Checksum", "algorithm", "checksumAlgorithm_sha256", "checksumValue")
)
TRIPLES = NamedNode(VOID + "triples")
TOTAL_ITEMS, START_INDEX, CREATE, UPDATE, DELETE = (
    NamedNode(AS + name) for name in ("totalItems", "startIndex", "Create", "Update", "Delete")
)
NAMED_GRAPH, NAMED_GRAPH_CLASS, NAME = (NamedNode(SD + name) for name in ("namedGraph", "NamedGraph", "name"))
VIEW, MEMBER, RELATION, NODE, PATH, VALUE, NODE_CLASS, GREATER_OR_EQUAL, LESS_OR_EQUAL = (
    NamedNode(TREE + name)
    for name in (
        "view",
        "member",
        "relation",
        "node",
        "path",
        "value",
        "Node",
        "GreaterThanOrEqualToRelation",
        "LessThanOrEqualToRelation",
    )
)
EVENT_STREAM, EVENT_SOURCE, IMMUTABLE = (NamedNode(LDES + name) for name in ("EventStream", "EventSource", "immutable"))

ROOT = "/feed"
ATOM_ROOT = "/feed.atom"


def stream_iri(base_iri: str, epoch: str) -> str:
    """Name an epoch's event stream.

    >>> stream_iri("https://w3id.org/qit4n/", "e1")
    'https://w3id.org/qit4n/feed/e1'
    """
    return f"{base_iri}feed/{epoch}"


def member_iri(base_iri: str, epoch: str, number: int) -> str:
    """Name an entry: it never means anything else.

    >>> member_iri("https://w3id.org/qit4n/", "e1", 7)
    'https://w3id.org/qit4n/feed/e1/7'
    """
    return f"{base_iri}feed/{epoch}/{number}"


def page_path(epoch: str, number: int) -> str:
    """Return the path of a page."""
    return f"{ROOT}/{epoch}/pages/{number}"


def volume_path(epoch: str, number: int) -> str:
    """Return the path of a list of pages."""
    return f"{ROOT}/{epoch}/volumes/{number}"
