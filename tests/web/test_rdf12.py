"""RDF 1.2 in results: triple terms and text directions survive in every format that has them, and others say that they have not."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ElementTree

import pyoxigraph
import pytest

ROWS = 'SELECT (<<( <http://e/a> <http://e/b> "x"@en )>> AS ?t) (STRLANGDIR("y", "ar", "rtl") AS ?d) {}'
DIRECTED = 'CONSTRUCT { <http://e/a> <http://e/b> ?d } { BIND (STRLANGDIR("y", "ar", "rtl") AS ?d) }'
REIFIED = """PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
CONSTRUCT { <http://e/r> rdf:reifies <<( <http://e/a> <http://e/b> "x" )>> } {}"""


def ask(client, query, form):
    return client.get("/sparql", query_string={"query": query, "format": form})


def triples(response):
    form = pyoxigraph.RdfFormat.from_media_type(response.mimetype)
    return {str(quad.triple) for quad in pyoxigraph.parse(response.data, format=form)}


def test_json(tiny_client):
    (row,) = json.loads(ask(tiny_client, ROWS, "json").data)["results"]["bindings"]
    assert row["t"]["type"] == "triple"
    assert row["t"]["value"]["object"] == {"type": "literal", "value": "x", "xml:lang": "en"}
    assert row["d"] == {"type": "literal", "value": "y", "xml:lang": "ar", "its:dir": "rtl"}


def test_xml(tiny_client):
    results = "{http://www.w3.org/2005/sparql-results#}"
    root = ElementTree.fromstring(ask(tiny_client, ROWS, "xml").data)
    assert root.find(f".//{results}triple/{results}subject/{results}uri").text == "http://e/a"
    literal = root.findall(f".//{results}binding")[1].find(f"{results}literal")
    assert literal.attrib["{http://www.w3.org/2005/11/its}dir"] == "rtl"


def test_tsv(tiny_client):
    line = ask(tiny_client, ROWS, "tsv").get_data(as_text=True).splitlines()[1]
    assert line == '<<( <http://e/a> <http://e/b> "x"@en )>>\t"y"@ar--rtl'


@pytest.mark.parametrize("form", ["csv", "csv-excel"])
def test_csv_quotes_a_triple_term_and_an_iri_as_a_whole(tiny_client, form):  # RFC 4180, section 2 (5) to (7)
    query = """SELECT (<<( <http://e/a> <http://e/b> "x,y\\"z\\n" )>> AS ?a) (<http://e/c,d> AS ?b) ("e" AS ?c)
        (<<( <http://e/a> <http://e/b> <<( <http://e/a> <http://e/b> 1 )>> )>> AS ?d) (BNODE() AS ?e) ?f {}"""
    text = ask(tiny_client, query, form).data.decode("utf-8-sig")
    names, fields = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert names == ["a", "b", "c", "d", "e", "f"]
    nested = "http://e/a http://e/b http://e/a http://e/b 1"
    assert fields[:4] == ['http://e/a http://e/b x,y"z\n', "http://e/c,d", "e", nested]
    assert (fields[4][:2], fields[5]) == ("_:", "")


@pytest.mark.parametrize("form", ["turtle", "ntriples", "rdfxml", "jsonld", "trig", "nquads"])
def test_a_text_direction_survives_in_every_rdf_format(tiny_client, form):
    assert triples(ask(tiny_client, DIRECTED, form)) == {'<http://e/a> <http://e/b> "y"@ar--rtl'}


@pytest.mark.parametrize("form", ["turtle", "ntriples", "rdfxml", "trig", "nquads"])
def test_a_triple_term_survives(tiny_client, form):
    (triple,) = triples(ask(tiny_client, REIFIED, form))
    assert triple.endswith('<<( <http://e/a> <http://e/b> "x" )>>')


def test_json_ld_has_no_triple_terms_and_says_so(tiny_client):
    answer = ask(tiny_client, REIFIED, "jsonld")
    assert (answer.status_code, answer.json["type"]) == (406, "/problems/not-acceptable")
    assert "Turtle" in answer.json["hint"]


@pytest.mark.parametrize(
    ("query", "form", "hint"),
    [
        ('SELECT ("a\\u0000b" AS ?x) {}', "xml", "JSON"),
        ('CONSTRUCT { <http://e/a> <http://e/b> "a\\u0000b" } {}', "rdfxml", "Turtle"),
    ],
)
def test_a_character_that_xml_has_not_is_an_error_instead_of_broken_xml(tiny_client, query, form, hint):
    answer = ask(tiny_client, query, form)
    assert (answer.status_code, answer.json["type"]) == (406, "/problems/not-acceptable")
    assert "U+0000" in answer.json["detail"]
    assert hint in answer.json["hint"]


@pytest.mark.parametrize("predicate", ["http://e/b/", "http://e/b#", "http://e/1", "urn:x:1.2"])
def test_a_property_that_is_no_xml_name_is_an_error_instead_of_broken_xml(tiny_client, predicate):
    query = f"CONSTRUCT {{ <http://e/a> <{predicate}> 1 }} {{}}"
    assert ask(tiny_client, query, "rdfxml").status_code == 406
    assert len(triples(ask(tiny_client, query, "turtle"))) == 1
