"""Writes what finding needs of a generation that is being built: its full-text index and its lists, beside its store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qit4n_kg.search.harvest import harvest
from qit4n_kg.search.index import FOLDER, write_index
from qit4n_kg.search.lists import write_lists
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from pathlib import Path

CODE = ("search/harvest.py", "search/index.py", "search/lists.py", "search/text.py", "search/writing.py")
"""The modules that decide what is written: with other code of these, the same data makes a new generation."""


def write_search(store_path: Path, queries: Path, id_base: str) -> None:
    """Write the folder `search` beside a store that is whole.

    :param queries: the folder `queries` of the sources.
    :raises OSError: it can't be written, as when the disk is full.
    """
    folder = store_path.parent / FOLDER
    with OxigraphStore.open_read_only(store_path) as store:
        write_index(folder, harvest(store, queries, id_base))
        write_lists(folder, store, queries)
