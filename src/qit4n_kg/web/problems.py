"""The table of problems: each error's HTTP status, title and explanation, and the pages at `/problems/{code}`.

A problem's `type` (RFC 9457 section 3.1.1) is the path of its page, relative to the server, so that it can be followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, render_template

from qit4n_kg.errors import NotFoundError
from qit4n_kg.formats import HTML
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

problems = Blueprint("problems", __name__)


class Problem(NamedTuple):
    """One kind of problem, as its page tells it."""

    status: int
    title: str
    explanation: str


PROBLEMS: dict[str, Problem] = {
    "not-found": Problem(404, "Not found", "There is nothing at this address."),
    "unknown-entity": Problem(404, "Unknown entity", "No statement of the knowledge graph is about this thing."),
    "retired": Problem(
        410,
        "Retired identifier",
        "The identifier was in use once and is not any more; the members say why, and what is used now.",
    ),
    "unknown-query": Problem(404, "Unknown query", "The catalogue at /queries has no query with this id."),
    "generation-gone": Problem(
        410,
        "Generation gone",
        "The generation that the parameter `at` pins was published once and is not kept any more.",
    ),
    "feed-gone": Problem(
        410,
        "Feed began anew",
        "The page is of the change feed as it was before it began anew. Follow it from /feed, with its new pages.",
    ),
    "method-not-allowed": Problem(
        405,
        "Method not allowed",
        "This address does not answer this HTTP method; the Allow header names those that it does.",
    ),
    "request": Problem(400, "Bad request", "The request can't be understood as it is."),
    "parameter": Problem(400, "Bad parameter", "A parameter is unknown, missing or malformed; the detail says which."),
    "query-syntax": Problem(
        400,
        "Query syntax error",
        "The SPARQL text does not parse. The members line, column (both from 1) and source say where.",
    ),
    "unreadable": Problem(
        400, "Query not understood", "The query can't be taken apart, so nothing can be said of why it has no rows."
    ),
    "query-refused": Problem(
        403, "Query refused", "The query is well formed but asks for something that is not allowed here, like SERVICE."
    ),
    "change-refused": Problem(
        403,
        "Change refused",
        "The change is well formed, but these graphs are not changed this way: what comes from files is changed there, "
        "and what the build writes follows from the rest.",
    ),
    "precondition-failed": Problem(
        412,
        "Changed since",
        "The write depends on what its sender has seen (If-Match, If-None-Match), and that has changed. Read it again.",
    ),
    "remote-refused": Problem(
        403,
        "Remote address refused",
        "SERVICE and LOAD reach only addresses that the setting QIT4N_ALLOW_REMOTE names, and never one from a variable.",
    ),
    "unauthenticated": Problem(
        401,
        "Token needed",
        "Send `Authorization: Bearer TOKEN`, or sign in at /sign-in. `qit4n-kg token create` makes one.",
    ),
    "proposal": Problem(
        422,
        "Contribution not possible",
        "What the contribution proposes can't be done as things stand, like taking back what nobody states.",
    ),
    "conflict": Problem(
        409, "Conflict", "What is asked for does not fit the state of the thing, like a decision on what is decided."
    ),
    "access": Problem(403, "No access", "Who asks may not do this."),
    "forbidden": Problem(403, "Not allowed", "The token is good, but its role does not allow this."),
    "source": Problem(400, "Unreadable data", "The data sent can't be parsed. The members line and column say where."),
    "not-acceptable": Problem(
        406,
        "Not acceptable",
        "None of the formats that the Accept header names is on offer; the detail lists those that are. Or the format that was "
        "chosen can't hold the result: XML 1.0 has no control characters, JSON-LD has no triple terms. The hint names others.",
    ),
    "unsupported-media-type": Problem(
        415, "Unsupported media type", "The request's body has a Content-Type that is not understood here."
    ),
    "unsupported-coding": Problem(
        415,
        "Unsupported content coding",
        "The request's body has a Content-Encoding that is not read here; the Accept-Encoding header of the answer names what is.",
    ),
    "length-required": Problem(
        411,
        "Length required",
        "The request's body comes in chunks, and one that was cut off could not be told from a whole one. Send Content-Length, "
        "or gzip.",
    ),
    "query-too-long": Problem(413, "Query too long", "The text of the query is over this server's bound."),
    "too-large": Problem(413, "Request too large", "The request's body is over this server's bound."),
    "invalid-data": Problem(422, "Invalid data", "The data violates the shapes."),
    "validation-limit": Problem(
        503,
        "Validation given up",
        "The data sent could not be read and judged within the time, memory and size that this server gives to it.",
    ),
    "too-many-requests": Problem(
        429,
        "Too many requests",
        "Too many of them came from one address, or with one token; the Retry-After header says when to try again.",
    ),
    "query-limit": Problem(503, "Query given up", "The server gave up on a query that may be fine in itself."),
    "query-timeout": Problem(
        503, "Query timeout", "The query did not end before its deadline. No partial result is ever sent."
    ),
    "query-memory": Problem(507, "Query out of memory", "The query needs more memory than one query may use."),
    "result-too-large": Problem(507, "Result too large", "The query's result is over this server's bound."),
    "query-cancelled": Problem(503, "Query cancelled", "The query was cancelled, or the server is stopping."),
    "queue-full": Problem(
        503, "Too many queries", "Too many queries wait already; the Retry-After header says when to try again."
    ),
    "query-process": Problem(
        503,
        "No query process",
        "The server could not start a process for the query; the Retry-After header says when to try again.",
    ),
    "receiving-full": Problem(
        503,
        "Too many requests with a body",
        "Too many requests with a body are being received already; the Retry-After header says when to try again.",
    ),
    "state": Problem(503, "Storage problem", "The server can't use its stored data at the moment."),
    "state-missing": Problem(503, "Nothing built", "The server has no knowledge graph yet."),
    "generation-damaged": Problem(503, "Damaged storage", "The stored knowledge graph is incomplete or was altered."),
    "search-missing": Problem(
        503,
        "No search index",
        "The generation that is served was built by an older version, without an index and lists.",
    ),
    "feed-damaged": Problem(
        503, "Feed damaged", "The change feed's past can't be read back; the next generation begins it anew."
    ),
    "journal-damaged": Problem(
        503, "Damaged journal", "The journal of accepted changes can't be read back, so nothing can be written."
    ),
    "state-locked": Problem(503, "Writing in progress", "Another process is writing at the moment."),
    "state-full": Problem(507, "Storage full", "The server has no room left on its disk."),
    "remote-endpoint": Problem(
        502, "Remote endpoint failed", "Another SPARQL endpoint could not be reached or failed."
    ),
    "internal": Problem(
        500, "Internal error", "Something went wrong in the server. Its log has the details under the request's id."
    ),
}


LIMITS: dict[str, tuple[str, str]] = {
    "query-timeout": ("query_timeout", "seconds"),
    "query-memory": ("query_memory", "bytes"),
    "result-too-large": ("result_bytes", "bytes"),
    "queue-full": ("queue", "queries"),
    "query-too-long": ("query_characters", "characters"),
    "too-large": ("request_bytes", "bytes"),
}
"""The setting behind each problem that a limit causes, and the unit of its value."""


def problem_path(code: str) -> str:
    """Return the `type` of a problem.

    >>> problem_path("query-syntax")
    '/problems/query-syntax'
    """
    return f"/problems/{code}"


@problems.get("/problems/")
def index() -> ResponseReturnValue:
    """List every kind of problem."""
    return send(render_template("problems.html", problems=PROBLEMS, code=None), HTML)


@problems.get("/problems/<code>")
def page(code: str) -> ResponseReturnValue:
    """Explain one kind of problem."""
    if code not in PROBLEMS:
        raise NotFoundError(f"There is no kind of problem {code!r}.", hint="All are listed at /problems/.")
    return send(render_template("problems.html", problems={code: PROBLEMS[code]}, code=code), HTML)
