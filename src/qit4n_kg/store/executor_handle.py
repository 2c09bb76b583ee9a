"""One query process as its pool holds it: spoken to, reniced, killed and buried; which query it runs is not known here."""

from __future__ import annotations

import contextlib
import os
import select
import time
from typing import TYPE_CHECKING, Any

from qit4n_kg.store.executor_protocol import Disconnected, receive, send
from qit4n_kg.store.executor_template import tail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qit4n_kg.store.executor_template import Fork

_NICEST = 19
_PROCESS_CLOCK = 2  # clock_getcpuclockid(3) by hand: the kernel's CPUCLOCK_SCHED, of a whole process
_RENEW_SECONDS = 1.0


class Executor:
    """One query process as its pool sees it."""

    def __init__(self, process: Fork) -> None:
        self._process = process
        self._connection = process.connection
        self._poll = select.poll()
        self._poll.register(process.connection, select.POLLIN)
        self._thread = 0
        self.niceness = 0
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
        """Return the processor time that it has used since it started; where the system does not tell, what the clock shows."""
        try:
            return time.clock_gettime(~self.pid << 3 | _PROCESS_CLOCK)
        except (OSError, AttributeError):
            return time.monotonic()

    def renice(self, niceness: int) -> None:
        """Let the running query give way to what is less nice than `niceness` above this process, up to 19."""
        usual = os.getpriority(os.PRIO_PROCESS, os.getpid())
        with contextlib.suppress(OSError):  # it ended just now, or this system can't
            os.setpriority(os.PRIO_PROCESS, self._thread, min(_NICEST, usual + niceness))
            self.niceness = niceness

    def renew(self) -> bool:
        """Undo `renice` for the next query, False if that fails; done by another thread, as only root may undo it."""
        if self.niceness:
            deadline = time.monotonic() + _RENEW_SECONDS
            try:
                self.open({"renew": True}, deadline)
            except (Disconnected, TimeoutError):
                return False
            self.niceness = 0
        return True

    def kill(self) -> None:
        """End the process, whatever it does; it stays a zombie until `bury`."""
        self._process.kill()

    def bury(self) -> int:
        """Reap the process and let go of everything that belonged to it; return how it ended, negative for a signal."""
        status = self._process.wait()
        self._process.close()
        return status

    def autopsy(self) -> tuple[int, str]:
        """Wait for a process that hung up to end; return how it ended and the end of what it wrote to stderr."""
        return self._process.wait(), tail(self._process.stderr)
