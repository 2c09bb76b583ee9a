"""All data at once, as a build validates them: pySHACL over what is in force, over every passage, and the terms used.

Four checks make one report. What is in force is merged and validated against `shapes/*.ttl`; every passage, overruled ones too,
against `shapes/evidence/*.ttl` (datatypes only). Every term of our namespace must be one that the ontology defines, and nothing
in force may be of two kinds that share nothing. What a change brings is gate.py's, with the project's own engine.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import rdflib
from rdflib import RDFS, SH

from qit4n_kg.reporting import Report, Result, StatedValue, from_rdflib, quiet_terms, to_rdflib
from qit4n_kg.validation.kinds import Kinds
from qit4n_kg.validation.known_terms import Terms
from qit4n_kg.validation.placing import Source, locate
from qit4n_kg.validation.terms import only_in_force, quads_of, statement, subclass_axioms, to_graph
from qit4n_kg.validation.views import MemoryView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyoxigraph import Quad

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.shapes import Shapes
    from qit4n_kg.validation.terms import Data


def validate(data: Data, shapes: Shapes, ontology: Data, sources: Sequence[Source] = ()) -> Report:
    """Validate data before entailment; of the ontology only the subclass axioms are merged in, so that `sh:class` sees them.

    Quads are merged; those of a graph that is an OverruledGraph, or not `stdorg:inForce`, are left out but for what the graph says
    of itself. An rdflib Graph is taken as in force. With `sources` each result is located in the text that it comes from.
    """
    quads = list(quads_of(data))
    axioms = list(quads_of(ontology))
    with quiet_terms():
        return _validate(quads, axioms, shapes, sources)


def _validate(quads: list[Quad], axioms: list[Quad], shapes: Shapes, sources: Sequence[Source]) -> Report:
    from qit4n_kg.validation.reference import run  # noqa: PLC0415  (pySHACL: 0.4 s that the gate never needs)

    merged = to_graph(chain(only_in_force(quads), subclass_axioms(axioms)))
    results = run(merged, shapes.merged)
    reported = {(result.focus, result.path, result.value) for result in results}
    passages = run(to_graph(quads), shapes.passage)
    results += [result for result in passages if (result.focus, result.path, result.value) not in reported]
    results += Terms(axioms).unknown(quads)
    statements = MemoryView.of(statement(quad) for quad in only_in_force(quads))
    results += Kinds(axioms).conflicts(statements, statements, list(results))
    labelled = [
        replace(result, focus_label=label_in(merged, result.focus), values=_values(merged, result))
        for result in results
    ]
    return Report.of(locate(labelled, sources) if sources else labelled, shapes.both)


def _values(graph: rdflib.Graph, result: Result) -> tuple[StatedValue, ...]:
    """Return the values of a path that has too many; nothing for other constraints and for paths of several steps."""
    if result.component != str(SH.MaxCountConstraintComponent) or result.predicate is None:
        return ()
    values = graph.objects(to_rdflib(result.focus), rdflib.URIRef(result.predicate.value))
    return tuple(StatedValue(from_rdflib(value)) for value in sorted(values, key=str))


def label_in(graph: rdflib.Graph, focus: Term) -> str | None:
    """Return a label of a node, an English one if it has one."""
    labels = [obj for obj in graph.objects(to_rdflib(focus), RDFS.label) if isinstance(obj, rdflib.Literal)]
    return str(min(labels, key=lambda text: (text.language not in ("en", None), text))) if labels else None
