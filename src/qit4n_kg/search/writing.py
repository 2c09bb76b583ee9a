"""Writes what finding needs of a generation that is being built: its full-text index and its lists, beside its store.

Both are written anew for each generation, which takes a quarter of a millisecond a thing. Where that would hold up a small change
of a large graph (`SLOW`), the change's generation carries those of the generation before, and says so (`SearchIndex.of`); the next
build writes its own.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

from qit4n_kg.search.harvest import harvest
from qit4n_kg.search.index import ABOUT, FOLDER, write_index
from qit4n_kg.search.list_writing import write_lists
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from pathlib import Path

    from qit4n_kg.store.generations import Generation

CODE = ("search/harvest.py", "search/index.py", "search/lists.py", "search/text.py", "search/writing.py")
"""The modules that decide what is written: with other code of these, the same data makes a new generation."""

SLOW = 2.0
"""Seconds of processor time; what takes longer to write is not written anew for each change."""


def write_search(store_path: Path, queries: Path, id_base: str) -> None:
    """Write the folder `search` beside a store that is whole.

    :param queries: the folder `queries` of the sources.
    :raises OSError: it can't be written, as when the disk is full.
    """
    folder = store_path.parent / FOLDER
    start = time.process_time()
    with OxigraphStore.open_read_only(store_path) as store:
        write_index(folder, harvest(store, queries, id_base))
        write_lists(folder, store, queries)
    about = json.loads((folder / ABOUT).read_bytes()) | {"seconds": round(time.process_time() - start, 3)}
    (folder / ABOUT).write_text(json.dumps(about) + "\n", encoding="utf-8")


def refresh_search(store_path: Path, queries: Path, id_base: str, before: Generation) -> None:
    """Write the folder `search` for a generation that differs little from the one before, or carry that one's.

    :raises OSError: it can't be written.
    """
    about = _about(before.path)
    if about.get("seconds", 0.0) <= SLOW:
        write_search(store_path, queries, id_base)
        return
    folder = store_path.parent / FOLDER
    folder.mkdir()
    for path in sorted((before.path / FOLDER).iterdir()):
        # Nobody writes these files any more, but for the library's lock files and its lists of files.
        if path.suffix == ".json" or path.name.startswith("."):
            shutil.copyfile(path, folder / path.name)
        else:
            os.link(path, folder / path.name)
    about["of"] = about.get("of") or before.number
    (folder / ABOUT).write_text(json.dumps(about) + "\n", encoding="utf-8")


def is_carried(generation: Generation) -> bool:
    """Tell whether a generation's index and lists are those of an older one."""
    return _about(generation.path).get("of") is not None


def _about(path: Path) -> dict[str, Any]:
    """Return what an index says of itself; nothing where there is none."""
    try:
        about = json.loads((path / FOLDER / ABOUT).read_bytes())
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}
