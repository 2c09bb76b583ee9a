"""Bodies as they come over HTTP, at every address that takes one: coded (RFC 9110, section 8.4) and of unknown length."""

import gzip
import json
import re
import socket
import urllib.parse

import pytest

from qit4n_kg.config import load_settings
from qit4n_kg.web.app import make_routes

TURTLE = "text/turtle"
WITH_BODY = sorted(
    (method, re.sub(r"<[^>]+>", "1", rule.rule))
    for rule in make_routes(load_settings({})).url_map.iter_rules()
    for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "QUERY", "DELETE"}
)


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_every_address_that_takes_a_body_refuses_a_coding_that_it_does_not_read(app, method, path):
    answer = app.test_client().open(path, method=method, data=b"abc", headers={"Content-Encoding": "br"})
    assert (answer.status_code, answer.json["type"]) == (415, "/problems/unsupported-coding")
    assert answer.headers["Accept-Encoding"] == "gzip"


def test_a_query_in_gzip_is_answered(call):
    text = gzip.compress(b"SELECT (1 + 1 AS ?n) {}")
    for method in ("POST", "QUERY"):
        sent = call(method, "/sparql", text, "application/sparql-query", None, Content_Encoding="gzip")
        assert json.loads(sent[2])["results"]["bindings"][0]["n"]["value"] == "2"
    form = gzip.compress(b"query=ASK%20%7B%7D")
    status, _, body = call("POST", "/sparql", form, "application/x-www-form-urlencoded", None, Content_Encoding="gzip")
    assert (status, json.loads(body)["boolean"]) == (200, True)


def test_an_update_and_a_graph_in_gzip_are_written(call, ask):
    text = gzip.compress(b"INSERT DATA { <x:coded> <x:p> 1 }")
    assert call("POST", "/update", text, "application/sparql-update", Content_Encoding="gzip")[0] == 200
    assert ask("<x:coded> <x:p> 1")
    graph = "/graphs?graph=x:coded"
    assert call("PUT", graph, gzip.compress(b"<x:s> <x:p> 2 ."), TURTLE, Content_Encoding="gzip")[0] == 201
    assert ask("GRAPH <x:coded> { <x:s> <x:p> 2 }")


def test_a_form_of_files_in_gzip_is_written(call, ask):
    part = (
        'Content-Disposition: form-data; name="f"; filename="a.ttl"\r\nContent-Type: text/turtle\r\n\r\n<x:s> <x:p> 3 .'
    )
    body = gzip.compress(f"--b\r\n{part}\r\n--b--\r\n".encode())
    path, kind = "/graphs?graph=x:form", "multipart/form-data; boundary=b"
    assert call("PUT", path, body, kind, Content_Encoding="gzip")[0] == 201
    assert ask("GRAPH <x:form> { <x:s> <x:p> 3 }")


def test_a_body_that_unpacks_to_more_than_the_bound_is_413_and_changes_nothing(call, ask):
    bomb = gzip.compress(b"<x:s> <x:p> 4 .\n" * 10_000_000, 1)
    assert len(bomb) < 1024 * 1024
    status, _, body = call("PUT", "/graphs?graph=x:bomb", bomb, TURTLE, Content_Encoding="gzip")
    assert (status, json.loads(body)["type"]) == (413, "/problems/too-large")
    assert not ask("GRAPH <x:bomb> { ?s ?p ?o }")


CUT = {
    "by length": (b"Content-Length: 5000", b"%s", 400),
    "in chunks": (b"Transfer-Encoding: chunked", b"12\r\n%s\r\n", 411),
    "in chunks, then no chunk": (b"Transfer-Encoding: chunked", b"12\r\n%s\r\nzz\r\n", 411),
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("ends", [socket.SHUT_WR, None])
def test_a_body_that_was_cut_off_is_refused_and_changes_nothing(server, tokens, ask, name, ends):  # RFC 9112, section 8
    place = urllib.parse.urlsplit(server)
    length, form, status = CUT[name]
    head = b"PUT /graphs?graph=x:cut HTTP/1.1\r\nHost: x\r\nContent-Type: application/n-triples\r\nAuthorization: Bearer %s\r\n"
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(head % tokens["admin"].encode() + length + b"\r\n\r\n" + form % b'<x:a> <x:b> "1" .\n')
        if ends is not None:
            connection.shutdown(ends)
            assert connection.recv(99).startswith(b"HTTP/1.1 %d " % status)
    assert not ask("GRAPH <x:cut> { ?s ?p ?o }")


def test_a_body_in_chunks_is_read_in_gzip(call, ask):
    whole = gzip.compress(b"<x:s> <x:p> 6 .\n")
    assert (
        call("PUT", "/graphs?graph=x:chunked", iter([whole[:9], whole[9:]]), TURTLE, Content_Encoding="gzip")[0] == 201
    )
    assert ask("GRAPH <x:chunked> { <x:s> <x:p> 6 }")
