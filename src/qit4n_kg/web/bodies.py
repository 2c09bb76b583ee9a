"""How many requests with a body are received at the same time: a few threads always stay for those without one.

The server below hands a request to a thread when its head has come, so whoever sends a body slowly, or stops in the middle, holds a
thread. Were there no bound, some hundred such connections would stop every reader. It knows nothing of what bodies mean.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flask import g, request

from qit4n_kg.errors import ReceivingFullError

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask, most: int) -> None:
    """Refuse requests with a body, by 503 and Retry-After, while so many are being received or answered in this worker."""
    places = threading.BoundedSemaphore(most)

    def enter() -> None:
        if not (request.content_length or request.headers.get("Transfer-Encoding")):
            return
        if not places.acquire(blocking=False):
            raise ReceivingFullError(
                f"{most} requests with a body are being received already.", hint="Try again in a moment."
            )
        g.has_place_for_body = True

    def leave(_: BaseException | None) -> None:
        if g.pop("has_place_for_body", False):
            places.release()

    app.before_request(enter)
    app.teardown_request(leave)
