"""What a new generation changes, found and added to the ledger: by what a write touched, or by comparing everything.

`Touched` is what a write brought and took, so that what is compared afterwards is the things that it touched: it costs what it
changes. Without that (a build, or a ledger that a crash left behind) all lines of the dataset are compared with the last
version of each thing; the generation keeps them sorted, so one pass over both is enough.
"""

from __future__ import annotations

import logging
import tempfile
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode, RdfFormat, parse

from qit4n_kg.errors import FeedDamagedError, StateError
from qit4n_kg.feed.entries import BLANK, digest_of
from qit4n_kg.feed.ledger import begin_epoch, open_ledger
from qit4n_kg.store import lines
from qit4n_kg.store.canonical import DatasetDigest, has_blank_node, write_lines
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
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
    with closing(subjects_of(generation, folder)) as subjects:
        begin_epoch(folder, dataset_name, subjects, generation.manifest)


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
        if (tip.generation, tip.built_at) != (manifest.number, manifest.built_at):
            ledger.append((), manifest)
        return
    if touched is not None and not touched.is_all and touched.before.manifest.dataset == tip.dataset:
        with OxigraphStore.open_read_only(generation.store_path) as store:
            ledger.append(_touched_changes(ledger, touched, store.inner), manifest)
        return
    with closing(subjects_of(generation, folder)) as subjects:
        ledger.append(_all_changes(ledger.heads(), subjects), manifest)


def subjects_of(generation: Generation, folder: Path) -> Generator[tuple[str, bytes]]:
    """Yield every subject and its lines, in the order of code points, what has blank nodes last.

    They come from the lines that are kept of the generation; where these are not its own, from its store, by a text in `folder`.
    """
    kept = generation.path / lines.FOLDER
    try:
        is_good = lines.hash_blocks(kept) == generation.manifest.dataset
    except lines.LinesError:
        is_good = False
    if is_good:
        yield from _by_subject(text.splitlines(keepends=True) for text in lines.read_blocks(kept))
        return
    with OxigraphStore.open_read_only(generation.store_path) as store:
        yield from _by_subject(_dumped(store, folder))


def _dumped(store: OxigraphStore, folder: Path) -> Iterator[list[bytes]]:
    with DatasetDigest() as digest, tempfile.NamedTemporaryFile(dir=folder, prefix="dump-") as text:
        store.inner.dump(text.name, RdfFormat.N_QUADS)
        while block := text.readlines(_READ):
            digest.add_lines(block)
        yield from digest.lines()


def _by_subject(blocks: Iterable[list[bytes]]) -> Iterator[tuple[str, bytes]]:
    """Divide sorted lines: those of one subject stand together, because no IRI holds what ends it in a line."""
    blank: list[bytes] = []
    own: list[bytes] = []
    prefix = b"\n"  # which no line begins with
    for block in blocks:
        for line in block:
            if b"_:" in line and _has_blank(line):
                blank.append(line)
            elif line.startswith(prefix):
                own.append(line)
            else:
                if own:
                    yield prefix[:-1].decode(), b"".join(own)
                prefix = line[: line.index(b" ") + 1]
                own = [line]
    if own:
        yield prefix[:-1].decode(), b"".join(own)
    if blank:
        yield BLANK, b"".join(blank)


def _has_blank(line: bytes) -> bool:
    return any(has_blank_node(quad) for quad in parse(line, RdfFormat.N_QUADS, lenient=True))


def _all_changes(
    heads: Iterator[tuple[str, bytes]], subjects: Iterable[tuple[str, bytes]]
) -> Iterator[tuple[str, bytes]]:
    """Compare everything; both come in the same order."""
    old = next(heads, None)
    for subject, text in subjects:
        while old is not None and old[0] < subject:
            yield old[0], b""
            old = next(heads, None)
        if old is None or old[0] != subject:
            yield subject, text
            continue
        if old[1] != digest_of(text):
            yield subject, text
        old = next(heads, None)
    while old is not None:
        yield old[0], b""
        old = next(heads, None)


def _touched_changes(ledger: Ledger, touched: Touched, store: Store) -> Iterator[tuple[str, bytes]]:
    for subject in sorted(touched.subjects, key=lambda one: one.value):
        quads = [quad for quad in store.quads_for_pattern(subject, None, None, None) if not has_blank_node(quad)]
        text = b"".join(sorted(write_lines(quads)))
        if (digest_of(text) if text else None) != ledger.head(str(subject)):
            yield str(subject), text
