"""The synthetic world: reproducible, streamed, prefix-stable, without blank nodes and without the names of real bodies."""

import tracemalloc
from collections import Counter
from itertools import islice

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode

from qit4n_kg.namespaces import RDF, STDORG
from qit4n_kg.synthetic.world import generate


def test_the_same_seed_gives_the_same_world():
    assert list(generate(3000, seed=7)) == list(generate(3000, seed=7))
    assert list(generate(3000, seed=7)) != list(generate(3000, seed=8))


def test_a_larger_world_begins_with_the_smaller():
    small = list(generate(2000, seed=3))
    assert list(islice(generate(9000, seed=3), len(small))) == small


@pytest.mark.parametrize("triples", [0, 1, 500, 5000])
def test_it_has_at_least_as_many_distinct_statements_as_asked(triples):
    quads = list(generate(triples))
    assert len(set(quads)) == len(quads)
    assert triples <= len(quads) < triples + 250


def test_a_negative_size_is_refused():
    with pytest.raises(ValueError, match="negative"):
        next(generate(-1))


def test_every_thing_it_names_as_an_object_is_described():
    quads = list(generate(20_000, seed=2))
    subjects = {quad.subject for quad in quads}
    named = {quad.object for quad in quads if isinstance(quad.object, NamedNode) and "/id/" in quad.object.value}
    concepts = {term for term in named if "/id/concept/" in term.value}  # described in data/reference/concepts.ttl
    assert named - concepts <= subjects


def test_it_has_every_kind_of_thing_and_no_blank_node():
    quads = list(generate(20_000, seed=2))
    kinds = Counter(quad.object.value.removeprefix(STDORG) for quad in quads if quad.predicate.value == RDF + "type")
    assert {
        "FocusGroup",
        "WorkingGroup",
        "Meeting",
        "Deliverable",
        "Liaison",
        "RoleHeld",
        "StatusReport",
        "ProposedRecipient",
    } <= set(kinds)
    assert not any(
        isinstance(term, BlankNode) for quad in quads for term in (quad.subject, quad.object, quad.graph_name)
    )


def test_it_names_no_real_body():
    texts = {quad.object.value for quad in generate(20_000) if isinstance(quad.object, Literal)}
    assert not any(name in text for text in texts for name in ("QIT4N", "ITU", "ETSI", "ISO", "IEEE", "IETF"))


def test_memory_does_not_grow_with_the_world():
    def peak(triples):
        tracemalloc.start()
        for _ in generate(triples):
            pass
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2_000)
    assert peak(40_000) < 2 * peak(5_000)
