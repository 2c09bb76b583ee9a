"""Reads RDF that strangers sent, in a process that can be killed (`parse_process`): a deadline, a memory bound, no network.

A text can be small and still cost much: XML entities within entities, brackets a million deep. The engine's parsers have no bound
of their own, so whoever would serve others meanwhile asks here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qit4n_kg.errors import ParameterError, QueueFullError, SourceError, StateError, TooLargeError, ValidationLimitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qit4n_kg.config import Settings
    from qit4n_kg.formats import RdfFormat

_TURN = threading.Lock()
"""One such process at a time for each web worker, so that memory stays bounded."""

_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL")
_EXPANSION = 16  # so many times as long as a body may be, N-Triples of it may be
_SMALLER = "Send less at a time."


@dataclass(frozen=True)
class Sent:
    """One text that was sent, in a format of triples."""

    content: bytes
    form: RdfFormat


def parse_triples(texts: Sequence[Sent], base_iri: str, settings: Settings) -> bytes:
    """Return the triples of texts as N-Triples; blank nodes of different texts are different.

    :raises SourceError: one does not parse, with line and column.
    :raises ParameterError: one has named graphs.
    :raises TooLargeError: a statement is longer than the engine reads, or all are.
    :raises ValidationLimitError: reading them took too long, or too much memory.
    :raises QueueFullError: other texts were being read for as long as one may take.
    """
    job = {
        "base": base_iri,
        "memory": settings.validation_memory,
        "most": _EXPANSION * settings.request_bytes,
        "texts": [{"format": text.form.name, "bytes": len(text.content)} for text in texts],
    }
    if not _TURN.acquire(timeout=settings.validation_timeout):
        raise QueueFullError("Other data is being read.", hint="Send it again in a moment.")
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "qit4n_kg.store.parse_process", str(os.getpid())],
            input=json.dumps(job).encode() + b"\n" + b"".join(text.content for text in texts),
            capture_output=True,
            timeout=settings.validation_timeout,
            check=False,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | {"MALLOC_ARENA_MAX": "1"},
        )
    except subprocess.TimeoutExpired:
        raise ValidationLimitError(
            f"Reading this took more than {settings.validation_timeout:g} seconds.", hint=_SMALLER
        ) from None
    finally:
        _TURN.release()
    if ended.returncode != 0:
        raise _cause_of_death(ended.returncode, settings, ended.stderr)
    head, _, triples = ended.stdout.partition(b"\n")
    reply = json.loads(head)
    if not reply["ok"]:
        raise _error(reply, settings)
    return triples


def _cause_of_death(status: int, settings: Settings, words: bytes) -> Exception:
    if -status in (6, 9):  # SIGABRT by the engine out of memory, SIGKILL by the kernel
        return _out_of_memory(settings)
    if -status in (7, 11):  # SIGBUS, SIGSEGV: a parser recursed
        return ValidationLimitError("The text is nested too deeply to be read.")
    return StateError(f"The reading process ended with {status}: {words.decode(errors='replace')[-2000:]}")


def _out_of_memory(settings: Settings) -> ValidationLimitError:
    mebibytes = settings.validation_memory // 2**20
    return ValidationLimitError(f"Reading this needs more than the {mebibytes} MiB that it may use.", hint=_SMALLER)


def _error(reply: dict[str, Any], settings: Settings) -> Exception:
    code, message = reply["code"], reply["message"]
    if code == SourceError.code:
        return SourceError(message, line=reply["line"], column=reply["column"])
    if code == "memory":
        return _out_of_memory(settings)
    for kind in (ParameterError, TooLargeError):
        if code == kind.code:
            return kind(message)
    return StateError(f"The reading process failed: {message}")
