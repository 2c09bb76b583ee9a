"""One write from beginning to end: evaluate, refuse or accept, journal, publish; by one writer at a time, in a process of its own.

`submit` starts that process and waits for it; `commit` is what runs there. The order is: lock, publish what the journal has and
the current generation has not, evaluate, validate, write the next generation, fsync the journal's entry, move the pointer. Killed
before the entry is whole nothing has happened; killed after it, the next start publishes it. Not decided here: who may write.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse

from qit4n_kg.building import SOFTWARE, Origin
from qit4n_kg.config import load_settings, to_environ
from qit4n_kg.errors import (
    ChangeRefusedError,
    GenerationDamagedError,
    InvalidDataError,
    KnowledgeGraphError,
    NotFoundError,
    QuerySyntaxError,
    SourceError,
    StateError,
    StateLockedError,
    StateMissingError,
)
from qit4n_kg.federation.loads import load_triples, refuse_remote
from qit4n_kg.loading import SourceKind
from qit4n_kg.namespaces import STDORG
from qit4n_kg.revising import NotRevisableError, revise
from qit4n_kg.store.canonical import has_blank_node
from qit4n_kg.store.evaluating import Update, evaluate_update
from qit4n_kg.store.generations import Generation, Generations
from qit4n_kg.store.journal import START, Change, Entry, replay
from qit4n_kg.store.oxigraph import OxigraphStore, stored_forms
from qit4n_kg.store.update_text import ALL, DEFAULT, NAMED, read_update

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qit4n_kg.config import Settings

_POLL_SECONDS = 0.02
_SOURCE_FILE = NamedNode(STDORG + "sourceFile")
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL", "HOME")
_FILE_HINT = "It comes from a file: change the file, or add and retract single statements."


@dataclass(frozen=True)
class GraphWrite:
    """A write of the Graph Store Protocol: PUT, POST or DELETE of a graph, None being the default graph."""

    method: str
    graph: str | None
    triples: str = ""
    """N-Triples."""


@dataclass(frozen=True)
class Committed:
    """What came of a write: the generation that has it, how many quads came and went, and whether its graph is new."""

    generation: int
    added: int
    retracted: int
    is_new_graph: bool


class _Silent:
    """A build's progress that nobody watches."""

    def started(self, stage: str, total: int | None = None) -> None: ...

    def advanced(self, done: int) -> None: ...

    def finished(self, summary: str) -> None: ...


def submit(settings: Settings, order: Update | GraphWrite, actor: str) -> Committed:
    """Make a write in a process of its own and wait for it.

    :raises RequestError: the write can't be understood or is not allowed.
    :raises InvalidDataError: the result would violate the shapes; nothing was changed.
    :raises QueryLimitError: evaluating it ran into a limit; nothing was changed.
    :raises StateError: it could not be stored.
    """
    if isinstance(order, Update):
        refuse_remote(order, settings)
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    job = {"kind": type(order).__name__, "actor": actor, **asdict(order)}
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "qit4n_kg.committing.commits"],
        input=json.dumps(job).encode(),
        capture_output=True,
        check=False,
        env={**kept, **to_environ(settings)},
    )
    if ended.returncode != 0:
        words = ended.stderr.decode(errors="replace")[-4000:]
        raise RuntimeError(f"The writing process ended with {ended.returncode}: {words}")
    reply = json.loads(ended.stdout)
    if reply.pop("ok"):
        return Committed(**reply)
    raise _received(reply)


def commit(settings: Settings, order: Update | GraphWrite, actor: str) -> Committed:
    """Make a write in this process, as `submit` does in another."""
    loaded = load_triples(order, settings) if isinstance(order, Update) else []
    generations = Generations(settings.state_dir, settings.keep_generations, settings.keep_days)
    with ExitStack() as stack:
        _lock(generations, stack, settings.query_timeout)
        origin = Origin.find(settings)
        current = _up_to_date(generations, origin)
        if isinstance(order, Update):
            if not settings.scratch:
                _refuse_wiping(order, current, origin)
            work = settings.state_dir / "generations" / "update.partial"
            change = evaluate_update(
                order,
                current.store_path,
                work,
                loaded,
                timeout=settings.query_timeout,
                memory=settings.query_memory,
            )
            source = "update"
        else:
            change = _graph_change(order, current, origin)
            source = "graph-store"
        if not settings.scratch:
            _refuse_change(change, origin)
        number = current.number
        if change:
            number = _publish(generations, origin, Entry.of(change, actor, source), current).number
    return Committed(number, len(change.adds), len(change.retracts), bool(change.created))


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
    return current


def _has_journal(generation: Generation, origin: Origin) -> bool:
    """Tell whether a generation was made with the journal as it is; files may have changed since."""
    inputs = generation.manifest.inputs
    if origin.settings.scratch:
        return inputs == origin.inputs()
    return (inputs.partition(" journal:")[2] or START) == origin.journal.position


def _publish(generations: Generations, origin: Origin, entry: Entry, current: Generation) -> Generation:
    journal = origin.journal
    inputs = origin.inputs(journal.next_position(entry))
    appended: list[Entry] = []

    def accept() -> None:
        journal.append(entry)
        appended.append(entry)

    try:
        if origin.settings.scratch:
            return generations.commit(
                lambda store, _: entry.change.apply_to(store), inputs=inputs, software=SOFTWARE, on_ready=accept
            )
        if current.manifest.inputs == origin.inputs():  # no file has changed since
            with suppress(NotRevisableError):
                revision = revise(origin.settings, journal.entries, entry.change)
                return generations.commit(revision, inputs=inputs, software=SOFTWARE, on_ready=accept)
        return origin.publish(generations, [*journal.entries, entry], inputs, _Silent(), accept)[0]
    except BaseException:
        if appended and generations.current().manifest.inputs != inputs:
            journal.withdraw()
        raise


# --- what a write may not do ----------------------------------------------------------------------------------------------------


def _file_graphs(current: Generation, origin: Origin) -> set[str]:
    registry = NamedNode(origin.settings.graph_base + "registry")
    with OxigraphStore.open_read_only(current.store_path) as store:
        found = store.quads(predicate=_SOURCE_FILE, graph=registry)
        return {quad.subject.value for quad in found if isinstance(quad.subject, NamedNode)}


def _refuse_wiping(order: Update, current: Generation, origin: Origin) -> None:
    """Refuse operations on whole graphs that come from files, and on the default graph, which follows from them."""
    wiped = [graph for operation in _operations(order) for graph in operation.wiped]
    if not wiped:
        return
    files = _file_graphs(current, origin)
    for graph in wiped:
        if graph in (ALL, NAMED, DEFAULT):
            raise ChangeRefusedError(f"{graph} covers graphs that come from files.", hint="Name one graph.")
        if graph in files:
            raise ChangeRefusedError(f"The graph <{graph}> is not emptied, replaced or removed.", hint=_FILE_HINT)


def _operations(order: Update) -> tuple[Any, ...]:
    return read_update(
        order.text,
        base_iri=order.base_iri,
        default_graphs=order.default_graphs,
        named_graphs=order.named_graphs,
    )


def _refuse_change(change: Change, origin: Origin) -> None:
    """Refuse what would contradict where statements come from."""
    base = origin.settings.graph_base
    ontology = {source.graph for source in origin.sources if source.kind is SourceKind.ONTOLOGY}
    for graph in change.graphs():
        local = graph.value.removeprefix(base) if isinstance(graph, NamedNode) else ""
        if local == "registry" or local.startswith("entailed/"):
            raise ChangeRefusedError(f"The build itself writes the graph {graph}.")
        if graph in ontology:
            raise ChangeRefusedError(f"The graph {graph} is the ontology's.", hint="It is changed in its file.")
    for quad in change.adds:
        if has_blank_node(quad):
            raise ChangeRefusedError(f"Data has no blank nodes, but this has: {quad}.", hint="Give it an IRI.")
    asserted: Mapping[Quad, None] | None = None
    for quad in change.retracts:
        if isinstance(quad.graph_name, DefaultGraph):
            asserted = replay(origin.journal.entries)[0] if asserted is None else asserted
            if quad not in asserted:
                raise ChangeRefusedError(
                    f"This statement of the default graph follows from named graphs: {quad.triple} .",
                    hint="Delete it from the graph that states it: GRAPH ?g { … } finds that.",
                )


def _graph_change(order: GraphWrite, current: Generation, origin: Origin) -> Change:
    """Return what a write of the Graph Store Protocol changes.

    :raises NotFoundError: DELETE of a graph that is not there.
    :raises ChangeRefusedError: PUT or DELETE of a graph that comes from a file, or of a default graph that follows from others.
    """
    graph = NamedNode(order.graph) if order.graph is not None else DefaultGraph()
    if order.method != "POST" and not origin.settings.scratch:
        if order.graph is None:
            raise ChangeRefusedError("The default graph follows from the named graphs; it can be added to by POST.")
        if order.graph in _file_graphs(current, origin):
            raise ChangeRefusedError(f"The graph <{order.graph}> is not replaced or removed.", hint=_FILE_HINT)
    given = tuple(dict.fromkeys(stored_forms(_quads(order.triples, graph))))
    with OxigraphStore.open_read_only(current.store_path) as store:
        exists = isinstance(graph, DefaultGraph) or store.inner.contains_named_graph(graph)
        existing = dict.fromkeys(store.quads(graph=graph)) if order.method != "POST" else {}
        adds = tuple(quad for quad in given if quad not in store.inner)
    created = (graph,) if isinstance(graph, NamedNode) and not exists else ()
    if order.method == "DELETE":
        if not exists:
            raise NotFoundError(f"There is no graph <{order.graph}>.")
        return Change(retracts=tuple(existing), dropped=(graph,) if isinstance(graph, NamedNode) else ())
    if order.method == "POST":
        return Change(adds=adds, created=created)
    kept = set(given)
    return Change(adds, tuple(quad for quad in existing if quad not in kept), created)


def _quads(triples: str, graph: NamedNode | DefaultGraph) -> Iterator[Quad]:
    for triple in parse(triples, RdfFormat.N_TRIPLES):
        yield Quad(triple.subject, triple.predicate, triple.object, graph)


# --- over the pipe --------------------------------------------------------------------------------------------------------------


class ReceivedFindings:
    """What another process's validation found."""

    def __init__(self, text: str, document: str) -> None:
        self._text = text
        self._document = document

    def to_text(self) -> str:
        """Return it as lines."""
        return self._text

    def to_json(self) -> str:
        """Return it as a JSON document."""
        return self._document


def _sent(error: KnowledgeGraphError) -> dict[str, Any]:
    reply: dict[str, Any] = {"ok": False, "code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, QuerySyntaxError | SourceError):
        reply |= {"line": error.line, "column": error.column}
    if isinstance(error, InvalidDataError):
        reply |= {"text": error.report.to_text(), "report": error.report.to_json()}
    return reply


def _received(reply: dict[str, Any]) -> KnowledgeGraphError:
    code, message, hint = reply["code"], reply["message"], reply["hint"]
    kind = next((error for error in _errors(KnowledgeGraphError) if error.code == code), StateError)
    if issubclass(kind, InvalidDataError):
        return kind(message, report=ReceivedFindings(reply["text"], reply["report"]), hint=hint)
    if issubclass(kind, QuerySyntaxError | SourceError):
        return kind(message, line=reply["line"], column=reply["column"], hint=hint)
    return kind(message, hint=hint)


def _errors(root: type[KnowledgeGraphError]) -> Iterator[type[KnowledgeGraphError]]:
    yield root
    for child in root.__subclasses__():
        yield from _errors(child)


def main() -> None:
    """Make the write that stands on stdin, and write what came of it to stdout."""
    job = json.load(sys.stdin)
    kind, actor = job.pop("kind"), job.pop("actor")
    order: Update | GraphWrite
    if kind == Update.__name__:
        order = Update(job["text"], job["base_iri"], tuple(job["default_graphs"]), tuple(job["named_graphs"]))
    else:
        order = GraphWrite(**job)
    try:
        reply: dict[str, Any] = {"ok": True, **asdict(commit(load_settings(), order, actor))}
    except KnowledgeGraphError as exc:
        reply = _sent(exc)
    sys.stdout.write(json.dumps(reply))


if __name__ == "__main__":
    main()
