"""Reports kept for an hour under a name that nobody can guess, so that a long one can be read page by page; bounded in number.

The names are made here; a name that comes from outside is looked at before it becomes a path.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qit4n_kg.errors import NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9_-]{22}\Z")
SECONDS = 3600
MOST = 200
MOST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Shelf:
    """A folder of reports."""

    folder: Path

    def put(self, content: bytes) -> str | None:
        """Keep a report; return its name, None where it is too large or can't be written."""
        if len(content) > MOST_BYTES:
            return None
        name = secrets.token_urlsafe(16)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear()
            partial = self.folder / f"{name}.partial"
            partial.write_bytes(content)
            partial.replace(self.folder / name)
        except OSError:
            return None
        return name

    def get(self, name: str) -> bytes:
        """Return a report.

        :raises NotFoundError: there is none of this name, or none any more.
        """
        if _NAME.match(name):
            path = self.folder / name
            with contextlib.suppress(OSError):
                if path.stat().st_mtime > time.time() - SECONDS:
                    return path.read_bytes()
        raise NotFoundError("There is no such report.", hint="Reports are kept for an hour; validate again.")

    def _clear(self) -> None:
        entries = sorted(os.scandir(self.folder), key=lambda entry: entry.stat().st_mtime, reverse=True)
        for place, entry in enumerate(entries):
            if place >= MOST - 1 or entry.stat().st_mtime <= time.time() - SECONDS:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)  # noqa: PTH108  (an entry of this folder)
