"""Build: from files and the journal to a published generation.

What it holds is made by `assembling`. A build whose inputs are those of the current generation does nothing, unless that one
carries the search index of an older one. One that fails in any stage leaves what is published as it is. A scratch dataset is the
journal alone.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from qit4n_kg import __version__
from qit4n_kg.assembling import Progress, assemble
from qit4n_kg.errors import GenerationDamagedError, StateError, StateMissingError
from qit4n_kg.feed.recording import record
from qit4n_kg.filed import leave_out, read_filed
from qit4n_kg.loading import FileDigests, SourceKind, find_sources, inputs_hash, named_from
from qit4n_kg.redactions import digest_of, read_redactions
from qit4n_kg.search.writing import CODE, is_carried, refresh_search, write_search
from qit4n_kg.store.generations import Generation, Generations
from qit4n_kg.store.journal import START, Journal, dataset_of, replay
from qit4n_kg.store.numbering import Numbering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pyoxigraph import NamedNode

    from qit4n_kg.config import Settings
    from qit4n_kg.feed.recording import Touched
    from qit4n_kg.filed import Filed
    from qit4n_kg.loading import SourceFile
    from qit4n_kg.reporting import Report
    from qit4n_kg.search.writing import SearchMemory
    from qit4n_kg.store.journal import Entry
    from qit4n_kg.store.recording import Net

_log = logging.getLogger(__name__)
SOFTWARE = f"qit4n-kg {__version__}"

_DECIDING_MODULES = (
    "assembling.py",
    "building.py",
    "filed.py",
    "naming.py",
    "redactions.py",
    "loading.py",
    "namespaces.py",
    "reasoning/axioms.py",
    "reasoning/reasoner.py",
    "remarks.py",
)
_DECIDING_QUERIES = ("queries/axioms/", "queries/rules/", "queries/search/", "queries/site/tables/")


@dataclass(frozen=True)
class BuildResult:
    """What a build came to: `report` is the validation's, None where nothing was validated."""

    generation: Generation
    is_new: bool
    seconds: float
    report: Report | None


@dataclass(frozen=True)
class Origin:
    """What a generation is made from: the source files (none in a scratch dataset) and the journal."""

    settings: Settings
    sources: tuple[SourceFile, ...]
    journal: Journal
    digests: FileDigests = field(default_factory=FileDigests)
    filed: Filed | None = None

    @classmethod
    def find(cls, settings: Settings, before: Origin | None = None) -> Origin:
        """Find the sources and read the journal; of what `before` has read, only what has changed.

        :raises SourceError: a folder or a name can't be used.
        :raises JournalDamagedError: what was accepted can't be read back.
        """
        if settings.scratch:
            return cls(
                settings, (), before.journal.reread() if before else Journal.read(settings.journal_dir, "scratch")
            )
        sources = find_sources(settings.sources, settings.graph_base, settings.data)
        filed = read_filed(settings.sources / "data") if settings.data is None else None
        is_same = before is not None and before.filed == filed and before.graphs == _graphs_of(sources)
        journal = (
            before.journal.reread() if before and is_same else Journal.read(settings.journal_dir, settings.base_iri)
        )
        origin = cls(settings, sources, journal, before.digests if before else FileDigests(), filed)
        leave_out(journal, filed, origin.graphs)
        return origin

    @cached_property
    def graphs(self) -> frozenset[NamedNode | None]:
        """The graphs of the data's files."""
        return _graphs_of(self.sources)

    @cached_property
    def files(self) -> str:
        """The hash of what decides the dataset but the journal."""
        return "scratch" if self.settings.scratch else _inputs_of(self)

    def inputs(self, position: str | None = None) -> str:
        """Hash what decides the dataset, with the journal as it is or at another position."""
        position = self.journal.position if position is None else position
        if self.settings.scratch:
            return f"scratch:{position}"
        return self.files if position == START else f"{self.files} journal:{position}"

    def complete(self, store_path: Path) -> None:
        """Write the search index and the lists of a generation beside its store; a scratch dataset has none."""
        write_search(store_path, self.settings.sources / "queries", self.settings.id_base)

    def refresh(self, before: Generation, memory: SearchMemory | None = None) -> Callable[[Path, Net | None], None]:
        """Return what completes a generation that is `before` with a change."""

        def complete(store_path: Path, net: Net | None = None) -> None:
            settings = self.settings
            refresh_search(store_path, settings.sources / "queries", settings.id_base, before, net, memory)

        return complete

    def publish(
        self,
        generations: Generations,
        entries: Sequence[Entry],
        inputs: str,
        progress: Progress,
        on_ready: Callable[[], None] | None = None,
    ) -> tuple[Generation, Report | None]:
        """Make the dataset anew, with these entries of the journal, and publish it.

        :raises InvalidDataError: the shapes found violations.
        """
        if self.settings.scratch:
            left, graphs = replay(entries)
            generation = generations.publish(left, graphs=graphs, inputs=inputs, software=SOFTWARE, on_ready=on_ready)
            self.record(generation)
            return generation, None
        dataset = assemble(self.settings, self.sources, progress, entries)
        progress.started("Publish")
        generation = generations.publish(
            dataset,
            graphs=dataset.graphs,
            inputs=inputs,
            software=SOFTWARE,
            progress=progress.advanced,
            on_ready=on_ready,
            complete=self.complete,
        )
        progress.finished(f"published {generation.manifest.quads:,} quads as generation {generation.number}")
        self.record(generation)
        return generation, dataset.report

    def record(self, generation: Generation, touched: Touched | None = None) -> None:
        """Add to the change feed what a published generation changes; one that is not added is with the next."""
        try:
            record(self.settings.feed_folder, dataset_of(self.settings), generation, touched)
        except (StateError, OSError) as exc:
            _log.error("The change feed has not got generation %s: %s", generation.number, exc)


def build(settings: Settings, progress: Progress) -> BuildResult:
    """Publish a generation made from the sources, unless the current one was made from the same.

    :raises SourceError: a source file can't be read or parsed.
    :raises InvalidDataError: the shapes found violations; the error carries the report.
    :raises UnsupportedAxiomError: the ontology has an axiom that no rule implements.
    :raises StateLockedError: another build is at work.
    :raises StateFullError: the disk is full.
    """
    start = time.monotonic()
    generations = Generations(
        settings.state_dir, settings.keep_generations, settings.keep_days, Numbering(settings.journal_dir)
    )
    with named_from(settings.sources), generations.writer():
        origin = Origin.find(settings)
        inputs = origin.inputs()
        current = _current(generations)
        if current is not None and current.manifest.inputs == inputs and not is_carried(current):
            generations.note_number()
            origin.record(current)
            return BuildResult(current, False, time.monotonic() - start, None)
        generation, report = origin.publish(generations, origin.journal.entries, inputs, progress)
    return BuildResult(generation, True, time.monotonic() - start, report)


def _graphs_of(sources: Iterable[SourceFile]) -> frozenset[NamedNode | None]:
    return frozenset(source.graph for source in sources if source.kind is SourceKind.DATA)


@cache
def _code() -> str:
    """Hash the code of the build, as it is when this process first asks: that is what it runs."""
    folder = Path(__file__).parent
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in (*_DECIDING_MODULES, *CODE))).hexdigest()


def _inputs_of(origin: Origin) -> str:
    """Hash what decides the dataset: a changed page or catalogue query makes no new generation, changed code of the build does."""
    settings, filed = origin.settings, origin.filed
    deciding = [
        s for s in origin.sources if s.kind is not SourceKind.QUERIES or s.relative.startswith(_DECIDING_QUERIES)
    ]
    software = f"{SOFTWARE} {_code()}" + (f" {filed.position}" if filed else "")
    software += digest_of(read_redactions(settings.journal_dir))
    return inputs_hash(
        deciding, software=software, base_iri=settings.base_iri, gate=settings.gate, digests=origin.digests
    )


def _current(generations: Generations) -> Generation | None:
    try:
        return generations.current()
    except (StateMissingError, GenerationDamagedError):
        return None


__all__ = ["SOFTWARE", "BuildResult", "Origin", "Progress", "build"]
