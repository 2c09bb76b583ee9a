"""`/graphs`: the SPARQL 1.1 Graph Store HTTP Protocol. Everybody reads, administrators write.

A graph is named indirectly (`?graph=IRI`, `?default`), or directly by its address below /graphs/. An address there stands for the
graph of the same name in the registry's namespace of graphs, so that a copy at another address answers for it too; in a scratch
dataset it is the graph's own IRI. POST to /graphs itself makes a graph with a new name. A body is one graph in any format of
triples, or several of them as multipart/form-data (section 5.5). Relative IRIs resolve against the graph's IRI. A write may be made
to depend on what was read (If-Match with its ETag) or on there being no such graph (If-None-Match: *): else 412.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from qit4n_kg.committing.orders import GraphWrite
from qit4n_kg.errors import (
    NotFoundError,
    PreconditionFailedError,
    RequestError,
    UnsupportedMediaTypeError,
)
from qit4n_kg.formats import RdfFormat
from qit4n_kg.queries import read_query
from qit4n_kg.store.parsing import Sent, parse_triples
from qit4n_kg.tokens import Role
from qit4n_kg.web import access
from qit4n_kg.web.codings import CODINGS
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.pins import PARAMETER, pin, refuse_pin
from qit4n_kg.web.protocol import ProtocolRequest, read_body, read_graphs, read_number, read_parameters, values_of
from qit4n_kg.web.results import Question, answer
from qit4n_kg.web.sparql import RDF_OFFERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qit4n_kg.store.generations import Generation

graphs = Blueprint("graphs", __name__)

_MULTIPART = "multipart/form-data"
_READ = [form for form in RdfFormat if not form.value.has_graphs]


@graphs.get("/graphs")
def read() -> Response:
    """Send the graph that the parameters name."""
    pin()
    return _send(_named_indirectly())


@graphs.get("/graphs/<path:local>")
def read_direct(local: str) -> Response:  # noqa: ARG001  (the address as it came is read, not its decoded form)
    """Send the graph that the address names."""
    pin()
    return _send(_named_directly())


@graphs.route("/graphs", methods=["PUT", "DELETE"])
def write() -> Response:
    """Replace or remove the graph that the parameters name."""
    access.require(Role.ADMIN)
    return _write(request.method, _named_indirectly())


@graphs.post("/graphs")
def add() -> Response:
    """Add to the graph that the parameters name; without parameters make a new one."""
    access.require(Role.ADMIN)
    if request.query_string:
        return _write("POST", _named_indirectly())
    return _write("POST", _graph_at(f"{_root()}{uuid4()}"), is_made=True)


@graphs.route("/graphs/<path:local>", methods=["PUT", "POST", "DELETE"])
def write_direct(local: str) -> Response:  # noqa: ARG001
    """Replace, add to or remove the graph that the address names."""
    access.require(Role.ADMIN)
    return _write(request.method, _named_directly())


def _root() -> str:
    return f"{request.host_url}graphs/"


def _graph_at(address: str) -> str:
    """Return the graph that an address below /graphs/ stands for."""
    settings = knowledge_graph().settings
    return address if settings.scratch else settings.graph_base + address.removeprefix(_root())


def _address_of(graph: str) -> str:
    """Return the address of a graph below /graphs/, or the one with its name as a parameter."""
    settings = knowledge_graph().settings
    base = _root() if settings.scratch else settings.graph_base
    if graph.startswith(base):
        return _root() + graph.removeprefix(base)
    return f"{request.host_url}graphs?graph={quote(graph, safe='')}"


def _named_indirectly() -> str | None:
    """Return the graph that the parameters name, None for the default graph.

    :raises RequestError: they name none, or more than one.
    """
    parameters = read_parameters(request.query_string)
    named = values_of(parameters, "graph")
    wanted = len(named) + len(values_of(parameters, "default"))
    if wanted != 1:
        raise RequestError("Exactly one graph is named by ?graph=IRI or ?default.")
    if not named:
        return None
    graph = read_graphs(named)[0]
    return _graph_at(graph) if graph.startswith(_root()) else graph


def _named_directly() -> str:
    """Return the graph that the address names.

    :raises RequestError: the parameters name one too, or no client could ask for the address again (RFC 3986, section 5.2.4).
    """
    address = request.base_url
    if "%00" in address or not {".", ".."}.isdisjoint(address.split("/")):
        raise RequestError(
            "An address with the segments . or .. or the character U+0000 names no graph.",
            hint="Name it by ?graph=IRI.",
        )
    if request.query_string:
        parameters = read_parameters(request.query_string)
        if values_of(parameters, "graph") or values_of(parameters, "default"):
            raise RequestError("The address names the graph already.")
    return read_graphs([_graph_at(address)])[0]


def _send(graph: str | None) -> Response:
    if graph is not None and not _is_there(NamedNode(graph)):
        raise NotFoundError(f"There is no graph <{graph}>.")
    parameters = read_parameters(request.query_string)
    at = read_number(PARAMETER, values_of(parameters, PARAMETER))
    question = _question(graph, values_of(parameters, "format"), at)
    return answer(question, question.asked.choose(request.headers.get("Accept"), RDF_OFFERS))


def _question(graph: str | None, formats: Sequence[str], at: int | None = None) -> Question:
    asked = ProtocolRequest(
        query=None,
        default_graphs=None if graph is None else (graph,),
        named_graphs=None if graph is None else (),
        formats=tuple(formats),
        timeout=None,
        at=at,
    )
    return Question(read_query(knowledge_graph().settings.sources / "queries" / "site" / "graph.rq").text, asked, {})


def _is_there(graph: NamedNode) -> bool:
    store = snapshot().store
    return next(iter(store.quads(graph=graph)), None) is not None or graph in store.graphs()


def _write(method: str, graph: str | None, *, is_made: bool = False) -> Response:
    holder = access.who()
    assert holder is not None
    refuse_pin(read_parameters(request.query_string))
    expected = None if is_made else _expected(graph)
    triples = "" if method == "DELETE" else _read_triples(graph or request.base_url)
    committed = knowledge_graph().writing.submit(GraphWrite(method, graph, triples), holder.name, expected)
    is_new = is_made or (committed.is_new_graph and method != "DELETE")
    response = Response(status=201 if is_new else 204)
    del response.headers["Content-Type"]  # of no body
    if is_new and graph is not None:
        response.headers["Location"] = _address_of(graph)
    response.headers["X-Generation"] = str(committed.generation)
    response.headers["Cache-Control"] = "no-store"
    return response


def _expected(graph: str | None) -> int | None:
    """Return the generation that a conditional write is for, None for one without a condition (RFC 9110, section 13.1).

    :raises PreconditionFailedError: If-Match names no representation that the graph has now, or If-None-Match one that it has.
    """
    wanted, unwanted = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if wanted is None and unwanted is None:
        return None
    generation = snapshot().generation
    exists = graph is None or _is_there(NamedNode(graph))
    tags = {f'"{tag}"' for tag in _etags(graph, generation)} if exists else set()
    if wanted is not None and not _names(wanted, tags):
        raise PreconditionFailedError(
            "The graph is not as If-Match has it." if exists else "There is no such graph, and If-Match wants one.",
            hint="Read it again: every write changes the ETags.",
        )
    if unwanted is not None and _names(unwanted.replace("W/", ""), tags):
        raise PreconditionFailedError("The graph is there, and If-None-Match wants none.")
    return generation.number


def _names(header: str, tags: set[str]) -> bool:
    """Tell whether a list of entity tags, or * for any, names one of these; a weak one never does (section 8.8.3.2)."""
    return bool(tags) if header.strip() == "*" else any(part.strip() in tags for part in header.split(","))


def _etags(graph: str | None, generation: Generation) -> Iterator[str]:
    """Yield the ETag of every form in which a graph is sent."""
    for form in RDF_OFFERS:
        question = _question(graph, ())
        for coding in CODINGS:
            for varies in (True, False):
                if (etag := question.etag(generation, form, coding, varies=varies)) is not None:
                    yield etag


def _read_triples(base_iri: str) -> str:
    """Read the body, or each part of it, as one graph, in N-Triples; blank nodes of different parts are different.

    :raises SourceError: it does not parse, with line and column.
    :raises UnsupportedMediaTypeError: it is in no format of triples.
    :raises TooLargeError: a statement is longer than the engine reads.
    :raises ValidationLimitError: reading it took too long, or too much memory.
    """
    if request.mimetype == _MULTIPART:
        files = [part for _, parts in request.files.lists() for part in parts]
        if not files:
            raise RequestError("The form has no part with a file name.")
        texts = [Sent(part.read(), _format(part.mimetype, part.filename or "")) for part in files]
    else:
        form = _format(request.mimetype, "")
        texts = [Sent(read_body(request), form)]
    return parse_triples(texts, base_iri, knowledge_graph().settings).decode()


def _format(media_type: str, name: str) -> RdfFormat:
    """Find the format by media type; a part that has none of ours goes by its file name."""
    for form in _READ:
        if media_type == form.value.media_type or media_type in form.value.aliases:
            return form
    for form in _READ:
        if name.endswith(f".{form.value.extension}"):
            return form
    known = ", ".join(form.value.media_type for form in _READ)
    raise UnsupportedMediaTypeError(
        f"The Content-Type is {media_type or 'missing'}.", hint=f"Understood: {known}, {_MULTIPART}."
    )
