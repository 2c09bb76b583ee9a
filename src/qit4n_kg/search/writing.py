"""Writes what finding needs of a generation that is being built: its full-text index and its lists, beside its store.

Both are written anew for each generation, which takes a quarter of a millisecond a thing; whoever remembers what was written for
the generation before makes again only what a change touches, and a change that does not touch the default graph links it all. Where
writing would hold up a small change of a large graph (`SLOW`), the change's generation carries those of the generation before, and
says so (`SearchIndex.of`); the next build writes its own.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

from pyoxigraph import DefaultGraph, NamedNode

from qit4n_kg.search.harvest import gather, gather_changed
from qit4n_kg.search.index import ABOUT, FOLDER, write_index
from qit4n_kg.search.list_writing import write_lists
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from pathlib import Path

    from pyoxigraph import Quad

    from qit4n_kg.search.harvest import Harvest
    from qit4n_kg.search.index import Fields
    from qit4n_kg.store.generations import Generation
    from qit4n_kg.store.recording import Net

CODE = ("search/harvest.py", "search/index.py", "search/lists.py", "search/text.py", "search/writing.py")
"""The modules that decide what is written: with other code of these, the same data makes a new generation."""

_SINCE = "since"
_MOST_SUBJECTS = 2_000
SLOW = 2.0
"""Seconds of processor time; what takes longer to write is not written anew for each change."""


class SearchMemory:
    """What was made for the search of one generation; `generation` is set by whoever has published it, None until then."""

    def __init__(self) -> None:
        self.generation: tuple[int, str] | None = None
        self.harvest: Harvest | None = None
        self.fields: Fields = {}

    def settle(self, generation: Generation | None) -> None:
        """Say what this is of."""
        self.generation = identity(generation) if generation is not None else None

    def changed_until(self, before: Generation) -> set[str] | None:
        """Return of which things `before` says something else than the generation that this is of; None where nobody knows."""
        found: set[str] = set()
        number, inputs = identity(before)
        while (number, inputs) != self.generation:
            since = _about(before.path.parent / str(number)).get(_SINCE)
            if since is None or self.generation is None or number <= self.generation[0]:
                return None
            found.update(since["subjects"])
            number, inputs = since["number"], since["inputs"]
        return found


def identity(generation: Generation) -> tuple[int, str]:
    """Return what no other generation has."""
    return generation.number, generation.manifest.inputs


def write_search(
    store_path: Path,
    queries: Path,
    id_base: str,
    memory: SearchMemory | None = None,
    subjects: set[str] | None = None,
) -> None:
    """Write the folder `search` beside a store that is whole.

    :param queries: the folder `queries` of the sources.
    :param memory: of the generation before, where `subjects` are given: those of which it says something else.
    :raises OSError: it can't be written, as when the disk is full.
    """
    folder = store_path.parent / FOLDER
    start = time.process_time()
    with OxigraphStore.open_read_only(store_path) as store:
        if memory is not None and memory.harvest is not None and subjects is not None:
            harvest = gather_changed(memory.harvest, store, queries, id_base, subjects)
        else:
            harvest = gather(store, queries, id_base)
        fields = write_index(folder, harvest.ordered(), memory.fields if memory is not None else None)
        write_lists(folder, store, queries)
    if memory is not None:
        memory.harvest, memory.fields, memory.generation = harvest, fields, None
    _tell(store_path, {"seconds": round(time.process_time() - start, 3)})


def refresh_search(
    store_path: Path,
    queries: Path,
    id_base: str,
    before: Generation,
    net: Net | None = None,
    memory: SearchMemory | None = None,
) -> None:
    """Write the folder `search` for a generation that differs little from the one before, or carry that one's.

    `net` is in what it differs, where that is known.

    :raises OSError: it can't be written.
    """
    about = _about(before.path)
    if about and net is not None and not any(_is_merged(quad) for quad in (*net.came, *net.went)):
        number, inputs = identity(before)
        _link(before, store_path, about | {_SINCE: {"number": number, "inputs": inputs, "subjects": []}})
        return
    if about.get("seconds", 0.0) <= SLOW:
        since = memory.changed_until(before) if memory is not None else None
        own = _subjects(net) if net is not None else None
        write_search(
            store_path, queries, id_base, memory, own | since if own is not None and since is not None else None
        )
        if own is not None and len(own) <= _MOST_SUBJECTS:
            number, inputs = identity(before)
            _tell(store_path, {_SINCE: {"number": number, "inputs": inputs, "subjects": sorted(own)}})
        return
    if memory is not None:
        memory.harvest = None
    about["of"] = about.get("of") or before.number
    _link(before, store_path, about)


def _is_merged(quad: Quad) -> bool:
    return isinstance(quad.graph_name, DefaultGraph)


def _subjects(net: Net) -> set[str]:
    quads = (quad for quad in (*net.came, *net.went) if _is_merged(quad))
    return {quad.subject.value for quad in quads if isinstance(quad.subject, NamedNode)}


def _tell(store_path: Path, more: dict[str, Any]) -> None:
    """Let an index say more of itself."""
    about = store_path.parent / FOLDER / ABOUT
    about.write_text(json.dumps(json.loads(about.read_bytes()) | more) + "\n", encoding="utf-8")


def _link(before: Generation, store_path: Path, about: dict[str, Any]) -> None:
    """Carry the index and the lists of a generation to the next."""
    folder = store_path.parent / FOLDER
    folder.mkdir()
    for path in sorted((before.path / FOLDER).iterdir()):
        # Nobody writes these files any more, but for the library's lock files and its lists of files.
        if path.suffix == ".json" or path.name.startswith("."):
            shutil.copyfile(path, folder / path.name)
        else:
            os.link(path, folder / path.name)
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
