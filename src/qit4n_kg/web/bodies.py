"""How many requests with a body are received at the same time: a few threads always stay for those without one.

The server below hands a request to a thread when its head has come, so whoever sends a body slowly, or stops in the middle, holds a
thread. Were there no bound, some hundred such connections would stop every reader. A body in a content coding is replaced by one
without, and one that was cut off is an error. It knows nothing of what bodies mean.
"""

from __future__ import annotations

import threading
from io import BufferedReader
from typing import TYPE_CHECKING

from flask import g, request

from qit4n_kg.errors import LengthRequiredError, ReceivingFullError, TooLargeError
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
    """Put a body in its place that is whole or an error, and without its content coding; nothing is read yet.

    The server below ends a body that was cut off as if it were whole. Against Content-Length that shows, and gzip knows its own
    end; of other chunks nothing tells it. Werkzeug bounds a body of unknown length by ending it, too.

    :raises UnsupportedCodingError: it is in no coding that is read here.
    :raises LengthRequiredError: it comes in chunks, and not in gzip.
    """
    environ = request.environ
    limit = request.max_content_length
    assert limit is not None
    codings = environ.pop("HTTP_CONTENT_ENCODING", "")
    length = environ.pop("CONTENT_LENGTH", None)  # decoded it is another
    if int(length or 0) > limit:
        raise TooLargeError(f"The request's body is larger than {limit} bytes.")
    raw = environ["wsgi.input"]
    sent = Bounded(raw, int(length), is_exact=True) if length else Bounded(raw, limit)
    body = BufferedReader(sent)
    plain = decoded(body, codings)
    if plain is body and not length:
        raise LengthRequiredError(
            "The body comes in chunks, and nothing tells whether it is whole.",
            hint="Send Content-Length, or the body in gzip.",
        )
    environ["wsgi.input"] = body if plain is body else BufferedReader(Bounded(plain, limit))
    environ["wsgi.input_terminated"] = True
    request.max_content_length = limit + 1  # beyond which it would be ended
