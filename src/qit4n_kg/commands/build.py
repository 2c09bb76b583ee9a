"""A build as the commands make it: with its progress in the terminal, waiting for another writer where that is asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qit4n_kg.commands import terminal
from qit4n_kg.errors import StateLockedError

if TYPE_CHECKING:
    from qit4n_kg.config import Settings


def build_graph(settings: Settings, *, is_quiet: bool, patience: float = 0.0) -> None:
    """Build the graph where it changed and say what came of it; wait `patience` seconds for another writer to end."""
    from qit4n_kg.building import build  # the engine is not loaded by other commands

    end = time.monotonic() + patience
    while True:
        try:
            with terminal.BuildProgress(is_quiet=is_quiet) as progress:
                result = build(settings, progress)
            break
        except StateLockedError:
            if time.monotonic() >= end:
                raise
            time.sleep(0.2)
    if not is_quiet:
        manifest = result.generation.manifest
        verb = "built" if result.is_new else "unchanged"
        terminal.err.print(
            f"Generation {manifest.number} {verb}: {manifest.triples:,} triples, {manifest.graphs} named graphs, "
            f"{result.seconds:.1f} s"
        )
