"""Writes that share a generation: judged one after the other, each as if those before it were published, answered together.

A write that is refused leaves no trace. Contributions among them are held until the batch lets go of them. `commits` publishes it.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qit4n_kg.committing.accepting import Accepting
from qit4n_kg.committing.changes import graph_change, prepared_change, refuse_change, refuse_wiping
from qit4n_kg.committing.orders import Acceptance, Committed, GraphWrite, PreparedChange
from qit4n_kg.errors import KnowledgeGraphError, PreconditionFailedError
from qit4n_kg.revising import NotRevisableError, revise
from qit4n_kg.store.evaluating import Update, data_change, evaluate_update, is_data
from qit4n_kg.store.journal import Change, Entry, apply_loose
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pyoxigraph import NamedNode, Quad

    from qit4n_kg.building import Origin
    from qit4n_kg.committing.orders import Order
    from qit4n_kg.compiled import Compiled
    from qit4n_kg.config import Settings
    from qit4n_kg.store.generations import Generation, Generations
    from qit4n_kg.store.recording import Recorder


class NothingChangesError(Exception):
    """No write of a batch changes anything, so no generation is made."""


class SpoiltError(Exception):
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


@dataclass(eq=False)
class Batch:
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
                raise SpoiltError from exc
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

    def publish(self, generations: Generations, make: Callable[[], Generation]) -> Generation | None:
        """Have the generation of these writes made; None where that failed, and those who wait are told so.

        :raises NothingChangesError: no write changes anything.
        :raises SpoiltError: one failed while it was being made.
        :raises NotRevisableError: the first of them has to be made by a build.
        :raises KnowledgeGraphError: none was begun, so none would be another time.
        """
        try:
            return make()
        except (NothingChangesError, NotRevisableError, SpoiltError):
            raise
        except KnowledgeGraphError as exc:
            if not self.turns:
                raise
            self._give_up(generations, exc)
            return None
        except BaseException:
            self._give_up(generations, None)
            raise

    def _give_up(self, generations: Generations, error: KnowledgeGraphError | None) -> None:
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
