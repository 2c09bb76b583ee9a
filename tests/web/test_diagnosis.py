"""`/sparql/why` tells as JSON and as a page why a query has no rows; the result page leads there, a standard body never."""

from __future__ import annotations

import pytest

STDORG = "https://w3id.org/stdorg/ns#"
EMPTY = f'PREFIX stdorg: <{STDORG}>\nSELECT * {{ ?m stdorg:number "1" }}'
BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


def test_the_reason_is_json_for_programs(tiny_client):
    answer = tiny_client.get("/sparql/why", query_string={"query": EMPTY})
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.json["is_empty"] is True
    assert answer.json["is_complete"] is True
    (finding,) = answer.json["findings"]
    assert finding["kind"] == "mismatch"
    assert (finding["line"], finding["column"]) == (2, 12)
    assert finding["suggestions"] == [{"term": "1", "label": None}]
    assert answer.json["patterns"][0] == {
        "text": '?m stdorg:number "1"',
        "line": 2,
        "column": 12,
        "alone": False,
        "with_those_before": False,
    }


def test_the_reason_is_a_page_for_people(tiny_client):
    page = tiny_client.get("/sparql/why", query_string={"query": EMPTY}, headers=BROWSER)
    assert page.mimetype == "text/html"
    assert "an xsd:integer" in page.text
    assert "Line 2, column 12" in page.text


def test_a_form_and_a_direct_post_are_answered_too(tiny_client):
    assert tiny_client.post("/sparql/why", data={"query": EMPTY}).json["is_empty"] is True
    direct = tiny_client.post("/sparql/why", data=EMPTY, content_type="application/sparql-query")
    assert direct.json["is_empty"] is True


def test_the_dataset_of_the_request_is_the_one_that_is_asked(tiny_client):
    query = f"SELECT * {{ ?m <{STDORG}participants> ?n }}"
    parameters = {
        "query": query,
        "default-graph-uri": "https://w3id.org/qit4n/graph/progress-report-2021-10/table-1/meeting-2",
    }
    (finding, *_) = tiny_client.get("/sparql/why", query_string=parameters).json["findings"]
    assert finding["kind"] == "unknown-graph"
    assert finding["suggestions"][0]["term"].endswith("meeting-1>")


def test_a_relative_iri_is_resolved_as_the_endpoint_does(tiny_client):
    query = "SELECT * { <id/fg-qit4n/meeting/1> a <id/nothing> }"
    (finding, *_) = tiny_client.get("/sparql/why", query_string={"query": query}).json["findings"]
    assert finding["message"] == "<id/nothing> does not occur in the data."


def test_the_generation_of_the_request_is_the_one_that_is_asked(tiny_client):
    number = int(tiny_client.get("/graphs?default").headers["X-Generation"])
    parameters = {"query": "SELECT * { ?s <http://example.org/none> ?o }", "at": number}
    page = tiny_client.get("/sparql/why", query_string=parameters, headers={"Accept": "text/html"})
    assert page.headers["X-Generation"] == str(number)
    assert f"at={number}" in page.text
    assert tiny_client.get("/sparql/why", query_string=parameters | {"at": number + 1}).status_code == 404
    assert tiny_client.post("/sparql/why", data=parameters | {"at": number + 1}).status_code == 404


def test_the_page_of_an_empty_result_leads_there(tiny_client):
    page = tiny_client.get("/sparql", query_string={"query": EMPTY}, headers=BROWSER)
    assert 'href="/sparql/why?query=PREFIX' in page.text
    full = tiny_client.get("/sparql", query_string={"query": "SELECT * { ?s ?p ?o }"}, headers=BROWSER)
    assert "/sparql/why" not in full.text


def test_a_catalogue_page_without_rows_leads_there(tiny_client):
    page = tiny_client.get("/queries/meeting?least=1000", headers=BROWSER)
    assert 'href="/sparql/why?query=' in page.text


def test_a_standard_body_says_nothing_of_it(tiny_client):
    answer = tiny_client.get("/sparql", query_string={"query": EMPTY, "format": "json"})
    assert answer.json == {"head": {"vars": ["m"]}, "results": {"bindings": []}}


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ({}, "request"),
        ({"query": "INSERT DATA { <x:a> <x:b> 1 }"}, "request"),
        ({"query": "SELECT * { ?s ?p ?o FILTER(?s >) }"}, "query-syntax"),
        ({"query": "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }"}, "remote-refused"),
    ],
)
def test_what_can_not_be_looked_into_is_a_problem(tiny_client, parameters, kind):
    answer = tiny_client.get("/sparql/why", query_string=parameters)
    assert answer.json["type"].endswith(f"/{kind}")
    assert 400 <= answer.status_code < 500


def test_an_endless_pattern_ends_with_its_deadline_and_says_so(tiny_client):
    query = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o . ?p ?q ?r FILTER(?a = 1 && ?r = 'x' && ?d = 2) }"
    answer = tiny_client.get("/sparql/why", query_string={"query": query, "timeout": "0.5"})
    assert answer.status_code == 200
    assert answer.json["is_complete"] is False
