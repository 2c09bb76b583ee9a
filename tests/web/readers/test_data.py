"""One thing as data: every suffix has the statements of its page, and HTTP says where the others are."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pyoxigraph
import pytest
import rdflib
from pyoxigraph import Literal, NamedNode, Triple
from rdflib.compare import isomorphic

from qit4n_kg.web.readings import reading

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

ID = "https://w3id.org/qit4n/id/"
TYPES = {
    "ttl": "text/turtle",
    "jsonld": "application/ld+json",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
    "csv": "text/csv",
    "json": "application/json",
}
NAMES = ["person/ada-byron", "club", "club/meeting/1", "club/deliverable/n.1.2", "hub"]


def triple(row: dict[str, str]) -> Triple:
    """Make a triple of the six fields."""
    obj: NamedNode | Literal
    if row["type"] == "uri":
        obj = NamedNode(row["object"])
    elif row["lang"]:
        obj = Literal(row["object"], language=row["lang"])
    else:
        obj = Literal(row["object"], datatype=NamedNode(row["datatype"]))
    return Triple(NamedNode(row["subject"]), NamedNode(row["predicate"]), obj)


def statements(client: FlaskClient, name: str, suffix: str) -> rdflib.Graph:
    response = client.get(f"/data/{name}.{suffix}")
    assert response.status_code == 200
    if suffix == "csv":
        triples = [triple(row) for row in csv.DictReader(io.StringIO(response.text, newline=""))]
    elif suffix == "json":
        triples = [triple(row) for row in response.get_json()["statements"]]
    else:
        engine = pyoxigraph.RdfFormat.from_media_type(TYPES[suffix])
        triples = [quad.triple for quad in pyoxigraph.parse(response.data, format=engine)]
    lines = pyoxigraph.serialize(triples, format=pyoxigraph.RdfFormat.N_TRIPLES)
    return rdflib.Graph().parse(data=lines, format="nt")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", TYPES)
def test_every_suffix_has_the_statements_of_the_entity_view(app: Flask, name: str, suffix: str) -> None:
    with app.test_request_context():
        view = reading().entities.read(f"{ID}{name}")
    lines = pyoxigraph.serialize(view.triples, format=pyoxigraph.RdfFormat.N_TRIPLES)
    assert isomorphic(statements(app.test_client(), name, suffix), rdflib.Graph().parse(data=lines, format="nt"))


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_how_many_statements_the_files_have(client: FlaskClient, name: str) -> None:
    page = client.get(f"/doc/{name}", headers={"Accept": "text/html"}).text
    shown = re.search(r"All (\d+) statements", page)
    assert shown is not None
    assert int(shown[1]) == len(statements(client, name, "nt"))


@pytest.mark.parametrize(("suffix", "media_type"), TYPES.items())
def test_a_file_has_its_type_its_length_and_links(client: FlaskClient, suffix: str, media_type: str) -> None:
    response = client.get(f"/data/club/deliverable/n.1.2.{suffix}")
    assert response.mimetype == media_type
    assert response.content_length == len(response.data)
    links = ", ".join(response.headers.getlist("Link"))
    assert f'<{ID}club/deliverable/n.1.2>; rel="canonical"' in links
    assert '</doc/club/deliverable/n.1.2>; rel="alternate"; type="text/html"' in links
    assert '</data/club/deliverable/n.1.2.ttl>; rel="describedby"; type="text/turtle"' in links
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_head_answers_without_a_body(client: FlaskClient) -> None:
    response = client.head("/data/club.ttl")
    assert response.status_code == 200
    assert int(response.headers["Content-Length"]) > 0
    assert response.data == b""


def test_a_file_is_revalidated_by_its_etag(client: FlaskClient) -> None:
    etag = client.get("/data/club.ttl").headers["ETag"]
    assert client.get("/data/club.ttl", headers={"If-None-Match": etag}).status_code == 304
    assert client.get("/data/club.nt", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/data/club.exe", "/data/club", "/data/.ttl", "/data/nobody.ttl", "/data/club/deliverable/n.1.2"]
)
def test_what_there_is_not_is_404(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_read_only_file_refuses_other_methods(client: FlaskClient) -> None:
    assert client.post("/data/club.ttl").status_code == 405
    assert client.delete("/data/club.ttl").status_code == 405


def test_a_character_that_xml_has_not_is_406_as_rdf_xml_and_whole_in_the_others(client):
    answer = client.get("/data/odd/control.rdf")
    assert (answer.status_code, answer.json["type"]) == (406, "/problems/not-acceptable")
    assert "U+0000" in answer.json["detail"]
    for suffix in sorted({*TYPES} - {"rdf"}):
        texts = {str(value) for value in statements(client, "odd/control", suffix).objects()}
        assert texts == {"A\0B\x1bC\uffff", "one\r\ntwo\rthree"}


@pytest.mark.parametrize("path", ["/doc/odd/control", "/links/odd/control", "/cite/odd/control.json", "/search?q=one"])
def test_a_page_about_such_a_text_is_shown(client, path):
    assert client.get(path).status_code == 200
