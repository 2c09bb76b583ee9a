"""`/queries`: the catalogue as pages and as an API.

`/queries/{id}` is a page with the question, its parameters as a form, the SPARQL and the result;
`/queries/{id}.{suffix}` is the result alone. Arguments are bound as terms. An unknown parameter is an error: a misspelt
one would silently answer another question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request

from qit4n_kg.errors import KnowledgeGraphError, NotFoundError, ParameterError
from qit4n_kg.formats import HTML, Format, RdfFormat, ResultFormat, by_name
from qit4n_kg.queries import FINDER, ParameterKind, bind, shown_text
from qit4n_kg.store.executor import Job
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.protocol import read_request
from qit4n_kg.web.responses import CORS, describe, headers_of, send_spooled
from qit4n_kg.web.sparql import Download, offers_for, writer_of
from qit4n_kg.web.tables import read_table

if TYPE_CHECKING:
    from qit4n_kg.queries import CatalogueQuery
    from qit4n_kg.web.protocol import ProtocolRequest

catalogue = Blueprint("catalogue", __name__)
_RESERVED = ("format", "output", "results", "timeout")


@dataclass(frozen=True)
class Argument:
    """What a parameter is in this answer; the page says which are defaults, so that no one takes them for an answer to all."""

    name: str
    text: str
    is_default: bool


@catalogue.after_request
def _add_cors(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = CORS["Access-Control-Allow-Origin"]
    return response


@catalogue.get("/queries")
def index() -> str:
    """List the catalogue by topic."""
    return render_template("queries.html", topics=knowledge_graph().catalogue.by_topic())


@catalogue.get("/queries/<name>")
def query(name: str) -> Response:
    """Show one query, or answer it when a suffix or the Accept header says so."""
    query_id, _, suffix = name.partition(".")
    found = knowledge_graph().catalogue.get(query_id)
    offers = offers_for(found.form)
    asked = read_request(request)
    if suffix:
        chosen = by_name(suffix, offers)
        if chosen is None:
            known = ", ".join(f".{offer.extension}" for offer in offers)
            raise NotFoundError(f"The query {query_id} has no result in .{suffix}.", hint=f"It has: {known}.")
    else:
        chosen = asked.choose(request.headers.get("Accept"), [HTML, *offers])
    if chosen is HTML:
        return _page(found, asked)
    current = snapshot()
    return send_spooled(knowledge_graph().run(_job(found, asked, chosen), current), current.generation.number)


def _arguments() -> dict[str, str]:
    """Return the query's parameters as given, each once; only one that is absent takes its default, not one left empty."""
    arguments: dict[str, str] = {}
    for name, values in request.args.lists():
        if name in _RESERVED:
            continue
        if len(values) > 1:
            raise ParameterError(f"The parameter {name!r} is given {len(values)} times, and one value is taken.")
        arguments[name] = values[0]
    return arguments


def _job(found: CatalogueQuery, asked: ProtocolRequest, form: Format) -> Job:
    terms = bind(found, _arguments(), knowledge_graph().settings.base_iri)
    return Job(found.text, writer_of(form), bindings=terms, timeout=asked.timeout)


def _page(found: CatalogueQuery, asked: ProtocolRequest) -> Response:
    arguments = _given(found)
    values: dict[str, Any] = {"query": found, "arguments": arguments, "answered": _answered(found), "problem": None}
    values["finder"] = _finder(found)
    status, headers = 200, {}
    current = snapshot()
    settings = knowledge_graph().settings
    written = ResultFormat.TSV if found.form.has_bindings else RdfFormat.N_TRIPLES
    try:
        values["text"] = shown_text(found, bind(found, _arguments(), settings.base_iri))
        with knowledge_graph().run(_job(found, asked, written.value), current) as spooled:
            values |= {"table": read_table(spooled, settings), "seconds": spooled.seconds}
        values["generation"] = current.generation.number
        values["downloads"] = _downloads(found, arguments)
    except KnowledgeGraphError as exc:
        problem = describe(exc)
        values |= {"problem": problem, "text": values.get("text") or shown_text(found, {})}
        status, headers = problem["status"], headers_of(exc)
    response = make_response(render_template("query.html", **values), status)
    response.vary.add("Accept")
    response.headers.update(headers)
    return response


def _given(found: CatalogueQuery) -> dict[str, str]:
    """Return what the form shows in each field."""
    return {parameter.name: request.args.get(parameter.name, parameter.default or "") for parameter in found.parameters}


def _answered(found: CatalogueQuery) -> list[Argument]:
    """Return what the answer is for."""
    given = _given(found)
    return [Argument(each.name, given[each.name], each.name not in request.args) for each in found.parameters]


def _finder(found: CatalogueQuery) -> CatalogueQuery | None:
    """Return the query that finds IRIs, where this one takes some and the catalogue has one."""
    takes_iri = any(parameter.kind is ParameterKind.IRI for parameter in found.parameters)
    return knowledge_graph().catalogue.queries.get(FINDER) if takes_iri else None


def _downloads(found: CatalogueQuery, arguments: dict[str, str]) -> list[Download]:
    parameters = f"?{urlencode(arguments)}" if arguments else ""
    files = ((offer.label, f"{found.id}.{offer.extension}") for offer in offers_for(found.form))
    return [Download(label, f"/queries/{name}{parameters}", name) for label, name in files]
