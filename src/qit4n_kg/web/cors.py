"""Cross-origin requests (the Fetch standard): a page of any site may read what is public here, without credentials.

Every answer says so, errors included, and every OPTIONS is answered as a preflight. A cookie is never sent along from
another site: `*` rules that out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask, Response
    from werkzeug.datastructures import Headers

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Accept-Query, Content-Encoding, Content-Length, ETag, Link, Location, Query-Id, Retry-After, X-Generation"
    ),
}
_PREFLIGHT = {
    "Access-Control-Allow-Headers": (
        "Accept, Accept-Encoding, Authorization, Content-Type, If-Match, If-None-Match, Prefer, Query-Id"
    ),
    "Access-Control-Max-Age": "86400",
}


def register(app: Flask) -> None:
    """Add the headers to every answer of an application."""
    app.after_request(_add)


def add_missing(headers: Headers, more: Mapping[str, str]) -> None:
    """Add headers that are not there, looking once through those that are: every answer gets eight, and `set` looks each time."""
    there = {name.lower() for name, _ in headers}
    for name, value in more.items():
        if name.lower() not in there:
            headers.add(name, value)


def _add(response: Response) -> Response:
    add_missing(response.headers, CORS)
    if request.method == "OPTIONS" and response.status_code == 200:
        response.status_code = 204
        response.headers.update(_PREFLIGHT)
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET, HEAD, OPTIONS")
    return response
