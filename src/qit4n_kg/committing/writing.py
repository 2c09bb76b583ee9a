"""`WritingProcess`: has writes made in a process that stays warm, all that wait together at once; it judges nothing itself.

Threads bring writes; the first takes all that are there to the process and hands out what came of each, while the next ones
gather. A process that dies, or has grown too large, is replaced at the next write. What was sent to one that died may have happened
or not, as with any server that is killed: whoever sent it gets an error. Processes of several web workers take turns by the
writer's lock.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from qit4n_kg.committing.process import describe_job, read_outcome, submit, writer_environment
from qit4n_kg.config import to_environ
from qit4n_kg.errors import QueueFullError, StateLockedError
from qit4n_kg.federation.loads import has_load, refuse_remote
from qit4n_kg.store.evaluating import Update
from qit4n_kg.store.executor_protocol import Disconnected, receive, send

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qit4n_kg.committing.orders import Committed, Order
    from qit4n_kg.config import Settings

_log = logging.getLogger(__name__)
MOST_TOGETHER = 16
"""Writes that share a generation at most, so that the first does not wait long for the others."""
MOST_WAITING = 64
_LONGEST = 3600.0
"""Seconds after which a process that does not answer is killed: a build of millions of quads takes minutes."""


class WritingProcess:
    """Makes writes for the threads of one process, in a warm process of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._guard = threading.Lock()
        self._turn = threading.Lock()
        self._queue: list[_Waiting] = []
        self._process: _Process | None = None

    def submit(self, order: Order, actor: str, expected: int | None = None) -> Committed:
        """Make a write and wait for it; the same as `process.submit`.

        :raises StateLockedError: its turn did not come in time; it was not begun.
        :raises QueueFullError: too many wait already.
        """
        if isinstance(order, Update):
            refuse_remote(order, self._settings)
            if has_load(order):  # which waits for others' servers: not in the process that all writes need
                return submit(self._settings, order, actor, expected)
        mine = _Waiting(describe_job(order, actor, expected))
        with self._guard:
            if len(self._queue) >= MOST_WAITING:
                raise QueueFullError("Too many writes wait already.", hint="Try again in a few seconds.")
            self._queue.append(mine)
        self._wait(mine)
        if mine.failure is not None:
            raise RuntimeError(mine.failure)
        return read_outcome(mine.reply)

    def close(self) -> None:
        """Let the process end once it has made what it is making."""
        with self._guard:
            process, self._process = self._process, None
        if process is not None:
            process.let_go()

    def _wait(self, mine: _Waiting) -> None:
        deadline = time.monotonic() + self._settings.query_timeout
        while not mine.is_done.is_set():
            if not self._turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
                with self._guard:
                    if mine in self._queue:
                        self._queue.remove(mine)
                        raise StateLockedError(
                            "Many writes wait already; this one was not begun.", hint="Send it again."
                        )
                mine.is_done.wait()  # somebody has taken it along
                return
            try:
                if not mine.is_done.is_set():
                    self._make_next()
            finally:
                self._turn.release()

    def _make_next(self) -> None:
        """Have the first writes of the queue made."""
        with self._guard:
            batch = self._queue[:MOST_TOGETHER]
            del self._queue[:MOST_TOGETHER]
        failure = "The writing process was not started."
        try:
            failure = self._have_made(batch)
        finally:
            for one in batch:
                if not one.reply:
                    one.failure = failure
                one.is_done.set()

    def _have_made(self, batch: Sequence[_Waiting]) -> str:
        """Fill in what came of each write; return what to say of those that have no reply."""
        process = self._process
        if process is not None and not process.is_alive:
            process.end()
            process = None
        if process is None:
            process = self._process = _Process(self._settings)
        try:
            header, body = process.ask(json.dumps([one.job for one in batch]).encode(), _LONGEST)
        except (Disconnected, TimeoutError):
            self._process = None
            return f"The writing process ended with {process.end()}."
        if not header["ok"] or header["retire"]:
            self._process = None
            process.let_go()
        if not header["ok"]:
            return f"The writing process failed: {header['message']}"
        for one, reply in zip(batch, json.loads(body), strict=True):
            one.reply = reply
        return ""


class _Waiting:
    """A write that waits, and then what came of it."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.is_done = threading.Event()
        self.reply: dict[str, Any] = {}
        self.failure: str | None = None


class _Process:
    """The writing process as this side sees it. It outlives a thread, and this process where it has a write to end."""

    def __init__(self, settings: Settings) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "qit4n_kg.committing.process", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**writer_environment(), **to_environ(settings), "MALLOC_ARENA_MAX": "2"},
            )
        self._connection = ours

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def ask(self, body: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Send writes and wait for what came of them.

        :raises Disconnected: the process died.
        :raises TimeoutError: it did not answer in time.
        """
        self._connection.settimeout(seconds)
        send(self._connection, {}, body)
        header, reply, _ = receive(self._connection, time.monotonic() + seconds)
        return header, reply

    def let_go(self) -> None:
        """Hang up, upon which it ends; a thread sees to it that it leaves no zombie."""
        self._connection.close()
        threading.Thread(target=self._process.wait, daemon=True).start()

    def end(self) -> int:
        """Kill it if need be; return how it ended, negative for a signal."""
        self._connection.close()
        try:
            return self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            return self._process.wait()
