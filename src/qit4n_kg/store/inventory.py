"""The digests of a generation's files, beside its store: whoever reads all files again finds what a disk has damaged.

A dump reads one of the engine's indexes; the others, and the lines, are read by nobody until a query or a change needs them.

    state/generations/7/files.json     path: [bytes, SHA-256], of the engine's tables and of the lines
"""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FILE = "files.json"
_HELD = ("store/*.sst", "store/MANIFEST-*", "store/CURRENT", "lines/*")
"""What is never written again; RocksDB's lock and logs are left out, which it writes when a store is only opened."""


_SMALL = ("store/MANIFEST-*", "store/CURRENT", "lines/index.json")


def write_inventory(folder: Path) -> None:
    """Write the sizes and digests of a generation's files; `folder` is the generation's."""
    found = {path: [_size(folder / path), _digest(folder / path)] for path in _paths(folder)}
    (folder / _FILE).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def damaged_files(folder: Path) -> list[str] | None:
    """Read every file of a generation and return those that are not as they were written; None where nothing tells that."""
    known = _read(folder)
    if known is None:
        return None
    found = {path: _digest(folder / path) for path in _paths(folder)}
    return sorted(path for path in {*known, *found} if path not in known or known[path][1] != found.get(path))


def altered_files(folder: Path) -> list[str] | None:
    """Return the files that are seen to be altered without reading all; None where nothing tells how they were.

    Names and sizes are compared; what is small, and what was written to since the list was, is read. What a disk changed
    without a word is not seen: that takes `damaged_files`.
    """
    known = _read(folder)
    if known is None:
        return None
    since = (folder / _FILE).stat().st_mtime_ns
    found = set(_paths(folder))
    wrong = {*known} ^ found
    for path in found - wrong:
        size, digest = known[path]
        file = folder / path
        try:
            status = file.stat()
        except OSError:  # a link to nowhere, or what went meanwhile
            wrong.add(path)
            continue
        is_read = status.st_mtime_ns > since or any(fnmatchcase(path, pattern) for pattern in _SMALL)
        if (size is not None and size != status.st_size) or (is_read and _digest(file) != digest):
            wrong.add(path)
    return sorted(wrong)


def _read(folder: Path) -> dict[str, tuple[int | None, str | None]] | None:
    """Return the list; an older one has digests only."""
    try:
        known = json.loads((folder / _FILE).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(known, dict):
        return None
    return {
        path: tuple(said) if isinstance(said, list) and len(said) == 2 else (None, said) for path, said in known.items()
    }


def _paths(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for pattern in _HELD for path in sorted(folder.glob(pattern)))


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # a disk that can't read it again
        return None
