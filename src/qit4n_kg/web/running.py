"""`/sparql/running`: the queries that run or wait in any worker, and the way to cancel one.

Whoever holds a query's id (the header Query-Id, chosen by the client or by us and not to be guessed) may look at it and
cancel it; only an administrator sees them all. A query is here once it has taken a tenth of a second.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify

from qit4n_kg.errors import ForbiddenError, NotFoundError
from qit4n_kg.store.executor_jobs import is_query_id
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.privileges import is_admin

if TYPE_CHECKING:
    from qit4n_kg.store.running import RunningQuery

running = Blueprint("running", __name__)


@running.after_request
def _keep_nowhere(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@running.get("/sparql/running")
def index() -> Response:
    """List every query that runs or waits, the oldest first; for administrators."""
    if not is_admin():
        raise ForbiddenError(
            "Only an administrator may list everybody's queries.",
            hint="A query of your own is at /sparql/running/{id}, with the id that its answer's Query-Id header has.",
        )
    return jsonify({"queries": [_describe(query) for query in knowledge_graph().running.find()]})


@running.get("/sparql/running/<query_id>")
def show(query_id: str) -> Response:
    """Show what runs under an id."""
    found = knowledge_graph().running.find(query_id) if is_query_id(query_id) else []
    if not found:
        raise _none(query_id)
    return jsonify({"queries": [_describe(query) for query in found]})


@running.delete("/sparql/running/<query_id>")
def cancel(query_id: str) -> Response:
    """Cancel what runs under an id; it ends within a fraction of a second, and its client gets a problem."""
    if not is_query_id(query_id) or not knowledge_graph().running.cancel(query_id):
        raise _none(query_id)
    response = Response(status=202)
    del response.headers["Content-Type"]  # of no body
    return response


def _none(query_id: str) -> NotFoundError:
    return NotFoundError(f"No query runs under the id {query_id[:64]!r}.", hint="It may have ended already.")


def _describe(query: RunningQuery) -> dict[str, Any]:
    return asdict(query)
