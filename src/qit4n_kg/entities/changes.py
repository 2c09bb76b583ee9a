"""What changed of one thing: the journal's entries that name it, and how the generations that are kept differ; no HTTP.

Both are bounded: a page of entries, and at most `COMPARED` statements of the thing in each generation. What neither holds is not
known here: files have their history in version control, and older generations are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, NamedNode

from qit4n_kg.store.journal import find_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pyoxigraph import Quad, Triple

    from qit4n_kg.store.base import Store

COMPARED = 5_000
SHOWN = 40
"""Statements that are shown of one change, each way."""
ENTRIES = 20
"""Entries on one page."""

_DEFAULT = DefaultGraph()


@dataclass(frozen=True)
class Recorded:
    """One journal entry: what it says of the thing, of which at most `SHOWN` statements each way stand here."""

    id: str
    time: str
    actor: str
    source: str
    adds: tuple[Quad, ...]
    retracts: tuple[Quad, ...]
    added: int
    retracted: int


@dataclass(frozen=True)
class Step:
    """What of the thing differs between a generation and the one kept before it; nothing where it is None."""

    number: int
    before: int
    adds: tuple[Triple, ...]
    retracts: tuple[Triple, ...]
    added: int
    retracted: int
    is_whole: bool

    def __bool__(self) -> bool:
        return bool(self.added or self.retracted)


def read_recorded(journal: Path, iri: str, page: int = 1) -> tuple[list[Recorded], bool]:
    """Read one page of the entries that name a thing, the newest first, and whether there are more.

    :raises JournalDamagedError: the journal can't be read.
    """
    found = list(find_entries(journal, iri))
    found.reverse()
    start = (page - 1) * ENTRIES
    shown = []
    for entry in found[start : start + ENTRIES]:
        adds, retracts = (
            [quad for quad in quads if _names(quad, iri)] for quads in (entry.change.adds, entry.change.retracts)
        )
        shown.append(
            Recorded(
                entry.id,
                entry.time,
                entry.actor,
                entry.source,
                tuple(adds[:SHOWN]),
                tuple(retracts[:SHOWN]),
                len(adds),
                len(retracts),
            )
        )
    return shown, len(found) > start + ENTRIES


def _names(quad: Quad, iri: str) -> bool:
    ends = (quad.subject, quad.object, quad.graph_name)
    return any(isinstance(end, NamedNode) and end.value == iri for end in ends)


def compare(numbers: Sequence[int], open_store: Callable[[int], Store], iri: str) -> list[Step]:
    """Compare what the generations of these numbers, the newest first, say of a thing: each with the one after it in the list."""
    node = NamedNode(iri)
    steps: list[Step] = []
    newer: tuple[int, set[Triple], bool] | None = None
    for number in numbers:
        found, is_whole = _statements(open_store(number), node)
        if newer is not None:
            adds, retracts = (sorted(part, key=str) for part in (newer[1] - found, found - newer[1]))
            whole = is_whole and newer[2]
            shown = (tuple(adds[:SHOWN]), tuple(retracts[:SHOWN])) if whole else ((), ())
            steps.append(Step(newer[0], number, *shown, len(adds), len(retracts), whole))
        newer = (number, found, is_whole)
    return steps


def _statements(store: Store, node: NamedNode) -> tuple[set[Triple], bool]:
    """Return the statements in force about a thing, and whether they are all."""
    outgoing = (quad.triple for quad in islice(store.quads(node, None, None, _DEFAULT), COMPARED + 1))
    incoming = (quad.triple for quad in islice(store.quads(None, None, node, _DEFAULT), COMPARED + 1))
    sides = [list(outgoing), list(incoming)]
    return {triple for side in sides for triple in side}, all(len(side) <= COMPARED for side in sides)
