"""The dataset hash: equal for equal datasets whatever the order and the labels, different after any change."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Triple

from qit4n_kg.store.canonical import DatasetDigest, dataset_hash, has_blank_node

P = NamedNode("http://example.org/p")
Q = NamedNode("http://example.org/q")
XSD = "http://www.w3.org/2001/XMLSchema#"
QUADS = [
    Quad(P, P, Literal("a")),
    Quad(P, P, Literal("a", language="en"), Q),
    Quad(P, Q, Literal("1", datatype=NamedNode(XSD + "integer"))),
    Quad(BlankNode("x"), P, BlankNode("y"), Q),
    Quad(BlankNode("y"), P, Literal("_:x"), Q),
    Quad(P, Q, Literal("_:x")),
    Quad(P, Q, P, BlankNode("g")),
]


def digest(quads, chunk):
    with DatasetDigest(chunk) as digest:
        for quad in quads:
            digest.add(quad)
        return digest.finish()


def test_the_form_is_sha256_of_the_sorted_canonical_lines():
    lines = [
        b'<http://example.org/p> <http://example.org/p> "a" .\n',
        b'<http://example.org/p> <http://example.org/p> "b\\n\\"\\\\\\u0001\\t\xc3\xa9" <http://example.org/q> .\n',
        b"_:c14n0 <http://example.org/q> <http://example.org/p> .\n",
    ]
    quads = [
        Quad(BlankNode("z"), Q, P),
        Quad(P, P, Literal('b\n"\\\x01\té'), Q),
        Quad(P, P, Literal("a")),
    ]
    assert dataset_hash(quads) == "sha256:" + hashlib.sha256(b"".join(lines)).hexdigest()


def test_control_characters_are_escaped_as_canonical_n_quads_asks():
    # RDF 1.2 N-Quads, section 4: \b \t \n \f \r \" \\ and \u for the other controls and DEL; nothing else is escaped.
    text = '\b\t\n\f\r"\\\x00\x0b\x1f\x7f\x80\u2028\U0001f600'
    escaped = '\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u000B\\u001F\\u007F' + "\x80\u2028\U0001f600"
    line = f'<http://example.org/p> <http://example.org/p> "{escaped}" .\n'
    assert dataset_hash([Quad(P, P, Literal(text))]) == "sha256:" + hashlib.sha256(line.encode()).hexdigest()


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_order_repetition_and_chunks_do_not_matter(chunk):
    shuffled = QUADS * 2
    random.Random(chunk).shuffle(shuffled)
    assert digest(shuffled, chunk) == (dataset_hash(QUADS), len(QUADS))


def test_labels_of_blank_nodes_do_not_matter():
    def relabelled(term):
        return BlankNode(f"other{term.value}") if isinstance(term, BlankNode) else term

    others = [
        Quad(relabelled(q.subject), q.predicate, relabelled(q.object), relabelled(q.graph_name))
        for q in reversed(QUADS)
    ]
    assert dataset_hash(others) == dataset_hash(QUADS)


@pytest.mark.parametrize("position", range(len(QUADS)))
def test_a_quad_less_is_another_dataset(position):
    assert dataset_hash(QUADS[:position] + QUADS[position + 1 :]) != dataset_hash(QUADS)


@pytest.mark.parametrize(
    "changed",
    [
        Quad(P, P, Literal("a"), Q),
        Quad(P, P, Literal("a", language="de")),
        Quad(P, P, Literal("a ")),
        Quad(P, P, Literal("a", datatype=P)),
        Quad(BlankNode("node"), P, Literal("a")),
    ],
    ids=str,
)
def test_a_changed_quad_is_another_dataset(changed):
    assert dataset_hash([changed, *QUADS[1:]]) != dataset_hash(QUADS)


def test_blank_nodes_are_found_in_every_position():
    blank = BlankNode()
    assert not has_blank_node(Quad(P, P, Literal("_:a"), DefaultGraph()))
    assert has_blank_node(Quad(blank, P, P))
    assert has_blank_node(Quad(P, P, blank))
    assert has_blank_node(Quad(P, P, P, blank))
    assert has_blank_node(Quad(P, P, Triple(P, P, Triple(blank, P, P))))


TERMS = st.sampled_from([P, Q, BlankNode("a"), BlankNode("b"), BlankNode("c")])
RANDOM = st.lists(
    st.builds(Quad, TERMS, st.sampled_from([P, Q]), st.one_of(TERMS, st.text(max_size=3).map(Literal))), max_size=8
)


@settings(max_examples=100, deadline=None)
@given(quads=RANDOM, seed=st.randoms(use_true_random=False), chunk=st.integers(1, 4))
def test_a_random_dataset_keeps_its_hash_when_shuffled_and_relabelled(quads, seed, chunk):
    names = {BlankNode(old): BlankNode(new) for old, new in zip("abc", seed.sample(["u", "v", "w"], 3), strict=True)}
    others = [Quad(names.get(q.subject, q.subject), q.predicate, names.get(q.object, q.object)) for q in quads]
    seed.shuffle(others)
    assert digest(others, chunk)[0] == dataset_hash(quads)
