"""What an update would change: evaluates it on a checkpoint in a process that can be killed, and reads the difference back.

What is only data is read here. Any other update's text is a stranger's: its process has no network, a memory allowance and a
deadline (`update_process`). This module starts it, waits, and turns what it left into a `Change`. It changes nothing of what is
served.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyoxigraph
from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from qit4n_kg.errors import (
    KnowledgeGraphError,
    QueryMemoryError,
    QueryRefusedError,
    QuerySyntaxError,
    QueryTimeoutError,
    RequestError,
    StateError,
)
from qit4n_kg.store.dataset_clause import tokens
from qit4n_kg.store.journal import Change
from qit4n_kg.store.update_process import ADDS, RETRACTS, check_syntax
from qit4n_kg.store.update_text import read_update

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qit4n_kg.store.dataset_clause import Token
    from qit4n_kg.store.update_text import Operation

_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL")
_SHORT = 100_000
"""Characters of an update that is read where writes are made."""
_NESTING = frozenset(("(", "[", "<<", "<<(", "{|"))
_NESTED = 16
_REFUSALS: dict[str, type[KnowledgeGraphError]] = {error.code: error for error in (RequestError, QueryRefusedError)}


@dataclass(frozen=True)
class Update:
    """An update to evaluate: its text, the base of its relative IRIs, and the graphs that the protocol's parameters name.

    `timeout` is in seconds and may only shorten the deadline of evaluating it.
    """

    text: str
    base_iri: str | None = None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    timeout: float | None = None


def is_data(update: Update) -> bool:
    """Tell whether an update is nothing but INSERT DATA and DELETE DATA, short and hardly nested.

    >>> is_data(Update("INSERT DATA { <x:s> <x:p> 1 }")), is_data(Update("INSERT { ?s <x:p> 1 } WHERE { ?s ?p ?o }"))
    (True, False)
    """
    if update.default_graphs or update.named_graphs or len(update.text) > _SHORT:
        return False
    if sum(token.kind == "symbol" and token.text in _NESTING for token in tokens(update.text)) > _NESTED:
        return False
    try:
        operations = read_update(update.text, base_iri=update.base_iri)
    except QuerySyntaxError:
        return False
    return bool(operations) and all(_is_data(_words(operation, update)) for operation in operations)


def _words(operation: Operation, update: Update) -> tuple[Token, ...]:
    return tuple(islice(tokens(update.text[slice(*operation.span)]), 2))


def _is_data(words: tuple[Token, ...]) -> bool:
    return len(words) == 2 and words[0].is_word("INSERT", "DELETE") and words[1].is_word("DATA")


def data_change(update: Update, store: pyoxigraph.Store) -> Change:
    """Return what an update changes that is data (`is_data`): nothing is evaluated, the engine reads the data into empty stores.

    :raises QuerySyntaxError: it does not parse.
    """
    operations = read_update(update.text, base_iri=update.base_iri)
    check_syntax(update.text, operations)
    change = _DataChange(store)
    for operation in operations:
        verb, _ = _words(operation, update)
        start = len(operation.text) - (operation.span[1] - operation.span[0])
        data = pyoxigraph.Store()
        text = f"{operation.text[:start]}INSERT{operation.text[start + len(verb.text) :]}"
        data.update(text, base_iri=update.base_iri)
        change.take(data, is_added=verb.is_word("INSERT"))
    return change.result()


class _DataChange:
    """Quads that come and go one after the other, against a store."""

    def __init__(self, store: pyoxigraph.Store) -> None:
        self._store = store
        self._adds: dict[Quad, None] = {}
        self._retracts: dict[Quad, None] = {}
        self._created: dict[NamedNode, None] = {}

    def take(self, data: pyoxigraph.Store, *, is_added: bool) -> None:
        """Add or remove what a store has."""
        mine, other = (self._adds, self._retracts) if is_added else (self._retracts, self._adds)
        for quad in data:
            if quad in other:
                del other[quad]
            elif (quad in self._store) != is_added:
                mine[quad] = None
        if is_added:
            graphs = (graph for graph in data.named_graphs() if isinstance(graph, NamedNode))
            self._created |= {graph: None for graph in graphs if not self._store.contains_named_graph(graph)}

    def result(self) -> Change:
        """Return the difference."""
        return Change(tuple(self._adds), tuple(self._retracts), tuple(sorted(self._created, key=str)))


def evaluate_update(
    update: Update, store: Path, work: Path, loaded: Sequence[bytes | None], *, timeout: float, memory: int
) -> Change:
    """Return what an update changes in the generation whose store is at `store`; `work` is a folder to be made and removed.

    `loaded` has for each LOAD of the update, in order, its triples as N-Triples, None where a silent one failed. `timeout` is in
    seconds, `memory` in bytes beyond what the process has when the store is open.

    :raises QuerySyntaxError: it does not parse.
    :raises QueryTimeoutError: it did not end in time.
    :raises QueryMemoryError: it needed more memory than it may use.
    :raises RequestError: an operation fails, such as DROP of a graph that is not there, or it is nested too deeply.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        for number, triples in enumerate(loaded):
            if triples is not None:
                (work / f"load-{number}.nt").write_bytes(triples)
        job = {**vars(update), "store": str(store), "work": str(work), "memory": memory}
        reply = _run(job, timeout, memory)
        return Change(
            adds=tuple(parse(path=work / ADDS, format=RdfFormat.N_QUADS)),
            retracts=tuple(parse(path=work / RETRACTS, format=RdfFormat.N_QUADS)),
            created=tuple(NamedNode(graph) for graph in reply["created"]),
            dropped=tuple(NamedNode(graph) for graph in reply["dropped"]),
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _run(job: dict[str, Any], timeout: float, memory: int) -> dict[str, Any]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "qit4n_kg.store.update_process", str(os.getpid())],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=timeout,
            check=False,
            env={**environment, "MALLOC_ARENA_MAX": "2"},
        )
    except subprocess.TimeoutExpired:
        raise QueryTimeoutError(
            f"The update did not end within {timeout:g} seconds, and nothing was changed.",
            hint="Change less at a time, or make the patterns more selective.",
            limit={"name": "timeout", "value": timeout, "unit": "seconds"},
        ) from None
    if ended.returncode != 0:
        raise _cause_of_death(ended.returncode, memory, ended.stderr)
    reply: dict[str, Any] = json.loads(ended.stdout)
    if not reply["ok"]:
        raise _error(reply, memory)
    return reply


def _cause_of_death(status: int, memory: int, words: bytes) -> KnowledgeGraphError:
    if -status in (6, 9):  # SIGABRT by the engine out of memory, SIGKILL by the kernel
        return _out_of_memory(memory)
    if -status in (7, 11):  # SIGBUS, SIGSEGV: the engine's parser and planner recurse
        return RequestError("The update is nested too deeply for the engine.", hint="Write it with fewer brackets.")
    return StateError(f"The update's process ended with {status}: {words.decode(errors='replace')[-2000:]}")


def _out_of_memory(memory: int) -> QueryMemoryError:
    return QueryMemoryError(
        f"The update needs more memory than the {memory // (1024 * 1024)} MiB that one may use; nothing was changed."
    )


def _error(reply: dict[str, Any], memory: int) -> KnowledgeGraphError:
    code, message, hint = reply["code"], reply["message"], reply["hint"]
    if code == QuerySyntaxError.code:
        return QuerySyntaxError(message, line=reply["line"], column=reply["column"], hint=hint)
    if code == QueryMemoryError.code:
        return _out_of_memory(memory)
    if code in _REFUSALS:
        return _REFUSALS[code](message, hint=hint)
    return StateError(f"The update's process failed: {message}")
