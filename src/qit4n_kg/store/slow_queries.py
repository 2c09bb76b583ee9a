"""The log of slow queries: one JSON object a line in one bounded file, which all workers append to; literals stay out of it.

What people look for may be personal, so strings are left out of the text; names and numbers tell enough to find the
query again and to see why it was slow.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from qit4n_kg.store.dataset_clause import tokens

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)
_MOST_BYTES = 1024 * 1024
_LONGEST = 2000


def without_literals(text: str, longest: int) -> str:
    """Return a query's text on one line, without comments and what stands in strings, no longer than `longest`.

    >>> without_literals('SELECT * { ?s ?p "secret"@en } # note', 100)
    'SELECT * { ?s ?p "…" @en }'
    """
    words = ('"…"' if token.kind == "string" else token.text for token in tokens(text[: longest * 2]))
    short = " ".join(words)
    return short if len(short) <= longest else f"{short[: longest - 1]}…"


class SlowQueries:
    """The log at `path`: queries that took `threshold` seconds or more.

    At a mebibyte the file is renamed to end in `.1`, in place of the one before.
    """

    def __init__(self, path: Path, threshold: float, *, most_bytes: int = _MOST_BYTES) -> None:
        self._path = path
        self._threshold = threshold
        self._most_bytes = most_bytes

    def note(self, query_id: str, text: str, seconds: float, outcome: str) -> None:
        """Write a line if the query was slow; `outcome` is "answered" or an error's code."""
        if seconds < self._threshold:
            return
        line = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "id": query_id,
            "seconds": round(seconds, 3),
            "outcome": outcome,
            "query": without_literals(text, _LONGEST),
        }
        try:
            self._append(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except OSError as exc:
            _log.warning("The log of slow queries can't be written: %s", exc)

    def _append(self, line: bytes) -> None:
        with self._path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # so that one worker at a time renames it
            size = os.fstat(file.fileno()).st_size
            if size + len(line) > self._most_bytes and self._is_current(file.fileno()):
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
                with self._path.open("ab") as fresh:
                    fresh.write(line)
                return
            file.write(line)

    def _is_current(self, descriptor: int) -> bool:
        """Tell whether the open file still has the log's name."""
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False
