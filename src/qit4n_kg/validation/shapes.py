"""The shapes: read, checked for what engines pass over in silence, and compiled; it validates no data.

Engines take an empty shapes graph, a misspelt parameter or a reference to nothing for "conforms", so `load_shapes` looks for these
first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import rdflib
from pyoxigraph import NamedNode, Quad
from rdflib import RDF, SH

from qit4n_kg.errors import SourceError
from qit4n_kg.formats import RdfFormat
from qit4n_kg.locating import Position, StatementIndex
from qit4n_kg.namespaces import compact
from qit4n_kg.reporting import from_rdflib
from qit4n_kg.validation.compiling import compile_shapes
from qit4n_kg.validation.judging import Engine
from qit4n_kg.validation.terms import to_graph
from qit4n_kg.validation.texts import decode, parse_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_REFERENCES = (SH.property, SH.node, SH["not"], SH.qualifiedValueShape, SH.sparql)
_LISTS = (SH["or"], SH["and"], SH.xone)


@dataclass(frozen=True)
class Shapes:
    """The shapes, read and checked once: `merged` for what is in force, `passage` for one passage alone."""

    merged: rdflib.Graph
    passage: rdflib.Graph

    @cached_property
    def both(self) -> rdflib.Graph:
        """Both graphs in one, for what looks a shape up."""
        return self.merged + self.passage

    @cached_property
    def merged_engine(self) -> Engine:
        """The gate's engine for what is in force, compiled when it is first asked for."""
        return Engine(compile_shapes(self.merged))

    @cached_property
    def passage_engine(self) -> Engine:
        """The gate's engine for one passage alone."""
        return Engine(compile_shapes(self.passage))


def load_shapes(folder: Path) -> Shapes:
    """Read `*.ttl` and `evidence/*.ttl` of the folder.

    :raises SourceError: a file is no Turtle, no shape has a target, a shape refers to one that is not there, or a term of SHACL is
        misspelt; with file and line.
    """
    return Shapes(_read_shapes(folder), _read_shapes(folder / "evidence"))


def _read_shapes(folder: Path) -> rdflib.Graph:
    texts: dict[Path, str] = {}
    quads: list[Quad] = []
    for path in sorted(folder.glob("*.ttl")):
        texts[path] = decode(path)
        quads += parse_text(texts[path], RdfFormat.TURTLE, path, base="")
    graph = to_graph(quads)
    if not any(chain.from_iterable(graph.subjects(target) for target in (SH.targetClass, SH.targetSubjectsOf))):
        raise SourceError("No shape here has a target, so everything would conform.", path=folder)
    for subject, predicate, problem in _flaws(graph):
        path, position = _place_in(texts, subject, predicate)
        raise SourceError(problem, path=path, line=position.line, column=position.column)
    return graph


def _flaws(graph: rdflib.Graph) -> Iterable[tuple[rdflib.term.Node, rdflib.term.Node, str]]:
    """Yield what engines accept in silence: references to nothing, terms that SHACL does not have, shapes of no property."""
    for shape in sorted({*graph.subjects(RDF.type, SH.PropertyShape), *graph.objects(None, SH.property)}, key=str):
        if (shape, None, None) in graph and (shape, SH.path, None) not in graph:
            yield shape, RDF.type, f"The property shape {compact(str(shape))} has no path (sh:path)."
    for subject, predicate, obj in sorted(graph, key=str):
        if isinstance(predicate, rdflib.URIRef) and predicate.startswith(str(SH)) and predicate not in SH:
            yield subject, predicate, f"SHACL has no term {compact(predicate)}."
        targets = [obj] if predicate in _REFERENCES else graph.items(obj) if predicate in _LISTS else []
        for target in targets:
            if (target, None, None) not in graph:
                yield subject, predicate, f"{compact(str(predicate))} refers to the shape {target}, which is not here."


def _place_in(
    texts: Mapping[Path, str], subject: rdflib.term.Node, predicate: rdflib.term.Node
) -> tuple[Path, Position]:
    best: tuple[int, Path, Position] | None = None
    for path, text in texts.items():
        found = StatementIndex(text).find(from_rdflib(subject), NamedNode(str(predicate)))
        if found and (best is None or found[0] > best[0]):
            best = (found[0], path, found[1])
    return (best[1], best[2]) if best else (next(iter(texts)), Position(1, 1))
