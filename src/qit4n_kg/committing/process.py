"""The process that makes writes, `python -m qit4n_kg.committing.process [DESCRIPTOR]`.

With a descriptor it stays warm and makes what comes over it, several writes at a time (`writing`), until the other side hangs up:
it ends no write half way because somebody went away. Without one it makes the one write that stands on stdin as JSON, and what
came of it is on stdout; so `submit` has a write made that fetches something first.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qit4n_kg.committing.commits import Turn, Writer, commit
from qit4n_kg.committing.crossing import receive_error, send_error
from qit4n_kg.committing.orders import Acceptance, Committed, GraphWrite, PreparedChange
from qit4n_kg.config import load_settings, to_environ
from qit4n_kg.errors import KnowledgeGraphError
from qit4n_kg.federation.loads import refuse_remote
from qit4n_kg.store import sandbox
from qit4n_kg.store.evaluating import Update
from qit4n_kg.store.executor_protocol import Disconnected, receive, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from qit4n_kg.committing.orders import Order
    from qit4n_kg.config import Settings

MOST_BYTES = 512 * 1024 * 1024
"""A warm process that has more in memory after a write is replaced before the next."""

_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL", "HOME")


def submit(settings: Settings, order: Order, actor: str, expected: int | None = None) -> Committed:
    """Make a write in a process of its own and wait for it.

    :param expected: the generation that the write was made for; any other current one refuses it.
    :raises PreconditionFailedError: another generation is current.
    :raises RequestError: the write can't be understood or is not allowed.
    :raises InvalidDataError: the result would violate the shapes; nothing was changed.
    :raises QueryLimitError: evaluating it ran into a limit; nothing was changed.
    :raises StateError: it could not be stored.
    """
    if isinstance(order, Update):
        refuse_remote(order, settings)
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "qit4n_kg.committing.process"],
        input=json.dumps(describe_job(order, actor, expected)).encode(),
        capture_output=True,
        check=False,
        env={**writer_environment(), **to_environ(settings)},
    )
    if ended.returncode != 0:
        words = ended.stderr.decode(errors="replace")[-4000:]
        raise RuntimeError(f"The writing process ended with {ended.returncode}: {words}")
    return read_outcome(json.loads(ended.stdout))


def describe_job(order: Order, actor: str, expected: int | None) -> dict[str, Any]:
    """Return a write as plain values."""
    return {"kind": type(order).__name__, "actor": actor, "expected": expected, "order": asdict(order)}


def read_outcome(reply: dict[str, Any]) -> Committed:
    """Return what came of a write.

    :raises KnowledgeGraphError: it was refused, or could not be stored.
    """
    if reply.pop("ok"):
        return Committed(**reply)
    raise receive_error(reply)


def writer_environment() -> dict[str, str]:
    """Return what a writing process inherits of this one's environment."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}


def _order(job: dict[str, Any]) -> Order:
    parts: dict[str, Any] = {
        name: tuple(part) if isinstance(part, list) else part for name, part in job["order"].items()
    }
    kinds: dict[str, Callable[..., Order]] = {
        kind.__name__: kind for kind in (Update, GraphWrite, PreparedChange, Acceptance)
    }
    return kinds[job["kind"]](**parts)


def _outcome(made: Committed | KnowledgeGraphError) -> dict[str, Any]:
    return send_error(made) if isinstance(made, KnowledgeGraphError) else {"ok": True, **asdict(made)}


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def serve(connection: socket.socket) -> None:
    """Make writes until the other side is gone."""
    writer = Writer(load_settings())
    try:
        while True:
            _, body, _ = receive(connection)
            jobs = json.loads(body)
            made = writer.make([Turn(_order(job), job["actor"], job["expected"]) for job in jobs])
            reply = json.dumps([_outcome(one) for one in made]).encode()
            send(connection, {"ok": True, "retire": _resident() > MOST_BYTES}, reply)
    except Disconnected:
        os._exit(0)  # nothing here needs an orderly end
    except Exception as exc:  # noqa: BLE001  (a process's edge: the other side logs it)
        send(connection, {"ok": False, "message": "".join(traceback.format_exception(exc))})
        os._exit(1)


def main() -> None:
    """Serve the descriptor that the command line names, or make the write that stands on stdin."""
    if len(sys.argv) > 1:
        sandbox.leave_signals_to_parent()  # a write is made to its end
        serve(socket.socket(fileno=int(sys.argv[1])))
    job = json.load(sys.stdin)
    made: Committed | KnowledgeGraphError
    try:
        made = commit(load_settings(), _order(job), job["actor"], job["expected"])
    except KnowledgeGraphError as exc:
        made = exc
    sys.stdout.write(json.dumps(_outcome(made)))


if __name__ == "__main__":
    main()
