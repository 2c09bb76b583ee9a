"""Work on a whole graph, done in a process of its own that can be killed: a worker starts it, gives it a job and reads its reply.

The process has a deadline, the memory that its job says, and no network. Job and reply are JSON; `serve` is the process's side.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from qit4n_kg.errors import (
    KnowledgeGraphError,
    NotFoundError,
    ParameterError,
    QueryCancelledError,
    QueryMemoryError,
    QueryTimeoutError,
    ResultTooLargeError,
    StateError,
    StateFullError,
)
from qit4n_kg.store import sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL")
_ERRORS: dict[str, type[KnowledgeGraphError]] = {
    error.code: error
    for error in (NotFoundError, ParameterError, QueryMemoryError, ResultTooLargeError, StateError, StateFullError)
}


def run_job(module: str, job: dict[str, Any], seconds: float) -> None:
    """Have a module's process do a job; `memory` in the job is in bytes.

    :raises QueryTimeoutError: it was not done in time.
    :raises QueryCancelledError: it was told to end.
    :raises QueryMemoryError: it needed more memory than it may use.
    :raises KnowledgeGraphError: what the process raised.
    """
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", module, str(os.getpid())],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
            env={**environment, "MALLOC_ARENA_MAX": "2"},
        )
    except subprocess.TimeoutExpired:
        limit: dict[str, str | float] = {"name": "export_timeout", "value": seconds, "unit": "seconds"}
        raise QueryTimeoutError(f"The export was not made within {seconds:g} seconds.", limit=limit) from None
    if -ended.returncode in (signal.SIGINT, signal.SIGTERM):  # before it could leave them to this process
        raise QueryCancelledError("The export was interrupted.")
    if -ended.returncode in (6, 9):  # SIGABRT by the engine out of memory, SIGKILL by the kernel
        raise QueryMemoryError(f"The export needs more than the {job['memory'] >> 20} MiB that one may use.")
    if ended.returncode != 0:
        words = ended.stderr.decode(errors="replace")[-4000:]
        raise RuntimeError(f"The export's process ended with {ended.returncode}: {words}")
    reply = json.loads(ended.stdout)
    if not reply["ok"]:
        error = _ERRORS.get(reply["code"], KnowledgeGraphError)
        raise error(reply["message"], hint=reply["hint"])


def serve(work: Callable[[dict[str, Any]], None]) -> None:
    """Read the job, do it, and tell how it went, as JSON on standard output; the first argument is the parent's number."""
    sandbox.leave_signals_to_parent()
    sandbox.leave_no_core()
    sandbox.isolate_network()
    sandbox.die_with_parent(int(sys.argv[1]))
    job = json.load(sys.stdin)
    reply: dict[str, Any] = {"ok": True}
    try:
        work(job)
    except KnowledgeGraphError as exc:
        reply = {"ok": False, "code": exc.code, "message": exc.message, "hint": exc.hint}
    except MemoryError:
        reply = {"ok": False, "code": QueryMemoryError.code, "message": "The export ran out of memory.", "hint": None}
    print(json.dumps(reply))  # noqa: T201  (the answer to the process that started this one)
