"""A dataset in one order whatever the store: canonical N-Quads, or graph by graph; in bounded memory but for its blank nodes.

What is sorted is spilt to temporary files (`store/canonical.py`), so a million statements take some 25 MB at a time.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import CanonicalizationAlgorithm, Dataset, DefaultGraph, RdfFormat, parse

from qit4n_kg.store.canonical import DatasetDigest, has_blank_node, write_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyoxigraph import Quad

    from qit4n_kg.store.base import GraphName

    Read = Callable[[GraphName | DefaultGraph], Iterable[Quad]]

_AT_ONCE = 10_000


def canonical_lines(quads: Iterable[Quad]) -> Iterator[bytes]:
    """Yield blocks of canonical N-Quads (RDFC-1.0), each quad once."""
    with DatasetDigest() as digest:
        for quad in quads:
            digest.add(quad)
        for lines in digest.lines():
            yield b"".join(lines)


def by_graph(graphs: Iterable[GraphName], read: Read) -> Iterator[Quad]:
    """Yield the quads of the default graph and then of each named graph, in order, blank nodes with their canonical labels.

    `read` yields the quads of one graph; it is asked twice for each.
    """
    order: list[GraphName | DefaultGraph] = [DefaultGraph(), *sorted(graphs, key=str)]
    blank = Dataset(quad for graph in order for quad in read(graph) if has_blank_node(quad))
    blank.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    labelled: dict[str, list[Quad]] = {}
    for quad in blank:
        labelled.setdefault(str(quad.graph_name), []).append(quad)
    for graph in order:
        with DatasetDigest() as digest:
            ground = (quad for quad in read(graph) if not has_blank_node(quad))
            while batch := list(islice(ground, _AT_ONCE)):
                digest.add_apart(write_lines(batch), ())
            digest.add_apart(write_lines(labelled.pop(str(graph), [])), ())  # their labels are canonical already
            for lines in digest.lines():
                yield from parse(b"".join(lines), RdfFormat.N_QUADS)
    for rest in labelled.values():  # graphs that a blank node names, under their canonical labels
        yield from parse(b"".join(sorted(write_lines(rest))), RdfFormat.N_QUADS)
