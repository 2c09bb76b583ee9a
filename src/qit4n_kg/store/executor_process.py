"""A query process, forked from the template that `python -m qit4n_kg.store.executor_process FD PARENT` runs.

It answers queries, one at a time, from one immutable generation. Before anything else the template cuts itself and its
forks off the network, and the life of each is tied to its parent's. A query process stops no query by itself: the pool
kills it at the deadline, the kernel refuses it memory beyond its allowance (the engine then aborts), and both cost only
this process. An answer is written whole (memory, then an unlinked file, bounded) before any of it is sent.
"""

from __future__ import annotations

import errno
import gc
import os
import socket
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pyoxigraph import NamedNode

from qit4n_kg.errors import (
    KnowledgeGraphError,
    QueryMemoryError,
    QuerySyntaxError,
    ResultTooLargeError,
    StateError,
    StateFullError,
)
from qit4n_kg.formats import RdfFormat, ResultFormat
from qit4n_kg.store import sandbox
from qit4n_kg.store.executor_protocol import INLINE_BYTES, Disconnected, decode_term, receive, send
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from qit4n_kg.store.base import Answer

_FORMATS: dict[str, ResultFormat | RdfFormat] = {f.value.name: f for f in (*ResultFormat, *RdfFormat)}
_RETIRE_FRACTION = 4  # a process that keeps more than a quarter of the allowance after a query is replaced


class Spool:
    """A bounded place to write a result to: memory first, then an unlinked file."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._file: IO[bytes] | None = None
        self.length = 0

    def write(self, data: bytes) -> int:
        """Append bytes.

        :raises ResultTooLargeError: that would be more than the bound.
        """
        self.length += len(data)
        if self.length > self._limit:
            raise ResultTooLargeError(
                f"The result is larger than {self._limit} bytes.", hint="Ask for less, or page with LIMIT and OFFSET."
            )
        if self._file is None and self.length > INLINE_BYTES:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (it lives as long as the spool)
            _write_all(self._file, bytes(self._buffer))
            self._buffer.clear()
        if self._file is None:
            self._buffer += data
        else:
            _write_all(self._file, data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: a write has reached its place when it returns."""

    def send(self, connection: socket.socket, header: dict[str, Any]) -> None:
        """Send the whole result, as bytes or as an open file."""
        header = {**header, "length": self.length}
        if self._file is None:
            send(connection, header, bytes(self._buffer))
        else:
            send(connection, header, descriptors=[self._file.fileno()])

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()


def _write_all(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


class Process:
    """The state of one query process: the open generation and what it measured when warm."""

    def __init__(self, connection: socket.socket, isolation: sandbox.Isolation) -> None:
        self._connection = connection
        self._isolation = isolation
        self._name: str | None = None
        self._store: OxigraphStore | None = None
        self._warm = 0

    def serve(self) -> None:
        """Answer until the other side hangs up, which ends the process, or wants a new thread.

        The pool takes priority away from the thread that runs a long query, which only root could give back. A new
        thread has the main thread's.
        """
        try:
            self._serve()
        except Disconnected:
            os._exit(0)
        except BaseException:  # noqa: BLE001  (a process's edge: without this thread it must not live on)
            traceback.print_exc()
            os._exit(1)

    def _serve(self) -> None:
        if self._store is not None:
            send(self._connection, {"ok": True, "thread": threading.get_native_id()})
        while True:
            header, _, _ = receive(self._connection)
            if "renew" in header:
                return
            spool = Spool(header["result_bytes"])
            try:
                reply = self._answer(header, spool)
                if reply["ok"]:
                    spool.send(self._connection, reply)
                else:
                    send(self._connection, reply)
            finally:
                spool.close()

    def _answer(self, header: dict[str, Any], spool: Spool) -> dict[str, Any]:
        begun = time.monotonic()
        try:
            store = self._open(header["store"], header["memory"])
            if "query" in header:
                answer = _query(store, header)
                answer.write(spool, _FORMATS[header["format"]])  # type: ignore[arg-type]
        except KnowledgeGraphError as exc:
            return _failure(exc)
        except MemoryError:
            return {**_failure(QueryMemoryError(out_of_memory(header["memory"]))), "retire": True}
        except OSError as exc:
            return _failure(_full(exc) or exc)
        except Exception as exc:  # noqa: BLE001  (a process's edge: the pool logs it with the request's id)
            return _failure(exc)
        grown = sandbox.mapped_bytes() - self._warm
        reply: dict[str, Any] = {
            "ok": True,
            "seconds": time.monotonic() - begun,
            "retire": grown > header["memory"] // _RETIRE_FRACTION,
        }
        if "query" not in header:
            reply |= {"isolation": self._isolation.value, "thread": threading.get_native_id()}
        return reply

    def _open(self, name: str, memory: int) -> OxigraphStore:
        """Open a generation if it is not the open one, and set the memory limit from the size that the process then has."""
        if self._store is not None and name == self._name:
            return self._store
        path = Path(name)
        if self._store is not None:
            self._store.close()
            self._store = self._name = None
        try:
            store = OxigraphStore.open_read_only(path)
        except (OSError, StateError) as exc:
            raise StateError(f"The generation in {path.parent.name} can't be opened by a query process.") from exc
        _warm_up(store)
        self._store, self._name = store, name
        self._warm = sandbox.limit_memory(memory)
        return store


def _query(store: OxigraphStore, header: dict[str, Any]) -> Answer:
    return store.query(
        header["query"],
        bindings={name: decode_term(text) for name, text in header["bindings"].items()},
        default_graphs=_graphs(header["default_graphs"]),
        named_graphs=_graphs(header["named_graphs"]),
        base_iri=header.get("base_iri"),
    )


def _graphs(names: list[str] | None) -> list[NamedNode] | None:
    return None if names is None else [NamedNode(name) for name in names]


def _warm_up(store: OxigraphStore) -> None:
    """Touch what every query touches, so that the first one is not charged for it."""
    warm = Spool(INLINE_BYTES)
    store.query("SELECT ?s WHERE { ?s ?p ?o } LIMIT 1").write(warm, ResultFormat.JSON)  # type: ignore[arg-type]


def out_of_memory(memory: int) -> str:
    """Say that a query ran out of memory."""
    return f"The query needs more memory than the {memory // (1024 * 1024)} MiB that one may use."


def _full(exc: OSError) -> StateFullError | None:
    if exc.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return None
    return StateFullError("There is no room on the server's disk for the result.")


def _failure(exc: Exception) -> dict[str, Any]:
    """Describe an error in plain values."""
    failure: dict[str, Any] = {"ok": False, "code": "internal", "message": str(exc)}
    if isinstance(exc, KnowledgeGraphError):
        failure |= {"code": exc.code, "message": exc.message, "hint": exc.hint}
    else:
        failure["trace"] = "".join(traceback.format_exception(exc))
    if isinstance(exc, QuerySyntaxError):
        failure |= {"line": exc.line, "column": exc.column}
    return failure


def _fork_on_demand(control: socket.socket) -> socket.socket:
    """Fork and reap as the pool asks; return in a fork only, with its connection. The end of the pool ends the process."""
    template = os.getpid()
    while True:
        try:
            header, _, files = receive(control)
            if "reap" in header:
                send(control, {"status": _reap(header["reap"])})
                continue
            pid = os.fork()
            if pid == 0:
                break
            for file in files:
                os.close(file)
            send(control, {"pid": pid})
        except Disconnected:
            os._exit(0)
        except OSError as exc:
            send(control, {"error": str(exc)})
    control.close()
    connection, stderr = files
    os.dup2(stderr, 2)
    os.close(stderr)
    sandbox.die_with_parent(template)
    return socket.socket(fileno=connection)


def _reap(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def main() -> None:
    """Run as the template of query processes until the pool hangs up, and as a query process in each fork."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    sandbox.leave_signals_to_parent()
    sandbox.leave_no_core()
    isolation = sandbox.isolate_network()
    sandbox.die_with_parent(parent)  # after the namespaces: a change of credentials clears it
    gc.freeze()  # what is loaded now stays shared with the forks
    process = Process(_fork_on_demand(socket.socket(fileno=descriptor)), isolation)
    while True:
        thread = threading.Thread(target=process.serve, name="queries")
        thread.start()
        thread.join()


if __name__ == "__main__":
    main()
