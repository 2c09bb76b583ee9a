"""`/healthz`: this process lives. `/readyz`: a generation is open and a query process answers. JSON, never cached."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from qit4n_kg.errors import KnowledgeGraphError
from qit4n_kg.formats import ResultFormat
from qit4n_kg.store.executor import ExecutorError, Job
from qit4n_kg.web.context import knowledge_graph, snapshot

health = Blueprint("health", __name__)
_PROBE_SECONDS = 5.0


@health.get("/healthz")
def alive() -> Response:
    """Tell that this process answers."""
    return _uncached(jsonify(status="ok"))


@health.get("/readyz")
def ready() -> Response:
    """Tell whether queries are answered: one is sent through a query process."""
    graph = knowledge_graph()
    generation = snapshot().generation
    try:
        with graph.run(Job("ASK {}", ResultFormat.JSON, timeout=_PROBE_SECONDS), snapshot()):
            isolation = graph.executors.isolation
    except (KnowledgeGraphError, ExecutorError) as exc:
        detail = exc.message if isinstance(exc, KnowledgeGraphError) else "No query process could be started."
        response = jsonify(status="unready", generation=generation.number, detail=detail)
        response.status_code = 503
        return _uncached(response)
    return _uncached(
        jsonify(status="ready", generation=generation.number, isolation=isolation.value if isolation else None)
    )


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
