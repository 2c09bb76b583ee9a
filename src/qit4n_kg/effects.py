"""What a contribution changes in the answers of the catalogue: each query that needs no argument, before and after, within bounds.

Queries run in query processes. One that is not answered in time is said to be unknown, never to be unchanged.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qit4n_kg.committing.previewing import preview
from qit4n_kg.errors import ParameterError, QueryLimitError
from qit4n_kg.formats import RdfFormat, ResultFormat
from qit4n_kg.queries import bind
from qit4n_kg.sparql import QueryForm, inspect_query
from qit4n_kg.store.executor import Job

if TYPE_CHECKING:
    from pathlib import Path

    from qit4n_kg.graph import KnowledgeGraph
    from qit4n_kg.queries import CatalogueQuery

_BUDGET = 20.0
_LONGEST = 2.0
_SHOWN = 5


@dataclass(frozen=True)
class Effect:
    """How the answer of one query changes: numbers of rows that come and go, and the first of them as text."""

    id: str
    title: str
    added: int
    removed: int
    come: tuple[str, ...]
    go: tuple[str, ...]


@dataclass(frozen=True)
class Effects:
    """What was asked of which generation: the queries whose answers change, how many do not, and which are unknown."""

    generation: int
    changed: tuple[Effect, ...]
    unchanged: int
    unknown: tuple[str, ...]


def read_effects(graph: KnowledgeGraph, id_: str) -> Effects:
    """Ask the catalogue before and after a contribution.

    :raises ProposalError: the contribution can't be shown beforehand.
    :raises InvalidDataError: it would bring violations by now.
    """
    number, after = preview(graph.settings, id_)
    before = graph.kept(number).store_path
    end = time.monotonic() + _BUDGET
    changed: list[Effect] = []
    unknown: list[str] = []
    asked = 0
    for query in graph.catalogue:
        if any(parameter.default is None for parameter in query.parameters):
            continue
        asked += 1
        try:
            old, new = (_rows(graph, query, path, end - time.monotonic()) for path in (before, after))
        except (QueryLimitError, ParameterError):
            unknown.append(query.id)
            continue
        come, go = new - old, old - new
        if come or go:
            shown = (tuple(sorted(rows)[:_SHOWN]) for rows in (come, go))
            changed.append(Effect(query.id, query.title, come.total(), go.total(), *shown))
    return Effects(number, tuple(changed), asked - len(changed) - len(unknown), tuple(unknown))


def _rows(graph: KnowledgeGraph, query: CatalogueQuery, store: Path, left: float) -> Counter[str]:
    """Return the lines of an answer, without their order.

    :raises QueryLimitError: there is no time left, or the query met a limit.
    """
    if left <= 0:
        raise QueryLimitError("There is no time left.")
    bindings = bind(query, {}, graph.settings.base_iri)
    is_graph = inspect_query(query.text).form in (QueryForm.CONSTRUCT, QueryForm.DESCRIBE)
    form = RdfFormat.N_TRIPLES if is_graph else ResultFormat.TSV
    job = Job(query.text, form, bindings=bindings, timeout=min(left, _LONGEST))
    spooled = graph.executors.run(job, store)
    try:
        lines = spooled.read().decode().splitlines()
    finally:
        spooled.close()
    return Counter(lines if is_graph else lines[1:])
