"""Who asks, and what they may do: a bearer token (RFC 6750), or the session cookie that /sign-in gives for one.

A cookie is sent by browsers unasked, so a request that changes something by cookie also needs the session's form token: the field
`csrf` of a form, or the header X-CSRF-Token. A session holds no token, only a signed hash of one: revoking the token ends it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING

from flask import g, request

from qit4n_kg.errors import ForbiddenError, UnauthenticatedError
from qit4n_kg.tokens import Holder, Role, Tokens
from qit4n_kg.web.context import knowledge_graph

if TYPE_CHECKING:
    from flask import Response

COOKIE = "qit4n-session"
VISIT = "qit4n-visit"
SESSION_SECONDS = 12 * 3600
_SAFE = ("GET", "HEAD", "OPTIONS", "QUERY")
_HINT = "Send `Authorization: Bearer TOKEN`, or sign in at /sign-in."


def tokens() -> Tokens:
    """Return the tokens of this server."""
    return Tokens(knowledge_graph().settings.journal_dir)


def require(role: Role, csrf: str | None = None) -> Holder:
    """Return who makes this request, if they have a role; `csrf` is the form token of a form's field.

    :raises UnauthenticatedError: nobody is named, or by a token or session that is not known.
    :raises ForbiddenError: their role is less, or a cookie came without its form token.
    """
    holder = who(csrf)
    if holder is None:
        raise UnauthenticatedError("This needs a token.", hint=_HINT)
    if not holder.role.includes(role):
        raise ForbiddenError(
            f"This needs the role {role.value}, and the token {holder.name!r} has {holder.role.value}."
        )
    return holder


def has_role(name: str) -> bool:
    """Tell whether the sender of this request has a role, so named, or one that includes it.

    :raises UnauthenticatedError: it brings a token that is not known.
    """
    try:
        holder = who()
    except ForbiddenError:
        return False
    return holder is not None and holder.role.includes(Role(name))


def who(csrf: str | None = None) -> Holder | None:
    """Return who makes this request, None where it names nobody.

    :raises UnauthenticatedError: it brings a token that is not known.
    :raises ForbiddenError: it would change something by cookie, without the session's form token.
    """
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, token = header.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise UnauthenticatedError(f"The authorization scheme {scheme[:20]!r} is not known.", hint=_HINT)
        holder = tokens().find(token.strip())
        if holder is None:
            raise UnauthenticatedError("The token is not known; it may have been revoked.", hint=_HINT)
        return holder
    holder = session_holder()
    if holder is not None and request.method not in _SAFE:
        check_form_token(request.headers.get("X-CSRF-Token") or csrf or "")
    return holder


def session_holder() -> Holder | None:
    """Return whose session the cookie is, None where it is none, too old, or of a token that was revoked."""
    cookie = request.cookies.get(COOKIE, "")
    payload, _, signature = cookie.rpartition(".")
    if not payload or not hmac.compare_digest(signature.encode(), _sign(payload).encode()):
        return None
    digest, _, issued = payload.partition(".")
    if not issued.isdigit() or int(issued) + SESSION_SECONDS < time.time():
        return None
    return tokens().with_digest(digest)


def open_session(response: Response, holder: Holder) -> None:
    """Give a session to whoever gets this response."""
    payload = f"{holder.digest}.{int(time.time())}"
    response.set_cookie(
        COOKIE,
        f"{payload}.{_sign(payload)}",
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )


def close_session(response: Response) -> None:
    """Take the session back."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Strict", secure=request.is_secure)


def begin_visit(response: Response) -> None:
    """Give a browser that has no session yet something that its sign-in form is tied to."""
    if "visit" in g:
        response.set_cookie(VISIT, g.visit, httponly=True, samesite="Strict", secure=request.is_secure)


def form_token() -> str:
    """Return what the forms that this browser is shown carry: its session's token, or its visit's before there is one."""
    if COOKIE not in request.cookies and VISIT not in request.cookies and "visit" not in g:
        g.visit = secrets.token_urlsafe(16)
    return _sign(f"form:{request.cookies.get(COOKIE) or request.cookies.get(VISIT) or g.visit}")


def check_form_token(given: str) -> None:
    """Make sure that this request comes from a page of this server, shown to this browser.

    :raises ForbiddenError: it does not.
    """
    origin = request.headers.get("Origin")
    is_own = origin in (None, request.host_url.rstrip("/")) and request.headers.get("Sec-Fetch-Site", "none") in (
        "same-origin",
        "none",
    )
    is_known = COOKIE in request.cookies or VISIT in request.cookies
    if not (is_own and is_known and hmac.compare_digest(given.encode(), form_token().encode())):
        raise ForbiddenError(
            "The request is not from a page that this server showed to you.", hint="Reload the page and send it again."
        )


def _sign(text: str) -> str:
    mac = hmac.new(tokens().secret(), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
