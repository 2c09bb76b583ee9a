"""`Line`: queries that wait for a query process, bounded, each client in its turn; what they wait for is not known here.

Not thread-safe: whoever owns a line holds a lock.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from qit4n_kg.errors import QueueFullError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qit4n_kg.store.executor_handle import Executor

_BUSY = "Try again in a moment."
_MOST_CLIENTS = 1024


class Waiter:
    """A query that waits for a process."""

    def __init__(self, *, is_long: bool, client: str = "") -> None:
        self.is_long = is_long
        self.client = client
        self.ready = threading.Event()
        self.executor: Executor | None = None
        self.error: Exception | None = None

    def result(self) -> Executor:
        """Return the process that it got, once it is ready."""
        if self.error is not None:
            raise self.error
        assert self.executor is not None
        return self.executor

    def fail(self, error: Exception) -> None:
        """Let it wait no longer."""
        self.error = error
        self.ready.set()


class Line:
    """Those that wait: at most `bound` of them, who gets the next process and who gives way when there are more."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._waiting: dict[Waiter, None] = {}  # in the order in which they came
        self._had_turn: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, waiter: Waiter) -> bool:
        return waiter in self._waiting

    def join(self, waiter: Waiter) -> None:
        """Have a query wait."""
        self._waiting[waiter] = None

    def leave(self, waiter: Waiter) -> bool:
        """Let a query go; False when it does not wait here."""
        return self._waiting.pop(waiter, waiter) is None

    def next(self, held: Mapping[str, int]) -> Waiter:
        """Take out who is next: of the clients that hold the fewest places, one that had no turn in this round, the oldest.

        :param held: how many places clients hold; who is not there holds none.
        """
        if len(self._had_turn) > _MOST_CLIENTS:
            self._had_turn.clear()
        chosen = min(self._waiting, key=lambda waiter: (held.get(waiter.client, 0), waiter.client in self._had_turn))
        if chosen.client in self._had_turn:
            self._had_turn.clear()
        self._had_turn.add(chosen.client)
        del self._waiting[chosen]
        return chosen

    def holding_fewer(self, held: Mapping[str, int], client: str) -> int:
        """Count those here whose clients hold fewer places than `client` does."""
        return sum(held.get(waiter.client, 0) < held.get(client, 0) for waiter in self._waiting)

    def turn_away(self, spare: int = 0) -> None:
        """Have the newest of the client that has most here fail, if more wait than may, `spare` beside the bound."""
        if len(self._waiting) <= self._bound + spare:
            return
        counts = Counter(waiter.client for waiter in self._waiting)
        evicted = max(reversed(self._waiting), key=lambda waiter: counts[waiter.client])
        del self._waiting[evicted]
        evicted.fail(QueueFullError(f"{len(self._waiting)} queries wait already.", hint=_BUSY))

    def fail(self, error: Exception) -> None:
        """Have all of them fail."""
        for waiter in self._waiting:
            waiter.fail(error)
        self._waiting.clear()
