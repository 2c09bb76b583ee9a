"""`KnowledgeGraph`: the only place where engines are chosen and a generation becomes something to ask.

It follows the `current` pointer: `current()` reads it (one small file), so that once a new generation is published no
caller is given an older one. A `Snapshot` keeps its store alive for as long as someone holds it; when the last holder
lets go, the store closes. Text that others wrote runs in query processes (`run`); `Snapshot.store` in this process is
for fixed patterns of constant cost.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qit4n_kg.committing.writing import WritingProcess
from qit4n_kg.errors import RequestError, StateError, StateMissingError
from qit4n_kg.federation.services import Federation
from qit4n_kg.gatekeeping import Gatekeeper
from qit4n_kg.queries import Catalogue, read_catalogue
from qit4n_kg.search.index import FOLDER, SearchIndex
from qit4n_kg.search.service import SearchService
from qit4n_kg.sparql import QueryForm, inspect_query
from qit4n_kg.store.executor import ExecutorPool, Job, Spooled
from qit4n_kg.store.generations import Generation, Generations
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.store.running import RunningQueries
from qit4n_kg.store.slow_queries import SlowQueries

if TYPE_CHECKING:
    from types import TracebackType

    from qit4n_kg.config import Settings
    from qit4n_kg.federation.services import LocalService
    from qit4n_kg.store.base import Store

_log = logging.getLogger(__name__)
_PINNED = 3
"""Older generations that are kept open for pages and their history."""
_INDEXES = 3
"""Search indexes that are kept open: that of the current generation, and of older ones that queries are pinned to."""


@dataclass(frozen=True)
class Snapshot:
    """One published generation, open for reading; immutable, shared by threads."""

    generation: Generation
    store: Store


class KnowledgeGraph:
    """A served knowledge graph: its current generation, its catalogue, its query processes. Safe to use from many threads."""

    def __init__(self, settings: Settings, generations: Generations, snapshot: Snapshot, catalogue: Catalogue) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self._generations = generations
        self._federation = Federation(settings)
        self._snapshot = snapshot
        self._pinned: dict[int, Snapshot] = {}
        self._unusable: int | None = None
        self._lock = threading.Lock()
        self.gatekeeper = Gatekeeper(settings)
        self.writing = WritingProcess(settings)
        self._indexes: OrderedDict[int, SearchIndex] = OrderedDict()
        self.running = RunningQueries(settings.state_dir / "running")
        self.executors = ExecutorPool(
            store_path=snapshot.generation.store_path,
            size=settings.executors,
            queue=settings.queue,
            timeout=settings.query_timeout,
            memory=settings.query_memory,
            result_bytes=settings.result_bytes,
            long=settings.long_queries,
            running=self.running,
            slow_queries=SlowQueries(settings.state_dir / "slow-queries.log", settings.slow_query),
        )

    @classmethod
    def open(cls, settings: Settings) -> KnowledgeGraph:
        """Open the current generation and start the query processes.

        :raises StateError: there is no generation, or it can't be opened.
        """
        generations = Generations(settings.state_dir, settings.keep_generations, settings.keep_days)
        snapshot = _open_snapshot(generations)
        return cls(settings, generations, snapshot, read_catalogue(settings.sources / "queries" / "catalogue"))

    def current(self) -> Snapshot:
        """Return the generation that the pointer names now.

        When the new one can't be opened, what was served before goes on, and the log says why, once.
        """
        number = self._generations.current_number()
        snapshot = self._snapshot
        if number is None or number == snapshot.generation.number or number == self._unusable:
            return snapshot
        with self._lock:
            if self._snapshot.generation.number == number:
                return self._snapshot
            try:
                self._snapshot = _open_snapshot(self._generations)
                self._unusable = None
            except (StateError, OSError) as exc:
                self._unusable = number
                _log.error("Generation %s can't be served, %s stays: %s", number, snapshot.generation.number, exc)
            return self._snapshot

    @property
    def generation(self) -> Generation:
        """The current generation; a caller that needs the store too takes one `current()`."""
        return self.current().generation

    @property
    def store(self) -> Store:
        """The current generation's store in this process: for fixed patterns of constant cost only."""
        return self.current().store

    def search_index(self, generation: Generation) -> SearchIndex:
        """Return the search index of a generation, open.

        :raises SearchMissingError: it was built without one.
        """
        with self._lock:
            found = self._indexes.get(generation.number)
            if found is None:
                found = self._indexes[generation.number] = SearchIndex(generation.path / FOLDER)
            self._indexes.move_to_end(generation.number)
            while len(self._indexes) > _INDEXES:
                self._indexes.popitem(last=False)
            return found

    def kept(self, number: int) -> Generation:
        """Return a published generation by its number, to pin a query to it.

        :raises GenerationGoneError: it is not kept any more.
        :raises NotFoundError: there has been none of this number yet.
        """
        return self._generations.kept(number)

    def pinned(self, number: int) -> Snapshot:
        """Open a kept generation in this process, for fixed patterns of constant cost; the last few stay open.

        :raises GenerationGoneError: it is not kept any more.
        :raises NotFoundError: there has been none of this number yet.
        """
        generation = self.kept(number)
        if number == self._snapshot.generation.number:
            return self._snapshot
        with self._lock:
            found = self._pinned.pop(number, None)
            if found is None or found.generation.manifest != generation.manifest:
                found = Snapshot(generation, OxigraphStore.open_read_only(generation.store_path))
            self._pinned[number] = found
            while len(self._pinned) > _PINNED:
                del self._pinned[next(iter(self._pinned))]
            return found

    def kept_numbers(self) -> list[int]:
        """Return the numbers of the generations that are kept, the newest first."""
        return self._generations.kept_numbers()

    def run(self, job: Job, on: Snapshot | Generation | None = None) -> Spooled:
        """Answer a query in a query process, from a generation that may be an older one, or else from the current one.

        :raises RequestError: the text is not a query, or it asks for what is refused (a SERVICE that is not allowed).
        :raises QueryLimitError: it ran into a limit.
        """
        summary = inspect_query(job.text)
        if summary.form is QueryForm.UPDATE:
            raise RequestError("This is an update, but only queries are answered here.")
        chosen = on.generation if isinstance(on, Snapshot) else on or self.generation
        if summary.uses_service:
            job = replace(job, text=self._federation.answer(job.text, self._services(job, chosen)))
        return self.executors.run(job, chosen.store_path)

    def _services(self, job: Job, generation: Generation) -> dict[str, LocalService]:
        """Return the services that are answered here: the search index, by its address."""
        base = self.settings.base_iri
        return {f"{base}search": SearchService(lambda: self.search_index(generation), base, job.bindings)}

    def close(self) -> None:
        """Stop the query processes, the judging one and the writing one; the store closes when its last holder lets go."""
        self.executors.close()
        self.gatekeeper.close()
        self.writing.close()

    def __enter__(self) -> KnowledgeGraph:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _open_snapshot(generations: Generations) -> Snapshot:
    """Open what the pointer names; when it moved and the old one was pruned meanwhile, follow it."""
    while True:
        generation = generations.current()
        try:
            return Snapshot(generation, OxigraphStore.open_read_only(generation.store_path))
        except (StateError, OSError):
            if generations.current_number() in (None, generation.number):
                raise


__all__ = ["KnowledgeGraph", "Snapshot", "StateMissingError"]
