"""How errors leave: every one as a problem (RFC 9457) or a page, with the limit that was hit and the query's id.

An error of ours is shown as it is. An unexpected one is logged with a request id, and the client sees the id only.
"""

from __future__ import annotations

import json
import logging
import secrets
from typing import TYPE_CHECKING, Any

from flask import Response, g, render_template, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from qit4n_kg.errors import (
    InvalidDataError,
    KnowledgeGraphError,
    NotAcceptableError,
    NotFoundError,
    PreconditionFailedError,
    QueryCancelledError,
    QueryLimitError,
    QueryProcessError,
    QuerySyntaxError,
    QueueFullError,
    ReceivingFullError,
    RequestError,
    SourceError,
    StateLockedError,
    TooLargeError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnsupportedCodingError,
)
from qit4n_kg.formats import HTML, Format, negotiate
from qit4n_kg.web.codings import READ_CODING
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.problems import LIMITS, PROBLEMS, problem_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

_log = logging.getLogger(__name__)
PROBLEM_JSON = Format("problem", "application/problem+json", "json", "Problem", ("application/json",))
_RETRY_SECONDS = 2
_PASSING = (QueueFullError, QueryProcessError, QueryCancelledError, ReceivingFullError, StateLockedError)
"""What may be over when the client asks again."""


def wants_html() -> bool:
    """Whether the client prefers a page to JSON: a browser does, a program that accepts anything does not."""
    try:
        return negotiate(request.headers.get("Accept"), [PROBLEM_JSON, HTML]) is HTML
    except NotAcceptableError:
        return False


def describe(error: KnowledgeGraphError, **members: Any) -> dict[str, Any]:
    """Return a problem's members: type, title, status, detail and what else is known."""
    kind = PROBLEMS.get(error.code, PROBLEMS["internal"])
    problem = {
        "type": problem_path(error.code if error.code in PROBLEMS else "internal"),
        "title": kind.title,
        "status": kind.status,
        "detail": error.message,
        "hint": error.hint,
    }
    if isinstance(error, InvalidDataError):
        problem["report"] = json.loads(error.report.to_json())
    if isinstance(error, QuerySyntaxError | SourceError):
        problem |= {"line": error.line, "column": error.column}
    if isinstance(error, SourceError) and error.path is not None and "/" not in str(error.path):
        problem["file"] = str(error.path)  # as it was sent; never where something lies here
    if isinstance(error, PreconditionFailedError) and error.conflicts:
        problem["conflicts"] = list(error.conflicts)
    if error.code in LIMITS:
        problem["limit"] = _limit(error)
    if isinstance(error, TooManyRequestsError) and error.setting:
        problem["limit"] = _as_limit(error.setting, "requests a minute")
    problem |= {"query_id": g.get("query_id"), **members}
    return {name: value for name, value in problem.items() if value is not None}


def _limit(error: KnowledgeGraphError) -> dict[str, Any]:
    """Return the limit that was hit: its value as it held for this request, its unit, and the setting behind it."""
    name, unit = LIMITS[error.code]
    known = error.limit if isinstance(error, QueryLimitError) and error.limit else None
    if known and known["name"] in ("downloads", "export_timeout"):
        name, unit = str(known["name"]), str(known["unit"])
    value = known["value"] if known else getattr(knowledge_graph().settings, name)
    if name == "query_timeout" and float(value) < knowledge_graph().settings.query_timeout:
        return {"parameter": "timeout", "value": value, "unit": unit}  # the client's own, not the server's
    return _as_limit(name, unit, value)


def _as_limit(name: str, unit: str, value: object = None) -> dict[str, Any]:
    value = getattr(knowledge_graph().settings, name) if value is None else value
    return {"setting": f"QIT4N_{name.upper()}", "value": value, "unit": unit}


def send_problem(problem: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """Send a problem in the form that the client can read."""
    status = int(problem["status"])
    if wants_html():
        response = Response(render_template("error.html", problem=problem), status=status, mimetype="text/html")
    else:
        body = json.dumps(problem, ensure_ascii=False, indent=1) + "\n"
        response = Response(body, status=status, content_type=PROBLEM_JSON.media_type)
    response.vary.add("Accept")
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response


def headers_of(error: KnowledgeGraphError) -> dict[str, str]:
    """Return the headers that belong to an error."""
    if isinstance(error, TooManyRequestsError):
        return {"Retry-After": str(error.seconds)}
    if isinstance(error, UnauthenticatedError):
        return {"WWW-Authenticate": 'Bearer realm="qit4n-kg"'}
    if isinstance(error, UnsupportedCodingError):
        return {"Accept-Encoding": READ_CODING}
    return {"Retry-After": str(_RETRY_SECONDS)} if isinstance(error, _PASSING) else {}


def register(app: Flask) -> None:
    """Answer every error of the application with a problem."""
    app.register_error_handler(KnowledgeGraphError, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _known(error: KnowledgeGraphError) -> Response:
    if error.code not in PROBLEMS:
        return _unexpected(error)
    return send_problem(describe(error), headers_of(error))


def _http(error: HTTPException) -> Response:
    """Translate what Flask and Werkzeug raise themselves."""
    if isinstance(error, NotFound):
        return _known(NotFoundError(f"There is nothing at {request.path}."))
    if isinstance(error, RequestEntityTooLarge):
        return _known(TooLargeError("The request's body is larger than this server accepts."))
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        kind = PROBLEMS["method-not-allowed"]
        detail = f"{request.path} does not answer {request.method}."
        problem = {"type": problem_path("method-not-allowed"), "title": kind.title, "status": 405, "detail": detail}
        return send_problem(problem | {"hint": f"It answers {allowed}."}, {"Allow": allowed})
    if error.code is not None and 300 <= error.code < 400:  # a redirect that routing asks for
        return Response(error.get_body(), error.code, dict(error.get_headers()))
    if error.code is not None and 400 <= error.code < 500:
        return send_problem(
            describe(RequestError(error.description or error.name), status=error.code, title=error.name)
        )
    return _unexpected(error)


def _unexpected(error: Exception) -> Response:
    request_id = secrets.token_hex(8)
    _log.error("Request %s (%s %s) failed", request_id, request.method, request.path, exc_info=error)
    kind = PROBLEMS["internal"]
    detail = f"Something went wrong here. The log has the details under {request_id}."
    problem = {"type": problem_path("internal"), "title": kind.title, "status": 500, "detail": detail}
    return send_problem({**problem, "request_id": request_id})
