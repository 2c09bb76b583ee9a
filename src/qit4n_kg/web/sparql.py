"""`/sparql`: the SPARQL 1.1 Protocol for queries, and a form that works without JavaScript.

One request: parameters (400) → format (406) → query process (503, 507) → spool → send. A browser gets the form with the
result as a table; another client without a query gets the service description (SPARQL 1.1 Service Description).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request

from qit4n_kg.errors import KnowledgeGraphError, QuerySyntaxError, RequestError, SourceError
from qit4n_kg.formats import HTML, Format, RdfFormat, ResultFormat
from qit4n_kg.namespaces import prefixes
from qit4n_kg.queries import bind, read_query, shown_text
from qit4n_kg.sparql import explain, inspect_query, line_of
from qit4n_kg.store.executor import Job
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.description import describe_service
from qit4n_kg.web.protocol import ProtocolRequest, read_request
from qit4n_kg.web.responses import CORS, describe, headers_of, send_problem, send_spooled
from qit4n_kg.web.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qit4n_kg.queries import CatalogueQuery
    from qit4n_kg.sparql import QueryForm

sparql = Blueprint("sparql", __name__)

_FORM_PREFIXES = ("stdorg", "id", "graph", "rdfs", "schema", "dcterms", "skos", "prov", "xsd")
RESULT_OFFERS = [form.value for form in ResultFormat]
RDF_OFFERS = [form.value for form in RdfFormat]


@dataclass(frozen=True)
class Download:
    """A link to a result in one format."""

    label: str
    href: str
    filename: str


@sparql.after_request
def _add_cors(response: Response) -> Response:
    response.headers.update(CORS)
    return response


@sparql.route("/sparql", methods=["OPTIONS"], provide_automatic_options=False)
def options() -> Response:
    """Answer a CORS preflight."""
    return Response(status=204, headers={"Allow": CORS["Access-Control-Allow-Methods"]})


@sparql.route("/sparql", methods=["GET", "POST"], provide_automatic_options=False)
def endpoint() -> Response:
    """Answer a query, or without one show the form or the service description."""
    asked = read_request(request)
    if asked.query is None:
        return _without_query(asked)
    form = inspect_query(asked.query).form
    offers = offers_for(form)
    chosen = asked.choose(request.headers.get("Accept"), [*offers, HTML])
    if chosen is HTML:
        return _page(asked, form)
    job = _job(asked, chosen)
    try:
        current = snapshot()
        return send_spooled(knowledge_graph().run(job, current), current.generation.number)
    except QuerySyntaxError as exc:
        return send_problem(describe_syntax(asked.query, exc))


def offers_for(form: QueryForm) -> list[Format]:
    """Return the formats that a query of this form can be answered in."""
    return RESULT_OFFERS if form.has_bindings else RDF_OFFERS


def writer_of(form: Format) -> ResultFormat | RdfFormat:
    """Return the enum member of a format."""
    members: tuple[ResultFormat | RdfFormat, ...] = (*ResultFormat, *RdfFormat)
    return next(member for member in members if member.value is form)


def describe_syntax(text: str, error: QuerySyntaxError) -> dict[str, Any]:
    """Return the problem of a query that does not parse, with the line at fault."""
    explained = explain(text, error, prefixes(knowledge_graph().settings.base_iri))
    return describe(explained, source=line_of(text, explained.line))


def _job(asked: ProtocolRequest, form: Format) -> Job:
    assert asked.query is not None
    return Job(
        asked.query,
        writer_of(form),
        default_graphs=asked.default_graphs,
        named_graphs=asked.named_graphs,
        timeout=asked.timeout,
    )


def _without_query(asked: ProtocolRequest) -> Response:
    if request.method == "POST":
        raise RequestError("The request has no query.", hint="Send one as the parameter `query` or as the body.")
    description = RdfFormat.TURTLE.value
    chosen = asked.choose(request.headers.get("Accept"), [description, HTML])
    if chosen is HTML:
        return _render(_first_query(), {})
    turtle = describe_service(request.base_url, snapshot(), knowledge_graph().settings)
    response = Response(turtle, content_type=description.content_type)
    response.vary.add("Accept")
    return response


def _page(asked: ProtocolRequest, form: QueryForm) -> Response:
    """Show the form with the query in it and its result, or what is wrong with it."""
    assert asked.query is not None
    written = ResultFormat.TSV if form.has_bindings else RdfFormat.N_TRIPLES
    values: dict[str, Any] = {"downloads": _downloads(asked, form)}
    current = snapshot()
    try:
        with knowledge_graph().run(_job(asked, written.value), current) as spooled:
            values["table"] = read_table(spooled, knowledge_graph().settings)
            values["seconds"] = spooled.seconds
        values["generation"] = current.generation.number
        return _render(asked.query, values)
    except QuerySyntaxError as exc:
        problem = describe_syntax(asked.query, exc)
        return _render(asked.query, {"problem": problem}, problem["status"])
    except KnowledgeGraphError as exc:
        problem = describe(exc)
        return _render(asked.query, {"problem": problem}, problem["status"], headers_of(exc))


def _downloads(asked: ProtocolRequest, form: QueryForm) -> list[Download]:
    """Return a link for each format, which makes this request again by GET."""
    parameters: dict[str, Any] = {"query": asked.query}
    if asked.default_graphs:
        parameters["default-graph-uri"] = list(asked.default_graphs)
    if asked.named_graphs:
        parameters["named-graph-uri"] = list(asked.named_graphs)
    if asked.timeout is not None:
        parameters["timeout"] = f"{asked.timeout:g}"
    return [
        Download(
            offer.label,
            f"/sparql?{urlencode({**parameters, 'format': offer.name}, doseq=True)}",
            f"result.{offer.extension}",
        )
        for offer in offers_for(form)
    ]


def _render(
    query: str, values: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    page = render_template("sparql.html", query=query, examples=_examples(), **values)
    response = make_response(page, status)
    response.vary.add("Accept")
    response.headers.update(headers or {})
    return response


def _examples() -> list[tuple[CatalogueQuery, str]]:
    """Return the catalogue's queries, each with a link that puts its text into the form."""
    graph = knowledge_graph()
    examples = []
    for query in graph.catalogue:
        defaults = {parameter.name: parameter.default or "" for parameter in query.parameters}
        text = query.text if "" in defaults.values() else shown_text(query, bind(query, {}, graph.settings.base_iri))
        examples.append((query, f"/sparql?{urlencode({'query': text})}"))
    return examples


def _first_query() -> str:
    """Return what stands in the empty form: the prefixes that a query is likely to need, and one to begin with."""
    settings = knowledge_graph().settings
    try:
        example = read_query(settings.sources / "queries" / "site" / "first-query.rq")
    except SourceError:  # sources of someone's own need not have one
        return ""
    known = prefixes(settings.base_iri)
    declared = [f"PREFIX {name}: <{known[name]}>" for name in _FORM_PREFIXES]
    lines = shown_text(example, bind(example, {}, settings.base_iri)).splitlines()
    return "\n".join([*declared, "", *(line for line in lines if not line.startswith("PREFIX "))])
