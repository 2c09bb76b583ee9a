"""`/sparql`: the SPARQL 1.1 Protocol for queries, and a form that works without JavaScript.

One request: cache (web/edge.py) → parameters (400) → format (406) → query process (503, 507) → spool → send. A browser
gets the form with the result as a table; another client without a query gets the service description (SPARQL 1.1
Service Description). `/sparql.{suffix}` is the same with the format in the path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request

from qit4n_kg.errors import KnowledgeGraphError, NotFoundError, QuerySyntaxError, RequestError
from qit4n_kg.formats import CSV_EXCEL, HTML, Format, RdfFormat, ResultFormat, by_name
from qit4n_kg.namespaces import prefixes
from qit4n_kg.sparql import inspect_query
from qit4n_kg.syntax.explaining import explain, line_of, with_prefixes
from qit4n_kg.web.choices import name_of
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.cors import add_missing
from qit4n_kg.web.description import service_description
from qit4n_kg.web.protocol import QUERY_METHOD, QUERY_TYPE, ProtocolRequest, read_request
from qit4n_kg.web.responses import describe, headers_of, send_problem
from qit4n_kg.web.results import Question, answer, generation_for
from qit4n_kg.web.sending import send
from qit4n_kg.web.tables import read_table
from qit4n_kg.web.workbench import example_text, examples, first_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qit4n_kg.sparql import QueryForm

sparql = Blueprint("sparql", __name__)

FRAGMENT = "X-Fragment"
"""A request with this header gets the result alone, without the page around it: the editor puts it into its own."""

_LONGEST_SOURCE = 200
RESULT_OFFERS = [*(form.value for form in ResultFormat), CSV_EXCEL]
RDF_OFFERS = [form.value for form in RdfFormat]
_ACCEPT_QUERY = {"Accept-Query": f'"{QUERY_TYPE}"'}
_METHODS = ("GET", "POST", QUERY_METHOD)


@dataclass(frozen=True)
class Link:
    """A link to a result in one format."""

    label: str
    href: str
    filename: str


@sparql.after_request
def _name_query_bodies(response: Response) -> Response:
    """Tell that the QUERY method is understood here, and with which body."""
    add_missing(response.headers, _ACCEPT_QUERY)
    return response


@sparql.route("/sparql", methods=_METHODS)
def endpoint() -> Response:
    """Answer a query, or without one show the form or the service description."""
    return _answer(None)


@sparql.route("/sparql.<suffix>", methods=_METHODS)
def endpoint_in_a_format(suffix: str) -> Response:
    """Answer a query in the format of the suffix."""
    return _answer(suffix)


def _answer(suffix: str | None) -> Response:
    asked = read_request(request)
    if asked.query is None:
        return _without_query(asked, suffix)
    form = inspect_query(asked.query).form
    chosen = choose(asked, suffix, [*offers_for(form), HTML])
    if chosen is HTML:
        return _page(asked, form)
    try:
        return answer(Question(asked.query, asked, {}), chosen, varies=suffix is None)
    except QuerySyntaxError as exc:
        return send_problem(describe_syntax(asked.query, exc))


def choose(asked: ProtocolRequest, suffix: str | None, offers: list[Format]) -> Format:
    """Choose the format: by the path's suffix, else by a parameter, else by Accept.

    :raises NotFoundError: there is no format of this suffix.
    :raises NotAcceptableError: nothing on offer is acceptable, or a parameter contradicts the suffix.
    """
    if suffix is None:
        return asked.choose(request.headers.get("Accept"), offers)
    chosen = by_name(suffix, offers)
    if chosen is None:
        known = ", ".join(f".{offer.extension}" for offer in offers if offer is not HTML)
        raise NotFoundError(f"There is no result in .{suffix} here.", hint=f"There is: {known}.")
    return asked.confirm(chosen, offers)


def offers_for(form: QueryForm) -> list[Format]:
    """Return the formats that a query of this form can be answered in."""
    return RESULT_OFFERS if form.has_bindings else RDF_OFFERS


def describe_syntax(text: str, error: QuerySyntaxError, kind: str = "query") -> dict[str, Any]:
    """Return the problem of a query (or update) that does not parse, with the line at fault."""
    explained = explain(text, error, prefixes(knowledge_graph().settings.base_iri), kind)
    source = line_of(text, explained.line)
    if source is not None and len(source) > _LONGEST_SOURCE:
        begin = max(0, (explained.column or 1) - _LONGEST_SOURCE // 2)
        return describe(explained, source=source[begin : begin + _LONGEST_SOURCE], source_column=begin + 1)
    return describe(explained, source=source)


def _without_query(asked: ProtocolRequest, suffix: str | None) -> Response:
    if request.method != "GET" and request.method != "HEAD":
        raise RequestError("The request has no query.", hint="Send one as the parameter `query` or as the body.")
    chosen = choose(asked, suffix, [*RDF_OFFERS, HTML])
    if chosen is HTML:
        example = request.args.get("example")
        return _render(example_text(example) if example else first_query(), {})
    if "query" in request.args:  # SPARQL 1.1 Protocol, section 2.1.6: what is there and malformed is 400
        raise RequestError("The query is empty.", hint="Leave the parameter `query` out for the service description.")
    return send(service_description(chosen), chosen, varies=suffix is None)


def _page(asked: ProtocolRequest, form: QueryForm) -> Response:
    """Show the form with the query in it and its result, or what is wrong with it."""
    assert asked.query is not None
    written = ResultFormat.TSV if form.has_bindings else RdfFormat.N_TRIPLES
    values: dict[str, Any] = {"downloads": _downloads(asked, form)}
    try:
        generation = generation_for(asked)
        with knowledge_graph().run(Question(asked.query, asked, {}).job(written.value), generation) as spooled:
            values["table"] = read_table(spooled, knowledge_graph().settings, name_of)
            values["seconds"] = spooled.seconds
        values["generation"] = generation.number
        values["permalink"] = f"/sparql?{urlencode({**parameters_of(asked), 'at': generation.number}, doseq=True)}"
        return _render(asked.query, values, headers={"X-Generation": str(generation.number)})
    except QuerySyntaxError as exc:
        problem = describe_syntax(asked.query, exc)
        repaired = with_prefixes(asked.query, prefixes(knowledge_graph().settings.base_iri))
        return _render(asked.query, {"problem": problem, "repaired": repaired}, problem["status"])
    except KnowledgeGraphError as exc:
        problem = describe(exc)
        return _render(asked.query, {"problem": problem}, problem["status"], headers_of(exc))


def parameters_of(asked: ProtocolRequest) -> dict[str, Any]:
    """Return the parameters that make this request by GET, without a format."""
    parameters: dict[str, Any] = {"query": asked.query}
    if asked.default_graphs:
        parameters["default-graph-uri"] = list(asked.default_graphs)
    if asked.named_graphs:
        parameters["named-graph-uri"] = list(asked.named_graphs)
    if asked.timeout is not None:
        parameters["timeout"] = f"{asked.timeout:g}"
    if asked.at is not None:
        parameters["at"] = asked.at
    return parameters


def _downloads(asked: ProtocolRequest, form: QueryForm) -> list[Link]:
    """Return a link for each format, which makes this request again by GET."""
    parameters = parameters_of(asked)
    return [
        Link(
            offer.label,
            f"/sparql?{urlencode({**parameters, 'format': offer.name}, doseq=True)}",
            f"result.{offer.extension}",
        )
        for offer in offers_for(form)
    ]


def _render(
    query: str, values: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    if FRAGMENT in request.headers:
        page = render_template("result.html", **values)
    else:
        page = render_template("sparql.html", query=query, examples=list(examples()), **values)
    response = send(page, HTML, status=status, varies=True)
    response.vary.add(FRAGMENT)
    response.headers.update(headers or {})
    return response
