"""Guards what the gate is for: judging a small change takes a small part of what judging everything takes.

Processor time of both in the same process, on the shipped data. QIT4N_GATE_TRIPLES=100000 measures on a generated world of that
size, and -s shows the figures.
"""

from __future__ import annotations

import os
import random
import statistics
import time

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.namespaces import DEFAULT_BASE_IRI, RDFS, STDORG
from qit4n_kg.reporting import quiet_terms
from qit4n_kg.synthetic.world import generate
from qit4n_kg.validation import FileHolding, Gate, MergedData, validate_change
from qit4n_kg.validation.model import TYPE
from qit4n_kg.validation.reference import run
from qit4n_kg.validation.terms import only_in_force, subclass_axioms, to_graph
from validation.changes import ROOT, Shipped

TRIPLES = int(os.environ.get("QIT4N_GATE_TRIPLES", "0"))
LABEL = NamedNode(f"{RDFS}label")
FASTER = 50


def changes(quads: list[Quad], rng: random.Random):
    """Yield changes of one entity: another label, one statement less, another type, a copy under another name."""
    things = sorted({quad.subject for quad in quads if quad.predicate == TYPE}, key=str)
    about: dict[object, list[Quad]] = {}
    for quad in quads:
        about.setdefault(quad.subject, []).append(quad)
    for thing in rng.sample(things, min(40, len(things))):
        own = about[thing]
        graph = own[0].graph_name
        yield [Quad(thing, LABEL, Literal("Another", language="en"), graph)], [q for q in own if q.predicate == LABEL]
        yield [], [rng.choice(own)]
        yield [Quad(thing, TYPE, NamedNode(f"{STDORG}Country"), graph)], [q for q in own if q.predicate == TYPE]
        new = NamedNode(f"{thing.value}-copy")
        yield [Quad(new, quad.predicate, quad.object, graph) for quad in own], []


@pytest.mark.slow
@pytest.mark.timeout(0 if TRIPLES else 300)
def test_a_change_of_one_entity_is_judged_many_times_faster_than_everything():
    shipped = Shipped.read()
    quads = [quad for file in shipped.files for quad in file]
    if TRIPLES:
        concepts = [file for file in shipped.files if any("concept/role/chair" in str(q.subject) for q in file)]
        quads = [*(q for file in concepts for q in file), *generate(TRIPLES, 0, DEFAULT_BASE_IRI)]
    gate = Gate.load(ROOT / "shapes", shipped.ontology)
    data = MergedData(FileHolding(quads), shipped.ontology)
    validate_change(gate, data, [], [quads[0]])  # warm: shapes are compiled, views made
    times = []
    for adds, retracts in changes(quads, random.Random(1)):
        start = time.process_time()
        validate_change(gate, data, adds, retracts)
        times.append(time.process_time() - start)
    graph = to_graph([*only_in_force(quads), *subclass_axioms(shipped.ontology)])
    start = time.process_time()
    with quiet_terms():
        run(graph, gate.shapes.merged)
    full = time.process_time() - start
    median = statistics.median(times)
    worst = sorted(times)[int(0.95 * len(times))]
    print(  # noqa: T201
        f"\n{len(quads)} statements, {len(times)} changes: p50 {1000 * median:.2f} ms, p95 {1000 * worst:.1f} ms; "
        f"pySHACL over all {full:.1f} s: {full / median:.0f} times"
    )
    assert full / median >= FASTER
