"""Guards the incremental gate: for random changes its difference is the difference of two full runs of pySHACL, the reference.

QIT4N_CHANGES=5000 tries that many changes instead of a handful, and QIT4N_CHANGES_SEED another world.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from functools import lru_cache

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad
from pyshacl.errors import ReportableRuntimeError
from rdflib import SH

from qit4n_kg.namespaces import STDORG
from qit4n_kg.reporting import Severity, quiet_terms
from qit4n_kg.validation import FileHolding, Gate, MergedData, Shapes, load_shapes, validate_change
from qit4n_kg.validation.literals import compare
from qit4n_kg.validation.model import SUBCLASS, TYPE
from qit4n_kg.validation.reference import run
from qit4n_kg.validation.terms import only_in_force, statement, subclass_axioms, to_graph
from qit4n_kg.validation.views import Layered, MemoryView
from validation.changes import ROOT, Shipped, change

CHANGES = int(os.environ.get("QIT4N_CHANGES", "24"))
WALK = 8
"""Changes made one after the other of one world, so that changes of a world that is broken already are tried too."""


@lru_cache(maxsize=1)
def shipped() -> Shipped:
    return Shipped.read()


@lru_cache(maxsize=1)
def shapes() -> Shapes:
    return load_shapes(ROOT / "shapes")


def identities(results) -> Counter:
    return Counter(result.identity for result in results)


def is_bad(result) -> bool:
    return result.severity is Severity.VIOLATION


def in_full(quads) -> tuple[Counter, Counter]:
    axioms = subclass_axioms(shipped().ontology)
    with quiet_terms():
        merged = run(to_graph([*only_in_force(quads), *axioms]), shapes().merged)
        passages = run(to_graph(quads), shapes().passage)
    return identities(merged), identities(passages)


def without(counts: Counter, names: set) -> Counter:
    return Counter({identity: count for identity, count in counts.items() if identity not in names})


def incomparable(counts, *views) -> set:
    """Name the results of `<` over what can't be compared: rdflib orders that somehow, and the reference is wrong there.

    Such a pair is a violation (SHACL section 4.5.3, and lessThan-002 of the W3C's suite, which our engine passes).
    """
    found = set()
    for identity in counts:
        shape, component, focus, _, value = identity
        if component in (str(SH.LessThanConstraintComponent), str(SH.LessThanOrEqualsConstraintComponent)):
            node = rdflib.URIRef(shape)
            others = [*shapes().merged.objects(node, SH.lessThan), *shapes().merged.objects(node, SH.lessThanOrEquals)]
            for view in views:
                values = [o for other in others for o in view.objects(focus, NamedNode(str(other)))]
                found |= {identity for other in values if compare(value, other) is None}
    return found


def walk(seed: int, steps: int, share: float) -> tuple[int, int]:
    """Change a world step by step; return how many changes were tried and how many brought or mended something."""
    rng = random.Random(seed)
    quads = list(dict.fromkeys(shipped().world(rng, share)))
    before = in_full(quads)
    told = 0
    for step in range(steps):
        adds, retracts = change(rng, quads, shipped())
        data = MergedData(FileHolding(quads), shipped().ontology)
        nets = data.change(adds, retracts, is_merged=True)
        gone = set(retracts) - set(adds)
        quads = list(dict.fromkeys([*(quad for quad in quads if quad not in gone), *adds]))
        try:
            after = in_full(quads)
        except ReportableRuntimeError:  # the reference gives up where `<` meets a blank node
            return step, told
        engines = (shapes().merged_engine, shapes().passage_engine)
        views = (data.in_force, data.stated)
        with quiet_terms():
            found = [e.compare(v, n.added, n.removed) for e, v, n in zip(engines, views, nets, strict=True)]
            cut = [e.compare(v, n.added, n.removed, 1) for e, v, n in zip(engines, views, nets, strict=True)]
        for whole, some in zip(found, cut, strict=True):
            assert identities(some.brought) <= identities(whole.brought), (seed, step)
            assert any(map(is_bad, some.brought)) == any(map(is_bad, whole.brought)), (seed, step)
            assert some.is_cut or some == whole, (seed, step)
        for kind, was, now, difference, view, net in zip(
            ("merged", "passage"), before, after, found, views, nets, strict=True
        ):
            place = f"{kind}, seed {seed}, step {step}, +{adds} -{retracts}"
            brought, mended = identities(difference.brought), identities(difference.mended)
            odd = incomparable(brought | mended | was | now, view, Layered(view, net.added, net.removed))
            assert without(brought, odd) == without(now - was, odd), place
            assert without(mended, odd) == without(was - now, odd), place
            told += bool(difference.brought or difference.mended)
        before = after
    return steps, told


@pytest.mark.slow
@pytest.mark.timeout(0 if CHANGES > 100 else 300)
@settings(
    max_examples=max(1, CHANGES // WALK),
    deadline=None,
    derandomize="QIT4N_CHANGES_SEED" not in os.environ,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(seed=st.integers(0, 2**31), share=st.sampled_from((0.05, 0.1, 0.2, 0.3)))
def test_what_a_change_brings_is_what_two_full_runs_of_the_reference_differ_in(seed, share):
    walk(seed, WALK, share)


def test_our_engine_finds_in_all_shipped_data_what_the_reference_finds():
    quads = [quad for file in shipped().files for quad in file]
    rng = random.Random(7)
    objects = [quad.object for quad in quads]
    broken = [
        type(quad)(quad.subject, quad.predicate, rng.choice(objects), quad.graph_name) if rng.random() < 0.04 else quad
        for quad in quads
    ]
    merged = [*only_in_force(broken), *subclass_axioms(shipped().ontology)]
    with quiet_terms():
        reference = run(to_graph(merged), shapes().merged)
        own = shapes().merged_engine.validate(MemoryView.of(statement(quad) for quad in merged))
    assert len(reference) > 100
    assert identities(own) == identities(reference)
    assert {(r.identity, r.message, r.severity) for r in own} == {
        (r.identity, r.message, r.severity) for r in reference
    }


def test_an_axiom_that_data_cease_to_repeat_still_holds():
    axiom = next(quad for quad in shipped().ontology if quad.predicate == SUBCLASS)
    repeated = Quad(axiom.subject, axiom.predicate, axiom.object, NamedNode("https://example.org/g"))
    data = MergedData(FileHolding([repeated]), shipped().ontology)
    merged, _ = data.change([], [repeated], is_merged=True)
    assert (merged.added, merged.removed) == ((), ())
    assert statement(axiom) in data.in_force


def test_of_what_is_wrong_in_the_same_way_as_much_is_told_as_is_wanted_and_that_there_is_more():
    gate = Gate.load(ROOT / "shapes", shipped().ontology)
    bad = [Quad(NamedNode(f"x:{n}"), TYPE, NamedNode(f"{STDORG}Person"), NamedNode("x:g")) for n in range(9)]
    told = []
    for known, most in (((), None), ((), 3), ((), 9), (bad[:6], 3), (bad[:7], 3)):
        data = MergedData(FileHolding(known), shipped().ontology)
        report = validate_change(gate, data, bad[len(known) :], most=most).report
        told.append((len(report.violations), bool(report.hint)))
    assert told == [(9, False), (3, True), (9, False), (3, False), (2, False)]  # what was there already does not count
