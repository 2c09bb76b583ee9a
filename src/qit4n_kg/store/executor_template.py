"""`Template`: one process that has loaded everything and runs nothing, from which query processes are forked.

A query process is killed at every deadline and replaced at once, just when the next queries come. To start Python and
import the engine for each would take five times the processor time of all the rest, and the short queries would wait.
The template has one thread and opens no store, so a fork of it is as good as a new process.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO, TYPE_CHECKING, Any

from qit4n_kg.store.executor_protocol import Disconnected, receive, send

if TYPE_CHECKING:
    from collections.abc import Sequence

# What a query process may know of this one's environment: where Python and temporary files are, nothing secret.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL")
_ANSWER_SECONDS = 30.0
_REAP_PAUSE = 0.01


class Template:
    """The process that query processes are forked from, as their pool sees it; thread-safe.

    It and all its forks die with the thread that made it (`sandbox.die_with_parent`).
    """

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (it lives as long as the process)
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        module = "qit4n_kg.store.executor_process"
        command = [sys.executable, "-P", "-m", module, str(theirs.fileno()), str(os.getpid())]
        with theirs:
            self._process = subprocess.Popen(
                command,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                # Each further arena of malloc reserves 64 MiB of address space, which would count against the query.
                env={**environment, "MALLOC_ARENA_MAX": "1"},
            )
        self._connection = ours
        self._lock = threading.Lock()

    def fork(self) -> Fork:
        """Make one more query process.

        :raises Disconnected: the template died, or did not answer in time and was killed.
        :raises OSError: the system has no room for another process.
        """
        ours, theirs = socket.socketpair()
        stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (it lives as long as the fork)
        try:
            with theirs:
                reply = self._ask({"fork": True}, [theirs.fileno(), stderr.fileno()])
            if "error" in reply:
                raise OSError(reply["error"])
        except BaseException:
            ours.close()
            stderr.close()
            raise
        return Fork(self, reply["pid"], ours, stderr)

    def reap(self, pid: int) -> int | None:
        """Take a dead fork off the system's list: how it ended, negative for a signal; None while it lives."""
        try:
            status: int | None = self._ask({"reap": pid})["status"]
        except Disconnected:
            return -signal.SIGKILL  # without its template it was killed by the kernel, and reaped by init
        return status

    def words(self) -> str:
        """Return the end of what it wrote to stderr, once it is dead."""
        self._process.wait()
        return tail(self._stderr)

    def close(self) -> None:
        """Kill it and every process that was forked from it."""
        self._process.kill()
        self._process.wait()
        self._connection.close()
        self._stderr.close()

    def _ask(self, header: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        with self._lock:
            try:
                send(self._connection, header, descriptors=descriptors)
                reply, _, _ = receive(self._connection, time.monotonic() + _ANSWER_SECONDS)
            except TimeoutError:
                self._process.kill()  # a late answer would be taken for the next one's
                raise Disconnected from None
        return reply


class Fork:
    """One process that was forked from the template: its connection, how to kill it, how it ended."""

    def __init__(self, template: Template, pid: int, connection: socket.socket, stderr: IO[bytes]) -> None:
        self.pid = pid
        self.connection = connection
        self.stderr = stderr
        self._template = template
        self._status: int | None = None
        # A number may belong to another process once this one is reaped; the descriptor never does.
        self._descriptor: int | None = None
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                self._descriptor = os.pidfd_open(pid)

    def kill(self) -> None:
        """End the process, whatever it does; it stays a zombie until `wait`."""
        with contextlib.suppress(ProcessLookupError, OSError):
            if self._descriptor is not None:
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)
            elif self._status is None:
                os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Wait until it ended, and reap it; return how it ended, negative for a signal."""
        if self._status is None and self._descriptor is not None:
            ended = select.poll()
            ended.register(self._descriptor, select.POLLIN)
            ended.poll()
        while self._status is None:
            self._status = self._template.reap(self.pid)
            if self._status is None:
                time.sleep(_REAP_PAUSE)
        return self._status

    def close(self) -> None:
        """Let go of everything that belonged to it, once it was waited for."""
        self.connection.close()
        self.stderr.close()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def tail(stderr: IO[bytes]) -> str:
    """Return the end of what a process wrote to stderr."""
    stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - 4000))
    return stderr.read().decode(errors="replace").strip()
