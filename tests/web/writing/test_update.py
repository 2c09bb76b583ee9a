"""`/update` against a server with two workers: SPARQL 1.1 Protocol section 2.2, who may write, and that what is written is read."""

import json
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from qit4n_kg.tokens import Role, Tokens

FORM = "application/x-www-form-urlencoded"
UPDATE = "application/sparql-update"


def test_an_update_is_performed_when_its_body_is_the_request_body(call, ask):  # 2.2.2
    status, headers, body = call("POST", "/update", "INSERT DATA { <x:direct> <x:p> 1 }", UPDATE)
    assert status == 200
    assert json.loads(body)["added"] == 1
    assert headers["X-Generation"] == str(json.loads(body)["generation"])
    assert ask("<x:direct> <x:p> 1")


def test_an_update_is_performed_when_it_is_url_encoded(call, ask):  # 2.2.1
    text = urllib.parse.urlencode({"update": "INSERT DATA { <x:form> <x:p> 'é&=+' }"})
    assert call("POST", "/update", text, FORM)[0] == 200
    assert ask("<x:form> <x:p> 'é&=+'")


def test_every_worker_reads_what_was_written(call, ask):
    for number in range(4):
        assert call("POST", "/update", f"INSERT DATA {{ <x:own> <x:n> {number} }}", UPDATE)[0] == 200
        assert all(ask(f"<x:own> <x:n> {number}") for _ in range(12))


@pytest.mark.parametrize(
    ("path", "body", "kind", "expected"),
    [
        ("/update", None, None, 415),
        ("/update", "query=ASK%7B%7D", FORM, 400),
        ("/update", "update=CLEAR%20NAMED&update=CLEAR%20DEFAULT", FORM, 400),
        ("/update", "", FORM, 400),
        ("/update?update=CLEAR%20ALL", "", UPDATE, 400),
        ("/update?query=ASK%7B%7D", "CLEAR ALL", UPDATE, 400),
        ("/update", "CLEAR NAMED", "text/plain", 415),
        ("/update", "ASK {}", "application/sparql-query", 400),
        ("/update", "update=CLEAR%20XYZ", FORM, 400),
        ("/update", "CLEAR NAMED".encode("utf-16"), f"{UPDATE}; charset=UTF-16", 415),
        ("/update", b"INSERT DATA { <x:s> <x:p> '\xff' }", UPDATE, 400),
        ("/update?using-graph-uri=relative", "CLEAR ALL", UPDATE, 400),
        ("/update", "CLEAR GRAPH <x:not-there>", UPDATE, 400),
        ("/update?at=1", "INSERT DATA { <x:s> <x:p> 1 }", UPDATE, 400),
        ("/update?timeout=soon", "INSERT DATA { <x:s> <x:p> 1 }", UPDATE, 400),
    ],
)
def test_a_request_that_can_not_be_understood_is_refused(call, path, body, kind, expected):  # 2.2.4
    status, headers, problem = call("POST", path, body, kind)
    assert status == expected, problem
    assert headers["Content-Type"] == "application/problem+json"


def test_an_update_by_get_is_405(call):
    status, headers, _ = call("GET", "/update?update=CLEAR%20ALL")
    assert status == 405
    assert "POST" in headers["Allow"]


def test_a_syntax_error_is_located(call):
    problem = json.loads(call("POST", "/update", "CLEAR DEFAULT ;\nINSERT DAT { <x:s> <x:p> 1 }", UPDATE)[2])
    assert (problem["type"], problem["line"]) == ("/problems/query-syntax", 2)
    assert problem["source"] == "INSERT DAT { <x:s> <x:p> 1 }"


@pytest.mark.parametrize("own", ["USING <x:g>", "USING NAMED <x:g>", "WITH"])
def test_graphs_named_by_the_request_and_by_the_update_are_a_conflict(call, own):  # 2.2.3
    modify = "DELETE { ?s ?p ?o } {using} WHERE { ?s ?p ?o }"
    text = f"WITH <x:g> {modify.replace('{using}', '')}" if own == "WITH" else modify.replace("{using}", own)
    assert call("POST", "/update?using-named-graph-uri=x%3Ag", text, UPDATE)[0] == 400


def test_several_graphs_of_the_request_are_merged(call, ask):
    data = "INSERT DATA { GRAPH <x:m1> { <x:a> <x:v> 1 } GRAPH <x:m2> { <x:a> <x:v> 1 . <x:b> <x:v> 2 } }"
    count = "INSERT { GRAPH <x:sum> { <x:m> <x:total> ?n } } WHERE { SELECT (SUM(?v) AS ?n) { ?x <x:v> ?v } }"
    assert call("POST", "/update", data, UPDATE)[0] == 200
    assert call("POST", "/update?using-graph-uri=x%3Am1&using-graph-uri=x%3Am2", count, UPDATE)[0] == 200
    assert ask("GRAPH <x:sum> { <x:m> <x:total> 3 } FILTER NOT EXISTS { GRAPH <x:sum> { <x:m> <x:total> 4 } }")


def test_named_graphs_of_the_request_are_all_that_graph_sees(call, ask):
    data = "INSERT DATA { GRAPH <x:n1> { <x:n> <x:v> 1 } GRAPH <x:n2> { <x:n> <x:v> 2 } <x:n> <x:v> 3 }"
    copy = "INSERT { GRAPH <x:out> { ?s ?p ?o } } WHERE { { GRAPH ?g { ?s ?p ?o } } UNION { ?s ?p ?o } }"
    assert call("POST", "/update", data, UPDATE)[0] == 200
    assert call("POST", "/update?using-named-graph-uri=x%3An1", copy, UPDATE)[0] == 200
    assert ask("GRAPH <x:out> { <x:n> <x:v> 1 }")
    assert not ask("GRAPH <x:out> { <x:n> <x:v> 2 }")
    assert not ask("GRAPH <x:out> { <x:n> <x:v> 3 }")


def test_delete_where_takes_the_graphs_of_the_request(call, ask):
    data = "INSERT DATA { GRAPH <x:d1> { <x:d> <x:v> 1 } GRAPH <x:d2> { <x:d> <x:v> 1 } <x:d> <x:v> 1 }"
    assert call("POST", "/update", data, UPDATE)[0] == 200
    assert call("POST", "/update?using-graph-uri=x%3Ad1", "DELETE WHERE { <x:d> ?p ?o }", UPDATE)[0] == 200
    assert not ask("<x:d> ?p ?o")  # the pattern matched in d1, and DELETE is from the default graph
    assert ask("GRAPH <x:d1> { <x:d> <x:v> 1 }")


def test_relative_iris_mean_the_same_in_updates_and_queries_whatever_the_address(call, ask, scratch):
    assert call("POST", "/update", "INSERT DATA { <x:base> <x:p> <thing> }", UPDATE)[0] == 200
    assert ask("<x:base> <x:p> <thing>")
    assert ask(f"<x:base> <x:p> <{scratch.base_iri}thing>")


def test_an_update_that_fails_half_way_changes_nothing(call, ask):
    status, _, _ = call("POST", "/update", "INSERT DATA { <x:half> <x:p> 1 } ; DROP GRAPH <x:none>", UPDATE)
    assert status == 400
    assert not ask("<x:half> ?p ?o")


def test_an_update_that_runs_longer_than_its_client_gives_it_changes_nothing(call, ask):
    big = "".join(f"<x:t{n}> <x:t> {n} ." for n in range(300))
    slow = "INSERT { <x:slow> <x:p> ?a } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER (CONCAT(STR(?a), STR(?d), STR(?g)) = 'no') }"
    assert call("POST", "/update", f"INSERT DATA {{ {big} }}", UPDATE)[0] == 200
    form = urllib.parse.urlencode({"update": slow, "timeout": "0.4"})
    for path, body, kind in (("/update?timeout=0.4", slow, UPDATE), ("/update", form, FORM)):
        status, _, problem = call("POST", path, body, kind)
        assert status == 503
        assert json.loads(problem)["limit"] == {"parameter": "timeout", "value": 0.4, "unit": "seconds"}
    assert not ask("<x:slow> ?p ?o")


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("SELEC * { ?s ?p ?o }", "An update begins with INSERT, DELETE, WITH, LOAD, CLEAR, CREATE, DROP, COPY, MOVE or ADD, not"),
        ("PREFIX x: <x:> ASK { x:s ?p ?o }", "This address performs updates, and this is a query."),
        ("INSERT DATA { <x:s> <x:p> 1", "The update ends before '{' is closed."),
        ("CLEAR ALL <x:g>", "'<x:g>' is left over."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_update_is_said_in_an_update_s_words(call, text, detail):
    status, _, problem = call("POST", "/update", text, UPDATE)
    assert status == 400
    assert json.loads(problem)["detail"].startswith(detail)


@pytest.mark.parametrize("path", ["/update", "/graphs?graph=x%3Ag", "/graphs"])
def test_writing_without_a_known_token_is_401(call, path):
    for token, scheme in ((None, {}), ("qit4n_unknown", {}), (None, {"Authorization": "Basic YTpi"})):
        status, headers, _ = call("POST", path, "CLEAR ALL", UPDATE, token=token, **scheme)
        assert status == 401
        assert headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", ["contributor", "reviewer"])
def test_writing_needs_an_administrator(call, role):
    assert call("POST", "/update", "CLEAR ALL", UPDATE, token=role)[0] == 403
    assert call("PUT", "/graphs?graph=x%3Ag", "<x:s> <x:p> 1 .", "text/turtle", token=role)[0] == 403
    assert call("DELETE", "/graphs?graph=x%3Ag", token=role)[0] == 403


def test_a_token_counts_at_once_and_no_longer_when_revoked(call, scratch):
    token = Tokens(scratch.journal_dir).create("short-lived", Role.ADMIN)
    for _ in range(6):
        assert call("POST", "/update", "INSERT DATA {}", UPDATE, token=token)[0] == 200
    Tokens(scratch.journal_dir).revoke("short-lived")
    for _ in range(6):
        assert call("POST", "/update", "INSERT DATA {}", UPDATE, token=token)[0] == 401


def test_rdflib_s_update_store_works(server, tokens):
    from rdflib import Literal, URIRef
    from rdflib.plugins.stores.sparqlstore import SPARQLUpdateStore

    store = SPARQLUpdateStore(
        f"{server}/sparql",
        f"{server}/update",
        headers={"Authorization": f"Bearer {tokens['admin']}"},
        returnFormat="json",
    )
    triple = (URIRef("x:rdflib"), URIRef("x:p"), Literal("é"))
    store.add(triple, None)
    assert [found for found, _ in store.triples(triple)] == [triple]
    store.remove(triple, None)
    assert list(store.triples(triple)) == []


def test_sparqlwrapper_updates(server, tokens, ask):
    from SPARQLWrapper import POST, SPARQLWrapper

    for is_form in (True, False):
        wrapper = SPARQLWrapper(f"{server}/sparql", f"{server}/update")
        wrapper.addCustomHttpHeader("Authorization", f"Bearer {tokens['admin']}")
        wrapper.setMethod(POST)
        wrapper.setRequestMethod("urlencoded" if is_form else "postdirectly")
        wrapper.setQuery(f"INSERT DATA {{ <x:wrapper> <x:p> {str(is_form).lower()} }}")
        wrapper.query()
        assert ask(f"<x:wrapper> <x:p> {str(is_form).lower()}")


def test_writes_at_the_same_time_happen_one_after_another(call, ask):
    def write(number):
        text = f"INSERT {{ <x:at-once> <x:n> {number} }} WHERE {{ }} ; INSERT DATA {{ <x:at-once-{number}> <x:p> 1 }}"
        return call("POST", "/update", text, UPDATE)[0]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(4))) == [200] * 4
    assert ask("<x:at-once> <x:n> 0, 1, 2, 3 . <x:at-once-0> <x:p> 1 . <x:at-once-3> <x:p> 1")
