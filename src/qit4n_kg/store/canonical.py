"""A hash that says which dataset it is, whatever the order of its quads and the labels of its blank nodes.

The hash is SHA-256 over the canonical N-Quads (RDFC-1.0 section 5: one quad a line, in code point order). Only quads with blank
nodes go through canonicalisation, which is sound because it never looks at the others (RDFC-1.0 section 4.4.3, step 2); its worst
case is exponential in the blank nodes, so it is not for graphs that a stranger brings. Large datasets use temporary files.
"""

from __future__ import annotations

import hashlib
import tempfile
from bisect import bisect_right
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, Quad, RdfFormat, Triple, parse, serialize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CHUNK = 100_000
"""Quads that are sorted in memory at a time (about 25 MB); more are spilt to temporary files and merged."""

_BLOCK = 1 << 18
"""Bytes of each temporary file that are in memory while they are merged."""


class DatasetDigest:
    """Takes quads, or lines of canonical N-Quads, in bounded memory, and gives the hash and the number of distinct quads."""

    def __init__(self, chunk: int = CHUNK) -> None:
        self._chunk = chunk
        self._pending: list[Quad] = []
        self._lines: list[bytes] = []
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
            self._take_pending()

    def add_lines(self, lines: list[bytes]) -> None:
        """Take quads as canonical N-Quads, a line each, as `write_lines` gives them and an engine dumps them."""
        ground = [line for line in lines if b"_:" not in line]
        if len(ground) < len(lines):
            doubtful = [line for line in lines if b"_:" in line]
            self.add_apart(ground, parse(b"".join(doubtful), RdfFormat.N_QUADS))
        else:
            self.add_apart(ground, ())

    def add_apart(self, ground: list[bytes], others: Iterable[Quad]) -> None:
        """Take lines that are known to have no blank node, and quads that may have some."""
        self._lines += ground
        for quad in others:
            if has_blank_node(quad):
                self._blank.add(quad)
            else:
                self._lines += write_lines([quad])
        if len(self._lines) >= self._chunk:
            self._spill()

    def finish(self) -> tuple[str, int]:
        """Return `sha256:…` and the number of distinct quads; nothing may be added afterwards."""
        digest = hashlib.sha256()
        count = 0
        for lines in self.lines():
            digest.update(b"".join(lines))
            count += len(lines)
        return f"sha256:{digest.hexdigest()}", count

    def lines(self) -> Iterator[list[bytes]]:
        """Yield what `finish` hashes, in blocks; once, instead of `finish`, and nothing may be added afterwards."""
        self._take_pending()
        self._blank.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
        self._lines += write_lines(self._blank)
        yield from self._merged()

    def _take_pending(self) -> None:
        quads, self._pending = self._pending, []
        self.add_apart(*split_ground(quads))

    def _spill(self) -> None:
        lines, self._lines = self._lines, []
        lines.sort()
        file = tempfile.TemporaryFile()  # noqa: SIM115  (the stack closes it)
        self._files.enter_context(file)
        file.write(b"".join(lines))
        self._sorted.append(file)

    def _merged(self) -> Iterator[list[bytes]]:
        """Yield all lines in order, each once, a block at a time: sorting whole blocks is ten times a merge line by line."""
        if not self._sorted:
            yield sorted(set(self._lines))
            return
        self._spill()
        for file in self._sorted:
            file.seek(0)
        blocks: list[list[bytes]] = [[] for _ in self._sorted]
        last = b""
        while True:
            blocks = [block or file.readlines(_BLOCK) for block, file in zip(blocks, self._sorted, strict=True)]
            if not any(blocks):
                return
            limit = min(block[-1] for block in blocks if block)  # all that sorts before it has been read
            ends = [bisect_right(block, limit) for block in blocks]
            taken = {line for block, end in zip(blocks, ends, strict=True) for line in block[:end]}
            blocks = [block[end:] for block, end in zip(blocks, ends, strict=True)]
            taken.discard(last)
            last = limit
            yield sorted(taken)


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


def split_ground(quads: Sequence[Quad]) -> tuple[list[bytes], list[Quad]]:
    """Return the quads without blank nodes as lines of canonical N-Quads, and those with some as they are."""
    lines = write_lines(quads)
    blank = {number for number, line in enumerate(lines) if b"_:" in line and has_blank_node(quads[number])}
    if not blank:
        return lines, []
    return (
        [line for number, line in enumerate(lines) if number not in blank],
        [quad for number, quad in enumerate(quads) if number in blank],
    )


def write_lines(quads: Iterable[Quad]) -> list[bytes]:
    """Write quads as N-Quads, a line each; canonical but for the labels of blank nodes."""
    # pyoxigraph writes canonical N-Quads (each line's escapes as in RDF 1.2 N-Quads section 4), which a test checks.
    text = serialize(quads, format=RdfFormat.N_QUADS)
    assert text is not None, "no output was given"
    return text.splitlines(keepends=True)
