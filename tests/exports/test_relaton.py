"""Guards Relaton: the ITU grammar accepts each item, the collection is Annex A's, and both spellings give the same back."""

from __future__ import annotations

from functools import cache

import pytest
import yaml
from hypothesis import given, settings
from lxml import etree

from exports.conftest import made
from exports.worlds import ID, SCHEMAS, TEXTS, of_text, quads
from qit4n_kg.exports.deliverables import clean

ANNEX_A = ["D0.1", "D1.1", "D1.2", "D1.3", "D1.4", "D2.1", "D2.2", "D2.3.1", "D2.3.2", "D2.4", "D2.5"]
GRAMMAR = SCHEMAS / "relaton" / "relaton-itu-compile.rng"


@cache
def read_grammar() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(GRAMMAR))


@pytest.fixture(scope="module")
def grammar():
    if not GRAMMAR.is_file():
        pytest.skip("The grammar of relaton-itu is not beside this checkout.")
    return read_grammar()


def items(content: bytes) -> list[etree._Element]:
    return [etree.fromstring(etree.tostring(item)) for item in etree.fromstring(content).iter("bibdata")]


def editors(item: etree._Element) -> list[str]:
    return [name.text for name in item.findall("contributor[role]/person/name/completename")]


def test_the_collection_has_exactly_the_deliverables_of_annex_a(export):
    assert [item.findtext("docnumber") for item in items(export("relaton.xml"))] == ANNEX_A


def test_the_grammar_accepts_every_item(export, grammar):
    for item in items(export("relaton.xml")):
        assert grammar.validate(item), grammar.error_log


def test_the_grammar_accepts_the_second_body(second_store, grammar):
    found = items(made(second_store, "relaton.xml"))
    assert len(found) == len(ANNEX_A) + 2
    for item in found:
        assert grammar.validate(item), grammar.error_log
    draft = next(item for item in found if item.findtext("docnumber") == "draft-netf-queue-names-03")
    assert draft.findtext("date[@type='issued']/on") == "2031-03-01"
    assert draft.get("type") is None, "it has a date of issue, so it is not said to be unpublished"
    assert draft.find("ext") is None, "no document type of the ITU fits an Internet-Draft"


@pytest.mark.parametrize(
    "mutation",
    [
        lambda item: item.remove(item.find("title")),
        lambda item: item.remove(item.find("docidentifier[@primary]")) or item.remove(item.find("docidentifier")),
        lambda item: item.find("ext/doctype").__setattr__("text", "draft"),
        lambda item: item.find("date/on").__setattr__("text", "December"),
        lambda item: item.find("contributor/role").set("type", "boss"),
        lambda item: item.insert(0, item.find("status")),
    ],
    ids=["no-title", "no-identifier", "other-doctype", "no-date", "other-role", "other-order"],
)
def test_the_grammar_refuses_a_spoiled_item(export, grammar, mutation):
    item = items(export("relaton.xml"))[0]
    mutation(item)
    assert not grammar.validate(item)


def test_xml_read_back_gives_titles_editors_dates_and_status(export, graph_store):
    by_code = {item.findtext("docnumber"): item for item in items(export("relaton.xml"))}
    query = """PREFIX stdorg: <https://w3id.org/stdorg/ns#> PREFIX dcterms: <http://purl.org/dc/terms/>
      PREFIX skos: <http://www.w3.org/2004/02/skos/core#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
      SELECT ?code ?title ?status ?due { ?d a stdorg:Deliverable ; skos:notation ?code ; dcterms:title ?title ;
        stdorg:status/rdfs:label ?status ; stdorg:dueDate ?due }"""
    rows = [[term.value for term in row] for row in graph_store.query(query)]
    assert len(rows) == len(ANNEX_A)
    for code, title, status, due in rows:
        item = by_code[code]
        assert item.findtext("title[@type='main']") == title
        assert item.findtext("status/stage") == status
        assert item.findtext("date[@type='due']/on") == due
    query = """PREFIX schema: <https://schema.org/> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
      PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
      SELECT ?code ?name { ?d schema:editor/rdfs:label ?name ; skos:notation ?code }"""
    stated = {(row[0].value, row[1].value) for row in graph_store.query(query)}
    assert {(code, name) for code, item in by_code.items() for name in editors(item)} == stated


def test_names_are_in_their_parts_where_these_are_stated(export):
    found = {
        name.findtext("completename"): (name.findtext("forename"), name.findtext("surname"))
        for item in items(export("relaton.xml"))
        for name in item.iterfind("contributor/person/name")
    }
    assert found["Man-Hong Yung"] == ("Man-Hong", "Yung")
    assert found["K. Karunaratne"] == (None, "Karunaratne"), "the source has an initial only"


def test_yaml_says_what_xml_says(export):
    found = yaml.safe_load(export("relaton.yaml"))["root"]["items"]
    for item, other in zip(items(export("relaton.xml")), found, strict=True):
        assert other["docnumber"] == item.findtext("docnumber")
        assert other["title"][0]["content"] == item.findtext("title")
        assert other["docstatus"]["stage"] == item.findtext("status/stage")
        people = [c["person"]["name"]["completename"] for c in other["contributor"] if "person" in c]
        assert people == editors(item)
        names = [c["person"]["name"] for c in other["contributor"] if "person" in c]
        assert [name.get("surname", {}).get("content") for name in names] == [
            name.findtext("surname") for name in item.iterfind("contributor/person/name")
        ]
        assert [name.get("given", {}).get("forename", [{}])[0].get("content") for name in names] == [
            name.findtext("forename") for name in item.iterfind("contributor/person/name")
        ]
        assert [date["value"] for date in other["date"]] == [on.text for on in item.findall("date/on")]


def test_a_spoiled_yaml_is_not_read_as_before(export):
    content = export("relaton.yaml").decode()
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(content.replace("title: Deliverables", "title: [Deliverables", 1))
    assert yaml.safe_load(content.replace("'95'", "95", 1)) != yaml.safe_load(content)


def test_a_draft_says_so_and_nothing_is_published(export):
    for item in items(export("relaton.xml")):
        assert item.get("type") == "unpublished"
        assert item.findtext("status/stage") == "Under development"
        assert not item.xpath("date[@type='published']|contributor/role[@type='publisher']|copyright|license|edition")


def test_a_part_names_the_whole_and_the_whole_its_parts(grammar):
    store = of_text("Text")
    whole, part = f"{ID}fg-x/deliverable/d1", f"{ID}fg-x/deliverable/d1.1"
    facts = {
        "id:fg-x/deliverable/d1": {"dcterms:hasPart": "id:fg-x/deliverable/d1.1"},
        "id:fg-x/deliverable/d1.1": {
            "rdf:type": "stdorg:Deliverable",
            "dcterms:title": "Part",
            "dcterms:isPartOf": "id:fg-x/deliverable/d1",
        },
    }
    store.add(quads(facts))
    found = {item.findtext("uri"): item for item in items(made(store, "relaton.xml"))}
    assert found[whole].findtext("relation[@type='hasPart']/bibitem/docidentifier") == part
    assert found[part].findtext("relation[@type='partOf']/bibitem/docidentifier") == whole
    for item in found.values():
        assert grammar.validate(item), grammar.error_log
    by_yaml = {
        entry["link"][0]["content"]: entry for entry in yaml.safe_load(made(store, "relaton.yaml"))["root"]["items"]
    }
    assert by_yaml[part]["relation"] == [{"type": "partOf", "bibitem": {"docid": [{"id": whole, "type": "URI"}]}}]


@settings(max_examples=25, deadline=None)
@given(TEXTS)
def test_any_text_comes_back(text):
    store = of_text(text)
    content = made(store, "relaton.xml")
    (item,) = items(content)
    assert item.findtext("title[@type='main']") == clean(text)
    assert item.findtext("abstract") == clean(text)
    assert editors(item) == [clean(text)]
    (entry,) = yaml.safe_load(made(store, "relaton.yaml"))["root"]["items"]
    assert entry["title"][0]["content"] == clean(text)
    if GRAMMAR.is_file():
        assert read_grammar().validate(item), read_grammar().error_log
