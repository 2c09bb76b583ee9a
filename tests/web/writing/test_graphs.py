"""The Graph Store Protocol at /graphs: sections 4 (identification) and 5 (operations, multipart), in a scratch dataset."""

import json
import re
import urllib.parse

import pytest
from pyoxigraph import RdfFormat, parse

TURTLE = "text/turtle"


def triples(body, form=RdfFormat.TURTLE):
    return {(quad.subject, quad.predicate, quad.object) for quad in parse(body, form)}


@pytest.fixture
def graph(request):
    """The path of a graph of the test's own, indirectly named."""
    return f"/graphs?graph=x%3A{re.sub('[^a-z]', '', request.node.name)}"


def test_put_makes_and_then_replaces_a_graph(call, graph):  # 5.3
    for text, expected in (("<x:s> <x:p> 1 .", 201), ("<x:s> <x:p> 2 .", 204)):
        status, headers, _ = call("PUT", graph, text, TURTLE)
        assert (status, headers["Content-Type"]) == (expected, None)
    status, headers, body = call("GET", graph, token=None, Accept=TURTLE)
    assert (status, headers["Content-Type"]) == (200, "text/turtle; charset=utf-8")
    assert triples(body) == triples("<x:s> <x:p> 2 .")


def test_post_adds_to_a_graph(call, graph):  # 5.5
    assert call("POST", graph, "<x:s> <x:p> 1 .", TURTLE)[0] == 201
    assert call("POST", graph, "<x:s> <x:p> 2 .", TURTLE)[0] == 204
    assert len(triples(call("GET", graph, token=None)[2])) == 2


def test_delete_removes_a_graph(call, graph):  # 5.4
    assert call("PUT", graph, "<x:s> <x:p> 1 .", TURTLE)[0] == 201
    assert call("DELETE", graph)[0] == 204
    assert call("GET", graph, token=None)[0] == 404
    assert call("DELETE", graph)[0] == 404


def test_an_empty_graph_is_there(call, graph):
    assert call("PUT", graph, "", TURTLE)[0] == 201
    status, _, body = call("GET", graph, token=None, Accept=TURTLE)
    assert (status, triples(body)) == (200, set())
    assert call("PUT", graph, "<x:s> <x:p> 1 .", TURTLE)[0] == 204


def test_a_graph_is_read_from_the_generation_that_is_asked_for(call, server):
    path = "/graphs/pinned"
    for text in ("<x:s> <x:p> 1 .", "<x:s> <x:p> 2 ."):
        number = int(call("PUT", path, text, "text/turtle")[1]["X-Generation"])
    for name in (path, f"/graphs?graph={urllib.parse.quote(f'{server}{path}', safe='')}"):
        mark = "&" if "?" in name else "?"
        status, headers, body = call("GET", f"{name}{mark}at={number - 1}", Accept="application/n-triples")
        assert (status, headers["X-Generation"]) == (200, str(number - 1))
        assert b'"1"' in body
        assert b'"2"' in call("GET", name, Accept="application/n-triples")[2]
        assert call("GET", f"{name}{mark}at={number + 100}")[0] == 404
        assert call("PUT", f"{name}{mark}at={number}", "<x:s> <x:p> 3 .", "text/turtle")[0] == 400


def test_head_is_get_without_a_body(call, graph):  # 5.6
    assert call("HEAD", graph, token=None)[0] == 404
    call("PUT", graph, "<x:s> <x:p> 1 .", TURTLE)
    status, headers, body = call("HEAD", graph, token=None, Accept="text/turtle; charset=utf-8")
    assert (status, body) == (200, b"")
    assert headers["Content-Length"] == str(len(call("GET", graph, token=None, Accept=TURTLE)[2]))


def test_a_graph_is_named_by_its_address(call, server):  # 4.1
    path = "/graphs/person/1.ttl"
    assert call("PUT", path, "<> <x:p> <2.ttl> .", TURTLE)[0] == 201
    expected = f"<{server}{path}> <x:p> <{server}/graphs/person/2.ttl> ."
    assert triples(call("GET", path, token=None, Accept=TURTLE)[2]) == triples(expected)
    named = urllib.parse.quote(server + path, safe="")
    assert triples(call("GET", f"/graphs?graph={named}", token=None, Accept=TURTLE)[2]) == triples(expected)
    assert call("DELETE", path)[0] == 204


@pytest.mark.parametrize("path", ["../update", "%2e%2e/x", "a/./b", "a/..", "%00"])
def test_an_address_that_clients_shorten_or_cut_names_no_graph(call, path):  # RFC 3986, 5.2.4
    assert call("PUT", f"/graphs/{path}", "<x:s> <x:p> 1 .", TURTLE)[0] == 400


def test_percent_encoding_is_decoded_once(call):  # 4.2
    assert call("PUT", "/graphs?graph=x%3A%31", "<x:s> <x:p> 1 .", TURTLE)[0] == 201
    assert call("PUT", "/graphs?graph=x%3A%2531", "<x:s> <x:p> 2 .", TURTLE)[0] == 201
    assert triples(call("GET", "/graphs?graph=x:1", token=None)[2]) == triples("<x:s> <x:p> 1 .")


def test_post_without_a_graph_makes_one_with_a_new_name(call):  # 5.5
    status, headers, _ = call("POST", "/graphs", "[] <x:p> [ <x:q> 'Alice' ] .", TURTLE)
    assert status == 201
    assert len(triples(call("GET", urllib.parse.urlsplit(headers["Location"]).path, token=None)[2])) == 2


def test_a_form_of_several_files_is_added(call, graph):  # 5.5
    boundary = "a6fe4cd6"
    parts = [("last.ttl", TURTLE, "_:x <x:p> 1 ."), ("first.nt", "application/octet-stream", '_:x <x:p> "2" .')]
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n{text}\r\n"
        for name, kind, text in parts
    )
    kind = f"multipart/form-data; boundary={boundary}"
    status, _, problem = call("POST", graph, f"{body}--{boundary}--\r\n", kind)
    assert status == 201, problem
    found = triples(call("GET", graph, token=None, Accept=TURTLE)[2])
    assert len({subject for subject, _, _ in found}) == 2  # a blank node's label holds within its file


def test_the_default_graph_is_read_and_written(call, ask):  # 4.2
    assert call("POST", "/graphs?default", "<x:default> <x:p> 1 .", TURTLE)[0] == 204
    assert ask("<x:default> <x:p> 1")
    assert b"x:default" in call("GET", "/graphs?default", token=None)[2]
    assert call("PUT", "/graphs?default", "<x:default> <x:p> 2 .", TURTLE)[0] == 204
    assert not ask("<x:default> <x:p> 1")
    assert call("DELETE", "/graphs?default")[0] == 204
    assert not ask("?s ?p ?o")


@pytest.mark.parametrize("form", ["application/n-triples", "application/rdf+xml", "application/ld+json", TURTLE])
def test_every_format_of_triples_goes_in_and_out(call, graph, form):
    text = '<x:s> <x:p> "é"@en , "1"^^<http://www.w3.org/2001/XMLSchema#integer> ; <http://x.org/q> _:b .'
    text = text.replace("<x:p>", "<http://x.org/p>")
    call("PUT", graph, text, TURTLE)
    status, headers, body = call("GET", graph, token=None, Accept=form)
    assert (status, headers["Content-Type"].split(";")[0]) == (200, form)
    assert call("PUT", graph, body, form)[0] == 204
    assert len(triples(call("GET", graph, token=None, Accept=TURTLE)[2])) == 3


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "expected"),
    [
        ("GET", "/graphs", None, None, 400),
        ("GET", "/graphs?graph=x%3Aa&default", None, None, 400),
        ("GET", "/graphs?graph=relative", None, None, 400),
        ("PUT", "/graphs", "<x:s> <x:p> 1 .", TURTLE, 400),
        ("PUT", "/graphs?graph=x%3Aa", "<x:s> <x:p> 1 .", "text/plain", 415),
        ("PUT", "/graphs?graph=x%3Aa", "<x:s> <x:p> 1 .", None, 415),
        ("PUT", "/graphs?graph=x%3Aa", "<x:s> <x:p> 1 <x:g> .", "application/n-quads", 415),
        ("PATCH", "/graphs?graph=x%3Aa", "<x:s> <x:p> 1 .", TURTLE, 405),
    ],
)
def test_a_request_that_can_not_be_understood_is_refused(call, method, path, body, kind, expected):
    status, headers, problem = call(method, path, body, kind)
    assert status == expected, problem
    assert headers["Content-Type"] == "application/problem+json"


def test_a_format_that_is_not_on_offer_is_406(call):
    assert call("GET", "/graphs?default", token=None, Accept="image/png")[0] == 406


def test_a_syntax_error_is_located(call):
    problem = json.loads(call("PUT", "/graphs?graph=x%3Aa", "<x:s> <x:p> 1 .\n<x:s> <x:p> .", TURTLE)[2])
    assert (problem["status"], problem["line"]) == (400, 2)


def test_a_body_over_the_bound_is_413(app, tokens):
    headers = {"Authorization": f"Bearer {tokens['admin']}"}
    large = {"data": b"#" * (1024 * 1024 + 1), "content_type": TURTLE, "headers": headers}
    assert app.test_client().put("/graphs?graph=x%3Alarge", **large).status_code == 413
    assert app.test_client().post("/update", **large | {"content_type": "application/sparql-update"}).status_code == 413


def test_a_literal_that_entities_make_too_long_is_413(app, tokens):
    entities = '<!ENTITY a "lollollol">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdef", "bcdefg", strict=True)
    )
    body = (
        f"<!DOCTYPE x [{entities}]><r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:x='x:'>"
        "<r:Description r:about='x:s'><x:p>&g;&g;</x:p></r:Description></r:RDF>"
    )
    response = app.test_client().put(
        "/graphs?graph=x%3Along",
        data=body,
        content_type="application/rdf+xml",
        headers={"Authorization": f"Bearer {tokens['admin']}"},
    )
    assert (response.status_code, response.json["type"]) == (413, "/problems/too-large")


class TestConditional:
    """RFC 9110, section 13.1: a write that depends on what its sender has seen."""

    GRAPH = "/graphs?graph=http://example.org/conditional"
    ONE = "<http://example.org/s> <http://example.org/p> 1 ."
    TWO = "<http://example.org/s> <http://example.org/p> 2 ."

    @pytest.fixture(autouse=True)
    def graph(self, call):
        assert call("PUT", self.GRAPH, self.ONE, "text/turtle")[0] in (201, 204)

    def etag(self, call, **headers):
        status, found, _ = call("GET", self.GRAPH, token=None, **headers)
        assert status == 200
        return found["ETag"]

    @pytest.mark.parametrize("accept", ["text/turtle", "application/n-triples", "application/ld+json"])
    def test_what_was_read_in_any_format_may_be_replaced(self, call, accept):
        tag = self.etag(call, Accept=accept, Accept_Encoding="gzip")
        assert call("PUT", self.GRAPH, self.TWO, "text/turtle", If_Match=tag)[0] == 204
        assert b"2" in call("GET", self.GRAPH, token=None)[2]

    def test_what_changed_since_is_not(self, call):
        tag = self.etag(call)
        assert call("POST", self.GRAPH, self.TWO, "text/turtle")[0] == 204
        for method in ("PUT", "POST", "DELETE"):
            status, _, body = call(method, self.GRAPH, self.ONE, "text/turtle", If_Match=tag)
            assert status == 412
            assert json.loads(body)["type"] == "/problems/precondition-failed"

    def test_a_weak_tag_matches_nothing(self, call):
        assert call("PUT", self.GRAPH, self.TWO, "text/turtle", If_Match="W/" + self.etag(call))[0] == 412

    def test_any_graph_or_none(self, call):
        none = "/graphs?graph=http://example.org/none-of-this-name"
        assert call("PUT", self.GRAPH, self.TWO, "text/turtle", If_Match="*")[0] == 204
        assert call("PUT", none, self.TWO, "text/turtle", If_Match="*")[0] == 412
        assert call("PUT", self.GRAPH, self.ONE, "text/turtle", If_None_Match="*")[0] == 412
        assert call("PUT", none, self.ONE, "text/turtle", If_None_Match="*")[0] == 201
        assert call("DELETE", none)[0] == 204
