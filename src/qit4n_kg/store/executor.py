"""`ExecutorPool`: warm, reused query processes, each of which can be killed without hurting anything else.

The engine can't stop a query, so whoever wants a deadline and a memory limit that hold must be able to end the process
that runs it. A job waits in a bounded queue, gets a process for itself, and is answered whole or fails: at the deadline
or when it is cancelled the process is killed, at the memory limit the kernel refuses and the engine aborts.

After a tenth of a second a query leaves the places that are kept for short ones (`executor_lanes`), and can be listed and
cancelled from every web worker (`running`). The more processor time it has used, the more its process gives way to others (nice).
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from qit4n_kg.errors import (
    KnowledgeGraphError,
    QueryCancelledError,
    QueryLimitError,
    QueryMemoryError,
    QueryRefusedError,
    QueryTimeoutError,
    QueueFullError,
    RequestError,
    ResultTooLargeError,
)
from qit4n_kg.store.executor_handle import Executor
from qit4n_kg.store.executor_jobs import ExecutorError, Job, Spooled, error_of, new_query_id, no_process
from qit4n_kg.store.executor_lanes import Lanes
from qit4n_kg.store.executor_protocol import Disconnected, encode_term
from qit4n_kg.store.executor_run import KnownLong, Run
from qit4n_kg.store.executor_template import Template
from qit4n_kg.store.sandbox import Isolation
from qit4n_kg.store.tally import Tally

if TYPE_CHECKING:
    from pathlib import Path

    from qit4n_kg.store.executor_line import Waiter
    from qit4n_kg.store.executor_template import Fork
    from qit4n_kg.store.running import RunningQueries
    from qit4n_kg.store.slow_queries import SlowQueries

__all__ = ["ExecutorError", "ExecutorPool", "Job", "Spooled", "new_query_id"]

_log = logging.getLogger(__name__)
_START_SECONDS = 30.0
_LINGER_SECONDS = 30.0
_LONG_SECONDS = 0.1
"""A query that takes longer is looked at: it leaves its place to short ones unless it hardly computed anything, and gives way
to them once it has used so much processor time.

On a busy machine short queries take longer by the clock too, and should neither be slowed down nor fill the long lane.
"""
_OVERSTAY_SECONDS = 1.0
"""A query that takes longer gives way however little it computes; so long it keeps its place if the long lane is full."""
_STEPS = ((0.03, 5), (_LONG_SECONDS, 19))
"""How nice a query becomes, and after how many seconds of processor time: whoever has computed more waits for who has less."""
_LOOK_SECONDS = 0.1
_SHORTEST_LOOK = 0.01
_SHOW_SECONDS = 0.25
"""From when a query that waits is listed, which costs a third of a millisecond: on a busy server nearly all wait a little."""


class _Lost(Exception):  # noqa: N818  (as below)
    """A process was killed while it waited for a query, and this one has to begin anew."""


class _Preempted(Exception):  # noqa: N818  (a turn in the life of a query, never shown to anyone)
    """A query gave its process to a short one and has to begin anew."""


class ExecutorPool:
    """Query processes; thread-safe.

    `size` of them are kept for short queries, and up to `long` more are started for long ones. `queue` bounds the jobs
    that wait for either. `timeout` and `linger` (of a process that is no longer needed) are in seconds, `memory` and
    `result_bytes` in bytes.
    """

    def __init__(
        self,
        *,
        store_path: Path,
        size: int,
        queue: int,
        timeout: float,
        memory: int,
        result_bytes: int,
        long: int = 0,
        linger: float = _LINGER_SECONDS,
        running: RunningQueries | None = None,
        slow_queries: SlowQueries | None = None,
    ) -> None:
        self._limits = {"memory": memory, "result_bytes": result_bytes}
        self._timeout = timeout
        self._store_path = store_path
        self._isolation: Isolation | None = None
        self._template: Template | None = None
        self._running = running
        self._slow_queries = slow_queries
        self._known_long = KnownLong()
        self.tally = Tally()
        self._lanes = Lanes(self._start, short=size, long=long, queue=queue, linger=linger)

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
        return self._lanes.processes()

    def figures(self) -> dict[str, int]:
        """Return how many processes and queries there are of each kind now."""
        return self._lanes.figures()

    @property
    def is_busy(self) -> bool:
        """Whether a query runs or waits."""
        return any(number for name, number in self.figures().items() if name != "idle")

    def wait_until_ready(self, timeout: float) -> bool:
        """Wait until a query process is up, idle or busy; False when `timeout` seconds pass first."""
        deadline = time.monotonic() + timeout
        while not self.processes():
            if self._lanes.is_closed or time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True

    def run(self, job: Job, store_path: Path) -> Spooled:
        """Answer a query over the generation at `store_path`.

        :raises QueryTimeoutError: it did not end in time.
        :raises QueryMemoryError: it needed more memory than it may use.
        :raises ResultTooLargeError: its result is over the bound.
        :raises QueryCancelledError: somebody cancelled it.
        :raises QueueFullError: too many jobs wait, or this one waited as long as a query may take.
        :raises QuerySyntaxError: it does not parse.
        :raises RequestError: it is nested too deeply for the engine.
        """
        self._refuse_service(job.text)
        self._store_path = store_path
        run = Run(job, store_path, self._deadline_of(job), self._running)
        outcome = "failed"
        try:
            spooled = self._answer(run)
            outcome = "answered"
        except KnowledgeGraphError as exc:
            outcome = exc.code
            if isinstance(exc, QueryLimitError):
                exc.query_id = job.id
            raise
        finally:
            run.end()
            self.tally.note(outcome, run.seconds)
            if self._slow_queries is not None:
                self._slow_queries.note(job.id, job.text, run.seconds, outcome)
        return spooled

    def close(self) -> None:
        """Kill every query process and wait for its end; jobs that run or wait fail with QueryCancelledError."""
        self._lanes.close()
        self._end_template()

    def _deadline_of(self, job: Job) -> float:
        asked = job.timeout or self._timeout
        return asked if job.may_lengthen else min(asked, self._timeout)

    def _refuse_service(self, text: str) -> None:
        """Where nothing keeps the processes off the network, refuse whatever might make the engine use it."""
        if self._isolation is Isolation.NONE and "service" in text.lower():
            raise QueryRefusedError(
                "The query mentions SERVICE, and query processes can't be isolated on this machine."
            )

    def _answer(self, run: Run) -> Spooled:
        key = self._known_long.key(run.job)
        waiter = self._wait(run, is_long=self._lanes.has_long and key in self._known_long)
        while True:
            run.is_long, run.has_been_long = waiter.is_long, False
            try:
                return self._run_in(waiter.result(), run)
            except _Preempted:
                waiter = self._wait(run, is_long=True)
            except _Lost:
                waiter = self._wait(run, is_long=waiter.is_long)
            finally:
                self._known_long.note(key, is_long=run.has_been_long)

    def _wait(self, run: Run, *, is_long: bool) -> Waiter:
        """Wait for a process, no longer than a query usually may run."""
        waiter = self._lanes.enter(is_long=is_long, client=run.job.client)
        deadline = time.monotonic() + self._timeout
        try:
            while not waiter.ready.wait(_LOOK_SECONDS):
                if run.seconds > _SHOW_SECONDS:
                    run.show()
                run.check()
                if time.monotonic() >= run.deadline:
                    raise _too_late(run, "The server is busy with other queries: try again in a moment.")
                if time.monotonic() >= deadline:
                    raise QueueFullError("The server is busy with other queries.", hint="Try again in a moment.")
        except QueryLimitError:
            self._lanes.leave(waiter)
            raise
        waiter.result()
        return waiter

    def _run_in(self, executor: Executor, run: Run) -> Spooled:
        """Run a query in a process and give the process back, or up."""
        is_reusable = False
        begun, deadline = time.monotonic(), run.deadline
        try:
            used = executor.processor_seconds()
            executor.ask(self._header(run), deadline)
            self._watch(executor, run, deadline, used)
            reply, body, files = executor.answer(deadline)
            is_reusable = not reply.get("retire", False) and executor.renew()
        except TimeoutError:
            raise _too_late(run, "Ask for less, or make the patterns more selective.") from None
        except Disconnected:
            if self._was_killed(executor, begun):
                raise self._lost(run) from None
            raise self._cause_of_death(executor) from None
        finally:
            self._lanes.release(executor, is_reusable=is_reusable)
        file = os.fdopen(files[0], "rb", buffering=0) if files else None
        if file is not None:
            file.seek(0)  # the place in the file is shared with the process that wrote it
        if not reply["ok"]:
            raise self._with_limit(error_of(reply))
        return Spooled(run.job.form.value, reply["length"], reply["seconds"], body, file)

    def _watch(self, executor: Executor, run: Run, deadline: float, used: float) -> None:
        """Wait until a process answers, and treat the query as a long one when it takes its time.

        :param used: the processor time that the process had used before.
        :raises TimeoutError: the deadline passed first.
        """
        begun = time.monotonic()
        pause = _STEPS[0][0]
        while not executor.wait(min(pause, deadline - time.monotonic())):
            now = time.monotonic()
            if now >= deadline:
                raise TimeoutError
            used_here = executor.processor_seconds() - used
            pause = _give_way(executor, used_here)
            if now - begun < _LONG_SECONDS:
                continue
            run.show()
            run.check()
            is_slow = now - begun > _OVERSTAY_SECONDS
            run.has_been_long = run.has_been_long or is_slow or used_here > _LONG_SECONDS
            if not run.is_long and (is_slow or used_here > _LONG_SECONDS / 5):
                run.is_long = self._lanes.turn_long(executor, run.job.client)
            if self._lanes.is_ousted(executor) or (not run.is_long and is_slow and self._lanes.is_due()):
                raise _Preempted

    def _header(self, run: Run) -> dict[str, Any]:
        job = run.job
        return {
            "store": str(run.store_path),
            "query": job.text,
            "format": job.form.value.name,
            "bindings": {name: encode_term(term) for name, term in job.bindings.items()},
            "default_graphs": job.default_graphs,
            "named_graphs": job.named_graphs,
            "base_iri": job.base_iri,
            **self._limits,
        }

    def _start(self) -> Executor:
        """Have one more query process; called by one thread, which lives as long as the pool."""
        executor = Executor(self._fork())
        try:
            reply = executor.open({"store": str(self._store_path), **self._limits}, time.monotonic() + _START_SECONDS)
        except (Disconnected, TimeoutError) as exc:
            executor.kill()
            status, words = executor.autopsy()
            executor.bury()
            raise ExecutorError(f"A query process did not start ({status}): {words}") from exc
        if not reply["ok"]:
            executor.kill()
            executor.bury()
            raise error_of(reply)
        self._isolation = Isolation(reply["isolation"])
        return executor

    def _fork(self) -> Fork:
        """Fork the template, a new one where there is none yet or the old one died."""
        if self._template is not None:
            with contextlib.suppress(Disconnected):
                return self._template.fork()
            self._end_template()
        self._template = Template()
        try:
            return self._template.fork()
        except Disconnected:
            words = self._template.words()
            self._end_template()
            raise ExecutorError(f"The template of query processes died: {words}") from None

    def _end_template(self) -> None:
        if self._template is not None:
            self._template.close()
            self._template = None

    def _with_limit(self, error: Exception) -> Exception:
        """Say which limit an error is about."""
        if isinstance(error, QueryMemoryError):
            error.limit = {"name": "memory", "value": self._limits["memory"], "unit": "bytes"}
        elif isinstance(error, ResultTooLargeError):
            error.limit = {"name": "result", "value": self._limits["result_bytes"], "unit": "bytes"}
        return error

    @staticmethod
    def _was_killed(executor: Executor, begun: float) -> bool:
        """Tell whether a process was killed by somebody else before or just as its query came."""
        status, _ = executor.autopsy()
        return status == -signal.SIGKILL and not executor.is_cancelled and time.monotonic() - begun <= _LONG_SECONDS

    @staticmethod
    def _lost(run: Run) -> Exception:
        """Have a query begin anew whose process was killed, but only once."""
        if run.was_lost:
            _log.error("Two query processes were killed as the same query came.")
            return no_process()
        _log.warning("A query process was killed; its query begins anew.")
        run.was_lost = True
        return _Lost()

    def _cause_of_death(self, executor: Executor) -> Exception:
        status, words = executor.autopsy()
        if executor.is_cancelled:
            return QueryCancelledError("The server is stopping.")
        if status in (-signal.SIGABRT, -signal.SIGKILL):
            memory = self._limits["memory"] // (1024 * 1024)
            return self._with_limit(
                QueryMemoryError(
                    f"The query needs more memory than the {memory} MiB that one may use.",
                    hint="Ask for less, or avoid ORDER BY, DISTINCT and GROUP BY over very many rows.",
                )
            )
        if status in (-signal.SIGSEGV, -signal.SIGBUS):  # the engine's parser and planner recurse
            return RequestError("The query is nested too deeply for the engine.", hint="Write it with fewer brackets.")
        return ExecutorError(f"A query process ended with {status}: {words}")


def _give_way(executor: Executor, used: float) -> float:
    """Make a query as nice as so much processor time asks for; return after how many seconds to look again."""
    for seconds, niceness in _STEPS:
        if used < seconds:
            return min(_LOOK_SECONDS, max(_SHORTEST_LOOK, seconds - used))
        if executor.niceness < niceness:
            executor.renice(niceness)
    return _LOOK_SECONDS


def _too_late(run: Run, hint: str) -> QueryTimeoutError:
    return QueryTimeoutError(
        f"The query did not end within {run.timeout:g} seconds.",
        hint=hint,
        limit={"name": "timeout", "value": run.timeout, "unit": "seconds"},
    )
