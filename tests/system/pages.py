"""What pages cost a server at sixteen clients, and a browser in bytes, first visit and second.

    PYTHONPATH=src:tests python -m system.pages [SECONDS]      about two minutes with 8 seconds a measurement; prints JSON

Uncached (`QIT4N_CACHE_BYTES=0`), in turn, several rounds: a person's Turtle, the same person's page, and the page of another
person with as much to say and 100,000 incoming links; then the same with the cache. Connections are kept; on a machine
with two processors the clients are a part of what they measure, so compare the three with each other. Bytes are those that Chromium
received for a page and all that it loads, headers included.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pyoxigraph import NamedNode, Quad

from browser.conftest import CHROMIUM, FLAGS
from browser.places import PATHS
from qit4n_kg.building import build
from qit4n_kg.config import load_settings
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore
from system.overload import Seen
from system.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from qit4n_kg.config import Settings

ROOT = Path(__file__).resolve().parents[2]
ID = "https://w3id.org/qit4n/id/"
LINKS = 100_000
CLIENTS = 16
ROUNDS = 3
MEASURED = {
    "turtle": "/data/person/kaoru-kenyoshi.ttl",
    "page": "/doc/person/kaoru-kenyoshi",
    "page with 100,000 incoming links": "/doc/person/zhangchao-ma",
}


class Silent:
    """A build's progress that nobody watches."""

    def started(self, stage: str, total: int | None = None) -> None: ...

    def advanced(self, done: int) -> None: ...

    def finished(self, summary: str) -> None: ...


def add_links(settings: Settings) -> None:
    """Publish what is built again, with many links to one person."""
    generations = Generations(settings.state_dir, settings.keep_generations)
    with OxigraphStore.open_read_only(generations.current().store_path) as store:
        quads = list(store.quads(None, None, None, None))
    about, hub = NamedNode("https://w3id.org/stdorg/ns#about"), NamedNode(f"{ID}person/zhangchao-ma")
    quads += [Quad(NamedNode(f"{ID}link/{number}"), about, hub) for number in range(LINKS)]
    with generations.writer():
        generations.publish(quads, inputs="pages", software="test")


def ask(address: str, path: str, seen: Seen, is_over: Callable[[], bool]) -> None:
    """Fetch a page again and again over one connection."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    while not is_over():
        began = time.perf_counter()
        try:
            connection.request("GET", path, headers={"Accept": "text/html", "Accept-Encoding": "identity"})
            answer = connection.getresponse()
            answer.read()
            seen.note(answer.status, "", time.perf_counter() - began)
        except OSError as exc:
            seen.failures.append(str(exc))
            connection.close()
    connection.close()


def load(address: str, path: str, seen: Seen, seconds: float) -> None:
    """Have all clients ask for a time."""
    over = threading.Event()
    threads = [threading.Thread(target=ask, args=(address, path, seen, over.is_set)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    over.set()
    for thread in threads:
        thread.join()


def latencies(address: str, seconds: float) -> dict[str, dict[str, object]]:
    """Measure the three in turn."""
    seen = {name: Seen() for name in MEASURED}
    for path in MEASURED.values():  # what is read once for a generation
        load(address, path, Seen(), 0.1)
    for _ in range(ROUNDS):
        for name, path in MEASURED.items():
            load(address, path, seen[name], seconds / ROUNDS)
    base = [seen["turtle"].percentile(part) for part in (0.5, 0.95, 0.99)]
    told: dict[str, dict[str, object]] = {}
    for name, one in seen.items():
        figures = [one.percentile(part) for part in (0.5, 0.95, 0.99)]
        ratios = [round(figure / first, 2) for figure, first in zip(figures, base, strict=True)]
        told[name] = {"ms": figures, "times turtle": ratios, "statuses": one.statuses, "failures": one.failures[:3]}
    return told


def sizes(address: str) -> dict[str, tuple[int, int]]:
    """Count the bytes that a browser receives for each kind of page, first and second visit."""
    from playwright.sync_api import sync_playwright

    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for name, path in PATHS.items():
            context = browser.new_context()
            page = context.new_page()
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            received: list[int] = []
            session.on("Network.loadingFinished", lambda event, to=received: to.append(int(event["encodedDataLength"])))
            visits = []
            for _ in range(2):
                received.clear()
                page.goto(f"{address}{path}", wait_until="networkidle")
                visits.append(sum(received))
            found[name] = (visits[0], visits[1])
            context.close()
        browser.close()
    return found


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
    with tempfile.TemporaryDirectory() as folder:
        state, journal = Path(folder) / "state", Path(folder) / "journal"
        settings = load_settings({}, sources=ROOT, state_dir=state, journal_dir=journal)
        build(settings, Silent())
        variables = {"QIT4N_JOURNAL_DIR": str(journal), "QIT4N_WORKERS": "2"}
        with serving(state, "--no-build", variables=variables) as address:
            told: dict[str, object] = {"bytes, first and second visit": sizes(address)}
        add_links(settings)
        for name, cache in (("uncached", "0"), ("cached", "64 MiB")):
            with serving(state, "--no-build", variables={**variables, "QIT4N_CACHE_BYTES": cache}) as address:
                told[name] = latencies(address, seconds)
    print(json.dumps(told, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
