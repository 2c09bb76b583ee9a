"""A process that evaluates one update and ends: `python -m qit4n_kg.store.update_process PARENT`, its job as JSON on stdin.

It works on a checkpoint of a generation in a folder of its own, and leaves there what the update would change: `adds.nq`,
`retracts.nq` and, on stdout, a JSON reply with the named graphs that came and went. Nothing that it writes is ever served, so it
can be killed at any moment. It cuts itself off the network first; LOAD finds what its parent has fetched. Memory is bounded from
the moment the checkpoint is open; the deadline is its parent's.
"""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

import pyoxigraph
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat

from qit4n_kg.errors import KnowledgeGraphError, QueryRefusedError, QuerySyntaxError, RequestError
from qit4n_kg.store import sandbox
from qit4n_kg.store.dataset_clause import line_column
from qit4n_kg.store.update_text import Operation, parts_to_check, read_update

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDS, RETRACTS = "adds.nq", "retracts.nq"
_STOP = "CLEAR GRAPH <urn:x-qit4n:no-such-graph> ; "  # parsed with what follows, and fails before that is evaluated
_POSITION = re.compile(r"^error at (\d+):(\d+): ?", re.DOTALL)


def check_syntax(text: str, operations: tuple[Operation, ...]) -> None:
    """Parse an update without evaluating any of it.

    :raises QuerySyntaxError: with line and column.
    """
    for part, offset in parts_to_check(text, operations):
        _check_part(part, offset)


def _check_part(text: str, offset: int) -> None:
    try:
        pyoxigraph.Store().update(text[:offset] + _STOP + text[offset:], base_iri="urn:x-qit4n:base")
    except SyntaxError as exc:
        match = _POSITION.match(str(exc))
        if match is None:
            raise QuerySyntaxError(str(exc)) from exc
        line, column = int(match[1]), int(match[2])
        first_line, first_column = line_column(text, offset)
        if line == first_line and column > first_column:
            column = max(first_column, column - len(_STOP))
        raise QuerySyntaxError(str(exc)[match.end() :], line=line, column=column) from exc
    except UnicodeEncodeError as exc:
        raise QuerySyntaxError("The update has half of a surrogate pair, which is no character.") from exc
    except RuntimeError:
        return


def evaluate(store: pyoxigraph.Store, operations: tuple[Operation, ...], base_iri: str | None, work: Path) -> None:
    """Perform the operations in order; LOAD number n finds its triples in `work/load-n.nt`."""
    loads = 0
    for operation in operations:
        if operation.load is not None:
            _load(store, operation, work / f"load-{loads}.nt")
            loads += 1
        elif operation.using:
            _with_merge(store, operation, base_iri)
        else:
            _run(store, operation.text, base_iri)


def _load(store: pyoxigraph.Store, operation: Operation, path: Path) -> None:
    assert operation.load is not None
    if not path.exists():  # a LOAD SILENT whose address could not be read
        return
    graph = NamedNode(operation.load.graph) if operation.load.graph else DefaultGraph()
    triples = pyoxigraph.parse(path=path, format=RdfFormat.N_TRIPLES)
    store.extend(Quad(triple.subject, triple.predicate, triple.object, graph) for triple in triples)


def _with_merge(store: pyoxigraph.Store, operation: Operation, base_iri: str | None) -> None:
    """Perform an operation whose default graph is the merge of several, which the engine alone would not merge."""
    merged = NamedNode(f"urn:uuid:{uuid4()}")
    for graph in operation.using:
        quads = store.quads_for_pattern(None, None, None, NamedNode(graph))
        store.extend(Quad(quad.subject, quad.predicate, quad.object, merged) for quad in quads)
    try:
        _run(store, operation.with_merged(merged.value), base_iri)
    finally:
        store.remove_graph(merged)


def _run(store: pyoxigraph.Store, text: str, base_iri: str | None) -> None:
    try:
        store.update(text, base_iri=base_iri)
    except RuntimeError as exc:
        if "not supported" in str(exc):
            raise QueryRefusedError(f"{exc}.") from exc
        raise RequestError(f"{exc}.", hint="SILENT passes over it.") from exc


def write_difference(before: pyoxigraph.Store, after: pyoxigraph.Store, work: Path) -> dict[str, Any]:
    """Write the quads that only one of two stores has; return the named graphs that came and went."""
    _dump(before, work / "before.nq")
    _dump(after, work / "after.nq")
    with (work / "before.nq").open("rb") as old, (work / "after.nq").open("rb") as new:
        retracts, adds = difference(old, new)
    (work / ADDS).write_bytes(b"".join(adds))
    (work / RETRACTS).write_bytes(b"".join(retracts))
    was, now = set(before.named_graphs()), set(after.named_graphs())
    return {
        "created": sorted(graph.value for graph in now - was),
        "dropped": sorted(graph.value for graph in was - now),
    }


def difference(old: Iterator[bytes] | IO[bytes], new: Iterator[bytes] | IO[bytes]) -> tuple[list[bytes], list[bytes]]:
    r"""Return the lines that only the old and only the new have, each line being there once at most.

    Both are dumps of one engine in the order of its keys, so that equal lines are near each other and little is held at a time.

    >>> difference(iter([b"a\n", b"b\n", b"c\n"]), iter([b"a\n", b"c\n", b"d\n"]))
    ([b'b\n'], [b'd\n'])
    """
    only_old: dict[bytes, None] = {}
    only_new: dict[bytes, None] = {}
    old, new = iter(old), iter(new)
    while True:
        line, other = next(old, None), next(new, None)
        if line is None and other is None:
            return list(only_old), list(only_new)
        if line == other:
            continue
        for found, here, there in ((line, only_old, only_new), (other, only_new, only_old)):
            if found is not None and there.pop(found, 0) == 0:
                here[found] = None


def _dump(store: pyoxigraph.Store, path: Path) -> None:
    with path.open("wb") as output:
        store.dump(output, RdfFormat.N_QUADS)


def _perform(job: dict[str, Any]) -> dict[str, Any]:
    work = Path(job["work"])
    before = pyoxigraph.Store.read_only(job["store"])
    before.backup(str(work / "store"))
    after = pyoxigraph.Store(str(work / "store"))
    sandbox.limit_memory(job["memory"])
    operations = read_update(
        job["text"],
        base_iri=job["base_iri"],
        default_graphs=tuple(job["default_graphs"]),
        named_graphs=tuple(job["named_graphs"]),
    )
    check_syntax(job["text"], operations)
    evaluate(after, operations, job["base_iri"], work)
    return {"ok": True, **write_difference(before, after, work)}


def main() -> None:
    """Run one job."""
    sandbox.leave_signals_to_parent()
    sandbox.leave_no_core()
    isolation = sandbox.isolate_network()
    sandbox.die_with_parent(int(sys.argv[1]))
    try:
        job = json.load(sys.stdin)
        if isolation is sandbox.Isolation.NONE and "service" in job["text"].lower():
            raise QueryRefusedError("The update mentions SERVICE, and it can't be cut off the network on this machine.")
        reply = _perform(job)
    except KnowledgeGraphError as exc:
        reply = {"ok": False, "code": exc.code, "message": exc.message, "hint": exc.hint}
        if isinstance(exc, QuerySyntaxError):
            reply |= {"line": exc.line, "column": exc.column}
    except MemoryError:
        reply = {"ok": False, "code": "query-memory", "message": "memory", "hint": None}
    except Exception as exc:  # noqa: BLE001  (a process's edge: the other side logs it)
        reply = {"ok": False, "code": "internal", "message": "".join(traceback.format_exception(exc)), "hint": None}
    sys.stdout.write(json.dumps(reply))
    sys.stdout.flush()
    os._exit(0)  # nothing here needs an orderly end, and closing a store takes time


if __name__ == "__main__":
    main()
