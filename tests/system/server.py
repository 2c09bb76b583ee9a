"""Starts `qit4n-kg` as people do, in processes of its own, for the tests of the whole system."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

COMMAND = [sys.executable, "-m", "qit4n_kg.cli"]


def environment(state: Path, **more: str) -> dict[str, str]:
    """Return this process's environment without settings, and with a state directory of the test's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QIT4N_")}
    return {**kept, "QIT4N_STATE_DIR": str(state), "QIT4N_WORKERS": "1", "COLUMNS": "200", **more}


def run(*arguments: str, state: Path, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(state, **more),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, accept: str = "*/*", timeout: float = 30) -> bytes:
    """Fetch an address; an HTTP error raises."""
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        body: bytes = response.read()
        return body


@contextmanager
def serving(
    state: Path,
    *flags: str,
    cwd: Path | None = None,
    command: list[str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Serve on a free port, yield the address once it answers, and stop the server as Ctrl-C does."""
    port = free_port()
    process = subprocess.Popen(
        [*(command or COMMAND), "serve", "--port", str(port), *flags],
        env=environment(state, **(variables or {})),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(process, address)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            assert process.stdout is not None
            process.stdout.close()


def _wait_until_ready(process: subprocess.Popen[str], address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stdout is not None
            raise AssertionError(f"the server ended with {process.returncode}:\n{process.stdout.read()}")
        try:
            get(f"{address}/readyz", timeout=5)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not become ready in 60 s")
