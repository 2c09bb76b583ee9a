"""Finds the names nearest to a mistyped one, over identifiers and labels; no HTTP.

Built from at most `MOST` labelled things of one immutable store, so that its memory and the time of one look-up are bounded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, Literal, NamedNode

from qit4n_kg.entities.labels import Reference
from qit4n_kg.namespaces import RDFS

if TYPE_CHECKING:
    from qit4n_kg.store.base import Store

MOST = 20_000
_SCANNED = 100_000
_LENGTH = 120
_LIKE = 0.35
_BESIDE_BEST = 0.7
_LABEL = NamedNode(f"{RDFS}label")


def trigrams(text: str) -> frozenset[str]:
    """Return the three-letter pieces of a text, its ends marked.

    >>> sorted(trigrams("WG1"))
    ['  w', ' wg', 'g1 ', 'wg1']
    """
    padded = f"  {' '.join(text.casefold()[:_LENGTH].replace('/', ' ').replace('-', ' ').split())} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


class NameIndex:
    """An index from three-letter pieces to things."""

    def __init__(self, store: Store, id_base: str) -> None:
        self._things: list[Reference] = []
        self._sizes: list[int] = []
        self._postings: dict[str, list[int]] = defaultdict(list)
        self._id_base = id_base
        labelled = islice(store.quads(None, _LABEL, None, DefaultGraph()), _SCANNED)
        for quad in labelled:
            subject, label = quad.subject, quad.object
            if isinstance(subject, NamedNode) and isinstance(label, Literal) and subject.value.startswith(id_base):
                self._add(subject.value, label.value)
                if len(self._things) >= MOST:
                    break

    def _add(self, iri: str, label: str) -> None:
        for name in {iri.removeprefix(self._id_base), label}:
            pieces = trigrams(name)
            position = len(self._things)
            self._things.append(Reference(iri, label))
            self._sizes.append(len(pieces))
            for piece in pieces:
                self._postings[piece].append(position)

    def nearest(self, name: str, most: int = 5) -> list[Reference]:
        """Return the things that are called most like `name`, the nearest first, none if nothing is near."""
        pieces = trigrams(name)
        shared: Counter[int] = Counter()
        for piece in pieces:
            shared.update(self._postings.get(piece, ()))
        scores: dict[str, tuple[float, Reference]] = {}
        for position, common in shared.items():
            score = 2 * common / (len(pieces) + self._sizes[position])
            thing = self._things[position]
            if score >= _LIKE and score > scores.get(thing.iri, (0.0, thing))[0]:
                scores[thing.iri] = (score, thing)
        ranked = sorted(scores.values(), key=lambda pair: (-pair[0], pair[1].iri))
        return [thing for score, thing in ranked[:most] if score >= _BESIDE_BEST * ranked[0][0]]
