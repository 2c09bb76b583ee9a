"""`ExecutorPool`: warm, reused query processes, each of which can be killed without hurting anything else.

The engine can't stop a query, so whoever wants a deadline and a memory limit that hold must be able to end the process
that runs it. A job waits in a bounded queue, gets a process for itself, and is answered whole or fails: at the deadline
the process is killed, at the memory limit the kernel refuses and the engine aborts. Dead processes are reaped and
replaced by one thread, which lives as long as the pool: the kernel ties the life of a process to the thread that
started it.
"""

from __future__ import annotations

import logging
import os
import queue as queues
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from qit4n_kg.errors import (
    KnowledgeGraphError,
    ParameterError,
    QueryCancelledError,
    QueryLimitError,
    QueryMemoryError,
    QueryRefusedError,
    QuerySyntaxError,
    QueryTimeoutError,
    QueueFullError,
    RemoteEndpointError,
    RequestError,
    ResultTooLargeError,
    StateError,
    StateFullError,
)
from qit4n_kg.store.executor_handle import Executor
from qit4n_kg.store.executor_protocol import Disconnected, encode_term
from qit4n_kg.store.sandbox import Isolation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from qit4n_kg.formats import Format, RdfFormat, ResultFormat
    from qit4n_kg.store.base import Term

_log = logging.getLogger(__name__)

_ERRORS: dict[str, type[KnowledgeGraphError]] = {
    error.code: error
    for error in (
        RequestError,
        ParameterError,
        QueryRefusedError,
        QueryMemoryError,
        ResultTooLargeError,
        StateError,
        StateFullError,
        RemoteEndpointError,
    )
}
_START_SECONDS = 30.0
_RESTART_PAUSE = 1.0
_CHUNK = 64 * 1024


class ExecutorError(Exception):
    """A query process failed in a way that is the server's fault; its text is for the log, not for clients."""


@dataclass(frozen=True)
class Job:
    """One query: its text, the terms bound to its variables, its dataset, how its result is written and how long it may take.

    A dataset part that is None is the protocol's "not given"; `timeout` is in seconds and may only shorten the pool's.
    """

    text: str
    form: ResultFormat | RdfFormat
    bindings: Mapping[str, Term] = field(default_factory=dict)
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    timeout: float | None = None


@dataclass(frozen=True)
class Spooled:
    """A whole result: `length` bytes in memory or in an unlinked file, and the seconds that the query took."""

    form: Format
    length: int
    seconds: float
    data: bytes
    file: IO[bytes] | None = None

    def chunks(self) -> Iterator[bytes]:
        """Yield the result from its beginning."""
        if self.file is None:
            yield self.data
            return
        self.file.seek(0)
        while chunk := self.file.read(_CHUNK):
            yield chunk

    def read(self) -> bytes:
        """Return the whole result."""
        return b"".join(self.chunks())

    def close(self) -> None:
        """Let go of the file."""
        if self.file is not None:
            self.file.close()

    def __enter__(self) -> Spooled:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Waiter:
    """A job that waits for a process."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.executor: Executor | None = None
        self.error: Exception | None = None


class ExecutorPool:
    """A fixed number of query processes; thread-safe.

    `timeout` is in seconds, `memory` and `result_bytes` in bytes, `queue` is how many jobs may wait.
    """

    def __init__(
        self, *, store_path: Path, size: int, queue: int, timeout: float, memory: int, result_bytes: int
    ) -> None:
        self._limits = {"memory": memory, "result_bytes": result_bytes}
        self._timeout = timeout
        self._size = size
        self._queue = queue
        self._store_path = store_path
        self._lock = threading.Lock()
        self._idle: list[Executor] = []
        self._busy: set[Executor] = set()
        self._waiters: deque[_Waiter] = deque()
        self._closed = threading.Event()
        self._isolation: Isolation | None = None
        self._orders: queues.SimpleQueue[Executor | None] = queues.SimpleQueue()
        for _ in range(size):
            self._orders.put(None)
        self._keeper = threading.Thread(target=self._keep, name="executor-keeper", daemon=True)
        self._keeper.start()

    @property
    def isolation(self) -> Isolation | None:
        """What keeps the query processes off the network; None until the first one is up."""
        return self._isolation

    @property
    def timeout(self) -> float:
        """The deadline of a query that asks for no shorter one, in seconds."""
        return self._timeout

    def processes(self) -> list[int]:
        """List the process ids of the query processes that are up."""
        with self._lock:
            return sorted(executor.pid for executor in (*self._idle, *self._busy))

    def wait_until_ready(self, timeout: float) -> bool:
        """Wait until a query process is up, idle or busy; False when `timeout` seconds pass first."""
        deadline = time.monotonic() + timeout
        while not self.processes():
            if self._closed.is_set() or time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True

    def run(self, job: Job, store_path: Path) -> Spooled:
        """Answer a query over the generation at `store_path`.

        :raises QueryTimeoutError: it did not end in time.
        :raises QueryMemoryError: it needed more memory than it may use.
        :raises ResultTooLargeError: its result is over the bound.
        :raises QueueFullError: too many jobs wait, or this one waited as long as a query may take.
        :raises QuerySyntaxError: it does not parse.
        """
        timeout = min(job.timeout or self._timeout, self._timeout)
        self._refuse_service(job.text)
        self._store_path = store_path
        executor = self._acquire()
        is_reusable = False
        try:
            reply, body, files = executor.call(self._header(job, store_path), time.monotonic() + timeout)
            is_reusable = not reply.get("retire", False)
        except TimeoutError:
            raise QueryTimeoutError(
                f"The query did not end within {timeout:g} seconds.",
                hint="Ask for less, or make the patterns more selective.",
            ) from None
        except Disconnected:
            raise self._cause_of_death(executor) from None
        finally:
            self._release(executor, is_reusable=is_reusable)
        file = os.fdopen(files[0], "rb", buffering=0) if files else None
        if file is not None:
            file.seek(0)  # the place in the file is shared with the process that wrote it
        if not reply["ok"]:
            raise _error(reply)
        return Spooled(job.form.value, reply["length"], reply["seconds"], body, file)

    def close(self) -> None:
        """Kill every query process and wait for its end; jobs that run or wait fail with QueryCancelledError."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
            for waiter in self._waiters:
                waiter.error = QueryCancelledError("The server is stopping.")
                waiter.ready.set()
            self._waiters.clear()
            idle, self._idle = self._idle, []
            for executor in self._busy:  # buried by whoever runs them
                executor.is_cancelled = True
                executor.kill()
        self._orders.put(None)
        self._keeper.join()
        while not self._orders.empty():
            if (dead := self._orders.get()) is not None:
                dead.bury()
        for executor in idle:
            executor.kill()
            executor.bury()

    def _refuse_service(self, text: str) -> None:
        """Where nothing keeps the processes off the network, refuse whatever might make the engine use it."""
        if self._isolation is Isolation.NONE and "service" in text.lower():
            raise QueryRefusedError(
                "The query mentions SERVICE, and query processes can't be isolated on this machine."
            )

    def _header(self, job: Job, store_path: Path) -> dict[str, Any]:
        return {
            "store": str(store_path),
            "query": job.text,
            "format": job.form.value.name,
            "bindings": {name: encode_term(term) for name, term in job.bindings.items()},
            "default_graphs": job.default_graphs,
            "named_graphs": job.named_graphs,
            **self._limits,
        }

    def _acquire(self) -> Executor:
        waiter = _Waiter()
        with self._lock:
            if self._closed.is_set():
                raise QueryCancelledError("The server is stopping.")
            if self._idle:
                executor = self._idle.pop()
                self._busy.add(executor)
                return executor
            starting = self._size - len(self._busy)
            if len(self._waiters) >= self._queue + starting:
                raise QueueFullError(f"{len(self._waiters)} queries wait already.", hint="Try again in a moment.")
            self._waiters.append(waiter)
        if not waiter.ready.wait(self._timeout):
            with self._lock:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
                    raise QueueFullError("The server is busy with other queries.", hint="Try again in a moment.")
        if waiter.error is not None:
            raise waiter.error
        assert waiter.executor is not None
        return waiter.executor

    def _release(self, executor: Executor, *, is_reusable: bool) -> None:
        """Give a process to the next job, or have it buried and replaced."""
        with self._lock:
            self._busy.discard(executor)
            if is_reusable and not self._closed.is_set():
                self._offer(executor)
                return
        executor.kill()
        if self._closed.is_set():
            executor.bury()
        else:
            self._orders.put(executor)

    def _offer(self, executor: Executor) -> None:
        """Hand a free process to the job that waited longest; the lock is held."""
        if self._waiters:
            waiter = self._waiters.popleft()
            self._busy.add(executor)
            waiter.executor = executor
            waiter.ready.set()
        else:
            self._idle.append(executor)

    def _keep(self) -> None:
        """Bury dead processes and start new ones until the pool is closed."""
        while True:
            dead = self._orders.get()
            if dead is not None:
                dead.bury()
            if self._closed.is_set():
                return
            try:
                executor = self._start()
            except (ExecutorError, OSError, KnowledgeGraphError) as exc:
                self._report(exc)
                self._closed.wait(_RESTART_PAUSE)
                self._orders.put(None)
                continue
            self._release_new(executor)

    def _release_new(self, executor: Executor) -> None:
        with self._lock:
            if not self._closed.is_set():
                self._offer(executor)
                return
        executor.kill()
        executor.bury()

    def _start(self) -> Executor:
        executor = Executor()
        try:
            reply, _, _ = executor.call(
                {"store": str(self._store_path), **self._limits}, time.monotonic() + _START_SECONDS
            )
        except (Disconnected, TimeoutError) as exc:
            executor.kill()
            status, words = executor.autopsy()
            executor.bury()
            raise ExecutorError(f"A query process did not start ({status}): {words}") from exc
        if not reply["ok"]:
            executor.kill()
            executor.bury()
            raise _error(reply)
        isolation = Isolation(reply["isolation"])
        if self._isolation is None and isolation is Isolation.NONE:
            _log.warning("Query processes can't be cut off the network here; SERVICE is refused by its name only.")
        self._isolation = isolation
        return executor

    def _report(self, exc: Exception) -> None:
        """Log why no process could be started, and fail the jobs that wait for one when none is left."""
        _log.error("%s", exc)
        with self._lock:
            if self._idle or self._busy:
                return
            for waiter in self._waiters:
                waiter.error = exc if isinstance(exc, KnowledgeGraphError) else ExecutorError(str(exc))
                waiter.ready.set()
            self._waiters.clear()

    def _cause_of_death(self, executor: Executor) -> Exception:
        status, words = executor.autopsy()
        if executor.is_cancelled:
            return QueryCancelledError("The server is stopping.")
        if status in (-signal.SIGABRT, -signal.SIGKILL):
            memory = self._limits["memory"] // (1024 * 1024)
            return QueryMemoryError(
                f"The query needs more memory than the {memory} MiB that one may use.",
                hint="Ask for less, or avoid ORDER BY, DISTINCT and GROUP BY over very many rows.",
            )
        if status in (-signal.SIGSEGV, -signal.SIGBUS):  # the engine's parser and planner recurse
            return QueryLimitError("The query is nested too deeply for the engine.")
        return ExecutorError(f"A query process ended with {status}: {words}")


def _error(reply: Mapping[str, Any]) -> Exception:
    """Turn a query process's account of an error back into the error."""
    code, message, hint = reply["code"], reply["message"], reply.get("hint")
    if code == QuerySyntaxError.code:
        return QuerySyntaxError(message, line=reply["line"], column=reply["column"], hint=hint)
    if code in _ERRORS:
        return _ERRORS[code](message, hint=hint)
    return ExecutorError(reply.get("trace", message))
