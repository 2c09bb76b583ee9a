"""`/update`: the SPARQL 1.1 Protocol for updates (section 2.2), for administrators.

One request: role (401, 403) → parameters (400, 415) → what may not leave this server (403) → the writing process (400, 403, 422,
503, 507) → 200 with what it came to. The answer comes when the new generation is current, so that whoever reads next, from any
worker, reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from qit4n_kg.errors import QuerySyntaxError, RequestError, UnsupportedMediaTypeError
from qit4n_kg.sparql import QueryForm, inspect_query
from qit4n_kg.store.evaluating import Update
from qit4n_kg.tokens import Role
from qit4n_kg.web import access
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.pins import refuse_pin
from qit4n_kg.web.protocol import (
    FORM_TYPE,
    QUERY_TYPE,
    UPDATE_TYPE,
    decode_text,
    read_body,
    read_graphs,
    read_parameters,
    read_timeout,
    values_of,
)
from qit4n_kg.web.responses import send_problem
from qit4n_kg.web.sparql import describe_syntax

if TYPE_CHECKING:
    from qit4n_kg.committing.orders import Committed

update = Blueprint("update", __name__)


@update.post("/update")
def endpoint() -> Response:
    """Perform an update."""
    holder = access.require(Role.ADMIN)
    asked = read_update_request()
    try:
        committed = knowledge_graph().writing.submit(asked, holder.name)
    except QuerySyntaxError as exc:
        return send_problem(describe_syntax(asked.text, exc, "update"))
    response = jsonify(describe_commit(committed))
    response.headers["X-Generation"] = str(committed.generation)
    response.headers["Cache-Control"] = "no-store"
    return response


def describe_commit(committed: Committed) -> dict[str, Any]:
    """Return what a client is told of a write."""
    return {"generation": committed.generation, "added": committed.added, "retracted": committed.retracted}


def read_update_request() -> Update:
    """Read this request as an update: URL-encoded, or the body itself.

    :raises RequestError: it has not exactly one update, or a query, or an update in the address, or is for an older generation.
    :raises UnsupportedMediaTypeError: the body is of no type that the protocol knows.
    """
    parameters = read_parameters(request.query_string)
    if values_of(parameters, "update"):
        raise RequestError("An update in the address is not performed.", hint="Send it in the body of a POST.")
    media_type = request.mimetype
    if media_type == FORM_TYPE:
        parameters += read_parameters(read_body(request))
        updates = values_of(parameters, "update")
    elif media_type == UPDATE_TYPE:
        updates = [decode_text(read_body(request), request.mimetype_params.get("charset", "utf-8"))]
    elif media_type == QUERY_TYPE:
        raise RequestError("This address performs updates, and the request is a query.", hint="Ask /sparql.")
    else:
        raise UnsupportedMediaTypeError(
            f"The request's Content-Type is {media_type or 'missing'}.", hint=f"Understood: {UPDATE_TYPE}, {FORM_TYPE}."
        )
    for name in ("query", "default-graph-uri", "named-graph-uri"):
        if values_of(parameters, name):
            raise RequestError(f"This address performs updates, and the request has the parameter {name} of a query.")
    if len(updates) != 1:
        raise RequestError(f"The request has {len(updates) or 'no'} updates, and exactly one is performed.")
    if inspect_query(updates[0]).form not in (QueryForm.UPDATE, QueryForm.UNKNOWN):
        raise RequestError("This address performs updates, and this is a query.", hint="Ask /sparql.")
    refuse_pin(parameters)
    return Update(
        updates[0],
        knowledge_graph().settings.base_iri,  # as in queries: see web/results.py
        read_graphs(values_of(parameters, "using-graph-uri")),
        read_graphs(values_of(parameters, "using-named-graph-uri")),
        read_timeout(values_of(parameters, "timeout")),
    )
