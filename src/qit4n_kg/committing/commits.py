"""Writes from beginning to end: evaluate, refuse or accept, journal, publish; by one writer at a time.

The order is: lock, publish what the journal has and the current generation has not, evaluate, validate, write the next
generation, fsync the journal's entries, move the pointer. Killed before an entry is whole that write has not happened; killed after
it, the next start publishes it. Not decided here: who may write.

Writes that wait together share a generation: each is judged after those before it as if they were published, has its own entry and
its own answer, and one that is refused leaves no trace. A `Writer` keeps what files, journal and compilation came to from one call
to the next, and looks each time whether it still holds.
"""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qit4n_kg.building import SOFTWARE, Origin
from qit4n_kg.committing.accepting import Accepting
from qit4n_kg.committing.changes import graph_change, prepared_change, refuse_change, refuse_wiping
from qit4n_kg.committing.orders import Acceptance, Committed, GraphWrite, PreparedChange
from qit4n_kg.compiled import Compiled
from qit4n_kg.errors import (
    GenerationDamagedError,
    KnowledgeGraphError,
    PreconditionFailedError,
    StateError,
    StateLockedError,
    StateMissingError,
)
from qit4n_kg.federation.loads import load_triples
from qit4n_kg.feed.recording import Touched
from qit4n_kg.revising import NotRevisableError, revise
from qit4n_kg.search.writing import SearchMemory
from qit4n_kg.store.evaluating import Update, data_change, evaluate_update, is_data
from qit4n_kg.store.generations import Generation, Generations
from qit4n_kg.store.journal import START, Change, Entry, apply_loose
from qit4n_kg.store.numbering import Numbering
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyoxigraph import NamedNode, Quad

    from qit4n_kg.committing.orders import Order
    from qit4n_kg.config import Settings
    from qit4n_kg.store.recording import Net, Recorder

_POLL_SECONDS = 0.005


class _Silent:
    """A build's progress that nobody watches."""

    def started(self, stage: str, total: int | None = None) -> None: ...

    def advanced(self, done: int) -> None: ...

    def finished(self, summary: str) -> None: ...


class _NothingChangesError(Exception):
    """No write of a batch changes anything, so no generation is made."""


class _SpoiltError(Exception):
    """A write failed while it was being made: the checkpoint is of no use to the others."""


@dataclass(eq=False)
class Turn:
    """One write that is to be made; `outcome` is what came of it, `entry` its place in the journal if it changes anything."""

    order: Order
    actor: str
    expected: int | None = None
    loaded: Sequence[bytes | None] = ()
    outcome: Committed | KnowledgeGraphError | None = None
    entry: Entry | None = None
    accepting: Accepting | None = None
    holding: ExitStack = field(default_factory=ExitStack)

    def refuse(self, error: KnowledgeGraphError | None) -> None:
        """Take an error for the outcome, without the frames in which it was raised: they would keep a store open, and so locked."""
        self.outcome = error
        part: BaseException | None = error
        while part is not None:
            part.__traceback__ = None
            part = part.__cause__ or part.__context__

    def forget(self) -> None:
        """Let go of what was worked out, and of the contribution."""
        self.entry = self.accepting = None
        self.holding.close()

    @property
    def name(self) -> str | None:
        """What its entry is called, if that is known beforehand."""
        order = self.order
        return order.entry_id if isinstance(order, Acceptance) else getattr(order, "id", None)


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
            batch = _Batch(self._settings, origin, current, self._compiled)
            stack.callback(batch.let_go)
            if self._settings.scratch or current.manifest.inputs == origin.inputs():  # no file has changed since
                try:
                    self._publish_change(batch, turns)
                except (_NothingChangesError, _SpoiltError):
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

    def _publish_change(self, batch: _Batch, turns: Sequence[Turn]) -> None:
        """Publish the current generation with what the writes change, as many of them as can be made there.

        :raises NotRevisableError: the first of them has to be made by a build.
        """

        def apply(recorder: Recorder, workspace: Path) -> None:
            batch.take(turns, recorder, workspace)
            if not batch.entries:
                raise _NothingChangesError

        origin = batch.origin
        refresh = None if self._settings.scratch else origin.refresh(batch.current, self._search)
        nets: list[Net] = []

        def complete(store_path: Path, net: Net) -> None:
            nets.append(net)
            if refresh is not None:
                refresh(store_path, net)

        try:
            generation = self._generations.commit(
                apply, inputs=batch.inputs, software=SOFTWARE, on_ready=batch.accept, complete=complete
            )
        except _NothingChangesError:
            batch.finish(batch.current.number)
            raise
        except (NotRevisableError, _SpoiltError):
            raise
        except KnowledgeGraphError as exc:
            if not batch.turns:  # nothing was begun, so nothing would be another time
                raise
            batch.give_up(self._generations, exc)
            return
        except BaseException:
            batch.give_up(self._generations, None)
            raise
        origin.record(generation, Touched(batch.current, nets[-1]))
        self._search.settle(generation)
        batch.finish(generation.number)

    def _publish_build(self, batch: _Batch, turn: Turn) -> None:
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
        origin = batch.origin
        try:
            generation, _ = origin.publish(
                self._generations, [*origin.journal.entries, *batch.entries], batch.inputs(), _Silent(), batch.accept
            )
        except KnowledgeGraphError as exc:
            if not batch.turns:  # nothing was begun, so nothing would be another time
                raise
            batch.give_up(self._generations, exc)
            return
        except BaseException:
            batch.give_up(self._generations, None)
            raise
        batch.finish(generation.number)


@dataclass(eq=False)
class _Batch:
    """Writes that share a generation; contributions among them are held until `let_go`."""

    settings: Settings
    origin: Origin
    current: Generation
    compiled: Compiled
    turns: list[Turn] = field(default_factory=list)
    is_appended: bool = False
    decided: str = ""
    """What decides the dataset, once that was asked."""

    def __post_init__(self) -> None:
        loose, graphs = self.origin.journal.loose()
        self._loose: dict[Quad, None] = dict(loose)
        self._graphs: set[NamedNode] = set(graphs)

    @property
    def entries(self) -> list[Entry]:
        """The entries of the writes that change anything."""
        return [turn.entry for turn in self.turns if turn.entry is not None]

    def inputs(self) -> str:
        """Return what decides the dataset, with these writes."""
        self.decided = self.origin.inputs(self.origin.journal.next_position(*self.entries))
        return self.decided

    def let_go(self) -> None:
        """Let go of the contributions."""
        for turn in self.turns:
            turn.holding.close()

    def take(self, turns: Sequence[Turn], recorder: Recorder, workspace: Path) -> None:
        """Judge the writes and make them in the open checkpoint, up to the first that has to wait for the next generation.

        :raises NotRevisableError: the first of them has to be made by a build.
        """
        with OxigraphStore(recorder.raw) as store:
            self._take(turns, store, recorder, workspace)

    def _take(self, turns: Sequence[Turn], store: OxigraphStore, recorder: Recorder, workspace: Path) -> None:
        for turn in turns:
            if self.turns and self._has_to_wait(turn):
                return
            try:
                if not self.prepare(turn, store):
                    continue
                assert turn.entry is not None
                change = turn.entry.change
                if self.settings.scratch:
                    make = None
                else:
                    make = revise(self.settings, self._loose, self._graphs, change, recorder, self.compiled)
            except NotRevisableError:
                self._forget(turn)
                if self.turns:
                    return
                raise
            except KnowledgeGraphError as exc:
                self._forget(turn)
                turn.refuse(exc)
                continue
            try:
                if make is None:
                    change.apply_to(recorder)
                else:
                    make(recorder, workspace)
            except KnowledgeGraphError as exc:
                for other in self.turns:
                    other.forget()
                turn.refuse(exc)
                raise _SpoiltError from exc
            apply_loose(change, self._loose, self._graphs)

    def _forget(self, turn: Turn) -> None:
        turn.forget()
        if turn in self.turns:
            self.turns.remove(turn)

    def _has_to_wait(self, turn: Turn) -> bool:
        """Tell whether a write can't follow others in one generation: the same one again, or an update that is evaluated apart."""
        if turn.name is not None and any(turn.name == other.name for other in self.turns):
            return True
        return isinstance(turn.order, Update) and bool(self.entries) and not is_data(turn.order)

    def prepare(self, turn: Turn, store: OxigraphStore) -> bool:
        """Work out what a write changes in a store, and refuse what may not be; return False where it changes nothing.

        :raises KnowledgeGraphError: it is refused.
        """
        number = self.current.number + bool(self.entries)
        if turn.expected is not None and number != turn.expected:
            raise PreconditionFailedError(
                f"Generation {number} is current, and the write was made for {turn.expected}.",
                hint="Read again what it changes, and send it anew.",
            )
        if isinstance(turn.order, Acceptance):
            turn.accepting = Accepting.begin(turn.order, self.origin, turn.actor, turn.holding)
        self.turns.append(turn)
        if turn.name is not None and any(entry.id == turn.name for entry in self.origin.journal.entries):
            return False
        change, source = self._change(turn, store)
        if not self.settings.scratch:
            refuse_change(change, self.origin, self._loose, source)
        if not change:
            return False
        turn.entry = Entry.of(change, turn.actor, source, turn.name)
        return True

    def _change(self, turn: Turn, store: OxigraphStore) -> tuple[Change, str]:
        """Work out what a write changes, and by what it came."""
        order, settings = turn.order, self.settings
        if isinstance(order, Acceptance):
            assert turn.accepting is not None
            return turn.accepting.change(store), "contribution"
        if isinstance(order, GraphWrite):
            return graph_change(order, store, self.origin), "graph-store"
        if isinstance(order, PreparedChange):
            return prepared_change(order, store), order.source
        if is_data(order):
            return data_change(order, store.inner), "update"
        if not settings.scratch:
            refuse_wiping(order, store, self.origin)
        work = settings.state_dir / "generations" / "update.partial"
        timeout, memory = min(order.timeout or math.inf, settings.query_timeout), settings.query_memory
        path = self.current.store_path
        return evaluate_update(order, path, work, turn.loaded, timeout=timeout, memory=memory), "update"

    def accept(self) -> None:
        """Write down that the writes are accepted: nothing but the pointer is left."""
        for turn in self.turns:
            if turn.accepting is not None and turn.entry is not None:
                turn.accepting.prepare()
        self.origin.journal.append(*self.entries)
        self.is_appended = True

    def give_up(self, generations: Generations, error: KnowledgeGraphError | None) -> None:
        """Take back what could not be published, and say so to those who wait."""
        if self.is_appended and generations.current().manifest.inputs != self.decided:
            self.origin.journal.withdraw()
        for turn in self.turns:
            turn.refuse(error)

    def finish(self, number: int) -> None:
        """Answer the writes: they are in the generation of this number."""
        for turn in self.turns:
            if turn.accepting is not None:
                turn.accepting.finish(number)
            change = turn.entry.change if turn.entry is not None else Change()
            turn.outcome = Committed(number, len(change.adds), len(change.retracts), bool(change.created))


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
