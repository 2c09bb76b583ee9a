"""The digests of a generation's files, beside its store: whoever reads all files again finds what a disk has damaged.

A dump reads one of the engine's indexes; the others, and the lines, are read by nobody until a query or a change needs them.

    state/generations/7/files.json     path: SHA-256, of the engine's tables and of the lines
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FILE = "files.json"
_HELD = ("store/*.sst", "store/MANIFEST-*", "store/CURRENT", "lines/*")
"""What is never written again; RocksDB's lock and logs are left out, which it writes when a store is only opened."""


def write_inventory(folder: Path) -> None:
    """Write the digests of a generation's files; `folder` is the generation's."""
    found = {path: _digest(folder / path) for path in _paths(folder)}
    (folder / _FILE).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def damaged_files(folder: Path) -> list[str] | None:
    """Read every file of a generation and return those that are not as they were written; None where nothing tells that."""
    try:
        known = json.loads((folder / _FILE).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(known, dict):
        return None
    found = {path: _digest(folder / path) for path in _paths(folder)}
    return sorted(path for path in {*known, *found} if known.get(path) != found.get(path))


def _paths(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for pattern in _HELD for path in sorted(folder.glob(pattern)))


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # a disk that can't read it again
        return None
