"""The canonical N-Quads of a generation, sorted, kept beside its store: so the hash after a change is a pass over bytes.

    generations/7/lines/index.json     the blocks in order: file, number of lines, first line
    generations/7/lines/3f….zst        some thousand lines, compressed; named after what it holds, never written again

The dataset's hash is the SHA-256 of all lines in order (`canonical`). A change rewrites the blocks in which lines come or go, links
the others, and hashes all of it: about half a second a gigabyte, where dumping and sorting a store takes minutes. Compression keeps
it at a twentieth, and tells a damaged block. Whoever can't use what is here makes it anew from the store.
"""

from __future__ import annotations

import hashlib
import json
import os
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

FOLDER = "lines"
BLOCK = 4_000
"""Lines of a new block; one of twice as many is split."""

_INDEX = "index.json"


class LinesError(Exception):
    """What is kept does not fit the change, or is damaged: the lines have to be made anew; handled where it is raised."""


@dataclass(frozen=True)
class _Block:
    file: str
    count: int
    first: bytes


class LinesWriter:
    """Writes the lines of one generation into a new folder, in their order, and hashes them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._pending: list[bytes] = []
        self._blocks: list[_Block] = []
        self._digest = hashlib.sha256()
        self._packer = zstandard.ZstdCompressor(level=1, write_checksum=True)

    def add(self, lines: Sequence[bytes]) -> None:
        """Take lines that sort after all those before."""
        self._pending += lines
        while len(self._pending) >= 2 * BLOCK:
            self._write(self._pending[:BLOCK])
            del self._pending[:BLOCK]

    def finish(self) -> tuple[str, int]:
        """Return the dataset's hash and the number of lines."""
        self.flush()
        known = [(block.file, block.count, block.first.decode()) for block in self._blocks]
        (self._folder / _INDEX).write_text(json.dumps({"blocks": known}) + "\n", encoding="utf-8")
        return f"sha256:{self._digest.hexdigest()}", sum(block.count for block in self._blocks)

    def flush(self) -> None:
        """Write what is pending."""
        if self._pending:
            self._write(self._pending)
            self._pending = []

    def link(self, old: Path, block: _Block, text: bytes) -> None:
        """Take over a block as it is."""
        os.link(old / block.file, self._folder / block.file)
        self._digest.update(text)
        self._blocks.append(block)

    def _write(self, lines: Sequence[bytes]) -> None:
        text = b"".join(lines)
        name = f"{hashlib.sha256(text).hexdigest()[:32]}.zst"
        (self._folder / name).write_bytes(self._packer.compress(text))
        self._digest.update(text)
        self._blocks.append(_Block(name, len(lines), lines[0]))


def write_blocks(folder: Path, sorted_lines: Iterable[Sequence[bytes]]) -> tuple[str, int]:
    """Write all lines, given in order, into a new folder; return the dataset's hash and their number.

    :raises OSError: they can't be written.
    """
    writer = LinesWriter(folder)
    for lines in sorted_lines:
        writer.add(lines)
    return writer.finish()


def revise_blocks(old: Path, new: Path, came: Iterable[bytes], went: Iterable[bytes]) -> tuple[str, int]:
    """Write the lines of a generation that differs by some from an older one; return the dataset's hash and their number.

    :raises LinesError: the old lines are not there or damaged, one that went was not there, or one that came was.
    :raises OSError: they can't be written.
    """
    blocks = _read_index(old)
    coming, going = _by_block(blocks, came), _by_block(blocks, went)
    writer = LinesWriter(new)
    for number, block in enumerate(blocks):
        text = _read(old, block)
        if number not in coming and number not in going:
            writer.link(old, block, text)
            continue
        known = set(text.splitlines(keepends=True))
        if going[number] - known or coming[number] & known:
            raise LinesError("The lines that are kept are not those of the store.")
        writer.add(sorted((known - going[number]) | coming[number]))
        writer.flush()
    if not blocks:
        if going:
            raise LinesError("There are no lines that could go.")
        writer.add(sorted(coming[0]))
    return writer.finish()


def read_blocks(folder: Path) -> Iterator[bytes]:
    """Yield the text of each block, in order.

    :raises LinesError: they are not there, or damaged.
    """
    for block in _read_index(folder):
        yield _read(folder, block)


def hash_blocks(folder: Path) -> str:
    """Return the hash of the dataset that the lines are of.

    :raises LinesError: they are not there, or damaged.
    """
    digest = hashlib.sha256()
    for text in read_blocks(folder):
        digest.update(text)
    return f"sha256:{digest.hexdigest()}"


def _by_block(blocks: Sequence[_Block], lines: Iterable[bytes]) -> defaultdict[int, set[bytes]]:
    firsts = [block.first for block in blocks]
    found: defaultdict[int, set[bytes]] = defaultdict(set)
    for line in lines:
        found[max(bisect_right(firsts, line) - 1, 0)].add(line)
    return found


def _read_index(folder: Path) -> list[_Block]:
    try:
        known = json.loads((folder / _INDEX).read_bytes())
        return [_Block(file, count, first.encode()) for file, count, first in known["blocks"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise LinesError(f"There are no lines in {folder}.") from exc


def _read(folder: Path, block: _Block) -> bytes:
    try:
        text = zstandard.ZstdDecompressor().decompress((folder / block.file).read_bytes())
    except (OSError, zstandard.ZstdError) as exc:
        raise LinesError(f"The lines in {folder / block.file} are damaged.") from exc
    if not text.startswith(block.first) or text.count(b"\n") != block.count:
        raise LinesError(f"The lines in {folder / block.file} are not those of the index.")
    return text
