"""How pages and data files leave: whole, coded, with length and ETag, and 304 for who has them already (RFC 9110, 8.8.3)."""

from __future__ import annotations

import datetime
import hashlib
from typing import TYPE_CHECKING

from flask import Response, request

from qit4n_kg.web.access import COOKIE, VISIT
from qit4n_kg.web.codings import IDENTITY, SMALLEST, choose_coding, encode
from qit4n_kg.web.context import snapshot
from qit4n_kg.web.edge import declare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qit4n_kg.formats import Format

_SECRET = frozenset((COOKIE, VISIT))


def send(
    body: str | bytes,
    form: Format,
    *,
    status: int = 200,
    links: Iterable[str] = (),
    varies: bool = False,
    is_dated: bool = False,
) -> Response:
    """Answer with a body. Caches may keep it but must ask each time, since another generation may be current.

    :param is_dated: whether it depends on nothing but the request and the generation, whose time is then its Last-Modified; the
        layer before Flask keeps it.
    """
    content = body.encode() if isinstance(body, str) else body
    # Not for who is signed in: the length of a coded page tells of secrets in it (BREACH).
    is_coded = len(content) >= SMALLEST and not request.cookies.keys() & _SECRET
    coding = choose_coding(request.headers.get("Accept-Encoding")) if is_coded else IDENTITY
    content = encode(content, coding)
    response = Response([content], status=status, content_type=form.content_type, direct_passthrough=True)
    response.content_length = len(content)
    response.vary.add("Accept-Encoding")
    if coding != IDENTITY:
        response.headers["Content-Encoding"] = coding
    for link in links:
        response.headers.add("Link", link)
    if varies:
        response.vary.add("Accept")
    response.headers["X-Generation"] = str(snapshot().generation.number)
    if status == 200:
        response.headers["Cache-Control"] = "no-cache"
        if is_dated:
            response.last_modified = datetime.datetime.fromisoformat(snapshot().generation.manifest.built_at)
        etag = hashlib.sha256(f"{request.path} {form.media_type} ".encode() + content).hexdigest()[:32]
        response.set_etag(etag)
        response.make_conditional(request)
        if is_dated and not request.cookies.keys() & _SECRET:
            declare(request.environ, etag)
    else:
        response.headers["Cache-Control"] = "no-store"
    return response


def redirect_other(path: str) -> Response:
    """Answer 303 See Other, chosen by Accept."""
    response = Response(f"See {path}\n", status=303, content_type="text/plain; charset=utf-8")
    response.headers["Location"] = path
    response.headers["Cache-Control"] = "no-cache"
    response.vary.add("Accept")
    return response
