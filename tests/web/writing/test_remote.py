"""SERVICE and LOAD reach nothing that is not allowed (a listener sees nothing), and what an allowed LOAD does."""

import contextlib
import http.server
import json
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

UPDATE = "application/sparql-update"
PATTERN = "?s ?p ?o"


class Listener:
    """A server of Turtle on a loopback address that counts who connects."""

    def __init__(self, host="127.0.0.1", family=socket.AF_INET):
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                listener.answer(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = family

            def get_request(self):
                listener.seen += 1
                return super().get_request()

        self.seen = 0
        self.location = None
        self.server = Server((host, 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def answer(self, request):
        path = request.path
        if path.startswith("/to/"):
            request.send_response(302)
            request.send_header("Location", self.location)
            request.end_headers()
            return
        if path == "/slow":
            threading.Event().wait(3)
        body = b"<s> <x:p> [] . " if path != "/large" else b"#" * 200_000
        request.send_response(200 if path != "/broken" else 500)
        request.send_header("Content-Type", "text/turtle" if path != "/page" else "text/html")
        request.end_headers()
        with contextlib.suppress(OSError):
            request.wfile.write(body)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def listener():
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture(scope="module")
def allowed():
    """A second listener, which the settings allow by its address."""
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture(scope="module")
def federated(scratch, allowed, server, serve_apart):
    """A server that may reach one listener by its literal address, and another name of the same machine only by that name."""
    listed = f"http://127.0.0.1:{allowed.port}/ http://localhost:{allowed.port}/ {server}/sparql"
    limits = {"QIT4N_REMOTE_TIMEOUT": "1", "QIT4N_REMOTE_BYTES": "100000"}
    with serve_apart(scratch, QIT4N_WORKERS="1", QIT4N_ALLOW_REMOTE=listed, **limits) as (url, _):
        yield url


def addresses(port):
    return {
        "dotted": f"http://127.0.0.1:{port}/",
        "name": f"http://localhost:{port}/",
        "ipv6": f"http://[::1]:{port}/",
        "mapped": f"http://[::ffff:127.0.0.1]:{port}/",
        "decimal": f"http://2130706433:{port}/",
        "octal": f"http://0177.0.0.1:{port}/",
        "hexadecimal": f"http://0x7f.1:{port}/",
        "short": f"http://127.1:{port}/",
        "zero": f"http://0.0.0.0:{port}/",
        "user": f"http://example.org@127.0.0.1:{port}/",
        "metadata": "http://169.254.169.254/latest/meta-data/",
        "file": "file:///etc/passwd",
    }


QUERIES = {
    "plain": "SELECT * {{ SERVICE <{iri}> {{ ?s ?p ?o }} }}",
    "silent": "SELECT * {{ SERVICE SILENT <{iri}> {{ ?s ?p ?o }} }}",
    "optional": "SELECT * {{ ?a ?b ?c OPTIONAL {{ SERVICE <{iri}> {{ ?s ?p ?o }} }} }}",
    "subquery": "SELECT * {{ {{ SELECT ?s {{ SERVICE <{iri}> {{ ?s ?p ?o }} }} }} }}",
    "exists": "ASK {{ FILTER NOT EXISTS {{ SERVICE <{iri}> {{ ?s ?p ?o }} }} }}",
    "variable": "SELECT * {{ VALUES ?e {{ <{iri}> }} SERVICE ?e {{ ?s ?p ?o }} }}",
    "bound": "SELECT * {{ BIND (IRI('{iri}') AS ?e) SERVICE ?e {{ ?s ?p ?o }} }}",
    "graph": "SELECT * {{ GRAPH ?g {{ SERVICE <{iri}> {{ ?s ?p ?o }} }} }}",
    "prefixed": "PREFIX e: <{iri}> CONSTRUCT {{ ?s ?p ?o }} {{ sErViCe e: {{ ?s ?p ?o }} }}",
    "nested": "SELECT * {{ SERVICE <{iri}> {{ SERVICE <{iri}> {{ ?s ?p ?o }} }} }}",
}
UPDATES = {
    "load": "LOAD <{iri}>",
    "load into": "LOAD <{iri}> INTO GRAPH <x:g>",
    "load not only silent": "LOAD SILENT <{iri}> ; LOAD <{iri}>",
    "load later": "INSERT DATA {{ <x:s> <x:p> 1 }} ; LOAD <{iri}>",
    "load by prefix": "PREFIX e: <{iri}> LOAD e: INTO GRAPH <x:g>",
    "load by base": "BASE <{iri}> LOAD <> INTO GRAPH <x:g>",
    "service": "INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <{iri}> {{ ?s ?p ?o }} }}",
    "service silent": "DELETE {{ ?s ?p ?o }} WHERE {{ SERVICE SILENT <{iri}> {{ ?s ?p ?o }} }}",
    "service variable": "INSERT {{ ?s ?p ?o }} WHERE {{ ?e ?a ?b SERVICE ?e {{ ?s ?p ?o }} }}",
    "service exists": "DELETE {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o FILTER EXISTS {{ SERVICE <{iri}> {{ }} }} }}",
}


@pytest.mark.parametrize("form", QUERIES)
def test_a_query_with_service_is_refused(call, listener, form):
    text = QUERIES[form].format(iri=addresses(listener.port)["dotted"])
    status, _, body = call("GET", f"/sparql?{urllib.parse.urlencode({'query': text})}", token=None)
    problem = json.loads(body)
    assert (status, problem["type"], listener.seen) == (403, "/problems/remote-refused", 0)
    assert "QIT4N_ALLOW_REMOTE" in problem["hint"]


@pytest.mark.parametrize("form", UPDATES)
def test_an_update_with_service_or_load_is_refused(call, listener, form):
    text = UPDATES[form].format(iri=addresses(listener.port)["dotted"])
    status, _, body = call("POST", "/update", text, UPDATE)
    problem = json.loads(body)
    assert (status, problem["type"], listener.seen) == (403, "/problems/remote-refused", 0)
    assert "QIT4N_ALLOW_REMOTE" in problem["hint"]


@pytest.mark.parametrize("address", addresses(0))
def test_a_load_of_any_spelling_of_an_inner_address_is_refused(call, listener, address):
    status, _, _ = call("POST", "/update", f"LOAD <{addresses(listener.port)[address]}>", UPDATE)
    assert (status, listener.seen) == (403, 0)


@pytest.mark.parametrize("address", addresses(0))
def test_a_silent_load_of_an_inner_address_loads_nothing(call, listener, address):
    status, _, body = call("POST", "/update", f"LOAD SILENT <{addresses(listener.port)[address]}>", UPDATE)
    assert (status, json.loads(body)["added"], listener.seen) == (200, 0, 0)


def test_the_process_that_evaluates_an_update_has_no_network(scratch, listener, tmp_path):
    from qit4n_kg.store.evaluating import Update, evaluate_update
    from qit4n_kg.store.generations import Generations

    store = Generations(scratch.state_dir).current().store_path
    text = f"INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <{addresses(listener.port)['dotted']}> {{ ?s ?p ?o }} }}"
    with pytest.raises(Exception, match=r"onnect|ermission|etwork"):
        evaluate_update(Update(text), store, tmp_path / "work", [], timeout=10, memory=2**28)
    assert listener.seen == 0


@pytest.fixture
def load(federated, tokens):
    def send(address, silent=""):
        request = urllib.request.Request(
            f"{federated}/update", f"LOAD {silent} <{address}> INTO GRAPH <x:loaded>".encode()
        )
        request.add_header("Content-Type", UPDATE)
        request.add_header("Authorization", f"Bearer {tokens['admin']}")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    return send


def test_an_allowed_address_is_loaded(load, allowed, ask):
    assert load(f"http://127.0.0.1:{allowed.port}/data")[0] == 200
    assert ask(f"GRAPH <x:loaded> {{ <http://127.0.0.1:{allowed.port}/s> <x:p> ?blank FILTER (isBlank(?blank)) }}")


def test_a_listed_name_that_leads_to_this_machine_is_refused(load, allowed):
    before = allowed.seen
    status, problem = load(f"http://localhost:{allowed.port}/data")
    assert (status, allowed.seen) == (403, before)
    assert "not on the public internet" in problem["detail"]


@pytest.mark.parametrize("address", ["dotted", "name", "ipv6", "decimal", "metadata", "file"])
@pytest.mark.parametrize("silent", ["", "SILENT"])
def test_a_redirect_to_an_address_that_is_not_allowed_is_refused(load, allowed, listener, address, silent):
    allowed.location = addresses(listener.port)[address]
    status, answer = load(f"http://127.0.0.1:{allowed.port}/to/elsewhere", silent)
    if silent:
        assert (status, answer["added"], listener.seen) == (200, 0, 0)
    else:
        assert (status, answer["type"], listener.seen) == (403, "/problems/remote-refused", 0)


def test_a_redirect_to_an_allowed_address_is_followed(load, allowed):
    allowed.location = "/data"
    assert load(f"http://127.0.0.1:{allowed.port}/to/data")[0] == 200


def test_redirects_that_never_end_are_given_up(load, allowed):
    allowed.location = "/to/itself"
    assert load(f"http://127.0.0.1:{allowed.port}/to/itself")[0] == 502


@pytest.mark.parametrize("path", ["slow", "large", "broken", "page"])
def test_an_answer_that_is_late_large_or_no_rdf_is_502_unless_silent(load, allowed, path):
    assert load(f"http://127.0.0.1:{allowed.port}/{path}")[0] == 502
    assert load(f"http://127.0.0.1:{allowed.port}/{path}", "SILENT")[0] == 200


@pytest.fixture
def federate(federated):
    """Ask a query of the server that may reach another endpoint."""

    def send(text):
        query = urllib.parse.urlencode({"query": text, "format": "json"})
        try:
            with urllib.request.urlopen(f"{federated}/sparql?{query}", timeout=30) as response:
                rows = json.loads(response.read())["results"]["bindings"]
                return response.status, [{name: term["value"] for name, term in row.items()} for row in rows]
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    return send


def test_an_allowed_endpoint_is_asked_and_its_answer_joined(federate, server, call):
    data = r"""<x:fa> <x:fn> "a \"quoted\"\n"@en . <x:fb> <x:fn> 2 ; <x:fo> true . GRAPH <x:fg> { <x:fa> <x:fl> "local" }"""
    assert call("POST", "/update", f"INSERT DATA {{ {data} }}", UPDATE)[0] == 200
    remote = f"SERVICE <{server}/sparql> {{ ?s x:fn ?n OPTIONAL {{ ?s x:fo ?o }} }}"
    local = "OPTIONAL { GRAPH ?g { ?s x:fl ?l } }"
    status, rows = federate(f"PREFIX x: <x:> SELECT * {{ {remote} {local} }} ORDER BY ?s")
    assert status == 200, rows
    assert rows == [
        {"s": "x:fa", "n": 'a "quoted"\n', "g": "x:fg", "l": "local"},
        {"s": "x:fb", "n": "2", "o": "true"},
    ]


def test_an_endpoint_without_solutions_gives_none_and_silent_gives_one_when_it_fails(federate, server, allowed):
    assert federate(f"SELECT * {{ SERVICE <{server}/sparql> {{ ?s <x:never> ?n }} }}") == (200, [])
    broken = f"<http://127.0.0.1:{allowed.port}/broken> {{ ?s ?p ?o }} }}"
    assert federate(f"SELECT * {{ SERVICE {broken}")[0] == 502
    assert federate(f"SELECT * {{ SERVICE SILENT {broken}") == (200, [{}])


def test_a_pattern_without_variables_keeps_its_number_of_solutions(federate, server, call):
    assert call("POST", "/update", "INSERT DATA { <x:ground> <x:p> 1 }", UPDATE)[0] == 200
    found = f"SELECT (COUNT(*) AS ?n) {{ SERVICE <{server}/sparql> {{ <x:ground> <x:p> 1 }} }}"
    assert federate(found) == (200, [{"n": "1"}])


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * {{ BIND (<{url}> AS ?e) SERVICE ?e {{ ?s ?p ?o }} }}",
        "SELECT * {{ SERVICE <{url}> {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }}",
        "SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} SERVICE <http://127.0.0.1:9/> {{ ?s ?p ?o }} }}",
        "PREFIX : <{url}> SELECT * {{ FILTER (true)SERVICE: {{ ?s ?p ?o }} }}",
        "SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} FILTER (trueSERVICE <{url}> {{ ?s ?p ?o }}",
    ],
)
def test_a_service_that_is_not_plainly_allowed_is_refused_beside_one_that_is(federate, server, text):
    status, problem = federate(text.format(url=f"{server}/sparql"))
    assert (status, problem["type"]) == (403, "/problems/remote-refused")


def test_a_syntax_error_after_a_service_is_on_its_own_line(federate, server):
    status, problem = federate(f"SELECT * {{ SERVICE <{server}/sparql> {{\n ?s\n <x:never> ?o }}\n?s ?p }}")
    assert (status, problem["line"]) == (400, 4)
