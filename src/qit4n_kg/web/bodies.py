"""How many requests with a body are received at the same time: a few threads always stay for those without one.

The server below hands a request to a thread when its head has come, so whoever sends a body slowly, or stops in the middle, holds a
thread. Were there no bound, some hundred such connections would stop every reader. A body in a content coding is replaced by one
without, and one that does not tell its length is bounded. It knows nothing of what bodies mean.
"""

from __future__ import annotations

import threading
from io import BufferedReader
from typing import TYPE_CHECKING

from flask import g, request
from werkzeug.wsgi import get_input_stream

from qit4n_kg.errors import ReceivingFullError, TooLargeError
from qit4n_kg.web.codings import Bounded, decoded

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask, most: int) -> None:
    """Refuse requests with a body, by 503 and Retry-After, while so many are being received or answered in this worker."""
    places = threading.BoundedSemaphore(most)

    def enter() -> None:
        if request.environ.get("CONTENT_LENGTH") in (None, "", "0") and not request.headers.get("Transfer-Encoding"):
            return
        if not places.acquire(blocking=False):
            raise ReceivingFullError(
                f"{most} requests with a body are being received already.", hint="Try again in a moment."
            )
        g.has_place_for_body = True
        _prepare()

    def leave(_: BaseException | None) -> None:
        if g.pop("has_place_for_body", False):
            places.release()

    app.before_request(enter)
    app.teardown_request(leave)


def _prepare() -> None:
    """Put a body of unknown length in its place: without its content coding, and bounded; nothing is read yet.

    Werkzeug would bound it too, by ending it there, so that a part would be taken for the whole.

    :raises UnsupportedCodingError: it is in no coding that is read here.
    """
    environ = request.environ
    limit = request.max_content_length
    assert limit is not None
    codings = environ.pop("HTTP_CONTENT_ENCODING", "")
    if environ.get("CONTENT_LENGTH") and not codings:
        return
    if int(environ.get("CONTENT_LENGTH") or 0) > limit:
        raise TooLargeError(f"The request's body is larger than {limit} bytes.")
    body = BufferedReader(Bounded(get_input_stream(environ), limit))
    environ["wsgi.input"] = BufferedReader(Bounded(decoded(body, codings), limit))
    environ["wsgi.input_terminated"] = True
    environ.pop("CONTENT_LENGTH", None)  # that of the coded body
    request.max_content_length = limit + 1
