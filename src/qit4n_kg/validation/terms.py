"""Data in the forms that validation takes them in: quads in force, statements, an rdflib Graph; pure.

pySHACL is wrong over a pyoxigraph store (datatypes are rewritten), so data are always copied into an rdflib Graph for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import rdflib
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad
from rdflib import RDFS, XSD

from qit4n_kg.namespaces import STDORG
from qit4n_kg.reporting import from_rdflib, to_rdflib
from qit4n_kg.validation.model import SUBCLASS, TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.views import Statement, View

    Data = rdflib.Graph | Iterable[Quad]

OVERRULED = NamedNode(f"{STDORG}OverruledGraph")
IN_FORCE = NamedNode(f"{STDORG}inForce")
FALSE = tuple(Literal(text, datatype=NamedNode(str(XSD.boolean))) for text in ("false", "0"))
TRUE = tuple(Literal(text, datatype=NamedNode(str(XSD.boolean))) for text in ("true", "1"))
_LABEL = NamedNode(str(RDFS.label))


def statement(quad: Quad) -> Statement:
    """Return a quad without its graph."""
    return quad.subject, quad.predicate, quad.object


def puts_out_of_force(quad: Quad) -> bool:
    """Tell whether a quad says of a graph that it is overruled, or not in force."""
    return (quad.predicate == TYPE and quad.object == OVERRULED) or (
        quad.predicate == IN_FORCE and quad.object in FALSE
    )


def subclass_axioms(ontology: Iterable[Quad]) -> list[Quad]:
    """Return what validation needs of the ontology, so that `sh:class` sees subclasses."""
    return [quad for quad in ontology if quad.predicate == SUBCLASS]


def label_of(view: View, node: Term) -> str | None:
    """Return a label of a node, an English one if it has one."""
    labels = [obj for obj in view.objects(node, _LABEL) if isinstance(obj, Literal)]
    best = min(labels, key=lambda text: (text.language not in ("en", None), text.value), default=None)
    return best.value if best is not None else None


def quads_of(data: Data) -> Iterable[Quad]:
    """Return quads; those of an rdflib Graph are in the default graph."""
    if not isinstance(data, rdflib.Graph):
        return data
    return (_quad(s, p, o) for s, p, o in data)


def _quad(subject: rdflib.term.Node, predicate: rdflib.term.Node, obj: rdflib.term.Node) -> Quad:
    start = from_rdflib(subject)
    assert isinstance(start, NamedNode | BlankNode)
    return Quad(start, NamedNode(str(predicate)), from_rdflib(obj), DefaultGraph())


def only_in_force(quads: Sequence[Quad]) -> Iterable[Quad]:
    """Leave out the quads of graphs that are not in force, but for what such a graph says of itself."""
    excluded = {quad.subject for quad in quads if puts_out_of_force(quad)}
    return (quad for quad in quads if quad.graph_name not in excluded or quad.subject == quad.graph_name)


def to_graph(quads: Iterable[Quad]) -> rdflib.Graph:
    """Merge quads into an rdflib Graph, each literal spelt as it is."""
    graph = rdflib.Graph()
    for quad in quads:
        graph.add((to_rdflib(quad.subject), to_rdflib(quad.predicate), to_rdflib(quad.object)))
    return graph
