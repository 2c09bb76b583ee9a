"""Exports that are kept: each is made once for a generation, in a process that can be killed, and then is a file to send.

    state/exports/7-1f3a…/relaton.xml          of generation 7 with that dataset hash
    state/exports/7-1f3a…/relaton.xml.loss     its loss report

An export takes seconds over a large graph, and a generation never changes, so no worker makes one twice. Files of other
generations go when one of the current generation is made, and the oldest go when all take more than the bound.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from qit4n_kg import __version__
from qit4n_kg.errors import QueueFullError, StateError, StateFullError
from qit4n_kg.exports.jobs import run_job
from qit4n_kg.exports.making import edition_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from qit4n_kg.config import Settings
    from qit4n_kg.exports.registry import Wanted
    from qit4n_kg.store.generations import Generation

AT_ONCE = 2
"""How many exports a worker has made at the same time; others wait."""

_PROCESS = "qit4n_kg.exports.process"


class KeptExports:
    """The exports of one server's state directory; thread-safe, and shared with other workers by file locks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.state_dir / "exports"
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def open(
        self, generation: Generation, wanted: Wanted, arguments: Mapping[str, str] | None = None, *, loss: bool = False
    ) -> IO[bytes]:
        """Return an export, or its loss report, as an open file; it is made first where it is not kept.

        :raises NotFoundError: the graph has nothing that the export's argument could mean.
        :raises QueryTimeoutError: it was not made in time.
        :raises QueryMemoryError: making it needed more memory than it may use.
        :raises ResultTooLargeError: it is over the bound.
        :raises QueueFullError: too many are being made.
        :raises StateFullError: there is no room for it.
        """
        edition = edition_of(self._settings, generation.manifest)
        folder = self._folder / f"{generation.number}-{_digest(__version__, repr(edition))}"
        target = folder / _file_name(wanted, arguments or {}, loss=loss)
        with suppress(FileNotFoundError):
            return target.open("rb")
        with self._place(), _storage():
            self._make_room(folder)
            with target.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # who holds it ends by its deadline
                with suppress(FileNotFoundError):
                    return target.open("rb")  # another worker has made it meanwhile
                self._make(generation, wanted, arguments or {}, target, loss=loss)
                return target.open("rb")

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=self._settings.query_timeout):
            raise QueueFullError("Other exports are being made at the moment.", hint="Try again in a minute.")
        try:
            yield
        finally:
            self._places.release()

    def _make(
        self, generation: Generation, wanted: Wanted, arguments: Mapping[str, str], target: Path, *, loss: bool
    ) -> None:
        partial = target.with_suffix(f".{os.getpid()}-{threading.get_ident()}.partial")
        job = {
            "name": wanted.name,
            "arguments": dict(arguments),
            "loss": loss,
            "queries": str(self._settings.sources / "queries"),
            "store": str(generation.store_path),
            **asdict(edition_of(self._settings, generation.manifest)),
            "target": str(partial),
            "limit": self._settings.result_bytes,
            "memory": self._settings.query_memory,
        }
        try:
            run_job(_PROCESS, job, self._settings.export_timeout)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def _make_room(self, folder: Path) -> None:
        """Make the generation's folder, remove those of others, and the oldest files while all take too much."""
        folder.mkdir(parents=True, exist_ok=True)
        for other in self._folder.iterdir():
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        files = [(path.stat().st_mtime, path.stat().st_size, path) for path in folder.iterdir() if path.is_file()]
        taken = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if taken <= self._settings.result_bytes:
                return
            path.unlink(missing_ok=True)
            taken -= size


@contextmanager
def _storage() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StateFullError("There is no room on the server's disk for the export.") from exc
        raise StateError(f"The export can't be stored: {exc.strerror}.") from exc


def _file_name(wanted: Wanted, arguments: Mapping[str, str], *, loss: bool) -> str:
    """Return a file's name: short, and another for other arguments."""
    name = quote(wanted.name, safe="")
    asked = f"@{_digest(repr(sorted(arguments.items())))}" if arguments else ""
    return f"{name if len(name) <= 120 else _digest(name)}{asked}{'.loss' if loss else '.made'}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
