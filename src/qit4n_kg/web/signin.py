"""`/sign-in` and `/sign-out`: a token is exchanged for a session cookie, by a form that works without JavaScript."""

from __future__ import annotations

import re

from flask import Blueprint, Response, make_response, render_template, request

from qit4n_kg.web import access

signin = Blueprint("signin", __name__)

_CONTRIBUTING = re.compile(r"/(?:contribute|contributions)(?:[/?][\w./?=&%:#~,+-]*)?", re.ASCII)
_LONGEST_PATH = 2_000


@signin.get("/sign-in")
def form() -> Response:
    """Show the form, or who is signed in."""
    return _page(200)


@signin.post("/sign-in")
def sign_in() -> Response:
    """Exchange a token for a session."""
    access.check_form_token(request.form.get("csrf", ""))
    holder = access.tokens().find(request.form.get("token", "").strip())
    if holder is None:
        return _page(403, "This token is not known; it may have been revoked.")
    response = _go(_next() or "/sign-in")
    access.open_session(response, holder)
    return response


@signin.post("/sign-out")
def sign_out() -> Response:
    """End the session in this browser."""
    access.check_form_token(request.form.get("csrf", ""))
    response = _go("/sign-in")
    access.close_session(response)
    return response


def _next() -> str | None:
    """Return where to go once signed in: only to a page of contributing on this server, whatever an address asks for."""
    wanted = request.values.get("next", "")
    return wanted if len(wanted) <= _LONGEST_PATH and _CONTRIBUTING.fullmatch(wanted) else None


def _page(status: int, problem: str | None = None) -> Response:
    holder = access.session_holder()
    page = render_template("sign_in.html", holder=holder, csrf=access.form_token(), problem=problem, next=_next())
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    access.begin_visit(response)
    return response


def _go(path: str) -> Response:
    response = Response(status=303)
    response.headers["Location"] = path
    response.headers["Cache-Control"] = "no-store"
    return response
