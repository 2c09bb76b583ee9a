"""How often one address, or one token, may ask for something costly: a bucket of requests that fills again evenly.

Each web worker counts for itself. What is not asked for a while is forgotten, and the number of buckets is bounded.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, cast

from flask import current_app, request

from qit4n_kg.errors import TooManyRequestsError, UnauthenticatedError
from qit4n_kg.web import access

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from qit4n_kg.config import Settings

EXTENSION = "rates"
VALIDATIONS = "validations_per_minute"
CONTRIBUTIONS = "contributions_per_minute"
_MOST_BUCKETS = 10_000


def register(app: Flask, settings: Settings) -> None:
    """Count requests from the start of the application on."""
    app.extensions[EXTENSION] = {
        name: Rate(getattr(settings, name), setting=name) for name in (VALIDATIONS, CONTRIBUTIONS)
    }


def count_request(setting: str) -> None:
    """Count this request against a setting: that of its token's or session's holder, else that of its address.

    :raises TooManyRequestsError: there were too many within a minute.
    :raises UnauthenticatedError: it brings a token that is not known.
    """
    rate = cast("dict[str, Rate]", current_app.extensions[EXTENSION])[setting]
    address = f"address {request.remote_addr}"
    try:
        holder = access.who() if request.headers.get("Authorization") else access.session_holder()
    except UnauthenticatedError:
        rate.take(address)
        raise
    rate.take(f"token {holder.name}" if holder else address)


class Rate:
    """At most so many requests a minute for each name."""

    def __init__(
        self, per_minute: int, clock: Callable[[], float] = time.monotonic, setting: str | None = None
    ) -> None:
        self._setting = setting
        self._size = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Count one request.

        :raises TooManyRequestsError: the bucket is empty.
        """
        with self._lock:
            now = self._clock()
            left, at = self._buckets.pop(name, (self._size, now))
            left = min(self._size, left + (now - at) * self._per_second)
            is_allowed = left >= 1
            self._buckets[name] = (left - 1 if is_allowed else left, now)
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
        if not is_allowed:
            seconds = max(1, round((1 - left) / self._per_second))
            raise TooManyRequestsError(
                f"More than {self._size:g} requests within a minute came from here.",
                seconds=seconds,
                setting=self._setting,
                hint=f"Try again in {seconds} s.",
            )
