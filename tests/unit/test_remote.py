"""Asking other endpoints: prefixes are declared, answers have the local types, each failure is one clear, bounded line."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
from pyoxigraph import Literal

from qit4n_kg.errors import ParameterError, RemoteEndpointError
from qit4n_kg.namespaces import PREFIXES
from qit4n_kg.store import remote
from qit4n_kg.store.remote import RemoteEndpoint, declare


def test_only_undeclared_known_prefixes_are_added():
    text = "PREFIX rdfs: <urn:own#>\nASK { ?s rdfs:label ?l ; skos:notation ?n ; unknown:x ?y }"
    assert declare(text, PREFIXES) == f"PREFIX skos: <{PREFIXES['skos']}>\n{text}"


@pytest.mark.parametrize("address", ["ftp://example.org/sparql", "example.org/sparql", "http://", "file:///etc/passwd"])
def test_an_address_that_is_not_http_is_refused(address):
    with pytest.raises(ParameterError, match="no http"):
        RemoteEndpoint(address)


class _Handler(BaseHTTPRequestHandler):
    answers: ClassVar = {
        "/good": (
            200,
            "application/sparql-results+json",
            b'{"head":{"vars":["x"]},"results":{"bindings":[{"x":{"type":"literal","value":"1"}}]}}',
        ),
        "/html": (200, "text/html", b"<html>sorry</html>"),
        "/bad": (400, "application/problem+json", b'{"title":"Bad query","detail":"error at 1:8: expected WHERE"}'),
        "/path": (400, "application/problem+json", b'{"detail":"It is a path.","hint":"Write the whole IRI: <urn:x>"}'),
        "/odd": (400, "application/problem+json", b'{"detail":"Bad.","hint":["no text"]}'),
        "/busy": (503, "text/plain", b"try later\nsecret stack trace"),
        "/huge": (200, "application/sparql-results+json", b"x" * 5000),
    }

    def do_GET(self):
        status, kind, body = self.answers[self.path.partition("?")[0]]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def other_server():
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_answer_has_the_types_of_a_local_one(other_server):
    answer = RemoteEndpoint(f"{other_server}/good").query("SELECT ?x WHERE { ?s ?p ?x }")
    assert list(answer.variables) == ["x"]
    assert list(answer) == [(Literal("1"),)]


def test_a_long_query_is_sent_too(other_server):
    text = "SELECT ?x WHERE { ?s ?p ?x } #" + "x" * 10_000
    assert len(list(RemoteEndpoint(f"{other_server}/good").query(text))) == 1


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/html", "not SPARQL results in JSON"),
        ("/bad", "expected WHERE"),
        ("/busy", "answered 503: try later"),
    ],
)
def test_a_failure_over_there_is_one_clear_line(other_server, path, message):
    with pytest.raises(RemoteEndpointError, match=message) as caught:
        RemoteEndpoint(other_server + path).query("SELECT ?x WHERE { ?s ?p ?x }")
    assert "\n" not in str(caught.value)
    assert "stack trace" not in str(caught.value)


@pytest.mark.parametrize(("path", "hint"), [("/path", "Write the whole IRI: <urn:x>"), ("/odd", None), ("/bad", None)])
def test_what_the_other_server_advises_is_handed_on(other_server, path, hint):
    with pytest.raises(RemoteEndpointError) as refused:
        RemoteEndpoint(other_server + path).query("ASK { ?s ?p ?o }")
    assert refused.value.hint == hint


def test_an_answer_beyond_the_bound_is_refused(other_server, monkeypatch):
    monkeypatch.setattr(remote, "MAX_ANSWER_BYTES", 1000)
    with pytest.raises(RemoteEndpointError, match="more than 1000 bytes"):
        RemoteEndpoint(f"{other_server}/huge").query("SELECT ?x WHERE { ?s ?p ?x }")


def test_nobody_listening_is_said():
    with pytest.raises(RemoteEndpointError, match="can't be reached"):
        RemoteEndpoint("http://127.0.0.1:1/sparql").query("ASK {}")
