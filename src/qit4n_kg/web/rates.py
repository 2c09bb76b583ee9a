"""How often one address, or one token, may ask for something costly: a bucket of requests that fills again evenly.

Each web worker counts for itself. What is not asked for a while is forgotten, and the number of buckets is bounded.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from qit4n_kg.errors import TooManyRequestsError

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_BUCKETS = 10_000


class Rate:
    """At most so many requests a minute for each name."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
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
                hint=f"Try again in {seconds} s.",
            )
