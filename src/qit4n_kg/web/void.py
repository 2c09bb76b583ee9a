"""`/.well-known/void`: what the dataset holds, in VoID (W3C Interest Group Note of 2011; its section 7.2 for the address)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from qit4n_kg.exports.describing import LINKED
from qit4n_kg.exports.making import licence_of
from qit4n_kg.formats import RdfFormat, negotiate
from qit4n_kg.namespaces import DCTERMS, FOAF, RDFS, XSD
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.description import FORMAT_NAMES, FORMATS, TYPE, VOID, statement, write_graph
from qit4n_kg.web.exports import registry
from qit4n_kg.web.sending import send
from qit4n_kg.web.statistics import statistics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.web.statistics import Partition

void = Blueprint("void", __name__)
_MOST_EXAMPLES = 25


@void.get("/.well-known/void")
def describe() -> Response:
    """Describe the dataset: counts, class and property partitions, vocabularies, examples."""
    form = negotiate(request.headers.get("Accept"), [form.value for form in RdfFormat])
    return send(write_graph(_statements(), form), form, varies=True)


def _statements() -> Iterator[Triple]:
    here = NamedNode(f"{request.host_url}.well-known/void")
    dataset = NamedNode(f"{here.value}#dataset")
    counted = statistics()
    yield Triple(here, TYPE, NamedNode(f"{VOID}DatasetDescription"))
    yield statement(here, f"{FOAF}primaryTopic", dataset)
    yield Triple(dataset, TYPE, NamedNode(f"{VOID}Dataset"))
    yield from _about(dataset)
    for name, count in counted.counts.items():
        yield statement(dataset, f"{VOID}{name}", count)
    for namespace in _vocabularies((*counted.classes, *counted.properties)):
        yield statement(dataset, f"{VOID}vocabulary", NamedNode(namespace))
    for example in counted.examples[:_MOST_EXAMPLES]:
        yield statement(dataset, f"{VOID}exampleResource", NamedNode(example))
    yield from _partitions(dataset, "class", counted.classes)
    yield from _partitions(dataset, "property", counted.properties)


def _about(dataset: NamedNode) -> Iterator[Triple]:
    settings = knowledge_graph().settings
    manifest = snapshot().generation.manifest
    yield statement(dataset, f"{VOID}sparqlEndpoint", NamedNode(f"{request.host_url}sparql"))
    yield statement(dataset, f"{VOID}uriSpace", settings.id_base)
    yield statement(dataset, f"{FOAF}homepage", NamedNode(request.host_url))
    yield statement(dataset, f"{DCTERMS}modified", Literal(manifest.built_at, datatype=NamedNode(f"{XSD}dateTime")))
    yield statement(dataset, f"{DCTERMS}identifier", manifest.dataset)
    yield statement(dataset, f"{DCTERMS}hasVersion", f"generation {manifest.number}")
    for path in LINKED:
        yield statement(dataset, f"{RDFS}seeAlso", NamedNode(f"{request.host_url}{path}"))
    for form in RdfFormat:
        yield statement(dataset, f"{VOID}feature", NamedNode(f"{FORMATS}{FORMAT_NAMES[form]}"))
    for export in registry():
        if export.description.module == "dump":
            yield statement(dataset, f"{VOID}dataDump", NamedNode(f"{request.host_url}{export.path.removeprefix('/')}"))
    if (licence := licence_of(settings)) is not None:  # what we ship
        yield statement(dataset, f"{DCTERMS}title", "qit4n-kg: the work of ITU-T FG QIT4N as a knowledge graph")
        yield statement(dataset, f"{DCTERMS}license", NamedNode(licence))


def _vocabularies(partitions: tuple[Partition, ...]) -> list[str]:
    """Return the namespaces of what is used, each once.

    >>> from qit4n_kg.web.statistics import Partition
    >>> _vocabularies((Partition("https://schema.org/editor", {}), Partition("http://www.w3.org/ns/org#role", {})))
    ['http://www.w3.org/ns/org#', 'https://schema.org/']
    """
    found = (re.match(r".*[#/]", partition.iri) for partition in partitions)
    return sorted({match[0] for match in found if match})


def _partitions(dataset: NamedNode, kind: str, partitions: tuple[Partition, ...]) -> Iterator[Triple]:
    for number, partition in enumerate(partitions):
        node = BlankNode(f"{kind}{number}")
        yield statement(dataset, f"{VOID}{kind}Partition", node)
        yield statement(node, f"{VOID}{kind}", NamedNode(partition.iri))
        for name, count in partition.counts.items():
            yield statement(node, f"{VOID}{name}", count)
