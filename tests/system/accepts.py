"""How many contributions a server accepts a second, by one client and by eight, while others read; beside another version of it.

    PYTHONPATH=src:tests python -m system.accepts --against /path/to/another/checkout      prints JSON

Each version serves the same data in a state and a journal of its own, is sent contributions to be accepted, and its turns alternate
with the other's, so that what else the machine does hits both alike. A reader asks for a page and a query all the time; each answer
is counted by its status. Processor time is that of the server's whole tree of processes, what the reader costs included.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import quote

from system.server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENTS = (1, 8)
_TICK = os.sysconf("SC_CLK_TCK")
_PREFIXES = "@base <https://w3id.org/qit4n/id/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . "
_PREFIXES += "@prefix stdorg: <https://w3id.org/stdorg/ns#> . "
_READ = ("/doc/fg-qit4n", f"/sparql?query={quote('SELECT (COUNT(*) AS ?n) { ?s ?p ?o }')}")
_BUILD = (
    "import resource, time\nfrom qit4n_kg.building import build\nfrom qit4n_kg.config import load_settings\n"
    "from qit4n_kg.tokens import Role, Tokens\n"
    "class Quiet:\n    def started(self, *_a, **_k): ...\n    def advanced(self, *_a): ...\n    def finished(self, *_a): ...\n"
    "s = load_settings()\nt = time.perf_counter()\nc = time.process_time()\nbuild(s, Quiet())\n"
    "print(time.perf_counter() - t, time.process_time() - c)\n"
    "print(Tokens(s.journal_dir).create('ana', Role.CONTRIBUTOR))\nprint(Tokens(s.journal_dir).create('ben', Role.REVIEWER))\n"
)


@dataclass
class Version:
    """One version, served: what it was measured to do."""

    name: str
    source: Path
    folder: Path
    port: int = 0
    tokens: list[str] = field(default_factory=list)
    build: tuple[float, float] = (0.0, 0.0)
    rates: dict[int, list[float]] = field(default_factory=dict)
    processor: dict[int, list[float]] = field(default_factory=dict)
    latencies: dict[int, list[float]] = field(default_factory=dict)
    reads: dict[int, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def environ(self) -> dict[str, str]:
        """Return what its processes need."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("QIT4N_")}
        own = {"QIT4N_STATE_DIR": str(self.folder / "state"), "QIT4N_JOURNAL_DIR": str(self.folder / "journal")}
        own |= {"PYTHONPATH": str(self.source / "src"), "QIT4N_SOURCES": str(self.source)}
        return {**kept, **own, "QIT4N_EXECUTORS": "1"}

    @contextlib.contextmanager
    def serving(self) -> Iterator[subprocess.Popen[bytes]]:
        """Build, then serve."""
        self.folder.mkdir(parents=True)
        made = subprocess.run(
            [sys.executable, "-P", "-c", _BUILD], env=self.environ(), capture_output=True, text=True, check=True
        )
        times, *self.tokens = made.stdout.split("\n")[:3]
        self.build = tuple(map(float, times.split()))  # type: ignore[assignment]
        self.port = free_port()
        command = [sys.executable, "-P", "-m", "qit4n_kg.cli", "serve", "--no-build", "--port", str(self.port)]
        with subprocess.Popen(
            command, env=self.environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                while self.call("GET", "/readyz")[0] != http.client.OK:
                    time.sleep(0.1)
                yield process
            finally:
                process.send_signal(signal.SIGTERM)

    def call(self, method: str, path: str, body: str | None = None, token: str = "") -> tuple[int, bytes]:
        """Make a request; 0 where there is no answer."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def submit(self, name: str) -> str:
        """Send a contribution; return its id."""
        adds = f'{_PREFIXES} <person/{name}> a stdorg:Person ; rdfs:label "{name}" .'
        sent = json.dumps({"message": name, "licence": "CC-BY-4.0", "adds": adds})
        status, body = self.call("POST", "/contributions", sent, self.tokens[0])
        assert status == http.client.CREATED, body
        return str(json.loads(body)["id"])


def processor_seconds(root: int) -> float:
    """Add up the processor time of a process, of all that it started, and of those of them that have ended."""
    parents: dict[int, int] = {}
    used: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            pid = int(stat.parent.name)
            parents[pid], used[pid] = int(fields[1]), sum(map(int, fields[11:15]))
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return sum(used.get(pid, 0) for pid in found) / _TICK


def measure(
    version: Version, process: subprocess.Popen[bytes], clients: int, count: int, numbers: Iterator[int]
) -> None:
    """Have contributions accepted by some clients while one reads."""
    waiting = [version.submit(f"b-{next(numbers)}") for _ in range(count)]
    version.call(
        "POST", f"/contributions/{version.submit(f'w-{next(numbers)}')}/accept", "{}", version.tokens[1]
    )  # warm
    is_over = threading.Event()

    def read() -> None:
        for path in itertools.cycle(_READ):
            if is_over.is_set():
                return
            status, _ = version.call("GET", path)
            version.reads[status] = version.reads.get(status, 0) + 1
            time.sleep(0.05)

    def accept() -> None:
        while waiting:
            with contextlib.suppress(IndexError):
                id_ = waiting.pop()
                start = time.perf_counter()
                status, body = version.call("POST", f"/contributions/{id_}/accept", "{}", version.tokens[1])
                version.latencies.setdefault(clients, []).append(time.perf_counter() - start)
                if status != http.client.OK:
                    version.failures.append(f"{status} {body[:200]!r}")

    reader = threading.Thread(target=read)
    reader.start()
    threads = [threading.Thread(target=accept) for _ in range(clients)]
    start, used = time.perf_counter(), processor_seconds(process.pid)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    version.rates.setdefault(clients, []).append(count / (time.perf_counter() - start))
    version.processor.setdefault(clients, []).append((processor_seconds(process.pid) - used) / count)
    is_over.set()
    reader.join()


def describe(version: Version) -> dict[str, object]:
    """Return the figures: for each number of clients accepts a second, milliseconds, and both as parts of a whole build."""
    told: dict[str, object] = {
        "build_seconds": round(version.build[0], 2),
        "build_processor": round(version.build[1], 2),
    }
    for clients in CLIENTS:
        used = median(version.processor[clients])
        told[f"clients_{clients}"] = {
            "accepts_a_second": round(median(version.rates[clients]), 2),
            "p50_ms": round(1000 * median(version.latencies[clients])),
            "processor_ms_an_accept": round(1000 * used),
            "of_a_builds_processor_time": round(used / version.build[1], 3),
        }
    return told | {"reads": version.reads, "failures": version.failures}


def main() -> None:
    """Run in full and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--accepts", type=int, default=16)
    asked = parser.parse_args()
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        root = Path(__file__).parents[2]
        sources = {"this": root} | ({"other": asked.against.resolve()} if asked.against else {})
        versions = [Version(name, source, Path(folder) / name) for name, source in sources.items()]
        served = [(version, stack.enter_context(version.serving())) for version in versions]
        for _ in range(asked.rounds):
            for clients in CLIENTS:
                for version, process in served:
                    measure(version, process, clients, asked.accepts, numbers)
        result = {version.name: describe(version) for version in versions}
        if asked.against:
            this, other = versions
            for clients in CLIENTS:
                result[f"times_as_many_with_{clients}"] = {
                    "a_second": round(median(this.rates[clients]) / median(other.rates[clients]), 1),
                    "by_processor_time": round(median(other.processor[clients]) / median(this.processor[clients]), 1),
                }
    json.dump(result, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
