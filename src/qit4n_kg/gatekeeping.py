"""`Gatekeeper`: has what strangers send read and judged in a process that can be killed; it judges nothing itself.

One process for each web worker, warm, which follows the current generation (`validation/process.py`). A job that runs into its
deadline or its memory kills that process, and the next job starts another. Jobs wait for each other, a few of them; more are told
to come again. Importing this module imports no validator, so that a server starts quickly.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qit4n_kg.config import to_environ
from qit4n_kg.errors import (
    KnowledgeGraphError,
    NotFoundError,
    QueueFullError,
    ResultTooLargeError,
    SourceError,
    StateError,
    ValidationLimitError,
)
from qit4n_kg.store.executor_protocol import Disconnected, receive, send

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qit4n_kg.config import Settings
    from qit4n_kg.formats import Format

_log = logging.getLogger(__name__)
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL")
_OPEN_SECONDS = 120.0
_MOST_WAITING = 8
_MOST_FOLLOWED = 500
"""Generations that one process opens, one after the other: what it leaks, if it does, is bounded."""


@dataclass(frozen=True)
class SentFile:
    """What someone sent: a name that is only shown, a format and bytes."""

    name: str
    form: Format
    content: bytes


@dataclass(frozen=True)
class Judgement:
    """What came of it: the report as plain values (`reporting.Report.to_json`), and as it was asked for."""

    report: dict[str, Any]
    rendered: bytes

    @property
    def conforms(self) -> bool:
        """Whether it brings no violation."""
        return bool(self.report["conforms"])


@dataclass(frozen=True)
class SheetEdits:
    """What an edited sheet comes to: the generation that it was taken from, N-Quads that come and go, conflicts in sentences."""

    generation: int
    adds: bytes
    retracts: bytes
    conflicts: tuple[str, ...]


class Gatekeeper:
    """Judges uploads, one at a time. Safe to use from many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING + 1)
        self._process: _Process | None = None
        self._starter = ThreadPoolExecutor(1, "judging-starter")
        """The kernel ties the life of a process to the thread that started it; the server's own threads end when they idle."""

    def judge(
        self, files: Sequence[SentFile], store: Path, form: str = "json", *, want_quads: bool = False
    ) -> Judgement:
        """Judge files as if they were merged into a generation; `rendered` is the report, or the statements as N-Quads.

        :raises SourceError: one can't be read; with its name, line and column.
        :raises ValidationLimitError: it took too long, or too much memory.
        :raises QueueFullError: too many wait already.
        """
        reply, rendered = self._take(files, store, {"format": form, "want_quads": want_quads})
        return Judgement(reply["report"], rendered)

    def read(self, files: Sequence[SentFile], store: Path) -> bytes:
        """Read files and judge nothing: their statements as N-Quads.

        :raises SourceError: one can't be read; with its name, line and column.
        :raises ValidationLimitError: it took too long, or too much memory.
        :raises QueueFullError: too many wait already.
        """
        return self._take(files, store, {"read_only": True})[1]

    def judge_change(self, files: Sequence[SentFile], adds: bytes, retracts: bytes, store: Path) -> Judgement:
        """Judge quads that come and go (N-Quads), which files came to; `rendered` is the report as text.

        :raises ValidationLimitError: it took too long, or too much memory.
        :raises QueueFullError: too many wait already.
        """
        reply, rendered = self._take(files, store, {"change": len(adds)}, adds + retracts)
        return Judgement(reply["report"], rendered)

    def sheet(self, name: str, form: Format, now: Path, generation: int, *, is_empty: bool) -> bytes:
        """Make the sheet of a class, to fill in: of a generation's data, or without a row.

        :raises NotFoundError: there is none for such a class.
        :raises ResultTooLargeError: there are too many things for a sheet.
        :raises QueueFullError: too many wait already.
        """
        asked = {"name": name, "format": form.name, "is_empty": is_empty, "generation": generation}
        return self._take((), now, {"sheet": asked})[1]

    def sheets(self, now: Path) -> list[tuple[str, int]]:
        """Return the classes that there are sheets for, with how many things each has."""
        return [(name, count) for name, count in self._take((), now, {"sheets": True})[0]["report"]]

    def form(self, name: str, thing: str | None, now: Path) -> dict[str, Any]:
        """Describe the form about a thing (its IRI), or about a new one of a class (`validation.forms.FormMaker.read`).

        :raises NotFoundError: there is no such form.
        :raises QueueFullError: too many wait already.
        """
        told: dict[str, Any] = self._take((), now, {"form": {"name": name, "thing": thing}})[0]["report"]
        return told

    def form_classes(self, now: Path) -> list[dict[str, Any]]:
        """Return the classes that there are forms for, with the number of things."""
        told: list[dict[str, Any]] = self._take((), now, {"form": None})[0]["report"]
        return told

    def edits(self, file: SentFile, now: Path) -> SheetEdits | None:
        """Read an edited sheet, None for a table that was not taken from a generation.

        :raises SourceError: it can't be read, or what it was taken from is not known any more.
        """
        reply, body = self._take((file,), now, {"edits": str(now)})
        told = reply["report"]
        if told is None:
            return None
        return SheetEdits(told["generation"], body[: told["adds"]], body[told["adds"] :], tuple(told["conflicts"]))

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._drop()

    def _take(
        self, files: Sequence[SentFile], store: Path, header: dict[str, Any], more: bytes = b""
    ) -> tuple[dict[str, Any], bytes]:
        """Have a job done once those before it are."""
        if not self._waiting.acquire(blocking=False):
            raise QueueFullError("Too many validations wait already.", hint="Try again in a few seconds.")
        try:
            with self._lock:
                return self._have_done(files, store, header, more)
        finally:
            self._waiting.release()

    def _have_done(
        self, files: Sequence[SentFile], store: Path, header: dict[str, Any], more: bytes
    ) -> tuple[dict[str, Any], bytes]:
        process = self._warm(store)
        told = [{"name": f.name, "format": f.form.name, "bytes": len(f.content)} for f in files]
        body = b"".join(f.content for f in files) + more
        seconds = self._settings.validation_timeout
        try:
            reply, rendered = process.ask({**header, "files": told}, body, seconds)
        except TimeoutError:
            self._drop()
            raise ValidationLimitError(
                f"Reading and judging this took more than {seconds:g} seconds.", hint="Send less at a time."
            ) from None
        except Disconnected:
            status = process.end()
            self._process = None
            raise self._cause(status) from None
        if reply["ok"]:
            return reply, rendered
        if reply["code"] == "memory":
            self._drop()
            raise self._cause(-6)
        raise _error(reply)

    def _warm(self, store: Path) -> _Process:
        if self._process is not None and not (self._process.is_alive and self._process.follow(store)):
            self._drop()
        if self._process is None:
            process = self._starter.submit(_Process, store).result()
            try:
                environ = to_environ(self._settings)
                reply, _ = process.ask({"environ": environ, "store": str(store)}, b"", _OPEN_SECONDS)
            except (Disconnected, TimeoutError) as exc:
                process.end()
                raise StateError("The judging process did not start.") from exc
            if not reply["ok"]:
                process.end()
                raise _error(reply)
            self._process = process
        return self._process

    def _drop(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    def _cause(self, status: int) -> ValidationLimitError:
        if status in (-7, -11):  # SIGBUS, SIGSEGV: a parser recursed
            return ValidationLimitError("The text is nested too deeply to be read.")
        mebibytes = self._settings.validation_memory // 2**20
        return ValidationLimitError(
            f"Reading and judging this needs more than the {mebibytes} MiB that it may use.",
            hint="Send less at a time.",
        )


class _Process:
    """One judging process as this side sees it."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self._followed = 0
        ours, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "qit4n_kg.validation.process"),
                    *(str(theirs.fileno()), str(os.getpid())),
                ],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**environment, "MALLOC_ARENA_MAX": "1"},
            )
        self._connection = ours

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def follow(self, store: Path) -> bool:
        """Have it open another generation; return False where it can't any more."""
        if store != self.store:
            self._followed += 1
            try:
                is_open = (
                    self._followed <= _MOST_FOLLOWED and self.ask({"open": str(store)}, b"", _OPEN_SECONDS)[0]["ok"]
                )
            except (Disconnected, TimeoutError):
                return False
            if not is_open:
                return False
            self.store = store
        return True

    def ask(self, header: dict[str, Any], body: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Send a message and wait for its answer.

        :raises Disconnected: the process died.
        :raises TimeoutError: it did not answer in time.
        """
        deadline = time.monotonic() + seconds
        self._connection.settimeout(seconds)
        send(self._connection, header, body)
        reply, rendered, _ = receive(self._connection, deadline)
        return reply, rendered

    def end(self) -> int:
        """Kill it if need be; return how it ended, negative for a signal."""
        self._connection.close()
        try:
            return self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _error(reply: dict[str, Any]) -> KnowledgeGraphError:
    if reply["code"] == SourceError.code:
        path, line, column = reply["path"], reply["line"], reply["column"]
        return SourceError(reply["message"], path=path, line=line, column=column, hint=reply["hint"])
    for kind in (NotFoundError, ResultTooLargeError):
        if reply["code"] == kind.code:
            return kind(reply["message"], hint=reply["hint"])
    _log.error("The judging process failed: %s", reply["message"])
    return StateError("What was sent could not be judged.")
