"""`/metrics`: what the workers did and hold, for Prometheus; figures only, nothing of a query's text or sender.

A request reaches one worker. Its own figures are of this moment; those of the others are what each wrote into its file in the state
folder, every few seconds. Counters are of one worker since it started, which the label `worker` (its process id) says: sums are
the reader's. Who may read is the setting QIT4N_METRICS. Format: Prometheus text exposition format 0.0.4.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app

from qit4n_kg.config import Readership
from qit4n_kg.errors import NotFoundError, StateError
from qit4n_kg.store.running import is_alive
from qit4n_kg.tokens import Role
from qit4n_kg.web import access
from qit4n_kg.web.context import EXTENSION, knowledge_graph, snapshot
from qit4n_kg.web.results import EXTENSION as RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask

metrics = Blueprint("metrics", __name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
WRITE_SECONDS = 5.0
_FOLDER = "metrics"
_STARTED = time.time()

# name, type, help; the label besides `worker`, where the figure has one value for each of its values
_FIGURES = (
    ("uptime_seconds", "gauge", "Seconds since the worker started.", None),
    ("queries_total", "counter", "Queries that ended, by outcome: answered, failed or the problem.", "outcome"),
    ("query_seconds_total", "counter", "Seconds that these queries took, waiting included.", None),
    ("query_processes", "gauge", "Query processes that are up, by what they do.", "state"),
    ("queries_waiting", "gauge", "Queries that wait for a process.", "lane"),
    ("cache_hits_total", "counter", "Results answered from the cache.", None),
    ("cache_misses_total", "counter", "Cacheable results that had to be computed.", None),
    ("cache_evicted_total", "counter", "Results that had to leave the cache for others.", None),
    ("cache_entries", "gauge", "Entries of the cache.", None),
    ("cache_bytes", "gauge", "Bytes that the cache takes.", None),
    ("cache_limit_bytes", "gauge", "Bytes that the cache may take.", None),
    ("downloads", "gauge", "Large results that are being sent.", None),
)


@metrics.get("/metrics")
def show() -> Response:
    """Send the figures of all workers."""
    readership = knowledge_graph().settings.metrics
    if readership is Readership.NOBODY:
        raise NotFoundError("There are no metrics here.", hint="The setting QIT4N_METRICS is nobody.")
    if readership is Readership.ADMIN:
        access.require(Role.ADMIN)
    folder = knowledge_graph().settings.state_dir / _FOLDER
    workers = {**_others(folder), os.getpid(): figures(current_app)}
    response = Response("\n".join(_lines(workers)) + "\n", content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def figures(app: Flask) -> dict[str, Any]:
    """Return this worker's figures, by name."""
    graph, kept = app.extensions[EXTENSION], app.extensions[RESULTS]
    outcomes, seconds = graph.executors.tally.figures()
    cache, lanes = kept.cache.counters(), graph.executors.figures()
    return {
        "uptime_seconds": round(time.time() - _STARTED, 1),
        "queries_total": outcomes,
        "query_seconds_total": round(seconds, 3),
        "query_processes": {name: lanes[name] for name in ("idle", "short", "long")},
        "queries_waiting": {"short": lanes["waiting"], "long": lanes["waiting_long"]},
        "cache_hits_total": cache.hits,
        "cache_misses_total": cache.misses,
        "cache_evicted_total": cache.evicted,
        "cache_entries": cache.entries,
        "cache_bytes": cache.bytes,
        "cache_limit_bytes": cache.limit,
        "downloads": kept.downloads.running,
    }


def write_figures(app: Flask) -> None:
    """Write this worker's figures where the others find them; a disk that is full or read-only costs only that."""
    folder = app.extensions[EXTENSION].settings.state_dir / _FOLDER
    path = folder / str(os.getpid())
    with contextlib.suppress(OSError, StateError):
        folder.mkdir(mode=0o700, exist_ok=True)
        partial = path.with_name(f".{path.name}")
        partial.write_text(json.dumps(figures(app)), encoding="utf-8")
        partial.rename(path)


def _others(folder: Path) -> dict[int, dict[str, Any]]:
    """Read what the other workers wrote; files of those that are gone are removed."""
    found = {}
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            name = path.name.lstrip(".")
            if not name.isdigit() or not is_alive(int(name)):
                path.unlink(missing_ok=True)
            elif path.name == name:
                with contextlib.suppress(OSError, ValueError):
                    found[int(name)] = json.loads(path.read_bytes())
    return found


def _lines(workers: dict[int, dict[str, Any]]) -> Iterator[str]:
    generation = snapshot().generation
    manifest = generation.manifest
    for name, value, text in (
        ("generation", generation.number, "Number of the generation that is served."),
        ("generation_triples", manifest.triples, "Triples in its default graph."),
        ("generation_quads", manifest.quads, "Quads of all its graphs."),
    ):
        yield from (f"# HELP qit4n_{name} {text}", f"# TYPE qit4n_{name} gauge", f"qit4n_{name} {value}")
    for name, kind, text, label in _FIGURES:
        yield f"# HELP qit4n_{name} {text}"
        yield f"# TYPE qit4n_{name} {kind}"
        for worker, figures_of in sorted(workers.items()):
            value = figures_of.get(name, 0)
            if label is None:
                yield f'qit4n_{name}{{worker="{worker}"}} {value}'
            else:
                yield from (
                    f'qit4n_{name}{{worker="{worker}",{label}="{key}"}} {part}' for key, part in dict(value).items()
                )
