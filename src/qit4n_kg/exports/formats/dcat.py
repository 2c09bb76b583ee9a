"""DCAT-AP 3.0: a catalogue of the whole graph, of each source document as a series, and of each passage as a dataset in it.

What DCAT-AP demands and no source states is said as it is: the publisher is whom the setting names, else who runs the server,
whoever that may be.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode

from qit4n_kg.exports.deliverables import clean
from qit4n_kg.exports.describing import (
    DUMPED,
    MEDIA_TYPES,
    PACKED,
    SPDX,
    here,
    moment,
    statement,
    write_description,
)
from qit4n_kg.namespaces import DCAT, DCTERMS, FOAF, XSD
from qit4n_kg.setting_values import PUBLISHER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyoxigraph import Triple

    from qit4n_kg.exports.making import Material, Writer

_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")
_CATALOGUE = here("exports/dcat-ap.ttl#catalogue")
_WHOLE = here("exports/dcat-ap.ttl#dataset")
_OPERATOR = here("exports/dcat-ap.ttl#operator")
_SPARQL = "https://www.w3.org/TR/sparql11-protocol/"
_SERVICES = (
    ("sparql", "SPARQL endpoint", "sparql", _SPARQL),
    ("feed", "Change feed: a Linked Data Event Stream", "feed", "https://w3id.org/ldes/specification"),
    ("oai", "OAI-PMH 2.0", "oai?verb=Identify", "http://www.openarchives.org/OAI/openarchivesprotocol.html"),
)
"""Path, title, where it describes itself, and the specification that it conforms to."""


def write_dcat(material: Material, output: BinaryIO) -> None:
    """Write the catalogue."""
    write_description(_statements(material), output, ("dcat", "dcterms", "foaf", "spdx", "xsd"))


def _statements(material: Material) -> Iterator[Triple]:
    yield from _catalogue(material)
    yield from _whole(material)
    facts = material.facts
    passages = [one for one in facts.members("stdorg:SourcePassage") if facts.iri(one, "dcterms:source") is not None]
    documents = sorted({document for one in passages for document in facts.iris(one, "dcterms:source")})
    for document in documents:
        yield from _series(material, document)
    for passage in passages:
        yield from _passage(material, passage)


def _catalogue(material: Material) -> Iterator[Triple]:
    yield statement(_CATALOGUE, "a", NamedNode(f"{DCAT}Catalog"))
    yield statement(_CATALOGUE, f"{DCTERMS}title", _english(f"Data sets at this server about {material.id_base}"))
    yield statement(
        _CATALOGUE, f"{DCTERMS}description", _english("The knowledge graph as a whole, and what each source states.")
    )
    yield statement(_CATALOGUE, f"{DCTERMS}publisher", _OPERATOR)
    yield statement(_CATALOGUE, f"{DCTERMS}modified", moment(material.stamp.built_at))
    yield statement(_CATALOGUE, f"{FOAF}homepage", here("/"))
    yield statement(_CATALOGUE, f"{DCAT}dataset", _WHOLE)
    yield from _publisher(material.publisher)
    for path, title, described, specification in _SERVICES:
        yield from _service(path, title, described, specification)


def _service(path: str, title: str, described: str, specification: str) -> Iterator[Triple]:
    node = here(f"{path}#service")
    yield statement(_CATALOGUE, f"{DCAT}service", node)
    yield statement(node, "a", NamedNode(f"{DCAT}DataService"))
    yield statement(node, f"{DCTERMS}title", _english(title))
    yield statement(node, f"{DCTERMS}conformsTo", NamedNode(specification))
    yield statement(NamedNode(specification), "a", NamedNode(f"{DCTERMS}Standard"))
    yield statement(node, f"{DCAT}endpointURL", here(path))
    yield statement(node, f"{DCAT}endpointDescription", here(described))
    yield statement(node, f"{DCAT}servesDataset", _WHOLE)


def _publisher(publisher: str) -> Iterator[Triple]:
    """Say who publishes: whom the setting names, else who runs the server, whoever that is."""
    yield statement(_OPERATOR, "a", NamedNode(f"{FOAF}Agent"))
    named = PUBLISHER.fullmatch(publisher)
    yield statement(_OPERATOR, f"{FOAF}name", named[1] if named else _english("Whoever runs this server"))
    if named and named[2]:
        yield statement(_OPERATOR, f"{FOAF}homepage", NamedNode(named[2]))


def _whole(material: Material) -> Iterator[Triple]:
    stamp = material.stamp
    yield statement(_WHOLE, "a", NamedNode(f"{DCAT}Dataset"))
    yield statement(_WHOLE, f"{DCTERMS}title", _english("The knowledge graph as a whole"))
    yield statement(
        _WHOLE, f"{DCTERMS}description", _english("What holds, who says so, and what follows from it by rules.")
    )
    yield statement(_WHOLE, f"{DCTERMS}identifier", stamp.dataset)
    yield statement(_WHOLE, f"{DCTERMS}modified", moment(stamp.built_at))
    yield statement(_WHOLE, f"{DCAT}version", f"generation {stamp.generation}")
    for name, media_type in DUMPED.items():
        for suffix, packed in PACKED.items():
            yield from _dump(material, f"dump.{name}{suffix}", media_type, packed)


def _dump(material: Material, name: str, media_type: str, packed: str | None) -> Iterator[Triple]:
    node = here(f"exports/dcat-ap.ttl#{name}")
    address = here(f"exports/{name}")
    yield statement(_WHOLE, f"{DCAT}distribution", node)
    yield statement(node, "a", NamedNode(f"{DCAT}Distribution"))
    yield statement(node, f"{DCTERMS}title", name)
    yield statement(node, f"{DCAT}accessURL", address)
    yield statement(node, f"{DCAT}downloadURL", address)
    yield statement(node, f"{DCAT}mediaType", NamedNode(f"{MEDIA_TYPES}{media_type}"))
    if packed is not None:
        yield statement(node, f"{DCAT}compressFormat", NamedNode(f"{MEDIA_TYPES}{packed}"))
    if material.licence is not None:
        yield statement(node, f"{DCTERMS}license", NamedNode(material.licence))
    if name == "dump.nq" and (
        known := _SHA256.fullmatch(material.stamp.dataset)
    ):  # the dataset's hash is that of this file
        checksum = here(f"exports/dcat-ap.ttl#{name}-checksum")
        value = Literal(known[1], datatype=NamedNode(f"{XSD}hexBinary"))
        yield statement(node, f"{SPDX}checksum", checksum)
        yield statement(checksum, "a", NamedNode(f"{SPDX}Checksum"))
        yield statement(checksum, f"{SPDX}algorithm", NamedNode(f"{SPDX}checksumAlgorithm_sha256"))
        yield statement(checksum, f"{SPDX}checksumValue", value)


def _series(material: Material, document: str) -> Iterator[Triple]:
    facts = material.facts
    node = _of_document(document)
    title = facts.text(document, "dcterms:title") or facts.label(document)
    when = facts.text(document, "stdorg:attestedAt")
    of_when = f" of {when}" if when else ""
    name = facts.label(document) or title or document
    yield statement(_CATALOGUE, f"{DCAT}dataset", node)
    yield statement(node, "a", NamedNode(f"{DCAT}DatasetSeries"))
    yield statement(node, f"{DCTERMS}title", _text(title) if title else document)
    yield statement(
        node, f"{DCTERMS}description", _text(f"What the document{of_when} states, passage by passage: {name}")
    )
    yield statement(node, f"{DCTERMS}source", NamedNode(document))


def _passage(material: Material, passage: str) -> Iterator[Triple]:
    facts = material.facts
    node = NamedNode(passage)
    documents = facts.iris(passage, "dcterms:source")
    label = facts.label(passage)
    name = clean(label) if label else passage
    of = "; ".join(clean(facts.label(document) or document) for document in documents)
    distribution = here(f"exports/dcat-ap.ttl#{quote(passage, safe='')}")
    yield statement(_CATALOGUE, f"{DCAT}dataset", node)
    yield statement(node, "a", NamedNode(f"{DCAT}Dataset"))
    yield statement(node, f"{DCTERMS}title", _text(name))
    yield statement(node, f"{DCTERMS}description", _text(f"What this passage states: {name}. Of: {of}"))
    for document in documents:
        yield statement(node, f"{DCAT}inSeries", _of_document(document))
        yield statement(node, f"{DCTERMS}source", NamedNode(document))
    yield statement(node, f"{DCAT}distribution", distribution)
    yield statement(distribution, "a", NamedNode(f"{DCAT}Distribution"))
    yield statement(distribution, f"{DCAT}accessURL", here(f"graphs?graph={quote(passage, safe='')}"))
    if material.licence is not None:
        yield statement(distribution, f"{DCTERMS}license", NamedNode(material.licence))


def _of_document(document: str) -> NamedNode:
    return here(f"exports/dcat-ap.ttl#series-{quote(document, safe='')}")


def _english(text: str) -> Literal:
    return Literal(text, language="en")


def _text(text: str) -> Literal:
    return Literal(clean(text))


WRITERS: dict[str, Writer] = {"dcat-ap.ttl": write_dcat}
