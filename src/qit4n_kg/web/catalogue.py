"""`/queries`: the catalogue as pages and as an API.

`/queries/{id}` is a page with the question, its parameters as a form, the SPARQL and the result;
`/queries/{id}.{suffix}` is the result alone, `limit` and `offset` a part of its rows. Arguments are bound as terms. An
unknown parameter is an error: a misspelt one would silently answer another question. `/queries.json` lists all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request

from qit4n_kg.errors import KnowledgeGraphError, ParameterError
from qit4n_kg.formats import HTML, JSON, RdfFormat, ResultFormat
from qit4n_kg.queries import FINDER, ParameterKind, bind, shown_text
from qit4n_kg.sparql import QueryForm, page_of
from qit4n_kg.web.choices import hint_parts, name_of, options, parameter_label, thing_label
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.formats_asked import choose_format
from qit4n_kg.web.languages import gettext
from qit4n_kg.web.protocol import read_number, read_request
from qit4n_kg.web.responses import describe, headers_of
from qit4n_kg.web.results import Question, answer, generation_for
from qit4n_kg.web.sending import send
from qit4n_kg.web.sparql import Link, choose, offers_for
from qit4n_kg.web.tables import read_table, readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qit4n_kg.queries import CatalogueQuery, Parameter
    from qit4n_kg.store.generations import Generation
    from qit4n_kg.web.choices import Option
    from qit4n_kg.web.protocol import ProtocolRequest

catalogue = Blueprint("catalogue", __name__)
RESERVED = ("format", "output", "results", "timeout", "at", "limit", "offset", "lang")
"""Parameters of every query; one of its own with such a name wins."""


@dataclass(frozen=True)
class Argument:
    """What a parameter is in this answer; the page says which are defaults, so that no one takes them for an answer to all."""

    label: str
    text: str
    is_default: bool


@dataclass(frozen=True)
class Input:
    """One parameter as a field of the form: with options a choice by name, else as it is written."""

    parameter: Parameter
    label: str
    value: str
    options: tuple[Option, ...]

    @property
    def hint(self) -> str:
        """What it is, in the reader's language; how its values are found need not be said where they are listed."""
        what, example, finders, rest = hint_parts(self.parameter.description)
        said = gettext(what) if what else ""
        if example and not self.options:
            said += gettext(", such as %(example)s (find one with %(queries)s)") % {
                "example": example,
                "queries": finders.replace(" or ", gettext(" or ")),
            }
        return said + (gettext(rest) if rest else "")


@catalogue.get("/queries")
def index() -> Response:
    """List the catalogue by topic, as a page or as JSON."""
    if choose_format([HTML, JSON]) is JSON:
        return _list(varies=True)
    page = render_template("queries.html", topics=knowledge_graph().catalogue.by_topic())
    return send(page, HTML, varies=True)


@catalogue.get("/queries.json")
def listed() -> Response:
    """List the catalogue as JSON: each query's question, parameters and addresses."""
    return _list(varies=False)


@catalogue.get("/queries/<name>")
def query(name: str) -> Response:
    """Show one query, or answer it when a suffix or the Accept header says so."""
    query_id, _, suffix = name.partition(".")
    found = knowledge_graph().catalogue.get(query_id)
    offers = offers_for(found.form)
    asked = read_request(request, ignored=_own(found))
    chosen = choose(asked, suffix, offers) if suffix else choose(asked, None, [HTML, *offers])
    if chosen is HTML:
        return _page(found, asked)
    question = _question(found, asked)
    limit, offset = _part(found)
    if limit is None and offset == 0:
        return answer(question, chosen, varies=not suffix)
    if found.form is not QueryForm.SELECT:
        raise ParameterError("The parameters limit and offset choose rows, and this query's result has none.")
    generation = generation_for(asked)
    part = replace(
        question,
        text=page_of(found.text, limit, offset),
        links=tuple(_links(question, generation, limit, offset)),
    )
    return answer(part, chosen, varies=not suffix)


def describe_query(found: CatalogueQuery) -> dict[str, Any]:
    """Return what the list says of one query."""
    return {
        "id": found.id,
        "title": found.title,
        "question": found.question,
        "topic": found.topic,
        "form": found.form.value,
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.kind.value,
                "required": parameter.default is None,
                "default": parameter.default,
                "description": parameter.description,
            }
            for parameter in found.parameters
        ],
        "page": f"/queries/{found.id}",
        "results": {offer.name: f"/queries/{found.id}.{offer.extension}" for offer in offers_for(found.form)},
    }


def _list(*, varies: bool) -> Response:
    listed = {"queries": [describe_query(found) for found in knowledge_graph().catalogue]}
    return send(json.dumps(listed, ensure_ascii=False, indent=1) + "\n", JSON, varies=varies)


def _own(found: CatalogueQuery) -> set[str]:
    return {parameter.name for parameter in found.parameters}


def _arguments(found: CatalogueQuery) -> dict[str, str]:
    """Return the query's parameters as given, each once; only one that is absent takes its default, not one left empty."""
    known = [parameter.name for parameter in found.parameters]
    arguments: dict[str, str] = {}
    for name, values in request.args.lists():
        if name not in known:
            if name in RESERVED:
                continue
            others = ", ".join(name for name in RESERVED if name not in ("output", "results"))
            hint = f"It has: {', '.join(known)}. Every query has: {others}." if known else f"It has: {others}."
            raise ParameterError(f"The query {found.id} has no parameter {name[:100]!r}.", hint=hint)
        if len(values) > 1:
            raise ParameterError(f"The parameter {name!r} is given {len(values)} times, and one value is taken.")
        arguments[name] = values[0]
    return arguments


def _part(found: CatalogueQuery) -> tuple[int | None, int]:
    """Return which rows are asked for: how many, None for all, after how many."""
    known = _own(found)
    limit, offset = (
        None if name in known else read_number(name, request.args.getlist(name), least=0)
        for name in ("limit", "offset")
    )
    return limit, offset or 0


def _question(found: CatalogueQuery, asked: ProtocolRequest) -> Question:
    return Question(found.text, asked, bind(found, _arguments(found), knowledge_graph().settings.base_iri))


def _links(question: Question, generation: Generation, limit: int | None, offset: int) -> list[str]:
    """Return the Link headers (RFC 8288) to the other parts; they pin the generation, so that all parts fit together."""
    if limit is None or limit == 0:
        return []
    parameters = [(name, value) for name, value in request.args.items(multi=True) if name not in ("at", "offset")]

    def link(rel: str, start: int) -> str:
        query = urlencode([*parameters, ("offset", start), ("at", generation.number)])
        return f'<{request.path}?{query}>; rel="{rel}"'

    links = [link("first", 0)]
    if offset:
        links.append(link("prev", max(0, offset - limit)))
    if _has_rows_after(question, generation, offset + limit):
        links.append(link("next", offset + limit))
    return links


def _has_rows_after(question: Question, generation: Generation, offset: int) -> bool:
    probe = replace(question, text=page_of(question.text, 1, offset)).job(ResultFormat.TSV.value)
    with knowledge_graph().run(probe, generation) as spooled:
        return spooled.read().count(b"\n") > 1


def _page(found: CatalogueQuery, asked: ProtocolRequest) -> Response:
    arguments = _given(found)
    values: dict[str, Any] = {"query": found, "arguments": arguments, "answered": _answered(found), "problem": None}
    values |= {"finder": _finder(found), "inputs": _inputs(found, arguments)}
    status, headers = 200, {}
    settings = knowledge_graph().settings
    written = ResultFormat.TSV if found.form.has_bindings else RdfFormat.N_TRIPLES
    try:
        values["text"] = shown_text(found, bind(found, _arguments(found), settings.base_iri))
        generation = generation_for(asked)
        with knowledge_graph().run(_question(found, asked).job(written.value), generation) as spooled:
            values |= {"table": readable(read_table(spooled, settings, name_of)), "seconds": spooled.seconds}
        values["generation"] = generation.number
        values["permalink"] = f"/queries/{found.id}?{urlencode({**arguments, 'at': generation.number})}"
        values["downloads"] = _downloads(found, arguments, asked.at)
        headers["X-Generation"] = str(generation.number)
    except KnowledgeGraphError as exc:
        problem = describe(exc)
        values |= {"problem": problem, "text": values.get("text") or shown_text(found, {})}
        status, headers = problem["status"], headers_of(exc)
    response = send(render_template("query.html", **values), HTML, status=status, varies=True)
    response.headers.update(headers)
    return response


def _given(found: CatalogueQuery) -> dict[str, str]:
    """Return what the form shows in each field."""
    return {parameter.name: request.args.get(parameter.name, parameter.default or "") for parameter in found.parameters}


def _answered(found: CatalogueQuery) -> list[Argument]:
    """Return what the answer is for."""
    given = _given(found)
    return [
        Argument(parameter_label(each.name), thing_label(each, given[each.name]), each.name not in request.args)
        for each in found.parameters
    ]


def _inputs(found: CatalogueQuery, given: Mapping[str, str]) -> list[Input]:
    """Return the fields of the form."""
    return [
        Input(each, parameter_label(each.name), given[each.name], options(each, given[each.name]))
        for each in found.parameters
    ]


def _finder(found: CatalogueQuery) -> CatalogueQuery | None:
    """Return the query that finds IRIs, where this one takes some and the catalogue has one."""
    takes_iri = any(parameter.kind is ParameterKind.IRI for parameter in found.parameters)
    return knowledge_graph().catalogue.queries.get(FINDER) if takes_iri else None


def _downloads(found: CatalogueQuery, arguments: dict[str, str], at: int | None) -> list[Link]:
    parameters: dict[str, Any] = arguments if at is None else {**arguments, "at": at}
    query = f"?{urlencode(parameters)}" if parameters else ""
    files = ((offer.label, f"{found.id}.{offer.extension}") for offer in offers_for(found.form))
    return [Link(label, f"/queries/{name}{query}", name) for label, name in files]
