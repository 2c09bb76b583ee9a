"""The service description of the endpoint, in Turtle (SPARQL 1.1 Service Description; VoID for the default dataset)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode, Triple, serialize
from pyoxigraph import RdfFormat as EngineFormat

from qit4n_kg.formats import RdfFormat, ResultFormat
from qit4n_kg.namespaces import RDF, XSD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.config import Settings
    from qit4n_kg.graph import Snapshot

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
FORMATS = "http://www.w3.org/ns/formats/"

# https://www.w3.org/ns/formats/ names each format.
_FORMAT_NAMES = {
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


def describe_service(endpoint: str, snapshot: Snapshot, settings: Settings) -> bytes:
    """Describe the endpoint at this address as it answers now."""
    output = io.BytesIO()
    known = {"sd": SD, "void": VOID, "formats": FORMATS, "xsd": XSD}
    serialize(_statements(endpoint, snapshot, settings), output, format=EngineFormat.TURTLE, prefixes=known)
    return output.getvalue()


def _statements(endpoint: str, snapshot: Snapshot, settings: Settings) -> Iterator[Triple]:
    kind = NamedNode(f"{RDF}type")
    service, dataset, graph = BlankNode("service"), BlankNode("dataset"), BlankNode("graph")
    yield Triple(service, kind, NamedNode(f"{SD}Service"))
    yield Triple(service, NamedNode(f"{SD}endpoint"), NamedNode(endpoint))
    yield Triple(service, NamedNode(f"{SD}supportedLanguage"), NamedNode(f"{SD}SPARQL11Query"))
    for name in _FORMAT_NAMES.values():
        yield Triple(service, NamedNode(f"{SD}resultFormat"), NamedNode(f"{FORMATS}{name}"))
    yield Triple(service, NamedNode(f"{SD}defaultDataset"), dataset)
    yield Triple(dataset, kind, NamedNode(f"{SD}Dataset"))
    yield Triple(dataset, NamedNode(f"{SD}defaultGraph"), graph)
    yield Triple(graph, kind, NamedNode(f"{SD}Graph"))
    count = Literal(str(snapshot.generation.manifest.triples), datatype=NamedNode(f"{XSD}integer"))
    yield Triple(graph, NamedNode(f"{VOID}triples"), count)
    yield Triple(dataset, NamedNode(f"{VOID}uriSpace"), Literal(settings.id_base))
