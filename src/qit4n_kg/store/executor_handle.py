"""One query process as its pool holds it: started, spoken to, killed and buried; which query it runs is not known here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from typing import IO, TYPE_CHECKING, Any

from qit4n_kg.store.executor_protocol import receive, send

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a query process may know of this one's environment: where Python and temporary files are, nothing secret.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL")


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
                # Each arena of malloc reserves 64 MiB of address space, which would count against the query.
                env={**environment, "MALLOC_ARENA_MAX": "2"},
            )
        self._connection = ours
        self.is_cancelled = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def call(self, header: Mapping[str, Any], deadline: float) -> tuple[dict[str, Any], bytes, list[int]]:
        """Send a message and wait for its answer.

        :raises Disconnected: the process died.
        :raises TimeoutError: it did not answer in time.
        """
        self._connection.settimeout(max(0.001, deadline - time.monotonic()))
        send(self._connection, header)
        return receive(self._connection, deadline)

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
