"""The order of a benchmark: build, write what the peers load, check every answer, drive the mixes, time the analytic queries.

Under load one server runs at a time, so that it shares the processors with no other. Analytic queries go to all servers in turn,
one after the other, so that what else the machine does falls on all alike. Ratios of one run can be compared; times of different
machines or days can't.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pyoxigraph import DefaultGraph

from qit4n_kg.bench import servers
from qit4n_kg.bench.load import Measurement, drive, generator
from qit4n_kg.bench.workload import Question, analytic, mix, rows
from qit4n_kg.errors import RemoteEndpointError
from qit4n_kg.formats import RdfFormat
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from qit4n_kg.bench.servers import Server
    from qit4n_kg.config import Settings

WAYS = {"repeated": False, "unique": True}
_RDFLIB_MOST_TRIPLES = 100_000
_ANALYTIC_RUNS = 7
_SAME_ENGINE = ("qit4n-kg", "oxigraph")
PATIENCE = 1.0
_MOST_WRONG = 0.05
"""Another engine may differ on this part of the queries, which the result names; a server with more is not compared."""


@dataclass
class Comparison:
    """All that was measured: rates by way, number of clients and server; seconds of analytic queries by query and server.

    `left_out` names the queries that are in no server's mix, and why; `differing`, by server, those that it answers otherwise than
    the engine does.
    """

    triples: int
    generator: str
    seconds: float
    questions: int
    servers: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    differing: dict[str, list[str]] = field(default_factory=dict)
    loads: dict[str, dict[int, dict[str, Measurement]]] = field(default_factory=dict)
    analytic: dict[str, dict[str, float]] = field(default_factory=dict)
    processor: dict[str, dict[str, float]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def compare(
    settings: Settings,
    clients: Sequence[int],
    seconds: float,
    peers: Path,
    say: Callable[[str], None],
    patience: float = PATIENCE,
) -> Comparison:
    """Measure this server, and the peers that are installed, on the generation that is built.

    :param patience: seconds; a query that takes the engine longer is in no mix.
    :raises RemoteEndpointError: a server answered a query wrongly.
    :raises ConfigurationError: a server did not start.
    """
    generation = Generations(settings.state_dir, settings.keep_generations).current()
    with OxigraphStore.open_read_only(generation.store_path) as store:
        chosen = mix(settings, store, generation.store_path, patience)
    mixed, analysed = chosen.questions, analytic(settings, generation.store_path)
    say(f"{len(mixed)} queries in the mix, {len(chosen.left_out)} left out")
    result = Comparison(generation.manifest.triples, generator(), seconds, len(mixed), left_out=chosen.left_out)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        starters = list(_starters(settings, generation.store_path, result, peers, folder))
        for name, start in starters:
            say(f"{name}: starting")
            with start() as server:
                result.servers.append(name)
                differing = _check(server, [*mixed, *analysed])
                if differing:
                    result.differing[name] = differing
                say(f"{name}: {len(mixed) + len(analysed) - len(differing)} answers are right, {len(differing)} differ")
                _measure(server, mixed, clients, seconds, result, say)
        say("analytic queries, in turn")
        together = [stack.enter_context(start()) for _, start in starters]
        for question in analysed:
            result.analytic[question.name], result.processor[question.name] = _time(together, question)
    return result


def _starters(
    settings: Settings, store: Path, result: Comparison, peers: Path, folder: Path
) -> Iterator[tuple[str, Callable[[], AbstractContextManager[Server]]]]:
    yield "qit4n-kg", lambda: servers.own_server(settings)
    oxigraph, rdflib = (servers.find_peer(name, peers) for name in servers.PEERS)
    if oxigraph is None:
        result.missing.append("oxigraph: not installed (--install-peers installs it)")
    else:
        yield "oxigraph", lambda: servers.oxigraph_server(oxigraph, store)
    if rdflib is None:
        result.missing.append("rdflib-endpoint: not installed (--install-peers installs it)")
    elif result.triples > _RDFLIB_MOST_TRIPLES:
        result.missing.append(
            f"rdflib-endpoint: left out above {_RDFLIB_MOST_TRIPLES:,} triples, which take it minutes"
        )
    else:
        yield "rdflib-endpoint", lambda: servers.rdflib_server(rdflib, _default_graph(store, folder))


def _default_graph(store: Path, folder: Path) -> Path:
    path = folder / "default.nt"
    with OxigraphStore.open_read_only(store) as opened, path.open("wb") as output:
        opened.dump(output, RdfFormat.N_TRIPLES, DefaultGraph())
    return path


def _check(server: Server, questions: Sequence[Question]) -> list[str]:
    """Make sure that a server gives the engine's own answers, so that no rate is one of errors or empty results.

    Return the names of the few that another engine answers otherwise.
    """
    differing = []
    for question in questions:
        found = rows(_ask(server, question.text(0)))
        if found != question.expected:
            differing.append(question.name)
            most = 0 if server.name in _SAME_ENGINE else _MOST_WRONG * len(questions)
            if len(differing) > most:
                raise RemoteEndpointError(
                    f"{server.name} answers {question.name} with {found.total()} rows, "
                    f"of which {(found & question.expected).total()} are among the {question.expected.total()} right ones."
                )
    return differing


def _measure(
    server: Server,
    questions: Sequence[Question],
    clients: Sequence[int],
    seconds: float,
    result: Comparison,
    say: Callable[[str], None],
) -> None:
    for way, is_unique in WAYS.items():
        drive(server, questions, clients=clients[0], seconds=1, is_unique=is_unique)  # warms up
        for number in clients:
            measured = drive(server, questions, clients=number, seconds=seconds, is_unique=is_unique)
            result.loads.setdefault(way, {}).setdefault(number, {})[server.name] = measured
            say(f"{server.name}: {way}, {number} clients: {measured.rate:,.0f} requests/s, p99 {measured.p99:.1f} ms")


def _time(together: Sequence[Server], question: Question) -> tuple[dict[str, float], dict[str, float]]:
    """Return the median of the seconds that an analytic query takes each server, and the mean of its processor time.

    The text is new each time. What else the machine does lengthens the one and not the other.
    """
    times: dict[str, list[float]] = {server.name: [] for server in together}
    used = dict.fromkeys(times, 0.0)
    for number in range(1, _ANALYTIC_RUNS + 1):
        for server in together:
            before, start = server.processor_seconds(), time.perf_counter()
            _ask(server, question.text(number))
            times[server.name].append(time.perf_counter() - start)
            used[server.name] += server.processor_seconds() - before
    medians = {name: statistics.median(found) for name, found in times.items()}
    return medians, {name: seconds / _ANALYTIC_RUNS for name, seconds in used.items()}


def _ask(server: Server, text: str) -> bytes:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=300)
    try:
        path = f"{server.path}?query={quote(text, safe='')}"
        connection.request("GET", path, headers={"Accept": "application/sparql-results+json"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RemoteEndpointError(f"{server.name} answers {answer.status}: {body[:200]!r}")
        return body
    finally:
        connection.close()
