"""Writing a whole dataset into a new store, and reading one or a change of one back, in bounded memory, hashed on the way.

The engine loads and dumps text without holding Python's lock, so it works while the lines are sorted for the hash. What is hashed
when writing is what should be there, computed apart from the store; what is hashed when reading is what the engine finds. Quads
with blank nodes go to the engine as values: its parser gives the labels of every text new names.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import pyoxigraph

from qit4n_kg.errors import StateError
from qit4n_kg.store.canonical import DatasetDigest, has_blank_node, split_ground, write_lines
from qit4n_kg.store.lines import LinesError, revise_blocks, write_blocks
from qit4n_kg.store.oxigraph import OxigraphStore, stored_forms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from pyoxigraph import NamedNode, Quad

    from qit4n_kg.store.recording import Net

CHUNK = 200_000
"""Quads that are handed to the engine at a time; two such texts (about 35 MB each) are in memory at most."""

_READ = 1 << 24
_PROGRESS_EVERY = 10_000


def write_dataset(
    path: Path, quads: Iterable[Quad], graphs: Iterable[NamedNode] = (), lines: Path | None = None
) -> tuple[str, int]:
    """Make a store in a new directory; return the hash and the number of the distinct quads that it should hold.

    `graphs` are named graphs that are there even when empty; `lines` is a folder to be made, for the sorted lines (`lines`).

    :raises OSError: the directory can't be written.
    """
    source = iter(stored_forms(quads))
    with DatasetDigest() as digest:
        with OxigraphStore.create(path) as store, ThreadPoolExecutor(1) as loader:
            loading: Future[None] | None = None
            while chunk := list(islice(source, CHUNK)):
                ground, blank = split_ground(chunk)
                if loading is not None:
                    loading.result()
                loading = loader.submit(_load, store, b"".join(ground))
                digest.add_apart(ground, blank)
                if blank:
                    loading.result()
                    store.load(blank)
            if loading is not None:
                loading.result()
            for graph in graphs:
                store.inner.add_graph(graph)
        return digest.finish() if lines is None else write_blocks(lines, digest.lines())


def read_dataset(path: Path) -> tuple[str, int, int, int]:
    """Return the hash, the quads, the triples of the default graph and the number of named graphs, as a reader finds them.

    :raises OSError: there is no store, it is damaged, or there is no space for a text of it beside it.
    """
    with OxigraphStore.open_read_only(path) as store:
        return hash_store(store, path.parent)


def hash_store(store: OxigraphStore, folder: Path, lines_folder: Path | None = None) -> tuple[str, int, int, int]:
    """Return what `read_dataset` does of an open store; a text of it is in `folder` for a while, its lines in `lines_folder`.

    :raises OSError: the store is damaged, or there is no space.
    """
    triples = 0
    with DatasetDigest() as digest, tempfile.NamedTemporaryFile(dir=folder, prefix="dump-") as text:
        store.inner.dump(text.name, pyoxigraph.RdfFormat.N_QUADS)
        while lines := text.readlines(_READ):
            digest.add_lines(lines)
            triples += sum(map(is_in_default_graph, lines))
        graphs = sum(1 for _ in store.graphs())
        dataset, count = digest.finish() if lines_folder is None else write_blocks(lines_folder, digest.lines())
    return dataset, count, triples, graphs


def hash_change(net: Net, old: Path, new: Path) -> tuple[str, int]:
    """Return the hash and the number of quads that a dataset has after a change, from its sorted lines in `old`; write `new`.

    :raises LinesError: it can't be told from the lines: a blank node comes or goes, which may rename others, or they do not fit.
    :raises OSError: they can't be written.
    """
    if any(has_blank_node(quad) for quad in (*net.came, *net.went)):
        raise LinesError("The change has blank nodes.")
    return revise_blocks(old, new, write_lines(net.came), write_lines(net.went))


def check_change(path: Path, net: Net) -> int:
    """Read back what came and went, quad by quad and graph by graph; return the number of all quads, which is counted.

    :raises StateError: what a reader finds is not what was written.
    :raises OSError: there is no store, or it is damaged.
    """
    with OxigraphStore.open_read_only(path) as store:
        inner = store.inner
        lost = next((quad for quad in net.came if quad not in inner), None)
        left = next((quad for quad in net.went if quad in inner), None)
        wrong = next(
            (name for name, is_there in net.graphs.items() if inner.contains_named_graph(name) != is_there), None
        )
        if lost or left or wrong:
            raise StateError(
                f"The new generation reads back differently: {lost or left or wrong}.",
                hint="It was not published. Check the disk and build again.",
            )
        return len(inner)


def is_in_default_graph(line: bytes) -> bool:
    r"""Tell whether a line of canonical N-Quads has no graph name.

    >>> is_in_default_graph(b'<x:s> <x:p> "a <x:g> ." .\n'), is_in_default_graph(b"<x:s> <x:p> <x:o> <x:g> .\n")
    (True, False)
    """
    end = max(line.rfind(b'"'), line.rfind(b")>>"))  # of a literal's text or a triple term: what has spaces of its own
    return line.count(b" ") == 3 if end < 0 else line.count(b" ", end) == 1


def _load(store: OxigraphStore, text: bytes) -> None:
    store.inner.bulk_load(text, pyoxigraph.RdfFormat.N_QUADS, lenient=True)


class Counted:
    """Iterates over quads and reports how many were taken."""

    def __init__(self, quads: Iterable[Quad], progress: Callable[[int], None] | None) -> None:
        self._quads = quads
        self._progress = progress

    def __iter__(self) -> Iterator[Quad]:
        count = 0
        for quad in self._quads:
            yield quad
            count += 1
            if self._progress is not None and count % _PROGRESS_EVERY == 0:
                self._progress(count)
        if self._progress is not None and count % _PROGRESS_EVERY:
            self._progress(count)
