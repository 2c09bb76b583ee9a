"""`Lanes`: which query gets which query process, so that long queries never take the place of short ones.

A running query can't be set aside, so capacity is kept free by having processes to spare instead:

- `short` processes are always kept up. Any query begins in one.
- A query that is still running when it *turns long* moves to the long lane with its process, and another process is
  started for the short ones. At most `long` queries are in the long lane, so there are never more than `short + long`
  processes. Those beyond `short` end when no long query came for a while.
- When the long lane is full, a query that has overstayed keeps its short process as long as nobody waits for it. When
  somebody does, it is killed and begins anew once the long lane has room (`is_due`): a query only reads an immutable
  generation, and nothing of its answer was sent.
- A query that is known to be long begins in the long lane, and only with a process that the short ones don't need.

Both queues are bounded, and clients get their turn one after the other, whatever each has waiting (`executor_line`). Where
the long lane is full, a client that has fewer queries in it takes the place of the newest query of the client that has the
most, which begins anew later: nobody's long queries keep everybody else's out, though the server can't tell whether
their client still waits for them.

Processes are started by one thread, which lives as long as this does: the kernel ties the life of a process to the thread
that started it. Dead ones are reaped by another: a process whose query was long dies at the lowest priority, which takes
seconds on a busy machine, and nobody may wait for that.
"""

from __future__ import annotations

import logging
import queue as queues
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from qit4n_kg.errors import KnowledgeGraphError, QueryCancelledError
from qit4n_kg.store.executor_jobs import ExecutorError, no_process
from qit4n_kg.store.executor_line import Line, Waiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from qit4n_kg.store.executor_handle import Executor

_log = logging.getLogger(__name__)
_RESTART_PAUSE = 1.0


class Lanes:
    """The query processes of one pool and the queries that wait for them; thread-safe.

    `queue` bounds the short queries that wait, and a quarter of it the long ones, which wait longer; `linger` is how many
    seconds a process beyond `short` outlives its use.
    """

    def __init__(self, start: Callable[[], Executor], *, short: int, long: int, queue: int, linger: float) -> None:
        self._start = start
        self._short = short
        self._most_long = long
        self._linger = linger
        self._lock = threading.Lock()
        self._idle: list[Executor] = []
        self._busy: set[Executor] = set()
        self._starting = 0
        self._long: dict[Executor, str] = {}  # whose query each process of the long lane runs, the newest last
        self._ousted: set[Executor] = set()
        self._extra = 0
        self._long_seen = 0.0
        self._waiting = Line(queue)
        self._waiting_long = Line(-(-queue // 4))
        self._closed = threading.Event()
        self._orders: queues.SimpleQueue[None] = queues.SimpleQueue()  # start one
        self._dead: queues.SimpleQueue[Executor | None] = queues.SimpleQueue()
        with self._lock:
            self._order_missing()
        self._keeper = threading.Thread(target=self._keep, name="executor-keeper", daemon=True)
        self._keeper.start()
        self._undertaker = threading.Thread(target=self._bury, name="executor-undertaker", daemon=True)
        self._undertaker.start()

    def processes(self) -> list[int]:
        """List the process ids of the query processes that are up."""
        with self._lock:
            return sorted(executor.pid for executor in (*self._idle, *self._busy))

    def figures(self) -> dict[str, int]:
        """Return how many processes are idle, run short queries and long ones, and how many queries wait in each lane."""
        with self._lock:
            return {
                "idle": len(self._idle),
                "short": len(self._busy) - len(self._long),
                "long": len(self._long),
                "waiting": len(self._waiting),
                "waiting_long": len(self._waiting_long),
            }

    @property
    def has_long(self) -> bool:
        """Whether there is a long lane."""
        return self._most_long > 0

    @property
    def is_closed(self) -> bool:
        """Whether no query is taken any more."""
        return self._closed.is_set()

    def enter(self, *, is_long: bool, client: str = "") -> Waiter:
        """Ask for a process; the waiter is ready at once when one is free.

        :raises QueueFullError: too many wait already.
        """
        waiter = Waiter(is_long=is_long, client=client)
        with self._lock:
            if self._closed.is_set():
                raise QueryCancelledError("The server is stopping.")
            line = self._waiting_long if is_long else self._waiting
            line.join(waiter)
            if is_long:
                self._make_room(client)
                self._need_more()
            self._dispatch()
            line.turn_away(0 if is_long else self._starting)
        if waiter.error is not None:
            raise waiter.error
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Give up waiting; a process that came meanwhile goes to the next one."""
        with self._lock:
            line = self._waiting_long if waiter.is_long else self._waiting
            if line.leave(waiter):
                return
        if waiter.executor is not None:
            self.release(waiter.executor, is_reusable=True)

    def turn_long(self, executor: Executor, client: str = "") -> bool:
        """Move a process and its query to the long lane; False when that is full, or others who have less there wait."""
        with self._lock:
            self._make_room(client)
            held = Counter(self._long.values())
            before = self._waiting_long.holding_fewer(held, client)
            if len(self._long) + before >= self._most_long:
                return False
            self._long[executor] = client
            self._need_more()
            return True

    def is_due(self) -> bool:
        """Tell whether a short query waits for the process of one that has overstayed."""
        with self._lock:
            return self.has_long and bool(self._waiting) and not self._idle and not self._starting

    def is_ousted(self, executor: Executor) -> bool:
        """Tell whether a process's query gave its place in the long lane to another client's."""
        with self._lock:
            return executor in self._ousted

    def release(self, executor: Executor, *, is_reusable: bool) -> None:
        """Give a process to the next query, or have it buried and replaced."""
        with self._lock:
            self._busy.discard(executor)
            self._ousted.discard(executor)
            if self._long.pop(executor, None) is not None:
                self._long_seen = time.monotonic()
            is_closed = self._closed.is_set()
            if is_reusable and not is_closed:
                self._idle.append(executor)
            elif not is_closed:
                executor.kill()
                self._dead.put(executor)
                self._order_missing()
            self._dispatch()
        if is_closed:
            executor.kill()
            executor.bury()

    def close(self) -> None:
        """Kill every query process and wait for its end; who runs or waits gets QueryCancelledError."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
            self._fail_waiters(QueryCancelledError("The server is stopping."))
            idle, self._idle = self._idle, []
            for executor in self._busy:  # buried by whoever runs them
                executor.is_cancelled = True
                executor.kill()
        self._orders.put(None)
        self._keeper.join()
        self._dead.put(None)
        self._undertaker.join()
        for executor in idle:
            executor.kill()
            executor.bury()

    # The rest is called with the lock held, or by the keeper.

    def _dispatch(self) -> None:
        """Hand free processes to those whose turn it is, the short ones first."""
        while self._idle:
            if self._waiting:
                waiter = self._waiting.next({})
            elif self._waiting_long and self._is_room_for_long():
                waiter = self._waiting_long.next(Counter(self._long.values()))
                self._long[self._idle[-1]] = waiter.client
            else:
                return
            waiter.executor = self._idle.pop()
            self._busy.add(waiter.executor)
            waiter.ready.set()

    def _make_room(self, client: str) -> None:
        """Where the long lane is full, take a place from whoever has the most there, if this client has fewer by two."""
        if len(self._long) < self._most_long or not self._long:
            return
        counts = Counter(self._long.values())
        most = max(counts.values())
        if most < counts[client] + 2:
            return
        newest = next(executor for executor in reversed(self._long) if counts[self._long[executor]] == most)
        del self._long[newest]
        self._ousted.add(newest)

    def _is_room_for_long(self) -> bool:
        up = len(self._idle) + len(self._busy)
        return len(self._long) < self._most_long and up - len(self._long) > self._short

    def _need_more(self) -> None:
        """Have processes for the long queries that run or wait, beside those that are kept for short ones."""
        self._long_seen = time.monotonic()
        self._extra = max(self._extra, min(self._most_long, len(self._long) + len(self._waiting_long)))
        self._order_missing()

    def _order_missing(self) -> None:
        up = len(self._idle) + len(self._busy) + self._starting
        for _ in range(self._short + self._extra - up):
            self._starting += 1
            self._orders.put(None)

    def _fail_waiters(self, error: Exception) -> None:
        for line in (self._waiting, self._waiting_long):
            line.fail(error)

    def _keep(self) -> None:
        """Start processes until closed."""
        while not self._closed.is_set():
            try:
                self._orders.get(timeout=self._linger)
            except queues.Empty:
                self._trim()
                continue
            if not self._closed.is_set():
                self._start_one()

    def _bury(self) -> None:
        """Reap dead processes until closed, and then those that are left."""
        while (dead := self._dead.get()) is not None:
            dead.bury()

    def _start_one(self) -> None:
        try:
            executor = self._start()
        except (ExecutorError, OSError, KnowledgeGraphError) as exc:
            self._report(exc)
            self._closed.wait(_RESTART_PAUSE)
            self._orders.put(None)
            return
        with self._lock:
            self._starting -= 1
            if not self._closed.is_set():
                self._idle.append(executor)
                self._dispatch()
                return
        executor.kill()
        executor.bury()

    def _trim(self) -> None:
        """End the processes that long queries needed, when none came for a while."""
        with self._lock:
            if time.monotonic() - self._long_seen < self._linger:
                return
            self._extra = min(self._most_long, len(self._long) + len(self._waiting_long))
            surplus = len(self._idle) + len(self._busy) + self._starting - self._short - self._extra
            ended = [self._idle.pop(0) for _ in range(min(surplus, len(self._idle)))]
        for executor in ended:
            executor.kill()
            executor.bury()

    def _report(self, exc: Exception) -> None:
        """Log why no process could be started, and fail those who wait for one when none is left."""
        _log.error("%s", exc)
        with self._lock:
            if not self._idle and not self._busy:
                self._fail_waiters(exc if isinstance(exc, KnowledgeGraphError) else no_process())
