"""What a contribution changes in the answers of the catalogue and in exports: before and after, within bounds.

Each query that needs no argument runs in query processes; each export that is text is made in a process that is killed at its
deadline (`exports/comparing.py`). What is not answered in time is said to be unknown, never to be unchanged.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from pyoxigraph import QueryResultsFormat, QuerySolutions, parse, parse_query_results
from pyoxigraph import RdfFormat as Syntax

from qit4n_kg.committing.previewing import preview
from qit4n_kg.errors import ParameterError, QueryLimitError
from qit4n_kg.exports.making import licence_of
from qit4n_kg.formats import RdfFormat, ResultFormat
from qit4n_kg.queries import bind
from qit4n_kg.sparql import QueryForm, inspect_query
from qit4n_kg.store.executor import Job

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from qit4n_kg.config import Settings
    from qit4n_kg.graph import KnowledgeGraph
    from qit4n_kg.queries import CatalogueQuery
    from qit4n_kg.store.base import Term

Row: TypeAlias = "tuple[Term | None, ...]"

_BUDGET = 20.0
_LONGEST = 2.0
_SHOWN = 5
_LAST_TOPIC = "provenance"
_EXPORT_BUDGET = 20.0
_LARGEST_EXPORT = 8 * 1024 * 1024
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL")


@dataclass(frozen=True)
class Effect:
    """How the answer of one query changes: numbers of rows that come and go, and the first of them, a term for each column."""

    id: str
    title: str
    added: int
    removed: int
    columns: tuple[str, ...]
    come: tuple[Row, ...]
    go: tuple[Row, ...]


@dataclass(frozen=True)
class ExportEffect:
    """How a file of /exports changes: numbers of lines that come and go."""

    name: str
    added: int
    removed: int


@dataclass(frozen=True)
class ExportEffects:
    """The files that change, how many do not, and which are unknown."""

    changed: tuple[ExportEffect, ...] = ()
    unchanged: int = 0
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Effects:
    """What was asked of which generation: the queries whose answers change, how many do not, which are unknown; and exports.

    What the queries about provenance answer changes with every contribution, so they come last.
    """

    generation: int
    changed: tuple[Effect, ...]
    unchanged: int
    unknown: tuple[str, ...]
    exports: ExportEffects = ExportEffects()


def read_effects(graph: KnowledgeGraph, id_: str) -> Effects:
    """Ask the catalogue before and after a contribution.

    :raises ProposalError: the contribution can't be shown beforehand.
    :raises InvalidDataError: it would bring violations by now.
    """
    number, after = preview(graph.settings, id_)
    before = graph.kept(number).store_path
    with ThreadPoolExecutor(1) as aside:  # exports are made in a process of their own meanwhile
        exports = aside.submit(compare_exports, graph.settings, before, after)
        changed, unchanged, unknown = _compare_answers(graph, before, after)
    return Effects(number, tuple(changed), unchanged, tuple(unknown), exports.result())


def _compare_answers(graph: KnowledgeGraph, before: Path, after: Path) -> tuple[list[Effect], int, list[str]]:
    """Return the queries whose answers differ, how many do not, and those that were not answered in time."""
    end = time.monotonic() + _BUDGET
    changed: list[Effect] = []
    unknown: list[str] = []
    asked = [query for query in graph.catalogue if all(parameter.default is not None for parameter in query.parameters)]
    for query in sorted(asked, key=lambda one: one.topic == _LAST_TOPIC):
        try:
            (head, old), (_, new) = (_lines(graph, query, path, end - time.monotonic()) for path in (before, after))
        except (QueryLimitError, ParameterError):
            unknown.append(query.id)
            continue
        come, go = new - old, old - new
        if come or go:
            (columns, coming), (_, going) = (_read(head, lines) for lines in (come, go))
            changed.append(Effect(query.id, query.title, come.total(), go.total(), columns, coming, going))
    return changed, len(asked) - len(changed) - len(unknown), unknown


def compare_exports(settings: Settings, before: Path, after: Path) -> ExportEffects:
    """Say which exports differ between two stores."""
    job = {
        "before": str(before),
        "after": str(after),
        "queries": str(settings.sources / "queries"),
        "base_iri": settings.base_iri,
        "licence": licence_of(settings),
        "limit": _LARGEST_EXPORT,
        "memory": settings.query_memory,
    }
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        told = subprocess.run(
            [sys.executable, "-P", "-m", "qit4n_kg.exports.comparing", str(os.getpid())],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=_EXPORT_BUDGET,
            check=False,
            env={**environment, "MALLOC_ARENA_MAX": "2"},
        ).stdout
    except subprocess.TimeoutExpired as exc:
        told = exc.stdout or b""
    return _read_told(told)


def _read_told(told: bytes) -> ExportEffects:
    """Read what the comparing process said before it ended or was killed, which may be in the middle of a line."""
    asked: dict[str, None] = {}
    known: list[ExportEffect] = []
    for line in told.splitlines(keepends=True):
        if line.endswith(b"\n"):
            record = json.loads(line)
            if "asked" in record:
                asked[record["asked"]] = None
            else:
                known.append(ExportEffect(**record))
    changed = tuple(one for one in known if one.added or one.removed)
    unknown = tuple(name for name in asked if name not in {one.name for one in known})
    return ExportEffects(changed, len(known) - len(changed), unknown)


def _lines(graph: KnowledgeGraph, query: CatalogueQuery, store: Path, left: float) -> tuple[bytes, Counter[bytes]]:
    """Return the line of the columns of an answer, nothing for a graph, and the lines of its rows without their order.

    :raises QueryLimitError: there is no time left, or the query met a limit.
    """
    if left <= 0:
        raise QueryLimitError("There is no time left.")
    bindings = bind(query, {}, graph.settings.base_iri)
    is_graph = inspect_query(query.text).form in (QueryForm.CONSTRUCT, QueryForm.DESCRIBE)
    form = RdfFormat.N_TRIPLES if is_graph else ResultFormat.TSV
    spooled = graph.executors.run(Job(query.text, form, bindings=bindings, timeout=min(left, _LONGEST)), store)
    try:
        lines = spooled.read().splitlines()
    finally:
        spooled.close()
    return (b"", Counter(lines)) if is_graph else (lines[0], Counter(lines[1:]))


def _read(head: bytes, lines: Iterable[bytes]) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    r"""Return the columns and the first rows of an answer.

    >>> _read(b"?s\t?n", [b'<a:b>\t"x"@en', b"<a:a>\t"])
    (('s', 'n'), ((<NamedNode value=a:a>, None), (<NamedNode value=a:b>, <Literal value=x language=en>)))
    """
    text = b"\n".join([*([head] if head else ()), *sorted(lines)[:_SHOWN], b""])
    if not head:
        return ("subject", "predicate", "object"), tuple(tuple(quad.triple) for quad in parse(text, Syntax.N_TRIPLES))
    found = cast("QuerySolutions", parse_query_results(text, QueryResultsFormat.TSV))
    return tuple(variable.value for variable in found.variables), tuple(tuple(row) for row in found)
