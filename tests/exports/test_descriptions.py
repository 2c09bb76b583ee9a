"""Guards what catalogues harvest: DCAT-AP by its shapes, VoID by what is counted, both with nothing that nobody states."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace

import pytest
import rdflib
from pyoxigraph import Literal as Text
from pyoxigraph import NamedNode, Quad
from rdflib import RDF, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDFS, VOID

from exports.conftest import REGISTRY, made, material_of
from exports.worlds import NASTY, SCHEMAS, of_text, quads
from qit4n_kg.exports.describing import _relative
from qit4n_kg.exports.keeping import KeptExports
from qit4n_kg.exports.making import LICENCE, make
from qit4n_kg.store.generations import Generations

SHAPES = SCHEMAS / "dcat-ap" / "dcat-ap-3.0.1-shapes.ttl"
needs_shapes = pytest.mark.skipif(
    not SHAPES.exists(), reason="the shapes of DCAT-AP 3.0.1 are not beside this checkout"
)
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
SERIES = URIRef("http://www.w3.org/ns/dcat#DatasetSeries")
AT = "https://kg.example/exports/"


def read(content: bytes, name: str) -> rdflib.Graph:
    """What a harvester reads that fetched the file from a server."""
    return rdflib.Graph().parse(data=content, format="turtle", publicID=f"{AT}{name}")


@pytest.fixture(scope="module")
def catalogue(client) -> rdflib.Graph:
    return read(client.get("/exports/dcat-ap.ttl").data, "dcat-ap.ttl")


def conforms(graph: rdflib.Graph) -> bool:
    from pyshacl import validate

    return bool(validate(graph, shacl_graph=rdflib.Graph().parse(SHAPES), advanced=True)[0])


@needs_shapes
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # within rdflib and pySHACL
def test_the_shapes_accept_the_catalogue(catalogue):
    assert conforms(catalogue)


@needs_shapes
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("kind", "term"),
    [
        (DCAT.Catalog, DCTERMS.publisher),
        (DCAT.Dataset, DCTERMS.description),
        (DCAT.Distribution, DCAT.accessURL),
        (SERIES, DCTERMS.title),
        (SPDX.Checksum, SPDX.checksumValue),
    ],
)
def test_the_shapes_refuse_a_spoiled_catalogue(catalogue, kind, term):
    spoiled = rdflib.Graph()
    one = min(catalogue.subjects(RDF.type, kind))
    for triple in catalogue:
        if triple[:2] != (one, term):
            spoiled.add(triple)
    assert len(spoiled) < len(catalogue)
    assert not conforms(spoiled)


@needs_shapes
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("number", range(len(NASTY)))
def test_the_shapes_accept_hostile_texts(number):
    store = of_text("T")
    text = Text(NASTY[number])
    passage = {"rdf:type": "stdorg:SourcePassage", "rdfs:label": text, "dcterms:source": "id:document/d"}
    store.add(quads({"id:passage/p": passage, "id:document/d": {"rdfs:label": text}}))
    in_force = NamedNode("https://w3id.org/stdorg/ns#inForce")
    store.add([Quad(NamedNode("https://w3id.org/qit4n/id/passage/p"), in_force, Text(True))])
    graph = read(made(store, "dcat-ap.ttl"), "dcat-ap.ttl")
    assert len(list(graph.subjects(RDF.type, SERIES))) == 1
    assert conforms(graph)


def test_every_passage_is_in_the_series_of_its_document(catalogue, graph_store):
    kind = NamedNode("https://w3id.org/stdorg/ns#SourcePassage")
    passages = {quad.subject.value for quad in graph_store.quads(None, NamedNode(str(RDF.type)), kind)}
    (series,) = catalogue.subjects(RDF.type, SERIES)
    assert {str(one) for one in catalogue.subjects(URIRef(f"{DCAT}inSeries"), series)} <= passages
    assert len(set(catalogue.subjects(URIRef(f"{DCAT}inSeries"), series))) > 50
    listed = set(catalogue.objects(None, DCAT.dataset))
    assert listed == {*catalogue.subjects(RDF.type, DCAT.Dataset), series}


def test_the_addresses_are_those_of_who_serves_it(client, catalogue):
    for address in catalogue.objects(None, DCAT.downloadURL):
        assert client.head(str(address).removeprefix("https://kg.example")).status_code == 200
    graphs = sorted(str(one) for one in catalogue.objects(None, DCAT.accessURL) if "/graphs?" in one)
    assert client.get(graphs[0].removeprefix("https://kg.example")).status_code == 200
    assert client.get(graphs[-1].removeprefix("https://kg.example")).status_code == 200


def test_feed_and_repository_are_services_that_say_what_they_conform_to(client, catalogue):
    found = {
        str(catalogue.value(one, DCAT.endpointURL)): str(catalogue.value(one, DCTERMS.conformsTo))
        for one in catalogue.objects(None, DCAT.service)
    }
    assert found["https://kg.example/feed"] == "https://w3id.org/ldes/specification"
    assert found["https://kg.example/oai"] == "http://www.openarchives.org/OAI/openarchivesprotocol.html"
    for address in catalogue.objects(None, DCAT.endpointDescription):
        assert client.head(str(address).removeprefix("https://kg.example")).status_code == 200


def test_the_one_checksum_is_that_of_the_file(client, catalogue):
    (told,) = catalogue.objects(None, SPDX.checksumValue)
    assert str(told) == hashlib.sha256(client.get("/exports/dump.nq").data).hexdigest()
    assert len(list(catalogue.subjects(RDF.type, DCAT.Distribution))) > len([told])


def test_a_licence_is_told_only_of_what_is_shipped(catalogue, graph_store):
    assert set(catalogue.objects(None, DCTERMS.license)) == {URIRef(LICENCE)}
    assert not {one for one in catalogue.subjects(DCTERMS.license) if (one, RDF.type, SERIES) in catalogue}
    for name in ("dcat-ap.ttl", "void.ttl"):
        assert LICENCE.encode() not in made(graph_store, name), "a graph of unknown licence"


@needs_shapes
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # within rdflib and pySHACL
def test_who_is_named_is_the_publisher():
    material = material_of(of_text("Text"), "dcat-ap.ttl")
    material.publisher = "A Standards Body <https://example.org/body>"
    output = io.BytesIO()
    make(material, output)
    catalogue = read(output.getvalue(), "dcat-ap.ttl")
    (agent,) = catalogue.objects(None, DCTERMS.publisher)
    assert catalogue.value(agent, FOAF.name) == Literal("A Standards Body")
    assert catalogue.value(agent, FOAF.homepage) == URIRef("https://example.org/body")
    assert conforms(catalogue)


def test_another_publisher_makes_another_file(own_state, tmp_path):
    generation = Generations(own_state.state_dir).current()
    for name in ("", "A Standards Body"):
        kept = KeptExports(replace(own_state, state_dir=tmp_path, publisher=name))
        with kept.open(generation, REGISTRY.find("dcat-ap.ttl")) as file:
            assert (b"A Standards Body" in file.read()) is bool(name)


def test_nobody_is_named_as_the_publisher(catalogue):
    (agent,) = catalogue.objects(None, DCTERMS.publisher)
    assert catalogue.value(agent, FOAF.name) == Literal("Whoever runs this server", lang="en")


# --- VoID -----------------------------------------------------------------------------------------------------------------


def test_void_says_what_the_endpoint_says_of_itself(client):
    exported = read(client.get("/exports/void.ttl").data, "void.ttl")
    known = client.get("/.well-known/void", headers={"Accept": "text/turtle"}).data
    told = rdflib.Graph().parse(data=known, format="turtle")
    (own,), (theirs,) = exported.subjects(RDF.type, VOID.Dataset), told.subjects(RDF.type, VOID.Dataset)
    counts = ("triples", "classes", "properties", "distinctSubjects", "distinctObjects", "entities")
    assert {str(one) for one in exported.objects(own, RDFS.seeAlso)} >= {
        f"{AT[:-8]}feed",
        f"{AT[:-8]}oai?verb=Identify",
    }
    assert len(set(exported.objects(own, RDFS.seeAlso))) == len(set(told.objects(theirs, RDFS.seeAlso)))
    for name in (*counts, "vocabulary", "exampleResource", "uriSpace"):
        assert set(exported.objects(own, VOID[name])) == set(told.objects(theirs, VOID[name])), name
    for kind in ("class", "property"):
        assert _partitions(exported, own, kind) == _partitions(told, theirs, kind)
    dumps = {str(one).removeprefix(AT) for one in exported.objects(own, VOID.dataDump)}
    assert dumps == {str(one).removeprefix("http://localhost/exports/") for one in told.objects(theirs, VOID.dataDump)}
    assert len(dumps) == 12


def test_a_spoiled_description_says_something_else(client):
    content = client.get("/exports/void.ttl").data
    exported = read(content, "void.ttl")
    (own,) = exported.subjects(RDF.type, VOID.Dataset)
    triples = exported.value(own, VOID.triples)
    spoiled = read(content.replace(f"void:triples {triples} ;\n\tvoid:classes".encode(), b"void:classes"), "void.ttl")
    assert spoiled.value(own, VOID.triples) is None


def _partitions(graph, dataset, kind):
    return {
        frozenset((p, o) for p, o in graph.predicate_objects(node))
        for node in graph.objects(dataset, VOID[f"{kind}Partition"])
    }


def test_what_a_literal_says_stays_as_it_is():
    text = b'<https://here.invalid/a> <x:p> "\\"<https://here.invalid/a>\\\\" , <https://here.invalid/b> .'
    assert _relative(text) == b'</a> <x:p> "\\"<https://here.invalid/a>\\\\" , </b> .'
