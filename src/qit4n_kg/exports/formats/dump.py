"""Dumps: the whole dataset as N-Quads, TriG and JSON-LD, the default graph as Turtle; plain, gzip (RFC 1952), Zstandard (RFC 8878).

Compressed files have no time and no name in them, so the same generation makes the same bytes.
"""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

import zstandard
from pyoxigraph import DefaultGraph, Literal

from qit4n_kg.errors import ParameterError
from qit4n_kg.exports.ordered import by_graph, canonical_lines
from qit4n_kg.exports.rdf import write_rdf
from qit4n_kg.formats import RdfFormat
from qit4n_kg.namespaces import PREFIXES
from qit4n_kg.store.writing import rdf_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyoxigraph import Quad, Triple

    from qit4n_kg.exports.making import Material, Writer
    from qit4n_kg.store.base import GraphName, Solutions

_FORMS = {"nq": RdfFormat.N_QUADS, "trig": RdfFormat.TRIG, "ttl": RdfFormat.TURTLE, "jsonld": RdfFormat.JSON_LD}
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 6


WITH_GRAPHS = frozenset(f"dump.{form}{coding}" for form in ("nq", "trig", "jsonld") for coding in ("", ".gz", ".zst"))
"""The dumps that keep which graph states what."""


class Selection:
    """What of a store is dumped: everything, or all but what only graphs of conclusions state."""

    def __init__(self, material: Material) -> None:
        self._store = material.store
        self._concluding: set[GraphName] = set()
        self._stating: set[GraphName] = set()
        for graph, conclusions in cast("Solutions", material.answer()):
            is_concluding = isinstance(conclusions, Literal) and conclusions.value == "true"
            (self._concluding if is_concluding else self._stating).add(cast("GraphName", graph))

    def graphs(self) -> list[GraphName]:
        """Return the named graphs."""
        return [graph for graph in self._store.graphs() if graph not in self._concluding]

    def quads(self) -> Iterator[Quad]:
        """Yield every quad."""
        if not self._concluding:
            yield from self._store.quads()
            return
        for graph in (DefaultGraph(), *self.graphs()):
            yield from self.of(graph)

    def of(self, graph: GraphName | DefaultGraph) -> Iterator[Quad]:
        """Yield the quads of one graph."""
        quads = self._store.quads(graph=graph)
        return filter(self._is_stated, quads) if self._concluding and isinstance(graph, DefaultGraph) else quads

    def _is_stated(self, quad: Quad) -> bool:
        """Whether a statement of the default graph stands in another graph than those of conclusions, or in none."""
        is_concluded = False
        for other in self._store.quads(quad.subject, quad.predicate, quad.object):
            if other.graph_name in self._stating:
                return True
            is_concluded = is_concluded or other.graph_name in self._concluding
        return not is_concluded


def _write(material: Material, output: BinaryIO, form: RdfFormat) -> None:
    selection = Selection(material)
    if form is RdfFormat.N_QUADS:
        for block in canonical_lines(selection.quads()):
            output.write(block)
        return
    graphs = selection.graphs() if form.value.has_graphs or form is RdfFormat.JSON_LD else []
    content: Iterator[Quad] | Iterator[Triple] = by_graph(graphs, selection.of)
    if form is RdfFormat.TURTLE:
        content = (quad.triple for quad in cast("Iterator[Quad]", content))
    try:
        prefixes = None if form is RdfFormat.JSON_LD else PREFIXES
        write_rdf(content, output, rdf_format(form), prefixes)
    except OSError as exc:
        if exc.errno is None and "does not support RDF 1.2" in str(exc):
            message = f"The dataset has triple terms (RDF 1.2), and {form.value.label} has none."
            raise ParameterError(message, hint="Take dump.nq or dump.trig.") from exc
        raise


@contextmanager
def _plain(output: BinaryIO) -> Iterator[BinaryIO]:
    yield output


@contextmanager
def _gzip(output: BinaryIO) -> Iterator[BinaryIO]:
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=output, mtime=0) as coded:
        yield cast("BinaryIO", coded)


@contextmanager
def _zstd(output: BinaryIO) -> Iterator[BinaryIO]:
    with zstandard.ZstdCompressor(level=_ZSTD_LEVEL).stream_writer(output, closefd=False) as coded:
        yield cast("BinaryIO", coded)


_CODINGS = {"": _plain, ".gz": _gzip, ".zst": _zstd}


def _writer(form: RdfFormat, suffix: str) -> Writer:
    def write(material: Material, output: BinaryIO) -> None:
        with _CODINGS[suffix](output) as coded:
            _write(material, coded, form)

    return write


def carried(_material: Material) -> Callable[[Triple], bool]:
    """Tell that every fact is in a dump."""
    return lambda _fact: True


WRITERS: dict[str, Writer] = {
    f"dump.{name}{suffix}": _writer(form, suffix) for name, form in _FORMS.items() for suffix in _CODINGS
}
