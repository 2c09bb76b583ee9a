"""The W3C's SPARQL 1.1 tests against a running server in scratch mode: protocol, graph store, description, query, update."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pyoxigraph
import pyshacl
import pytest
import rdflib

from conformance import http
from conformance.answers import is_expected, isomorphic, parse, read, wanted_type
from conformance.test_engine import text_of

pytestmark = [pytest.mark.slow]
SD = "http://www.w3.org/ns/sparql-service-description#"


_content: dict[str, frozenset] = {}


def filled(scratch: http.Server, case, *, is_changed: bool = True) -> None:
    """Make a test's data the server's whole content, unless it is that already; `is_changed`: the test will change it."""
    if _content.get(scratch.address) != frozenset(case.before):
        http.fill(scratch, [quad for source in case.before for quad in read(source)])
    _content[scratch.address] = frozenset(case.before)
    if is_changed:
        del _content[scratch.address]


def is_update(case, request) -> bool:
    """Tell to which of the two endpoints a request goes: the manifest has one path for both."""
    types = [value for name, value in request.headers if name.lower() == "content-type"]
    asks = "application/sparql-query" in types
    return not asks and ("update" in request.path or b"update=" in request.body or "update" in case.iri.split("#")[1])


def boolean(answer: http.Answer) -> bool:
    form = pyoxigraph.QueryResultsFormat.from_media_type(answer.media_type)
    return bool(pyoxigraph.parse_query_results(answer.body, format=form))


@pytest.mark.w3c("ProtocolTest")
def test_the_protocol(case, scratch):
    filled(scratch, case)
    for request in case.requests:
        endpoint = "/update" if is_update(case, request) else "/sparql"
        path = request.path.replace("/sparql/", endpoint, 1)
        body = request.body if request.method != "GET" else None
        answer = http.send(scratch, request.method, path, request.headers, body)
        assert http.is_one_of(answer.status, request.statuses), (request, answer)
        if request.form is not None:
            assert answer.media_type in http.FORMS[request.form]
        if request.boolean is not None:
            assert boolean(answer) is request.boolean


@pytest.mark.w3c("GraphStoreProtocolTest")
def test_the_graph_store(case, scratch):
    filled(scratch, case)
    location = ""
    for request in case.requests:
        path = request.path.replace("/gsp", "/graphs", 1).replace("$LOCATION$", quote(location, safe=""))
        body = request.body
        if any("multipart" in value for _, value in request.headers):
            body = body.strip().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")  # as RFC 2046 has it; Turtle has no CR
        answer = http.send(scratch, request.method, path, request.headers, body or None)
        assert http.is_one_of(answer.status, request.statuses), (request, answer)
        if request.location is not None:
            location = answer.headers["location"]
        if request.expected is not None:
            assert answer.media_type == (request.expected_type or answer.media_type).split(";")[0]
            expected = parse(request.expected.encode(), answer.media_type)
            assert isomorphic(parse(answer.body, answer.media_type), expected), (request, answer)


@pytest.mark.w3c("ServiceDescriptionTest")
def test_the_service_description(case, scratch):
    # Section 2: a GET of the endpoint's address, without a query, is answered in RDF.
    answer = http.send(scratch, "GET", "/sparql", [("accept", "text/turtle")])
    assert (answer.status, answer.media_type) == (200, "text/turtle")
    graph = rdflib.Graph().parse(data=answer.body, format="turtle", publicID=f"{scratch.address}/sparql")
    assert len(graph)
    name = case.iri.split("#")[1]
    if name == "has-endpoint-triple":
        assert list(graph.subjects(rdflib.URIRef(f"{SD}endpoint"), rdflib.URIRef(f"{scratch.address}/sparql")))
    elif name == "conforms-to-schema":
        shapes = rdflib.Graph().parse(Path(__file__).parent / "service-description.ttl")
        conforms, _, text = pyshacl.validate(graph, shacl_graph=shapes)
        assert conforms, text
        terms = {str(term) for triple in graph for term in triple if str(term).startswith(SD)}
        assert terms <= {str(term) for term in shapes.objects(rdflib.URIRef(SD), rdflib.RDFS.member)}


@pytest.mark.w3c("QueryEvaluationTest", "CSVResultFormatTest")
def test_a_query_has_the_expected_answer(case, scratch):
    filled(scratch, case, is_changed=False)
    wanted = wanted_type(case.result)
    answer = http.ask(scratch, text_of(case), wanted)
    assert (answer.status, answer.media_type) == (200, wanted), answer
    assert is_expected(case.result, answer.body), answer


@pytest.mark.w3c("UpdateEvaluationTest")
def test_an_update_leaves_the_expected_dataset(case, scratch):
    filled(scratch, case)
    answer = http.update(scratch, text_of(case))
    assert answer.status in (200, 204), answer
    assert isomorphic(http.content(scratch), [quad for source in case.after for quad in read(source)])


@pytest.mark.w3c("PositiveSyntaxTest11")
def test_a_query_is_understood(case, scratch):
    answer = http.ask(scratch, text_of(case), "*/*")
    assert answer.status == 200 or problem(answer) in ("query-refused", "remote-refused"), answer


@pytest.mark.w3c("NegativeSyntaxTest11")
def test_a_wrong_query_is_refused(case, scratch):
    sent = http.update if case.request.path.suffix == ".ru" else ask_for_anything
    answer = sent(scratch, text_of(case))
    assert (answer.status, problem(answer)) == (400, "query-syntax"), answer


@pytest.mark.w3c("PositiveUpdateSyntaxTest11")
def test_an_update_is_understood(case, scratch):
    _content.pop(scratch.address, None)
    answer = http.update(scratch, text_of(case))
    assert answer.status in (200, 204) or problem(answer) != "query-syntax", answer


@pytest.mark.w3c("NegativeUpdateSyntaxTest11")
def test_a_wrong_update_is_refused(case, scratch):
    answer = http.update(scratch, text_of(case))
    assert (answer.status, problem(answer)) == (400, "query-syntax"), answer


def ask_for_anything(scratch: http.Server, text: str) -> http.Answer:
    return http.ask(scratch, text, "*/*")


def problem(answer: http.Answer) -> str:
    """The last part of a problem's type."""
    import json

    assert answer.media_type == "application/problem+json", answer
    return str(json.loads(answer.body)["type"]).rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1]
