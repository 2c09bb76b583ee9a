"""`RunningQueries`: what runs and waits in every web worker, listed and cancelled through one shared directory.

A query that runs or waits for more than a moment has a file there, named after its id and its worker. To cancel it is
to remove its file: the worker that runs it looks for the file several times a second. There is no connection between
workers that could break, and the files of a worker that died are removed by the next one that looks. Most queries end
before any file is made.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from qit4n_kg.store.slow_queries import without_literals

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)
_SHOWN = 2000
_NOT_YET_SECONDS = 0.3  # a query has no file in its first moments


@dataclass(frozen=True)
class RunningQuery:
    """One query that runs or waits: its id, its text without literals, the seconds since it came, its worker's process id."""

    id: str
    text: str
    seconds: float
    worker: int


class Ticket:
    """The file of one query."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody removed the file."""
        return not self._path.exists()

    def close(self) -> None:
        """Remove the file: the query has ended."""
        self._path.unlink(missing_ok=True)


class RunningQueries:
    """The queries that run on one state directory, whichever process runs them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    def publish(self, query_id: str, text: str, begun: float) -> Ticket | None:
        """Show a query that came at `begun` (seconds of `time.time()`); None when that can't be done: it runs all the same."""
        content = {"text": without_literals(text, _SHOWN), "begun": begun}
        path = self._folder / f"{query_id}~{os.getpid()}~{next(self._numbers)}"
        partial = path.with_name(f".{path.name}")
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            partial.write_text(json.dumps(content), encoding="utf-8")
            partial.rename(path)
        except OSError as exc:
            _log.warning("A running query can't be listed or cancelled: %s", exc)
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            return None
        return Ticket(path)

    def find(self, query_id: str | None = None) -> list[RunningQuery]:
        """Return what runs and waits, the oldest first; with an id, what runs under it."""
        now = time.time()
        found = []
        for path, name, worker in self._files():
            if query_id not in (None, name):
                continue
            with contextlib.suppress(OSError, ValueError, KeyError):  # it ended meanwhile
                content = json.loads(path.read_text(encoding="utf-8"))
                found.append(RunningQuery(name, content["text"], round(now - content["begun"], 3), worker))
        return sorted(found, key=lambda query: -query.seconds)

    def cancel(self, query_id: str) -> bool:
        """Cancel what runs under an id; False when nothing does. It ends within a fraction of a second."""
        deadline = time.monotonic() + _NOT_YET_SECONDS
        while not (paths := [path for path, name, _ in self._files() if name == query_id]):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_NOT_YET_SECONDS / 10)
        for path in paths:
            path.unlink(missing_ok=True)
        return True

    def _files(self) -> list[tuple[Path, str, int]]:
        """List the files with their query's id and worker, without those of workers that are gone."""
        files = []
        with contextlib.suppress(FileNotFoundError):
            for path in self._folder.iterdir():
                name, _, rest = path.name.partition("~")
                worker = int(rest.partition("~")[0] or 0)
                if not is_alive(worker):
                    path.unlink(missing_ok=True)
                elif not name.startswith("."):
                    files.append((path, name, worker))
        return files


def is_alive(pid: int) -> bool:
    """Tell whether a process with this id is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
