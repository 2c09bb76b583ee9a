"""One query on its way through the pool of query processes, and which queries took long lately."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from qit4n_kg.errors import QueryCancelledError

if TYPE_CHECKING:
    from pathlib import Path

    from qit4n_kg.store.executor_jobs import Job
    from qit4n_kg.store.running import RunningQueries, Ticket

_REMEMBERED = 1024


class Run:
    """One query on its way through the pool."""

    def __init__(self, job: Job, store_path: Path, timeout: float, running: RunningQueries | None) -> None:
        self.job = job
        self.store_path = store_path
        self.timeout = timeout
        self.is_long = False
        self.has_been_long = False
        self.was_lost = False
        self.came = time.monotonic()
        self._running = running
        self._ticket: Ticket | None = None

    @property
    def seconds(self) -> float:
        """How long ago it came."""
        return time.monotonic() - self.came

    @property
    def deadline(self) -> float:
        """Until when it may run if it begins now; the time that a client gives its query begins when that comes."""
        return (self.came if self.job.timeout else time.monotonic()) + self.timeout

    def show(self) -> None:
        """Let it be listed and cancelled."""
        if self._running is not None:
            self._ticket = self._running.publish(self.job.id, self.job.text, time.time() - self.seconds)
            self._running = None

    def check(self) -> None:
        """Stop here when somebody cancelled it."""
        if self._ticket is not None and self._ticket.is_cancelled:
            raise QueryCancelledError("The query was cancelled.")

    def end(self) -> None:
        """Take it off the list."""
        if self._ticket is not None:
            self._ticket.close()


class KnownLong:
    """The queries that were long lately, by their hash; bounded. Losing one costs a tenth of a second."""

    def __init__(self) -> None:
        self._hashes: OrderedDict[int, None] = OrderedDict()

    @staticmethod
    def key(job: Job) -> int:
        """Return what a query is known by: its text and its bound terms."""
        return hash((job.text, *((name, str(term)) for name, term in job.bindings.items())))

    def __contains__(self, key: int) -> bool:
        return key in self._hashes

    def note(self, key: int, *, is_long: bool) -> None:
        """Remember how a query went the last time."""
        if not is_long:
            self._hashes.pop(key, None)
            return
        self._hashes[key] = None
        if len(self._hashes) > _REMEMBERED:
            self._hashes.popitem(last=False)
