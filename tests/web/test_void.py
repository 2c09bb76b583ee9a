"""The service description and VoID: they parse, their figures are right, and every limit is told."""

from __future__ import annotations

import pytest
import rdflib
from rdflib import RDF, RDFS, URIRef
from rdflib.compare import isomorphic

from qit4n_kg.web.description import _LIMITS

SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
VOID = rdflib.Namespace("http://rdfs.org/ns/void#")
SCHEMA = rdflib.Namespace("https://schema.org/")
FOAF = rdflib.Namespace("http://xmlns.com/foaf/0.1/")
STDORG = "https://w3id.org/stdorg/ns#"
PARSERS = {
    "text/turtle": "turtle",
    "application/n-triples": "nt",
    "application/rdf+xml": "xml",
    "application/ld+json": "json-ld",
}


def graph(client, path, accept="text/turtle"):
    response = client.get(path, headers={"Accept": accept})
    assert response.status_code == 200
    assert response.mimetype == accept
    return rdflib.Graph().parse(data=response.data, format=PARSERS[accept])


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # within rdflib
@pytest.mark.parametrize("path", ["/sparql", "/.well-known/void"])
@pytest.mark.parametrize("accept", PARSERS)
def test_a_description_is_the_same_in_every_format(tiny_client, path, accept):
    assert isomorphic(graph(tiny_client, path, accept), graph(tiny_client, path))


def test_a_description_has_a_validator(tiny_client):
    for path in ("/sparql", "/.well-known/void"):
        etag = tiny_client.get(path).headers["ETag"]
        assert tiny_client.get(path, headers={"If-None-Match": etag}).status_code == 304


# --- service description -----------------------------------------------------------------------------------------------------


def test_the_service_has_its_endpoint_languages_and_every_result_format(tiny_client):
    described = graph(tiny_client, "/sparql")
    (service,) = described.subjects(RDF.type, SD.Service)
    assert described.value(service, SD.endpoint) == URIRef("http://localhost/sparql")
    assert SD.SPARQL11Query in described.objects(service, SD.supportedLanguage)
    assert len(set(described.objects(service, SD.resultFormat))) == 10


def test_every_limit_is_a_feature_with_its_value_and_setting(tiny_client, tiny_settings):
    described = graph(tiny_client, "/sparql")
    (service,) = described.subjects(RDF.type, SD.Service)
    limits = {
        str(described.value(feature, SCHEMA.propertyID)): described.value(feature, SCHEMA.value).toPython()
        for feature in described.objects(service, SD.feature)
        if described.value(feature, SCHEMA.value) is not None
    }
    assert limits == {f"QIT4N_{name.upper()}": getattr(tiny_settings, name) for name in _LIMITS}
    for feature in described.objects(service, SD.feature):
        assert described.value(feature, RDFS.label)


def test_each_named_graph_is_listed_with_its_size(tiny_client):
    described = graph(tiny_client, "/sparql")
    (named,) = described.subjects(RDF.type, SD.NamedGraph)
    assert str(described.value(named, SD.name)).endswith("/table-1/meeting-1")
    assert described.value(described.value(named, SD.graph), VOID.triples).toPython() == 1


# --- VoID --------------------------------------------------------------------------------------------------------------------


def test_void_counts_the_default_graph(tiny_client):
    described = graph(tiny_client, "/.well-known/void")
    dataset = URIRef("http://localhost/.well-known/void#dataset")
    counts = {
        name: described.value(dataset, VOID[name]).toPython()
        for name in ("triples", "entities", "distinctSubjects", "distinctObjects", "properties", "classes")
    }
    assert counts == {
        "triples": 28,
        "entities": 9,
        "distinctSubjects": 9,
        "distinctObjects": 20,
        "properties": 4,
        "classes": 1,
    }
    here = URIRef("http://localhost/.well-known/void")
    assert described.value(here, FOAF.primaryTopic) == dataset
    assert described.value(dataset, VOID.sparqlEndpoint) == URIRef("http://localhost/sparql")
    assert described.value(dataset, VOID.uriSpace).toPython() == "https://w3id.org/qit4n/id/"


def test_void_has_a_partition_for_each_class_and_property(tiny_client):
    described = graph(tiny_client, "/.well-known/void")
    dataset = URIRef("http://localhost/.well-known/void#dataset")
    (partition,) = described.objects(dataset, VOID.classPartition)
    assert described.value(partition, VOID["class"]) == URIRef(f"{STDORG}Meeting")
    assert described.value(partition, VOID.entities).toPython() == 9
    triples = {
        str(described.value(partition, VOID.property)).removeprefix(STDORG): described.value(partition, VOID.triples)
        for partition in described.objects(dataset, VOID.propertyPartition)
    }
    assert {name: count.toPython() for name, count in triples.items()} == {
        str(RDF.type): 9,
        "number": 9,
        "participants": 9,
        "place": 1,
    }


def test_void_names_vocabularies_and_examples_that_exist(tiny_client):
    described = graph(tiny_client, "/.well-known/void")
    dataset = URIRef("http://localhost/.well-known/void#dataset")
    assert URIRef(STDORG) in described.objects(dataset, VOID.vocabulary)
    (example,) = described.objects(dataset, VOID.exampleResource)
    assert str(example) == "https://w3id.org/qit4n/id/fg-qit4n/meeting/1"
