"""What became of queries: counted by outcome, and the seconds that they took; nothing of their texts or senders."""

from __future__ import annotations

import threading
from collections import Counter


class Tally:
    """Counters since a worker started; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: Counter[str] = Counter()
        self._seconds = 0.0

    def note(self, outcome: str, seconds: float) -> None:
        """Count a query that ended: `answered`, `failed` or the code of an error."""
        with self._lock:
            self._outcomes[outcome] += 1
            self._seconds += seconds

    def figures(self) -> tuple[dict[str, int], float]:
        """Return how many queries had each outcome, and the seconds of all, waiting included.

        >>> tally = Tally()
        >>> tally.note("answered", 0.5)
        >>> tally.figures()
        ({'answered': 1}, 0.5)
        """
        with self._lock:
            return dict(sorted(self._outcomes.items())), self._seconds
