"""What each export costs: seconds, processor seconds and peak memory of a process of its own, and the size of the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, NamedNode

from qit4n_kg.config import to_environ
from qit4n_kg.errors import ParameterError
from qit4n_kg.exports.registry import read_registry
from qit4n_kg.namespaces import RDF, STDORG
from qit4n_kg.queries import bind
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from qit4n_kg.config import Settings
    from qit4n_kg.exports.registry import Export
    from qit4n_kg.store.base import Store

_MIB = 1024 * 1024
_GROUP = "forGroup"


@dataclass(frozen=True)
class Cost:
    """What one export took; `bytes` is None when it failed, `memory` is the largest resident size in bytes."""

    name: str
    seconds: float
    processor: float
    memory: int
    bytes: int | None


def measure_exports(settings: Settings, say: Callable[[str], None], only: Collection[str] = ()) -> str:
    """Make every export once, or `only` those, each in a process of its own, and return a table in Markdown.

    :raises NotFoundError: one of `only` is no export.
    """
    registry = read_registry(settings.sources / "queries" / "exports")
    wanted = {registry.find(name).export for name in only} or set(registry)
    generation = Generations(settings.state_dir, settings.keep_generations, settings.keep_days).current()
    with OxigraphStore.open_read_only(generation.store_path) as store:
        costs = []
        for export in registry:
            if export not in wanted:
                continue
            name = _name(settings, export, store)
            say(name)
            costs.append(_measure(settings, name, _arguments(settings, export, store)))
    rows = [
        f"| `{cost.name}` | {cost.seconds:.1f} | {cost.processor:.1f} | {cost.memory / _MIB:.0f} | {_size(cost)} |"
        for cost in costs
    ]
    head = [
        f"{generation.manifest.triples:,} triples in the default graph.",
        "",
        "| export | s | processor s | peak MiB | file KiB |",
        "|---|--:|--:|--:|--:|",
    ]
    return "\n".join([*head, *rows, ""])


def _size(cost: Cost) -> str:
    return "nothing to export" if cost.bytes is None else f"{cost.bytes / 1024:,.0f}"


def _name(settings: Settings, export: Export, store: Store) -> str:
    """Return the export's name with its example; where the graph does not know that, with the one that most is proposed to."""
    argument, base = export.description.argument, f"{settings.base_iri}id/"
    if argument is None or argument.values or export.name == export.example:
        return export.example
    known = (NamedNode(f"{base}{path}{argument.example}") for path in ("", "body/"))
    if any(next(iter(store.quads(one)), None) is not None for one in known):
        return export.example
    recipients = store.quads(None, NamedNode(f"{STDORG}recipient"), None, DefaultGraph())
    counted = Counter(quad.object.value for quad in recipients if isinstance(quad.object, NamedNode))
    most = min(counted, key=lambda iri: (-counted[iri], iri), default=None)
    if most is None:
        return export.example
    return export.name.replace(f"{{{argument.name}}}", most.removeprefix(base).removeprefix("body/"))


def _arguments(settings: Settings, export: Export, store: Store) -> list[str]:
    """Name a group that the graph knows, where the default is not in it."""
    query = export.description.query
    if not any(parameter.name == _GROUP for parameter in query.parameters):
        return []
    try:
        (default,) = bind(query, {}, settings.base_iri).values()
    except (ParameterError, ValueError):
        return []
    if isinstance(default, NamedNode) and next(iter(store.quads(default)), None) is not None:
        return []
    groups = store.quads(None, NamedNode(f"{RDF}type"), NamedNode(f"{STDORG}FocusGroup"), DefaultGraph())
    first = min((quad.subject.value for quad in groups if isinstance(quad.subject, NamedNode)), default=None)
    return [] if first is None else ["-p", f"{_GROUP}={first}"]


def _measure(settings: Settings, name: str, arguments: list[str]) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "made"
        command = [sys.executable, "-m", "qit4n_kg.cli", "export", name, "-o", str(target), *arguments]
        begun = time.monotonic()
        watched = subprocess.run(
            [sys.executable, "-c", _WATCH, *command],
            env={**os.environ, **to_environ(settings)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the table says that there is nothing
            check=True,
        )
        status, processor, memory = json.loads(watched.stdout)
        size = target.stat().st_size if status == 0 else None
    return Cost(name, time.monotonic() - begun, processor, memory, size)


_WATCH = """
import json, os, sys
_, status, used = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print(json.dumps([status, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""
"""A small process between: the peak of a process counts what who started it held by then, such as a build of millions."""

__all__ = ["Cost", "measure_exports"]
