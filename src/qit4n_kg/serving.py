"""The web application under granian, in several processes, until SIGTERM or SIGINT; it prints nothing.

What can be known to fail is checked before anything starts: a generation is there, the port is free. Workers are forked
where that is safe, so that the application's modules are imported once; a process that has threads (a build leaves
those of the engine) spawns them.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import http.client
import multiprocessing
import os
import signal
import socket
import threading
import time
from functools import partial
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import MPServer as Granian

from qit4n_kg.errors import ConfigurationError, PortInUseError
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.sandbox import die_with_parent
from qit4n_kg.web.app import create_app
from qit4n_kg.web.context import EXTENSION
from qit4n_kg.web.metrics import WRITE_SECONDS, write_figures

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from qit4n_kg.config import Settings
    from qit4n_kg.graph import KnowledgeGraph

_SPARE_THREADS = 16
"""Of each worker, beyond those that wait for queries and those that send large results, so that pages are answered meanwhile."""

_STALL_SECONDS = 120
"""A client that takes nothing for so long is cut off: it would hold a thread for as long as it likes."""

_STOP_SECONDS = 2.0
"""How long running queries have to end once the server is told to stop; then their clients get a problem."""

_KILL_SECONDS = 4
"""How long a worker has to answer them; then it is killed."""
_POLL_SECONDS = 0.02
_LISTEN_SECONDS = 30.0


def serve_forever(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve the current generation until told to stop; `on_ready` gets the address once queries are answered.

    :raises StateMissingError: nothing has been built.
    :raises GenerationDamagedError: what was built can't be served.
    :raises PortInUseError: another program listens there.
    :raises ConfigurationError: the host is no address of this machine.
    """
    Generations(settings.state_dir, settings.keep_generations, settings.keep_days).current()
    check_port(settings.host, settings.port)
    server = Granian(
        "qit4n_kg.web.app:create_app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=settings.executors
        + settings.long_queries
        + settings.queue * 5 // 4
        + 1
        + settings.downloads
        + _SPARE_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_SECONDS,
        log_level=LogLevels.error,
        websockets=False,
    )
    multiprocessing.set_start_method("fork" if _is_single_threaded() else "spawn", force=True)
    threading.Thread(target=_announce, args=(server, settings, on_ready), name="announce", daemon=True).start()
    server.serve(target_loader=partial(_make_worker, settings), wrap_loader=False)


def address(settings: Settings) -> str:
    """Return the address that a person on this machine opens.

    >>> from qit4n_kg.config import load_settings
    >>> address(load_settings({}, host="0.0.0.0", port=8099))
    'http://127.0.0.1:8099/'
    """
    host = _reachable(settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/"


def memory_note(settings: Settings, available: int | None = None) -> str | None:
    """Return what to say when all query processes together may take more memory than there is, None when they can't.

    :param available: bytes; what this machine or its container has where it is None.

    >>> from qit4n_kg.config import load_settings
    >>> memory_note(load_settings({}), 64 * 1024**3)
    >>> memory_note(load_settings({}), 8 * 1024**3)
    'At worst 12 query processes take 12.0 GiB beside all else, and there are 8.0 GiB. QIT4N_QUERY_MEMORY=512MiB would fit.'
    """
    available = _memory() if available is None else available
    processes = settings.workers * (settings.executors + settings.long_queries)
    worst = processes * settings.query_memory
    if available is None or worst <= available:
        return None
    fitting = max(available * 3 // 4 // processes // (1 << 20), 1)
    return (
        f"At worst {processes} query processes take {worst / (1 << 30):.1f} GiB beside all else, and there are "
        f"{available / (1 << 30):.1f} GiB. QIT4N_QUERY_MEMORY={fitting}MiB would fit."
    )


def _memory() -> int | None:
    """Return the bytes of memory that this machine has, or its container may use."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            found.append(int(Path(path).read_text(encoding="ascii")))
    return min((number for number in found if number > 0), default=None)


def check_port(host: str, port: int) -> None:
    """Make sure that nobody listens.

    :raises PortInUseError: somebody does.
    :raises ConfigurationError: the host is no address of this machine, or the port needs rights that this process lacks.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            probe.listen(1)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            hint = "Stop it, or choose another port with PORT, --port or QIT4N_PORT."
            raise PortInUseError(f"Port {port} on {host} is in use.", hint=hint) from exc
        raise ConfigurationError(f"The server can't listen on {host}, port {port}: {exc.strerror}.") from exc


def _make_worker(settings: Settings) -> Flask:
    """Make the application in a worker process, which ends with the server, and its query processes with it."""
    if (parent := multiprocessing.parent_process()) is not None and parent.pid is not None:
        die_with_parent(parent.pid)
    app = create_app(settings)
    threading.Thread(target=_cut_stalled_clients, args=(settings.port,), name="stalls", daemon=True).start()
    threading.Thread(target=_keep_figures, args=(app,), name="figures", daemon=True).start()
    told, teller = os.pipe()
    os.set_blocking(teller, False)
    signal.set_wakeup_fd(teller, warn_on_full_buffer=False)  # granian sets the handlers, later and for itself
    threading.Thread(target=_end_queries, args=(told, app.extensions[EXTENSION]), name="end", daemon=True).start()
    gc.collect()
    gc.freeze()  # what stays for good need not be looked through again and again
    # A worker leaves by os._exit after multiprocessing's own finalizers; atexit never runs there.
    Finalize(app, app.extensions[EXTENSION].close, exitpriority=10)
    return app


def _end_queries(told: int, graph: KnowledgeGraph) -> None:
    """Once a signal tells this worker to stop, end the queries that do not end by themselves.

    granian waits for the requests that it has, and is killed with them where that takes too long; so they have to be answered.

    :param told: a descriptor to which the number of each signal comes.
    """
    while os.read(told, 1)[0] not in (signal.SIGTERM, signal.SIGINT):
        pass
    deadline = time.monotonic() + _STOP_SECONDS
    while graph.executors.is_busy and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    graph.executors.close()


def _keep_figures(app: Flask) -> None:
    """Let the other workers know what this one did, every few seconds."""
    while True:
        write_figures(app)
        time.sleep(WRITE_SECONDS)


def _cut_stalled_clients(port: int) -> None:
    """Tell the kernel to end connections on which nothing moves, as soon as this worker listens.

    The server has no timeout for a client that stops reading. A connection takes the option over from the socket that
    accepted it (Linux, `TCP_USER_TIMEOUT`; since 5.11 it counts for a closed window too).
    """
    deadline = time.monotonic() + _LISTEN_SECONDS
    while time.monotonic() < deadline:
        if listening := _listening(port):
            for listener in listening:
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _STALL_SECONDS * 1000)
                listener.close()  # this descriptor only
            return
        time.sleep(_POLL_SECONDS)


def _listening(port: int) -> list[socket.socket]:
    """Return new descriptors of this process's sockets that listen on a port."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if not str(entry.readlink()).startswith("socket:"):
                continue
            candidate = socket.socket(fileno=os.dup(int(entry.name)))
            is_inet = candidate.family in (socket.AF_INET, socket.AF_INET6)
            if (
                is_inet
                and candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                and candidate.getsockname()[1] == port
            ):
                found.append(candidate)
            else:
                candidate.close()
    return found


def _is_single_threaded() -> bool:
    """Tell whether a fork copies all there is: a copied lock of a thread that was not copied is never released."""
    tasks = Path("/proc/self/task")
    return tasks.is_dir() and len(list(tasks.iterdir())) == 1


def _announce(server: Granian, settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Wait until a worker answers, then say so."""
    host = _reachable(settings.host)
    while len(server.wrks) < settings.workers:  # only sleep until all are forked: see _is_single_threaded
        time.sleep(_POLL_SECONDS)
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(host, settings.port, timeout=10)
            with contextlib.closing(connection):
                connection.request("GET", "/readyz")
                if connection.getresponse().status == http.client.OK:
                    break
        time.sleep(_POLL_SECONDS)
    on_ready(address(settings))


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104  (read, not bound)
