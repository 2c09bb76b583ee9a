"""One query process as its pool holds it: started, spoken to, killed and buried; which query it runs is not known here."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from qit4n_kg.store.executor_protocol import Disconnected, receive, send

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a query process may know of this one's environment: where Python and temporary files are, nothing secret.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL")
_NICE = 19
_PROCESS_CLOCK = 2  # clock_getcpuclockid(3) by hand: the kernel's CPUCLOCK_SCHED, of a whole process
_RENEW_SECONDS = 1.0


def is_contended() -> bool:
    """Tell whether more threads want to compute now than there are processors; True where the system does not tell."""
    try:
        runnable = int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return True
    return runnable > _processors()


@lru_cache(maxsize=1)
def _processors() -> float:
    """Return how many processors this process and its like may use, in a container too."""
    found = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    with contextlib.suppress(OSError, ValueError):  # "max 100000", or microseconds in each so many
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        found = min(found, float(quota) / float(period))
    return found


class Executor:
    """One query process as its pool sees it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (it lives as long as the process)
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        command = [
            sys.executable,
            "-P",
            "-m",
            "qit4n_kg.store.executor_process",
            str(theirs.fileno()),
            str(os.getpid()),
        ]
        with theirs:
            self._process = subprocess.Popen(
                command,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.stderr,
                # Each further arena of malloc reserves 64 MiB of address space, which would count against the query.
                env={**environment, "MALLOC_ARENA_MAX": "1"},
            )
        self._connection = ours
        self._poll = select.poll()
        self._poll.register(ours, select.POLLIN)
        self._thread = 0
        self._is_reniced = False
        self.is_cancelled = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def open(self, header: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        """Have it open a generation and get warm; return its account of that.

        :raises Disconnected: the process died.
        :raises TimeoutError: it did not answer in time.
        """
        self.ask(header, deadline)
        reply, _, _ = self.answer(deadline)
        self._thread = reply.get("thread", 0)
        return reply

    def ask(self, header: Mapping[str, Any], deadline: float) -> None:
        """Send a query.

        :raises Disconnected: the process died.
        :raises TimeoutError: it did not take the query in time.
        """
        self._connection.settimeout(max(0.001, deadline - time.monotonic()))
        send(self._connection, header)

    def wait(self, seconds: float) -> bool:
        """Wait until it answers or dies; False when so much time passes first."""
        return bool(self._poll.poll(max(0.0, seconds) * 1000))

    def answer(self, deadline: float) -> tuple[dict[str, Any], bytes, list[int]]:
        """Receive the answer.

        :raises Disconnected: the process died.
        :raises TimeoutError: it did not answer in time.
        """
        return receive(self._connection, deadline)

    def processor_seconds(self) -> float:
        """Return the processor time that it has used since it started; infinite where the system does not tell."""
        try:
            return time.clock_gettime(~self.pid << 3 | _PROCESS_CLOCK)
        except (OSError, AttributeError):
            return float("inf")

    def renice(self) -> None:
        """Let the running query give way to everything else."""
        with contextlib.suppress(OSError):  # it ended just now, or this system can't
            os.setpriority(os.PRIO_PROCESS, self._thread, _NICE)
            self._is_reniced = True

    @property
    def is_reniced(self) -> bool:
        """Whether the running query gives way already."""
        return self._is_reniced

    def renew(self) -> bool:
        """Undo `renice` for the next query, False if that fails; done by another thread, as only root may undo it."""
        if self._is_reniced:
            deadline = time.monotonic() + _RENEW_SECONDS
            try:
                self.open({"renew": True}, deadline)
            except (Disconnected, TimeoutError):
                return False
            self._is_reniced = False
        return True

    def kill(self) -> None:
        """End the process, whatever it does; it stays a zombie until `bury`."""
        self._process.kill()

    def bury(self) -> int:
        """Reap the process and let go of everything that belonged to it; return how it ended, negative for a signal."""
        self._connection.close()
        status = self._process.wait()
        self.stderr.close()
        return status

    def autopsy(self) -> tuple[int, str]:
        """Wait for a process that hung up to end; return how it ended and the end of what it wrote to stderr."""
        status = self._process.wait()
        self.stderr.seek(max(0, self.stderr.seek(0, os.SEEK_END) - 4000))
        return status, self.stderr.read().decode(errors="replace").strip()
