"""Loads a server with queries that never end or eat memory while other clients ask small ones, and measures what these see.

    PYTHONPATH=tests python -m system.overload      in full: about four minutes, prints JSON

Rounds of quiet and of attack alternate, so that what else the machine does hits both alike. Every query of every client
is unique, so that neither the cache nor the memory of known long queries helps; at the end a second attack repeats one text.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from system.processes import descendants
from system.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c. ?d ?e ?f. ?g ?h ?i }"
GREEDY = "SELECT (COUNT(*) AS ?n) { { SELECT DISTINCT ?a ?c ?d ?f ?g ?i { ?a ?b ?c. ?d ?e ?f. ?g ?h ?i } } }"
SMALL = "SELECT ?s ?o {{ ?s <http://www.w3.org/2000/01/rdf-schema#label> ?o FILTER(STRLEN(STR(?o)) > {}) }} LIMIT 5"

_numbers = count()


@dataclass
class Seen:
    """What clients saw: seconds of each request, by status."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def note(self, status: int, kind: str, seconds: float) -> None:
        """Count one answer."""
        self.seconds.append(seconds)
        name = f"{status} {kind}".strip()
        self.statuses[name] = self.statuses.get(name, 0) + 1

    def percentile(self, part: float) -> float:
        """Return the milliseconds within which this part of the answers came."""
        ordered = sorted(self.seconds)
        return round(1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))], 1)

    def summary(self) -> dict[str, object]:
        """Return the figures."""
        return {
            "requests": len(self.seconds),
            "statuses": self.statuses,
            "failures": self.failures[:3],
            "p50_ms": self.percentile(0.5),
            "p99_ms": self.percentile(0.99),
            "max_ms": self.percentile(1.0),
        }


def client(url: str, text: Callable[[], str], seen: Seen, is_over: Callable[[], bool], timeout: float | None) -> None:
    """Ask again and again over one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    while not is_over():
        parameters = {"query": text(), **({"timeout": timeout} if timeout else {})}
        begun = time.perf_counter()
        try:
            connection.request("GET", f"/sparql?{urlencode(parameters)}", headers={"Accept": "application/json"})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as exc:
            seen.failures.append(repr(exc))
            connection.close()
            continue
        kind = "" if response.status == 200 else json.loads(body)["type"].rpartition("/")[2]
        seen.note(response.status, kind, time.perf_counter() - begun)
    connection.close()


def small() -> str:
    """Return a small query that nobody has asked yet."""
    return f"{SMALL.format(next(_numbers) % 40)} # {next(_numbers)}".replace("LIMIT 5", f"LIMIT {5 + next(_numbers)}")


def unique(text: str) -> Callable[[], str]:
    """Return a maker of queries that do the same and are not the same."""
    return lambda: text.replace("?n", f"?n{next(_numbers)}")


@contextmanager
def clients(number: int, url: str, text: Callable[[], str], seen: Seen, timeout: float | None = None) -> Iterator[None]:
    """Have clients ask until the block ends; each ends its last request."""
    over = threading.Event()
    threads = [
        threading.Thread(target=client, args=(url, text, seen, over.is_set, timeout), daemon=True)
        for _ in range(number)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(120)


def measure(
    url: str, attack: Callable[[], str], *, rounds: int, seconds: float, others: int = 16, attackers: int = 4
) -> dict[str, object]:
    """Alternate quiet and attack, and compare what the other clients see."""
    quiet, attacked, attacking = Seen(), Seen(), Seen()
    for _ in range(rounds):
        with clients(others, url, small, quiet):
            time.sleep(seconds)
        with clients(attackers, url, attack, attacking), clients(others, url, small, attacked):
            time.sleep(seconds)
    return {
        "quiet": quiet.summary(),
        "attacked": attacked.summary(),
        "attackers": attacking.summary(),
        "p99_ratio": round(attacked.percentile(0.99) / quiet.percentile(0.99), 2),
    }


def footprint() -> dict[str, int]:
    """Measure the server: its processes, their memory in MiB (shared pages counted once), their open files."""
    memory = files = processes = 0
    for pid in descendants(os.getpid()):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
        except (OSError, ProcessLookupError):
            continue
        processes += 1
        memory += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return {"processes": processes, "pss_mib": memory // 1024, "open_files": files}


def settled(size: int) -> dict[str, int]:
    """Measure the server once it has no more processes than `size`, or a while has passed."""
    deadline = time.monotonic() + 90
    while (found := footprint())["processes"] > size and time.monotonic() < deadline:
        time.sleep(1)
    return found


def many(url: str, number: int, timeout: float, size: int, attackers: int = 4) -> dict[str, object]:
    """Ask so many endless queries, and compare the server with what it was, once its spare processes have ended."""
    seen = Seen()
    before = settled(size)
    with clients(attackers, url, unique(ENDLESS), seen, timeout):
        while len(seen.seconds) < number:
            time.sleep(timeout / attackers)
    during = footprint()
    return {"asked": seen.summary(), "before": before, "right_after": during, "after": settled(size)}


def main() -> None:
    """Run everything and print it."""
    limits = {"QIT4N_QUERY_TIMEOUT": "3", "QIT4N_QUERY_MEMORY": "64 MiB", "QIT4N_WORKERS": "2"}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "state", variables=limits) as url:
        with clients(16, url, small, Seen()):
            time.sleep(2)
        size = footprint()["processes"]
        report = {
            "settings": limits,
            "endless": measure(url, unique(ENDLESS), rounds=4, seconds=8),
            "endless, always the same text": measure(url, lambda: ENDLESS, rounds=2, seconds=8),
            "greedy": measure(url, unique(GREEDY), rounds=3, seconds=8),
        }
        report["many"] = many(url, 500, 0.3, size)
    report["load"] = [round(part, 1) for part in os.getloadavg()]
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
