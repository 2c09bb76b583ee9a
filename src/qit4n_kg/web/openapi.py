"""`/openapi.json`: every route and every catalogue query in OpenAPI 3.1, and `/openapi`, a page to read it.

Both are made from what is served: the routes with their docstrings, the catalogue with its parameters, the formats and
the table of problems. OpenAPI 3.1 has no place for the method QUERY; the text of `/sparql` tells of it.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, render_template

import qit4n_kg
from qit4n_kg.formats import CSV_EXCEL, HTML, JSON, RdfFormat, ResultFormat
from qit4n_kg.queries import ParameterKind
from qit4n_kg.sparql import QueryForm
from qit4n_kg.web.catalogue import RESERVED
from qit4n_kg.web.context import knowledge_graph, licence_name, stated_licence
from qit4n_kg.web.problems import PROBLEMS
from qit4n_kg.web.protocol import FORM_TYPE, QUERY_TYPE
from qit4n_kg.web.sending import send
from qit4n_kg.web.sparql import offers_for

if TYPE_CHECKING:
    from werkzeug.routing import Rule

    from qit4n_kg.formats import Format
    from qit4n_kg.queries import CatalogueQuery, Parameter

openapi = Blueprint("openapi", __name__)

_WRITTEN = ("/update", "/graphs", "/contribut")
_UNLISTED = frozenset(("HEAD", "OPTIONS", "QUERY"))
_SCHEMAS: dict[ParameterKind, dict[str, str]] = {
    ParameterKind.IRI: {"type": "string", "format": "iri-reference"},
    ParameterKind.STRING: {"type": "string"},
    ParameterKind.INTEGER: {"type": "integer"},
    ParameterKind.DECIMAL: {"type": "number"},
    ParameterKind.DATE: {"type": "string", "format": "date"},
    ParameterKind.BOOLEAN: {"type": "boolean"},
}
_ANY_NAME = re.compile(r"<(?:\w+:)?(\w+)>")
_COMMON: dict[str, dict[str, Any]] = {
    "timeout": {"description": "The deadline in seconds; shorter than the server's.", "schema": {"type": "number"}},
    "at": {
        "description": "The generation that answers, as X-Generation named it; 410 once it is not kept any more.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "limit": {"description": "How many rows.", "schema": {"type": "integer", "minimum": 0}},
    "offset": {"description": "After how many rows.", "schema": {"type": "integer", "minimum": 0}},
    "default-graph-uri": {
        "description": "A graph of the default graph; several are merged.",
        "schema": {"type": "array", "items": {"type": "string", "format": "iri"}},
    },
    "named-graph-uri": {
        "description": "A named graph of the dataset.",
        "schema": {"type": "array", "items": {"type": "string", "format": "iri"}},
    },
    "format": {"description": "The result's format; else Accept decides.", "schema": {"type": "string"}},
}


@openapi.get("/openapi.json")
def document() -> Response:
    """Describe this interface in OpenAPI 3.1."""
    return send(json.dumps(describe_interface(), ensure_ascii=False, indent=1) + "\n", JSON)


@openapi.get("/openapi")
def page() -> Response:
    """Show the description of this interface as a page."""
    description = describe_interface()
    operations = [
        (path, method.upper(), operation)
        for path, item in description["paths"].items()
        for method, operation in item.items()
    ]
    tags = dict.fromkeys(operation["tags"][0] for _, _, operation in operations)
    groups = {tag: [one for one in operations if one[2]["tags"][0] == tag] for tag in tags}
    return send(
        render_template("openapi.html", groups=groups, parameters=description["components"]["parameters"]), HTML
    )


def describe_interface() -> dict[str, Any]:
    """Return the OpenAPI document as plain values."""
    paths: dict[str, dict[str, Any]] = {"/sparql": _sparql(), "/sparql.{suffix}": _sparql(in_path=True)}
    for found in knowledge_graph().catalogue:
        paths[f"/queries/{found.id}.{{format}}"] = {"get": _query(found)}
    licence = stated_licence()
    rules = sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule)
    for rule in rules:
        path = _ANY_NAME.sub(r"{\1}", rule.rule)
        if rule.endpoint != "static":
            for method, operation in _operations(rule).items():
                paths.setdefault(path, {}).setdefault(method, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "qit4n-kg",
            "version": qit4n_kg.__version__,
            "summary": "A standards body's work as a knowledge graph: SPARQL, a catalogue of queries, linked data.",
            **({"license": {"name": f"{licence_name(licence)} (data)", "url": licence}} if licence else {}),
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": _components(),
    }


def _sparql(*, in_path: bool = False) -> dict[str, Any]:
    """Describe `/sparql`, or the same with the format in the path."""
    query = {"name": "query", "in": "query", "description": "The query.", "schema": {"type": "string"}}
    shared = [_reference(name) for name in ("default-graph-uri", "named-graph-uri", "timeout", "at")]
    where = [_path_parameter("suffix", [*_extensions(QueryForm.SELECT), *_extensions(QueryForm.CONSTRUCT)])]
    shared += where if in_path else [_reference("format")]
    answers = _results([*(form.value for form in ResultFormat), *(form.value for form in RdfFormat)])
    fields = {"query": {"type": "string"}, **{name: _COMMON[name]["schema"] for name in _COMMON if "graph" in name}}
    bodies = {FORM_TYPE: {"schema": {"type": "object", "properties": fields, "required": ["query"]}}}
    bodies[QUERY_TYPE] = {"schema": {"type": "string"}}
    name = "InAFormat" if in_path else ""
    return {
        "get": {
            "operationId": f"queryByGet{name}",
            "tags": ["sparql"],
            "summary": "Answer a query; without one, describe the service.",
            "description": "The SPARQL 1.1 Protocol. The method QUERY (SPARQL 1.2 Protocol, a draft) is understood as well, "
            f"with a body of {QUERY_TYPE}.",
            "parameters": [query, *shared],
            "responses": answers,
        },
        "post": {
            "operationId": f"queryByPost{name}",
            "tags": ["sparql"],
            "summary": "Answer a query that the body holds.",
            "parameters": shared,
            "requestBody": {"required": True, "content": bodies},
            "responses": answers,
        },
    }


def _query(found: CatalogueQuery) -> dict[str, Any]:
    own = {parameter.name for parameter in found.parameters}
    names = [name for name in RESERVED if name in ("timeout", "at", "limit", "offset") and name not in own]
    if found.form is not QueryForm.SELECT:
        names = [name for name in names if name not in ("limit", "offset")]
    return {
        "operationId": f"catalogue.{found.id}",
        "tags": [found.topic],
        "summary": found.title,
        "description": found.question,
        "parameters": [
            _path_parameter("format", _extensions(found.form)),
            *(_parameter(parameter) for parameter in found.parameters),
            *(_reference(name) for name in names),
        ],
        "responses": _results(offers_for(found.form)),
    }


def _extensions(form: QueryForm) -> list[str]:
    return [offer.extension for offer in offers_for(form)]


def _path_parameter(name: str, values: list[str]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "enum": values}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = dict(_SCHEMAS[parameter.kind])
    if parameter.default:
        is_json = parameter.kind in (ParameterKind.INTEGER, ParameterKind.DECIMAL, ParameterKind.BOOLEAN)
        schema["default"] = json.loads(parameter.default) if is_json else parameter.default
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.default is None,
        "description": parameter.description,
        "schema": schema,
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}


def _results(offers: list[Format]) -> dict[str, Any]:
    content: dict[str, Any] = {offer.media_type: {} for offer in offers if offer is not CSV_EXCEL}
    headers = {
        "X-Generation": {"description": "The generation that answered.", "schema": {"type": "integer"}},
        "ETag": {"description": "Stands for dataset, query, format and coding.", "schema": {"type": "string"}},
        "Query-Id": {"description": "The query's id, if one was run.", "schema": {"type": "string"}},
        "Link": {"description": "The other parts of a result: first, prev, next.", "schema": {"type": "string"}},
    }
    whole = {"description": "The whole result.", "headers": headers, "content": content}
    return {"200": whole, "304": {"description": "The client has it already."}, "default": _PROBLEM}


_PROBLEM = {"$ref": "#/components/responses/Problem"}


def _operations(rule: Rule) -> dict[str, Any]:
    """Describe what a route answers, from its view's docstring."""
    view = current_app.view_functions[rule.endpoint]
    summary = (inspect.getdoc(view) or "").split("\n")[0]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in sorted(rule.arguments)
    ]
    parameters += [
        {"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}}
        for name, meaning in getattr(view, "query_parameters", {}).items()
    ]
    operations = {}
    for method in sorted((rule.methods or set()) - _UNLISTED):
        operations[method.lower()] = {
            "operationId": f"{rule.endpoint}.{method.lower()}{'' if '<' in rule.rule else '.plain'}",
            "tags": [rule.endpoint.partition(".")[0]],
            "summary": summary,
            "parameters": parameters,
            "responses": {"default": {"description": "The answer, or a problem (RFC 9457)."}},
        }
        if method != "GET" and rule.rule.startswith(_WRITTEN):
            operations[method.lower()]["security"] = [{"token": []}]
    return operations


def _components() -> dict[str, Any]:
    members = {
        "type": {"type": "string", "enum": [f"/problems/{code}" for code in PROBLEMS]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "line": {"type": "integer", "minimum": 1},
        "column": {"type": "integer", "minimum": 1},
        "source": {"type": "string", "description": "The line at fault."},
        "query_id": {"type": "string"},
        "limit": {
            "type": "object",
            "description": "The limit that was hit.",
            "properties": {"setting": {"type": "string"}, "value": {"type": "number"}, "unit": {"type": "string"}},
        },
    }
    problem = {"type": "object", "required": ["type", "title", "status", "detail"], "properties": members}
    return {
        "schemas": {"Problem": problem},
        "responses": {
            "Problem": {
                "description": "What went wrong (RFC 9457); the kinds are at /problems/.",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        },
        "parameters": {name: {"name": name, "in": "query", **parameter} for name, parameter in _COMMON.items()},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    }
