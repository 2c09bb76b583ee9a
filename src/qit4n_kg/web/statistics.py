"""Counts of one generation's dataset, for the service description and VoID; made once by query processes, then kept.

The queries are files under `queries/site/void/`. A count that ran into a limit, or whose file sources of someone's own
do not have, is absent: it is never a guess.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import current_app
from pyoxigraph import Literal

from qit4n_kg.errors import QueryLimitError, SourceError
from qit4n_kg.formats import ResultFormat
from qit4n_kg.queries import read_query
from qit4n_kg.store.executor_jobs import ExecutorError, Job
from qit4n_kg.web.context import knowledge_graph, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qit4n_kg.store.generations import Generation

_EXTENSION = "statistics"
_log = logging.getLogger(__name__)
_lock = threading.Lock()

Row = dict[str, str]


@dataclass(frozen=True)
class Partition:
    """A class or a property, with its counts by name (`entities`, `triples`, `distinctSubjects`, `distinctObjects`)."""

    iri: str
    counts: dict[str, int]


@dataclass(frozen=True)
class Statistics:
    """What is counted in the default graph of a generation, and the size of each named graph."""

    generation: Generation
    counts: dict[str, int]
    classes: tuple[Partition, ...]
    properties: tuple[Partition, ...]
    graphs: tuple[tuple[str, int], ...]
    examples: tuple[str, ...]


def statistics() -> Statistics:
    """Return the counts of the generation that answers this request."""
    generation = snapshot().generation
    kept = cast("Statistics | None", current_app.extensions.get(_EXTENSION))
    if kept is not None and kept.generation.number == generation.number:
        return kept
    with _lock:  # one request counts, the others wait for it
        kept = cast("Statistics | None", current_app.extensions.get(_EXTENSION))
        if kept is None or kept.generation.number != generation.number:
            kept = current_app.extensions[_EXTENSION] = _count(generation)
    return kept


def _count(generation: Generation) -> Statistics:
    manifest = generation.manifest
    counts = {"triples": manifest.triples}
    for row in _ask("void/totals", generation):
        names = {"subjects": "distinctSubjects", "properties": "properties", "objects": "distinctObjects"}
        counts |= {name: int(row[column]) for column, name in names.items()}
    for row in _ask("void/entities", generation):
        counts["entities"] = int(row["things"])
    classes = [Partition(row["class"], {"entities": int(row["things"])}) for row in _ask("void/classes", generation)]
    if classes:
        counts["classes"] = len(classes)
    return Statistics(
        generation,
        counts,
        classes=tuple(classes),
        properties=tuple(_properties(_ask("void/properties", generation))),
        graphs=tuple((row["graph"], int(row["statements"])) for row in _ask("graphs", generation) if "graph" in row),
        examples=tuple(dict.fromkeys(row["example"] for row in _ask("void/examples", generation) if "example" in row)),
    )


def _properties(rows: Iterable[Row]) -> Iterable[Partition]:
    names = {"triples": "triples", "subjects": "distinctSubjects", "objects": "distinctObjects"}
    for row in rows:
        yield Partition(row["property"], {name: int(row[column]) for column, name in names.items()})


def _ask(name: str, generation: Generation) -> list[Row]:
    """Return the rows of one of the site's queries, none when it could not be answered."""
    settings = knowledge_graph().settings
    try:
        query = read_query(settings.sources / "queries" / "site" / f"{name}.rq")
        bindings = {parameter.name: Literal(settings.id_base) for parameter in query.parameters}
        with knowledge_graph().run(Job(query.text, ResultFormat.JSON, bindings=bindings), generation) as spooled:
            rows = json.loads(spooled.read())["results"]["bindings"]
    except SourceError:
        return []
    except (QueryLimitError, ExecutorError) as exc:
        _log.warning("The statistics of generation %s lack %s: %s", generation.number, name, exc)
        return []
    return [{column: term["value"] for column, term in row.items()} for row in rows]
