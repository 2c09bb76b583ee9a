"""Writes from beginning to end: evaluate, refuse or accept, journal, publish; by one writer at a time.

The order is: lock, publish what the journal has and the current generation has not, evaluate, validate, write the next
generation, fsync the journal's entries, move the pointer. Killed before an entry is whole that write has not happened; killed after
it, the next start publishes it. Not decided here: who may write.

Writes that wait together share a generation: each is judged after those before it as if they were published, has its own entry and
its own answer, and one that is refused leaves no trace. A `Writer` keeps what files, journal and compilation came to from one call
to the next, and looks each time whether it still holds.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from qit4n_kg.building import SOFTWARE, Origin
from qit4n_kg.committing.batches import Batch, NothingChangesError, SpoiltError, Turn
from qit4n_kg.compiled import Compiled
from qit4n_kg.errors import (
    GenerationDamagedError,
    KnowledgeGraphError,
    StateError,
    StateLockedError,
    StateMissingError,
)
from qit4n_kg.federation.loads import load_triples
from qit4n_kg.feed.recording import Touched
from qit4n_kg.revising import NotRevisableError
from qit4n_kg.search.writing import SearchMemory
from qit4n_kg.store.evaluating import Update
from qit4n_kg.store.generations import Generation, Generations
from qit4n_kg.store.journal import START
from qit4n_kg.store.numbering import Numbering
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qit4n_kg.committing.orders import Committed, Order
    from qit4n_kg.config import Settings
    from qit4n_kg.store.recording import Net, Recorder

_POLL_SECONDS = 0.005


class _Silent:
    """A build's progress that nobody watches."""

    def started(self, stage: str, total: int | None = None) -> None: ...

    def advanced(self, done: int) -> None: ...

    def finished(self, summary: str) -> None: ...


def commit(settings: Settings, order: Order, actor: str, expected: int | None = None) -> Committed:
    """Make a write in this process, as `submit` does in another.

    :raises KnowledgeGraphError: it was refused, or could not be stored; nothing was changed.
    """
    loaded = load_triples(order, settings) if isinstance(order, Update) else []
    (outcome,) = Writer(settings).make([Turn(order, actor, expected, loaded)])
    if isinstance(outcome, KnowledgeGraphError):
        raise outcome
    return outcome


class Writer:
    """Makes writes, and remembers between them what costs time to make: not for several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._generations = Generations(
            settings.state_dir, settings.keep_generations, settings.keep_days, Numbering(settings.journal_dir)
        )
        self._origin: Origin | None = None
        self._compiled = Compiled(settings)
        self._search = SearchMemory()

    def make(self, turns: Sequence[Turn]) -> list[Committed | KnowledgeGraphError]:
        """Make writes, in their order; return what came of each."""
        try:
            with ExitStack() as stack:
                _lock(self._generations, stack, self._settings.query_timeout)
                while left := [turn for turn in turns if turn.outcome is None]:
                    self._make_some(left)
                    if all(turn.outcome is None for turn in left):
                        raise StateError("The write could not be begun.", hint="The log of the server tells more.")
        except KnowledgeGraphError as exc:
            for turn in turns:
                if turn.outcome is None:
                    turn.refuse(exc)
        return [turn.outcome for turn in turns if turn.outcome is not None]

    def _make_some(self, turns: Sequence[Turn]) -> None:
        """Make as many writes as fit into one generation, the first at least."""
        origin = self._find_origin()
        current = self._up_to_date(origin)
        with ExitStack() as stack:
            batch = Batch(self._settings, origin, current, self._compiled)
            stack.callback(batch.let_go)
            if self._settings.scratch or current.manifest.inputs == origin.inputs():  # no file has changed since
                try:
                    self._publish_change(batch, turns)
                except SpoiltError:
                    pass
                except NotRevisableError:
                    self._publish_build(batch, turns[0])
            else:
                self._publish_build(batch, turns[0])

    def _find_origin(self) -> Origin:
        was = self._origin
        self._origin = None
        found = Origin.find(self._settings, was)
        if was is not None and was.files != found.files:
            self._compiled = Compiled(self._settings)
        self._origin = found
        return found

    def _up_to_date(self, origin: Origin) -> Generation:
        """Return the current generation, after publishing what a crash left in the journal only."""
        try:
            current = self._generations.current()
        except (StateMissingError, GenerationDamagedError):
            current = None
        if current is None or not _has_journal(current, origin):
            current, _ = origin.publish(self._generations, origin.journal.entries, origin.inputs(), _Silent())
        else:
            origin.record(current)  # which a crash may have left out
        return current

    def _publish_change(self, batch: Batch, turns: Sequence[Turn]) -> None:
        """Publish the current generation with what the writes change, as many of them as can be made there.

        :raises NotRevisableError: the first of them has to be made by a build.
        """
        origin = batch.origin
        refresh = None if self._settings.scratch else origin.refresh(batch.current, self._search)
        nets: list[Net] = []

        def apply(recorder: Recorder, workspace: Path) -> None:
            batch.take(turns, recorder, workspace)
            if not batch.entries:
                raise NothingChangesError

        def complete(store_path: Path, net: Net) -> None:
            nets.append(net)
            if refresh is not None:
                refresh(store_path, net)

        def make() -> Generation:
            return self._generations.commit(
                apply, inputs=batch.inputs, software=SOFTWARE, on_ready=batch.accept, complete=complete
            )

        try:
            generation = batch.publish(self._generations, make)
        except NothingChangesError:
            batch.finish(batch.current.number)
            return
        if generation is not None:
            origin.record(generation, Touched(batch.current, nets[-1]))
            self._search.settle(generation)
            batch.finish(generation.number)

    def _publish_build(self, batch: Batch, turn: Turn) -> None:
        """Publish what the files and the journal with one write make."""
        with OxigraphStore.open_read_only(batch.current.store_path) as store:
            try:
                is_change = batch.prepare(turn, store)
            except KnowledgeGraphError as exc:
                turn.refuse(exc)
                return
        if not is_change:
            batch.finish(batch.current.number)
            return

        def make() -> Generation:
            entries = [*batch.origin.journal.entries, *batch.entries]
            return batch.origin.publish(self._generations, entries, batch.inputs(), _Silent(), batch.accept)[0]

        generation = batch.publish(self._generations, make)
        if generation is not None:
            batch.finish(generation.number)


def _lock(generations: Generations, stack: ExitStack, seconds: float) -> None:
    """Take the writer's lock, after another writer if need be."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            stack.enter_context(generations.writer())
        except StateLockedError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_POLL_SECONDS)
        else:
            return


def _has_journal(generation: Generation, origin: Origin) -> bool:
    """Tell whether a generation was made with the journal as it is; files may have changed since."""
    inputs = generation.manifest.inputs
    if origin.settings.scratch:
        return inputs == origin.inputs()
    return (inputs.partition(" journal:")[2] or START) == origin.journal.position


__all__ = ["Turn", "Writer", "commit"]
