"""Sends requests to a running server as they stand, without a client's own ideas of headers and encodings."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pyoxigraph

from conformance.answers import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import Quad

FORMS = {
    "boolean": ("application/sparql-results+json", "application/sparql-results+xml"),
    "tabular": (
        "application/sparql-results+json",
        "application/sparql-results+xml",
        "text/csv",
        "text/tab-separated-values",
    ),
    "RDF": ("text/turtle", "application/rdf+xml", "application/n-triples", "application/ld+json"),
}
_STATUSES = {"OK": "200", "Created": "201", "NoContent": "204", "NotFound": "404"}


@dataclass(frozen=True)
class Server:
    """A running server, and the token that it asks for where something is written."""

    address: str
    token: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip()


def send(
    server: Server, method: str, path: str, headers: Iterable[tuple[str, str]] = (), body: bytes | None = None
) -> Answer:
    """Send one request on a connection of its own."""
    place = urlsplit(server.address)
    given = dict(headers)
    if server.token is not None:
        given["authorization"] = f"Bearer {server.token}"
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    try:
        connection.request(method, quote(path, safe="/?&=%:;,+$!*'()~#[]@"), body, given)
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def update(server: Server, text: str, **headers: str) -> Answer:
    """Send an update."""
    return send(
        server, "POST", "/update", {"content-type": "application/sparql-update", **headers}.items(), text.encode()
    )


def ask(server: Server, text: str, accept: str = "application/sparql-results+json") -> Answer:
    """Send a query."""
    headers = {"content-type": "application/sparql-query", "accept": accept}
    return send(server, "POST", "/sparql", headers.items(), text.encode())


def fill(server: Server, quads: Iterable[Quad]) -> None:
    """Make a dataset the whole content of a scratch server, in one update."""
    lines = []
    for quad in quads:
        triple = f"{quad.subject} {quad.predicate} {quad.object} ."
        is_named = isinstance(quad.graph_name, pyoxigraph.NamedNode)
        lines.append(f"GRAPH {quad.graph_name} {{ {triple} }}" if is_named else triple)
    text = "DROP ALL" + (" ;\nINSERT DATA {\n" + "\n".join(lines) + "\n}" if lines else "")
    answer = update(server, text)
    assert answer.status in (200, 204), (answer.status, answer.body)


def content(server: Server) -> list[Quad]:
    """Read the whole dataset of a scratch server, graph by graph."""
    quads = []
    found = ask(server, "SELECT DISTINCT ?g { GRAPH ?g { } }")
    names = [row[0] for row in pyoxigraph.parse_query_results(found.body, format=pyoxigraph.QueryResultsFormat.JSON)]
    for name in [None, *names]:
        place = "default" if name is None else f"graph={quote(name.value, safe='')}"
        answer = send(server, "GET", f"/graphs?{place}", [("accept", "application/n-triples")])
        assert answer.status == 200, (place, answer.status, answer.body)
        triples = parse(answer.body, answer.media_type)
        quads += triples if name is None else [pyoxigraph.Quad(*quad.triple, name) for quad in triples]
    return quads


def is_one_of(status: int, names: Iterable[str]) -> bool:
    """Tell whether a status is one that a test names (`StatusCode4xx`, `Created`)."""
    wanted = {_STATUSES.get(name, name.removeprefix("StatusCode")) for name in names}
    return str(status) in wanted or f"{status // 100}xx" in wanted
