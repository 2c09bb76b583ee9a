"""A hash that says which dataset it is, whatever the order of its quads and the labels of its blank nodes.

The hash is SHA-256 over the canonical N-Quads (RDFC-1.0 section 5: one quad a line, in code point order). Only quads with blank
nodes go through canonicalisation, which is sound because it never looks at the others (RDFC-1.0 section 4.4.3, step 2); its worst
case is exponential in the blank nodes, so it is not for graphs that a stranger brings. Large datasets use temporary files.
"""

from __future__ import annotations

import hashlib
import heapq
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, Quad, RdfFormat, Triple, serialize

if TYPE_CHECKING:
    from collections.abc import Iterable

CHUNK = 100_000
"""Quads that are sorted in memory at a time (about 25 MB); more are spilt to temporary files and merged."""


class DatasetDigest:
    """Takes quads one by one, in bounded memory, and gives the hash and the number of distinct quads."""

    def __init__(self, chunk: int = CHUNK) -> None:
        self._chunk = chunk
        self._pending: list[Quad] = []
        self._blank = Dataset()
        self._files = ExitStack()
        self._sorted: list[BinaryIO] = []

    def __enter__(self) -> DatasetDigest:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._files.close()

    def add(self, quad: Quad) -> None:
        """Take a quad; one that was taken before changes nothing."""
        self._pending.append(quad)
        if len(self._pending) >= self._chunk:
            self._spill()

    def finish(self) -> tuple[str, int]:
        """Return `sha256:…` and the number of distinct quads; nothing may be added afterwards."""
        ground = self._take_lines()
        self._blank.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
        for file in self._sorted:
            file.seek(0)
        digest = hashlib.sha256()
        count = 0
        previous = b""
        for line in heapq.merge(ground, sorted(_lines(self._blank)), *self._sorted):
            if line != previous:
                digest.update(line)
                count += 1
                previous = line
        return f"sha256:{digest.hexdigest()}", count

    def _spill(self) -> None:
        file = tempfile.TemporaryFile()  # noqa: SIM115  (the stack closes it)
        self._files.enter_context(file)
        file.writelines(self._take_lines())
        self._sorted.append(file)

    def _take_lines(self) -> list[bytes]:
        """Return the pending quads without blank nodes as sorted lines, and set the others aside."""
        quads, self._pending = self._pending, []
        lines = _lines(quads)
        ground = []
        for quad, line in zip(quads, lines, strict=True):
            if b"_:" in line and has_blank_node(quad):
                self._blank.add(quad)
            else:
                ground.append(line)
        ground.sort()
        return ground


def dataset_hash(quads: Iterable[Quad]) -> str:
    """Return `sha256:` and the hexadecimal digest of a dataset's canonical N-Quads.

    >>> dataset_hash([])
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """
    with DatasetDigest() as digest:
        for quad in quads:
            digest.add(quad)
        return digest.finish()[0]


def has_blank_node(statement: Quad | Triple) -> bool:
    """Tell whether a blank node stands anywhere in it, graph name and triple terms included."""
    return any(isinstance(term, BlankNode) or (isinstance(term, Triple) and has_blank_node(term)) for term in statement)


def _lines(quads: Iterable[Quad]) -> list[bytes]:
    # pyoxigraph writes canonical N-Quads (each line's escapes as in RDF 1.2 N-Quads section 4), which a test checks.
    text = serialize(quads, format=RdfFormat.N_QUADS)
    assert text is not None, "no output was given"
    return text.splitlines(keepends=True)
