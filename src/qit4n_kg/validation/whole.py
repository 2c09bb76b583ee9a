"""All data at once, as a build validates them: what is in force, every passage, the terms used, and what is two kinds.

Four checks make one report. What is in force is merged and validated against `shapes/*.ttl`; every passage, overruled ones too,
against `shapes/evidence/*.ttl` (datatypes only). Every term of our namespace must be one that the ontology defines, and nothing
in force may be of two kinds that share nothing. What a change brings is gate.py's; the engine is the same. pySHACL, the reference,
takes nine times as long, so `qit4n-kg check` asks it, and not a build.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from pyoxigraph import Triple

from qit4n_kg.errors import SourceError
from qit4n_kg.reporting import Report, quiet_terms
from qit4n_kg.validation.gate import in_words
from qit4n_kg.validation.kinds import Kinds
from qit4n_kg.validation.known_terms import Terms
from qit4n_kg.validation.placing import Source, locate
from qit4n_kg.validation.terms import only_in_force, quads_of, statement, subclass_axioms, to_graph
from qit4n_kg.validation.views import MemoryView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qit4n_kg.reporting import Result
    from qit4n_kg.validation.shapes import Shapes
    from qit4n_kg.validation.terms import Data


def validate(data: Data, shapes: Shapes, ontology: Data, sources: Sequence[Source] = ()) -> Report:
    """Validate data before entailment; of the ontology only the subclass axioms are merged in, so that `sh:class` sees them.

    Quads are merged; those of a graph that is an OverruledGraph, or not `stdorg:inForce`, are left out but for what the graph says
    of itself. An rdflib Graph is taken as in force. With `sources` each result is located in the text that it comes from.

    :raises SourceError: a triple stands as a term (RDF 1.2), which SHACL does not know.
    """
    quads = list(quads_of(data))
    for quad in quads:
        if isinstance(quad.object, Triple):
            raise SourceError(f"A triple can't stand as a term in another: {quad.object}.")
    axioms = list(quads_of(ontology))
    in_force = list(only_in_force(quads))
    merged = MemoryView.of(statement(quad) for quad in chain(in_force, subclass_axioms(axioms)))
    with quiet_terms():
        results = sorted(shapes.merged_engine.validate(merged), key=_order)
        reported = {(result.focus, result.path, result.value) for result in results}
        passages = sorted(shapes.passage_engine.validate(MemoryView.of(map(statement, quads))), key=_order)
        results += [result for result in passages if (result.focus, result.path, result.value) not in reported]
        results += Terms(axioms).unknown(quads)
        results += Kinds(axioms).conflicts(map(statement, in_force), merged, list(results))
        told = [in_words(result, merged) for result in results]
        return Report.of(locate(told, sources) if sources else told, shapes.both)


def disagreements(data: Data, shapes: Shapes, ontology: Data) -> list[str]:
    """Return what pySHACL finds in data and our engine does not, and the other way round, each a sentence; nothing is right."""
    from qit4n_kg.validation.reference import run  # noqa: PLC0415  (pySHACL: 0.4 s that nothing else needs)

    quads = list(quads_of(data))
    in_force = [*only_in_force(quads), *subclass_axioms(quads_of(ontology))]
    found = []
    with quiet_terms():
        for statements, graph, engine in (
            (in_force, shapes.merged, shapes.merged_engine),
            (quads, shapes.passage, shapes.passage_engine),
        ):
            ours = Counter(one.identity for one in engine.validate(MemoryView.of(map(statement, statements))))
            theirs = Counter(one.identity for one in run(to_graph(statements), graph))
            found += [f"Only pySHACL finds {_written(identity)}." for identity in theirs - ours]
            found += [f"pySHACL does not find {_written(identity)}." for identity in ours - theirs]
    return sorted(found)


def _written(identity: tuple[object, ...]) -> str:
    return " ".join(str(part) for part in identity if part is not None)


def _order(result: Result) -> tuple[int, str, str, str]:
    return result.severity.rank, str(result.focus), result.shape, str(result.value)
