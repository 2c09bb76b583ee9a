"""The load generator: `wrk` where it is installed, else a loop of this module's own in a process of its own.

Both keep a fixed number of connections busy, each with one request at a time (a closed loop): a slow answer delays the next
question, so latencies are those of a server that is as busy as it can be, not of a steady stream of visitors. Any status but 200
and any broken connection is an error.
"""

from __future__ import annotations

import json
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qit4n_kg.bench.workload import NUMBER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qit4n_kg.bench.servers import Server
    from qit4n_kg.bench.workload import Question

_ACCEPT = "application/sparql-results+json"
_SCRIPT = """
local paths, at, first = {}, 0, 0
local threads = 0
function setup(thread) threads = threads + 1; thread:set("serial", threads) end
function init(args)
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
  wrk.headers["Accept"] = "application/sparql-results+json"
  at = serial * 7
  first = tonumber(args[2]) + serial * 1e8
end
function request()
  at = at + 1
  local path = paths[at % #paths + 1]:gsub("@NUMBER@", string.format("%.0f", first + at))
  return wrk.format("GET", path)
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests": %d, "seconds": %f, "errors": %d, "p50": %f, "p99": %f}\\n', summary.requests,
    summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True)
class Measurement:
    """What one run came to: requests answered a second, latencies in milliseconds."""

    requests: int
    seconds: float
    errors: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Right answers a second: an error is no answer, however quick."""
        return max(0, self.requests - self.errors) / self.seconds


def generator() -> str:
    """Name what makes the load."""
    return "wrk" if shutil.which("wrk") else "the built-in loop"


def drive(
    server: Server, questions: Sequence[Question], *, clients: int, seconds: float, is_unique: bool
) -> Measurement:
    """Send the questions in turn from so many connections for so long."""
    paths = []
    for number, question in enumerate(questions):
        template = question.template if is_unique else question.text(number)
        encoded = quote(template, safe="").replace(quote(NUMBER, safe=""), NUMBER)
        paths.append(f"{server.path}?query={encoded}")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "paths").write_text("\n".join(paths) + "\n", encoding="ascii")
        (Path(folder) / "mix.lua").write_text(_SCRIPT, encoding="ascii")
        own = [f"{folder}/paths", str(_first_number())]
        command = [sys.executable, "-m", "qit4n_kg.bench.load", str(server.port), str(clients), str(seconds), *own]
        if shutil.which("wrk"):
            length = f"{max(1, round(seconds))}s"  # it takes whole seconds
            command = ["wrk", "-t", str(min(2, clients)), "-c", str(clients), "-d", length, "--timeout", "60s"]
            command += ["-s", f"{folder}/mix.lua", f"http://127.0.0.1:{server.port}", "--", *own]
        output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 120).stdout
    result = next(line for line in output.splitlines() if line.startswith("RESULT ")).removeprefix("RESULT ")
    return Measurement(**json.loads(result))


def _first_number() -> int:
    """Return a number from which a run counts on, so that no other run has asked the same: caches outlive a run."""
    return time.time_ns() // 1_000_000 % 1_000_000_000 * 1_000_000


class _Connection:
    """One connection of the built-in loop, with at most one request under way."""

    def __init__(self, port: int, clock: float) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.wanted = -1
        self.sent = clock

    def send(self, path: str) -> None:
        """Ask, and note when."""
        self.received, self.wanted, self.sent = b"", -1, time.perf_counter()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {_ACCEPT}\r\n\r\n".encode("ascii"))

    def is_complete(self) -> bool:
        """Take what has arrived; tell whether the answer is whole.

        :raises ConnectionError: the server closed the connection.
        """
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("closed")
        self.received += data
        if self.wanted < 0 and (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end].lower()
            if b"transfer-encoding: chunked" in head:
                return self.received.endswith(b"\r\n0\r\n\r\n")
            self.wanted = end + 4 + int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        return 0 <= self.wanted <= len(self.received)


def run_loop(port: int, clients: int, seconds: float, paths: Sequence[str], first: int) -> dict[str, Any]:
    """Keep `clients` connections busy for `seconds`; return what `Measurement` holds."""
    selector = selectors.DefaultSelector()
    latencies: list[float] = []
    errors = serial = 0
    start = time.perf_counter()

    def ask(connection: _Connection) -> None:
        nonlocal serial
        serial += 1
        connection.send(paths[serial % len(paths)].replace(NUMBER, str(first + serial)))

    for _ in range(clients):
        connection = _Connection(port, start)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        ask(connection)
    while time.perf_counter() - start < seconds and selector.get_map():
        for key, _ in selector.select(0.1):
            connection = key.data
            try:
                if not connection.is_complete():
                    continue
            except OSError:
                errors += 1
                selector.unregister(connection.socket)
                connection.socket.close()
                connection = _Connection(port, start)
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            else:
                latencies.append(time.perf_counter() - connection.sent)
                errors += not connection.received.startswith(b"HTTP/1.1 200")
            ask(connection)
    elapsed = time.perf_counter() - start
    latencies.sort()
    p50, p99 = (1000 * latencies[int(len(latencies) * part)] if latencies else 0.0 for part in (0.5, 0.99))
    return {"requests": len(latencies), "seconds": elapsed, "errors": errors, "p50": p50, "p99": p99}


if __name__ == "__main__":
    _port, _clients, _seconds, _file, _first = sys.argv[1:]
    _lines = Path(_file).read_text(encoding="ascii").splitlines()
    sys.stdout.write(
        "RESULT " + json.dumps(run_loop(int(_port), int(_clients), float(_seconds), _lines, int(_first))) + "\n"
    )
