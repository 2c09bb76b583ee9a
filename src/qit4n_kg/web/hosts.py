"""A request of HTTP/1.1 names exactly one host (RFC 9112, section 3.2); which host it names is nobody's concern here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from qit4n_kg.errors import RequestError

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Refuse other requests by 400."""
    app.before_request(_check)


def _check() -> None:
    host = request.environ.get("HTTP_HOST", "")
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1" and (
        not host or "," in host
    ):  # the server below joins several
        raise RequestError("The request has several headers Host." if host else "The request has no header Host.")
