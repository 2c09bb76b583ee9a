"""Which name this server is reached by: links, feed pages and OAI-PMH's baseURL are made of it.

A request's Host header says it, unless a setting does: behind a proxy that ends TLS no header is believed that a stranger could
send (X-Forwarded-…).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import request

from qit4n_kg.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Flask

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_SENT = "qit4n_kg.host"


def register(app: Flask) -> None:
    """Refuse by 400 requests that name no host, or several (RFC 9112 section 3.2), or what is none (RFC 9110 section 7.2)."""
    app.before_request(_check)


def _check() -> None:
    host = str(request.environ.get(_SENT, request.environ.get("HTTP_HOST", "")))
    if "," in host:  # the server below joins several
        raise RequestError("The request has several headers Host.")
    if not host and request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1":
        raise RequestError("The request has no header Host.")
    if not request.host:  # what Werkzeug makes of characters that no host has
        raise RequestError(
            "The Host header names no host.", hint="It is a name or an address, with a port where it needs one."
        )


def reached_by(application: Application, address: str) -> Application:
    """Have an application answer as if every request had been sent to one address, such as `https://example.org`."""
    parts = urlsplit(address)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[_SENT] = environ.get("HTTP_HOST", "")
        environ["wsgi.url_scheme"], environ["HTTP_HOST"] = parts.scheme, parts.netloc
        return application(environ, start_response)

    return answer
