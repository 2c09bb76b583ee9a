"""One write from beginning to end: evaluate, refuse or accept, journal, publish; by one writer at a time.

The order is: lock, publish what the journal has and the current generation has not, evaluate, validate, write the next
generation, fsync the journal's entry, move the pointer. Killed before the entry is whole nothing has happened; killed after it,
the next start publishes it. Not decided here: who may write.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from qit4n_kg.building import SOFTWARE, Origin
from qit4n_kg.committing.accepting import Accepting
from qit4n_kg.committing.changes import graph_change, prepared_change, refuse_change, refuse_wiping
from qit4n_kg.committing.orders import Acceptance, Committed, GraphWrite, PreparedChange
from qit4n_kg.errors import GenerationDamagedError, PreconditionFailedError, StateLockedError, StateMissingError
from qit4n_kg.federation.loads import load_triples
from qit4n_kg.feed.recording import Touched
from qit4n_kg.revising import NotRevisableError, revise
from qit4n_kg.store.evaluating import Update, evaluate_update
from qit4n_kg.store.generations import Generation, Generations
from qit4n_kg.store.journal import START, Change, Entry
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qit4n_kg.committing.orders import Order
    from qit4n_kg.config import Settings

_POLL_SECONDS = 0.02


class _Silent:
    """A build's progress that nobody watches."""

    def started(self, stage: str, total: int | None = None) -> None: ...

    def advanced(self, done: int) -> None: ...

    def finished(self, summary: str) -> None: ...


def commit(settings: Settings, order: Order, actor: str, expected: int | None = None) -> Committed:
    """Make a write in this process, as `submit` does in another."""
    loaded = load_triples(order, settings) if isinstance(order, Update) else []
    generations = Generations(settings.state_dir, settings.keep_generations, settings.keep_days)
    with ExitStack() as stack:
        _lock(generations, stack, settings.query_timeout)
        origin = Origin.find(settings)
        current = _up_to_date(generations, origin)
        if expected is not None and current.number != expected:
            raise PreconditionFailedError(
                f"Generation {current.number} is current, and the write was made for {expected}.",
                hint="Read again what it changes, and send it anew.",
            )
        accepting = Accepting.begin(order, origin, actor, stack) if isinstance(order, Acceptance) else None
        entry_id = accepting.entry_id if accepting else getattr(order, "id", None)
        if entry_id is not None and any(entry.id == entry_id for entry in origin.journal.entries):
            if accepting:
                accepting.finish(current.number)
            return Committed(current.number, 0, 0, is_new_graph=False)
        change, source = _change(order, accepting, current, origin, loaded)
        if not settings.scratch:
            refuse_change(change, origin, source)
        number = current.number
        if change:
            entry = Entry.of(change, actor, source, entry_id)
            number = _publish(generations, origin, entry, current, accepting.prepare if accepting else None).number
        if accepting:
            accepting.finish(number)
    return Committed(number, len(change.adds), len(change.retracts), bool(change.created))


def _change(
    order: Order, accepting: Accepting | None, current: Generation, origin: Origin, loaded: Sequence[bytes | None]
) -> tuple[Change, str]:
    """Work out what a write changes, and by what it came."""
    settings = origin.settings
    if accepting or isinstance(order, Acceptance):
        assert accepting
        return accepting.change(current), "contribution"
    if isinstance(order, GraphWrite):
        return graph_change(order, current, origin), "graph-store"
    if isinstance(order, PreparedChange):
        return prepared_change(order, current), order.source
    if not settings.scratch:
        refuse_wiping(order, current, origin)
    work = settings.state_dir / "generations" / "update.partial"
    timeout, memory = settings.query_timeout, settings.query_memory
    return evaluate_update(order, current.store_path, work, loaded, timeout=timeout, memory=memory), "update"


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


def _up_to_date(generations: Generations, origin: Origin) -> Generation:
    """Return the current generation, after publishing what a crash left in the journal only."""
    try:
        current = generations.current()
    except (StateMissingError, GenerationDamagedError):
        current = None
    if current is None or not _has_journal(current, origin):
        current, _ = origin.publish(generations, origin.journal.entries, origin.inputs(), _Silent())
    else:
        origin.record(current)  # which a crash may have left out
    return current


def _has_journal(generation: Generation, origin: Origin) -> bool:
    """Tell whether a generation was made with the journal as it is; files may have changed since."""
    inputs = generation.manifest.inputs
    if origin.settings.scratch:
        return inputs == origin.inputs()
    return (inputs.partition(" journal:")[2] or START) == origin.journal.position


def _publish(
    generations: Generations,
    origin: Origin,
    entry: Entry,
    current: Generation,
    before: Callable[[], None] | None = None,
) -> Generation:
    """Publish a generation with one more entry; `before` is called when nothing but the journal's entry and the pointer is left."""
    journal = origin.journal
    inputs = origin.inputs(journal.next_position(entry))
    appended: list[Entry] = []
    touched = Touched(current)

    def accept() -> None:
        if before is not None:
            before()
        journal.append(entry)
        appended.append(entry)

    try:
        if origin.settings.scratch:
            apply = touched.watch(lambda store, _: entry.change.apply_to(store))
            generation = generations.commit(apply, inputs=inputs, software=SOFTWARE, on_ready=accept)
            origin.record(generation, touched)
            return generation
        if current.manifest.inputs == origin.inputs():  # no file has changed since
            with suppress(NotRevisableError):
                with OxigraphStore.open_read_only(current.store_path) as store:
                    revision = revise(origin.settings, journal.entries, entry.change, store.inner)
                generation = generations.commit(
                    touched.watch(revision),
                    inputs=inputs,
                    software=SOFTWARE,
                    on_ready=accept,
                    complete=origin.refresh(current),
                )
                origin.record(generation, touched)
                return generation
        return origin.publish(generations, [*journal.entries, entry], inputs, _Silent(), accept)[0]
    except BaseException:
        if appended and generations.current().manifest.inputs != inputs:
            journal.withdraw()
        raise
