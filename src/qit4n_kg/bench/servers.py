"""Starts the servers that are compared, each in processes of its own, and stops them; installs the peers when asked to.

The peers (PyPI `oxigraph` and `rdflib-endpoint`) are no dependencies: they live in a virtual environment beside the state, or on
the PATH. oxigraph opens the very store that this server serves; rdflib-endpoint loads its default graph from a file.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import venv
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from qit4n_kg.config import to_environ
from qit4n_kg.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.config import Settings

PEERS = ("oxigraph", "rdflib-endpoint")
_READY_SECONDS = 300  # rdflib needs about two minutes for a million triples


@dataclass(frozen=True)
class Server:
    """A running server: queries go to `path` on that port of this machine; `pid` is its first process."""

    name: str
    port: int
    path: str
    pid: int = 0

    def processor_seconds(self) -> float:
        """Return the processor time that its processes have used, without those that have ended."""
        return sum(_processor_seconds(pid) for pid in _family(self.pid)) if self.pid else 0.0


def install_peers(folder: Path) -> None:
    """Make a virtual environment with the peers, by pip.

    :raises ConfigurationError: pip could not.
    """
    venv.EnvBuilder(with_pip=True, clear=True).create(folder)
    result = subprocess.run(
        [str(folder / "bin" / "pip"), "install", "--quiet", *PEERS, "uvicorn"],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise ConfigurationError(f"pip could not install {' and '.join(PEERS)}: {result.stderr.strip()[-300:]}")


def find_peer(name: str, folder: Path) -> str | None:
    """Return the command of a peer, None where it is not installed."""
    installed = folder / "bin" / name
    return str(installed) if installed.is_file() else shutil.which(name)


@contextmanager
def own_server(settings: Settings) -> Iterator[Server]:
    """Run this server on the generation that is built."""
    port = _free_port()
    environment = {**os.environ, **to_environ(settings), "QIT4N_PORT": str(port)}
    with _running([sys.executable, "-m", "qit4n_kg.cli", "serve", "--no-build"], environment, port, "/sparql") as pid:
        yield Server("qit4n-kg", port, "/sparql", pid)


@contextmanager
def oxigraph_server(command: str, store: Path) -> Iterator[Server]:
    """Run oxigraph's own server on a store."""
    port = _free_port()
    arguments = [command, "serve-read-only", "--location", str(store), "--bind", f"127.0.0.1:{port}"]
    with _running(arguments, dict(os.environ), port, "/query") as pid:
        yield Server("oxigraph", port, "/query", pid)


@contextmanager
def rdflib_server(command: str, triples: Path) -> Iterator[Server]:
    """Run rdflib-endpoint on a file."""
    port = _free_port()
    arguments = [command, "serve", "--host", "127.0.0.1", "--port", str(port), str(triples)]
    with _running(arguments, dict(os.environ), port, "/") as pid:
        yield Server("rdflib-endpoint", port, "/", pid)


@contextmanager
def _running(arguments: list[str], environment: dict[str, str], port: int, path: str) -> Iterator[int]:
    process = subprocess.Popen(
        arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _wait(process, port, path)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", f"{path}?query=ASK%7B%7D", headers={"Accept": "application/sparql-results+json"})
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise ConfigurationError(f"{' '.join(str(part) for part in process.args[:2])} did not become ready.")  # type: ignore[index]


def _family(pid: int) -> list[int]:
    """List a process and those below it."""
    found = [pid]
    with suppress(OSError):  # it ended meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # a thread that did
                for child in (task / "children").read_text(encoding="ascii").split():
                    found += _family(int(child))
    return found


def _processor_seconds(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
