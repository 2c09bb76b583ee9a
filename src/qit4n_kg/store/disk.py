"""Bringing files to the disk (fsync), so that what is there after a crash is known."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def sync_tree(folder: Path) -> None:
    """Bring a directory's files, then the directory itself, to the disk, from the leaves up."""
    for path in folder.iterdir():
        if path.is_dir():
            sync_tree(path)
        else:
            sync(path)
    sync(folder)


def make_folder(folder: Path) -> None:
    """Make a directory, with those above it, and bring their names to the disk; one that is there is left alone.

    :raises OSError: it can't be made.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync(folder.parent)


def sync(path: Path) -> None:
    """Bring one file, or the names in one directory, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
