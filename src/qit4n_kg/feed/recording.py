"""What a new generation changes, found and added to the ledger: by what a write touched, or by comparing everything.

`Touched` is what a write brought and took, so that what is compared afterwards is the things that it touched: it costs what it
changes. Without that (a build, or a ledger that a crash left behind) all lines of the dataset are compared with the last
version of each thing; they come sorted, so one pass over both is enough.
"""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode, RdfFormat, parse

from qit4n_kg.errors import FeedDamagedError, StateError
from qit4n_kg.feed.ledger import BLANK, begin_epoch, digest_of, open_ledger
from qit4n_kg.store.canonical import DatasetDigest, has_blank_node, write_lines
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyoxigraph import Store

    from qit4n_kg.feed.ledger import Ledger
    from qit4n_kg.store.generations import Generation
    from qit4n_kg.store.recording import Net

_log = logging.getLogger(__name__)
_READ = 1 << 24


@dataclass(frozen=True)
class Touched:
    """What a write changed of the generation before."""

    before: Generation
    net: Net

    @property
    def is_all(self) -> bool:
        """Whether everything has to be compared: where blank nodes come or go things can't be told apart."""
        return any(has_blank_node(quad) for quad in (*self.net.came, *self.net.went))

    @property
    def subjects(self) -> set[NamedNode]:
        """The things of which something came or went."""
        return {quad.subject for quad in (*self.net.came, *self.net.went) if isinstance(quad.subject, NamedNode)}


def record(folder: Path, dataset_name: str, generation: Generation, touched: Touched | None = None) -> None:
    """Add to the ledger what a published generation changes, if it is not there; only inside the writer's lock.

    `touched` is what the write touched that made this generation of the one before. A damaged ledger is one that was lost.

    :raises StateError: the ledger can't be written; the generation is published all the same.
    """
    try:
        with open_ledger(folder) as ledger:
            if ledger is not None and ledger.tip() is not None:
                _append(ledger, folder, dataset_name, generation, touched)
                return
    except FeedDamagedError as exc:
        _log.warning("%s The feed begins anew.", exc.message)
    folder.mkdir(parents=True, exist_ok=True)
    with OxigraphStore.open_read_only(generation.store_path) as store:
        begin_epoch(folder, dataset_name, subjects_of(store, folder), generation.manifest)


def _append(ledger: Ledger, folder: Path, dataset_name: str, generation: Generation, touched: Touched | None) -> None:
    manifest = generation.manifest
    tip = ledger.tip()
    assert tip is not None
    if ledger.dataset_name != dataset_name:
        raise StateError(
            f"The feed in {folder} belongs to the dataset {ledger.dataset_name!r}, not to {dataset_name!r}.",
            hint="The setting QIT4N_FEED_DIR names another folder.",
        )
    if tip.dataset == manifest.dataset:
        if tip.generation != manifest.number:
            ledger.append((), manifest)
        return
    with OxigraphStore.open_read_only(generation.store_path) as store:
        if touched is not None and not touched.is_all and touched.before.manifest.dataset == tip.dataset:
            ledger.append(_touched_changes(ledger, touched, store.inner), manifest)
        else:
            ledger.append(_all_changes(ledger.heads(), subjects_of(store, folder)), manifest)


def subjects_of(store: OxigraphStore, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every subject and its lines, in the order of code points, what has blank nodes last; a text of all is in `folder`."""
    with DatasetDigest() as digest, tempfile.NamedTemporaryFile(dir=folder, prefix="dump-") as text:
        store.inner.dump(text.name, RdfFormat.N_QUADS)
        while lines := text.readlines(_READ):
            digest.add_lines(lines)
        yield from _by_subject(digest.lines())


def _by_subject(blocks: Iterable[list[bytes]]) -> Iterator[tuple[str, bytes]]:
    """Divide sorted lines: those of one subject stand together, because no IRI holds what ends it in a line."""
    blank: list[bytes] = []
    lines: list[bytes] = []
    prefix = b"\n"  # which no line begins with
    for block in blocks:
        for line in block:
            if b"_:" in line and _has_blank(line):
                blank.append(line)
            elif line.startswith(prefix):
                lines.append(line)
            else:
                if lines:
                    yield prefix[:-1].decode(), b"".join(lines)
                prefix = line[: line.index(b" ") + 1]
                lines = [line]
    if lines:
        yield prefix[:-1].decode(), b"".join(lines)
    if blank:
        yield BLANK, b"".join(blank)


def _has_blank(line: bytes) -> bool:
    return any(has_blank_node(quad) for quad in parse(line, RdfFormat.N_QUADS, lenient=True))


def _all_changes(
    heads: Iterator[tuple[str, bytes]], subjects: Iterable[tuple[str, bytes]]
) -> Iterator[tuple[str, bytes]]:
    """Compare everything; both come in the same order."""
    old = next(heads, None)
    for subject, lines in subjects:
        while old is not None and old[0] < subject:
            yield old[0], b""
            old = next(heads, None)
        if old is None or old[0] != subject:
            yield subject, lines
            continue
        if old[1] != digest_of(lines):
            yield subject, lines
        old = next(heads, None)
    while old is not None:
        yield old[0], b""
        old = next(heads, None)


def _touched_changes(ledger: Ledger, touched: Touched, store: Store) -> Iterator[tuple[str, bytes]]:
    for subject in sorted(touched.subjects, key=lambda one: one.value):
        quads = [quad for quad in store.quads_for_pattern(subject, None, None, None) if not has_blank_node(quad)]
        lines = b"".join(sorted(write_lines(quads)))
        if (digest_of(lines) if lines else None) != ledger.head(str(subject)):
            yield str(subject), lines
