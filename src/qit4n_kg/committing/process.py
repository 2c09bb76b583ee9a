"""The process that makes one write: `submit` starts it and waits, `python -m qit4n_kg.committing.process` is it.

The order goes to its stdin as JSON, what came of it comes back on stdout. Errors cross as their code, message and hint.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qit4n_kg.committing.commits import commit
from qit4n_kg.committing.orders import Acceptance, Committed, GraphWrite, PreparedChange
from qit4n_kg.config import load_settings, to_environ
from qit4n_kg.errors import (
    InvalidDataError,
    KnowledgeGraphError,
    PreconditionFailedError,
    QuerySyntaxError,
    SourceError,
    StateError,
    StateLockedError,
)
from qit4n_kg.federation.loads import refuse_remote
from qit4n_kg.store.evaluating import Update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qit4n_kg.committing.orders import Order
    from qit4n_kg.config import Settings

_TURN = threading.Lock()
"""One writing process at a time for each web worker: others would only wait in it for the writer's lock, and load the machine."""

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
    job = {"kind": type(order).__name__, "actor": actor, "expected": expected, "order": asdict(order)}
    if not _TURN.acquire(timeout=settings.query_timeout):
        raise StateLockedError("Many writes wait already; this one was not begun.", hint="Send it again.")
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "qit4n_kg.committing.process"],
            input=json.dumps(job).encode(),
            capture_output=True,
            check=False,
            env={**writer_environment(), **to_environ(settings)},
        )
    finally:
        _TURN.release()
    if ended.returncode != 0:
        words = ended.stderr.decode(errors="replace")[-4000:]
        raise RuntimeError(f"The writing process ended with {ended.returncode}: {words}")
    reply = json.loads(ended.stdout)
    if reply.pop("ok"):
        return Committed(**reply)
    raise receive_error(reply)


def writer_environment() -> dict[str, str]:
    """Return what a writing process inherits of this one's environment."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}


class ReceivedFindings:
    """What another process's validation found."""

    def __init__(self, text: str, document: str) -> None:
        self._text = text
        self._document = document

    def to_text(self) -> str:
        """Return it as lines."""
        return self._text

    def to_json(self) -> str:
        """Return it as a JSON document."""
        return self._document


def send_error(error: KnowledgeGraphError) -> dict[str, Any]:
    """Return an error as plain values."""
    reply: dict[str, Any] = {"ok": False, "code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, QuerySyntaxError | SourceError):
        reply |= {"line": error.line, "column": error.column}
    if isinstance(error, PreconditionFailedError):
        reply["conflicts"] = error.conflicts
    if isinstance(error, InvalidDataError):
        reply |= {"text": error.report.to_text(), "report": error.report.to_json()}
    return reply


def receive_error(reply: dict[str, Any]) -> KnowledgeGraphError:
    """Make an error of what `send_error` returned in another process."""
    code, message, hint = reply["code"], reply["message"], reply["hint"]
    kind = next((error for error in _errors(KnowledgeGraphError) if error.code == code), StateError)
    if issubclass(kind, InvalidDataError):
        return kind(message, report=ReceivedFindings(reply["text"], reply["report"]), hint=hint)
    if issubclass(kind, PreconditionFailedError):
        return kind(message, hint=hint, conflicts=reply["conflicts"])
    if issubclass(kind, QuerySyntaxError | SourceError):
        return kind(message, line=reply["line"], column=reply["column"], hint=hint)
    return kind(message, hint=hint)


def _errors(root: type[KnowledgeGraphError]) -> Iterator[type[KnowledgeGraphError]]:
    yield root
    for child in root.__subclasses__():
        yield from _errors(child)


def main() -> None:
    """Make the write that stands on stdin, and write what came of it to stdout."""
    job = json.load(sys.stdin)
    parts: dict[str, Any] = {
        name: tuple(part) if isinstance(part, list) else part for name, part in job["order"].items()
    }
    kinds: dict[str, Callable[..., Order]] = {
        kind.__name__: kind for kind in (Update, GraphWrite, PreparedChange, Acceptance)
    }
    order = kinds[job["kind"]](**parts)
    try:
        committed = commit(load_settings(), order, job["actor"], job["expected"])
        reply: dict[str, Any] = {"ok": True, **asdict(committed)}
    except KnowledgeGraphError as exc:
        reply = send_error(exc)
    sys.stdout.write(json.dumps(reply))


if __name__ == "__main__":
    main()
