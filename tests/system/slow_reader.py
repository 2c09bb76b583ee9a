"""One million rows as CSV to a client that reads 10 kB/s, while 16 others ask small queries: who gets what, and what it costs.

    PYTHONPATH=src:tests python -m system.slow_reader [STATE]      about three minutes; prints the transfer, then JSON

STATE is a state folder with a generation, like state/bench-1000000 of `qit4n-kg bench --triples 1000000`; without it the shipped
data is built, and its triples are multiplied by VALUES. After its time the slow reader reads the rest at full speed, and what it
got is compared with what a fast one got, byte by byte: nothing is cut off, and nothing is kept back.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from system.overload import Seen, clients, descendants, small
from system.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = 1_000_000
RATE = 10_000
_STEPS = 10  # reads a second
_LOG_SECONDS = 10
_SETTINGS = {"QIT4N_WORKERS": "2", "QIT4N_QUERY_TIMEOUT": "120"}  # a machine that does much else is slow


def large(rows: int, triples: int) -> str:
    """Return a query with so many rows over a graph with so many triples, or fewer."""
    if triples >= rows:
        return f"SELECT ?s ?p ?o {{ ?s ?p ?o }} LIMIT {rows}"
    times = " ".join(str(number) for number in range(rows // triples + 1))
    return f"SELECT ?n ?s ?p ?o {{ VALUES ?n {{ {times} }} ?s ?p ?o }} LIMIT {rows}"


@dataclass
class Transfer:
    """What a reader got: bytes of the body, those of each ten seconds, and the body's SHA-256."""

    status: int = 0
    length: int = 0
    got: int = 0
    seconds: float = 0.0
    windows: list[int] = field(default_factory=list)
    digest: str = ""
    is_whole: bool = False


class Reader:
    """A client whose socket holds little, so that what it does not read waits at the server."""

    def __init__(self, url: str, query: str) -> None:
        place = urlsplit(url)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(300)
        self._socket.connect((place.hostname, place.port))
        self._digest = hashlib.sha256()
        self._begun = time.monotonic()
        self.transfer = Transfer()
        path = f"/sparql?query={quote(query, safe='')}"
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\n\r\n".encode())

    def head(self) -> None:
        """Read status and headers, which come when the result is whole."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._take(1)
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        self.transfer.status, self.transfer.length = int(lines[0].split()[1]), int(headers["content-length"])
        if self.transfer.status != 200:
            raise ConnectionError(f"{lines[0]}: {self._take(self.transfer.length)!r}")

    def read_slowly(self, seconds: float, say: Callable[[str], None]) -> None:
        """Read at the slow rate for so long; each step waits for its bytes, so a server that sends nothing shows."""
        begun = time.monotonic()
        before = 0
        for step in range(1, int(seconds * _STEPS) + 1):
            self._body(RATE // _STEPS)
            if step % (_LOG_SECONDS * _STEPS) == 0:
                self.transfer.windows.append(self.transfer.got - before)
                before = self.transfer.got
                say(f"{time.monotonic() - begun:6.1f} s: {self.transfer.got:,} bytes of {self.transfer.length:,}")
            time.sleep(max(0.0, begun + step / _STEPS - time.monotonic()))

    def read_rest(self) -> None:
        """Read what is left, as fast as it comes."""
        while self.transfer.got < self.transfer.length and self._body(1 << 20):
            pass
        self.transfer.seconds = round(time.monotonic() - self._begun, 1)
        self.transfer.digest = self._digest.hexdigest()
        self.transfer.is_whole = self.transfer.got == self.transfer.length
        self._socket.close()

    def _body(self, most: int) -> int:
        left = min(most, self.transfer.length - self.transfer.got)
        found = 0
        while found < left:
            part = self._take(left - found)
            self._digest.update(part)
            found += len(part)
            self.transfer.got += len(part)
        return found

    def _take(self, most: int) -> bytes:
        part = self._socket.recv(most)
        if not part:
            raise ConnectionError("the server ended the connection")
        return part


def fast(url: str, query: str) -> Transfer:
    """Read the same result as fast as it comes."""
    reader = Reader(url, query)
    reader.head()
    reader.read_rest()
    return reader.transfer


class Memory(threading.Thread):
    """Notes the most that each process of the server had of its own (USS) in MiB, with what it is."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._over = threading.Event()
        self.most: dict[int, tuple[str, int]] = {}

    def run(self) -> None:
        """Look twice a second."""
        while not self._over.wait(0.5):
            for pid in descendants(os.getpid()):
                with suppress(OSError, StopIteration, ValueError):
                    own = _own_memory(pid)
                    kind = "query process" if "executor_process" in _command(pid) else "server or worker"
                    self.most[pid] = (kind, max(own, self.most.get(pid, ("", 0))[1]))

    def end(self) -> dict[str, list[int]]:
        """Return the peaks, by kind of process."""
        self._over.set()
        self.join()
        kinds: dict[str, list[int]] = {}
        for kind, most in self.most.values():
            kinds.setdefault(kind, []).append(most)
        return {kind: sorted(found, reverse=True) for kind, found in kinds.items()}


def _own_memory(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    private = (line for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:")))
    return sum(int(line.split()[1]) for line in private) // 1024


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")


@contextmanager
def watched() -> Iterator[dict[str, list[int]]]:
    """Note the peaks of memory during the block."""
    memory, found = Memory(), {}
    memory.start()
    yield found
    found.update(memory.end())


def count_triples(url: str) -> int:
    """Ask how many triples the default graph has."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    query = quote("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", safe="")
    connection.request("GET", f"/sparql.json?query={query}")
    found = json.loads(connection.getresponse().read())
    connection.close()
    return int(found["results"]["bindings"][0]["n"]["value"])


def measure(
    url: str, *, rows: int, seconds: float, quiet_seconds: float, others: int, say: Callable[[str], None]
) -> dict[str, object]:
    """Let a fast reader have the result, then a slow one while others ask; compare what these see with quiet."""
    query = large(rows, count_triples(url))
    quiet, beside = Seen(), Seen()
    with watched() as memory_fast:
        whole = fast(url, query)
    say(f"A fast reader: {whole.length:,} bytes in {whole.seconds} s")
    with clients(others, url, small, quiet):
        time.sleep(quiet_seconds)
    reader = Reader(url, f"{query} # slow")
    reader.head()
    with watched() as memory_slow, clients(others, url, small, beside):
        reader.read_slowly(seconds, say)
    slowly = reader.transfer.got
    reader.read_rest()
    say(f"The rest at full speed: {reader.transfer.got - slowly:,} bytes, whole: {reader.transfer.is_whole}")
    return {
        "rows": rows,
        "bytes": whole.length,
        "fast": {"seconds": whole.seconds, "peak_mib": memory_fast},
        "slow": {
            "status": reader.transfer.status,
            "seconds": seconds,
            "bytes": slowly,
            "bytes_per_10_s": reader.transfer.windows,
            "is_whole_after_the_rest": reader.transfer.is_whole,
            "is_the_same": reader.transfer.digest == whole.digest,
            "peak_mib": memory_slow,
        },
        "others in quiet": quiet.summary(),
        "others beside the slow reader": beside.summary(),
        "p99_ratio": round(beside.percentile(0.99) / quiet.percentile(0.99), 2),
    }


def main() -> None:
    """Run it and print it."""
    flags = ["--no-build"] if len(sys.argv) > 1 else []
    with tempfile.TemporaryDirectory() as folder:
        state = Path(sys.argv[1]) if flags else Path(folder) / "state"
        with serving(state, *flags, variables=_SETTINGS) as url:
            report = measure(url, rows=ROWS, seconds=90, quiet_seconds=30, others=16, say=_say)
    report["load"] = [round(part, 1) for part in os.getloadavg()]
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
