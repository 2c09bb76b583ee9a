"""Bulk writing and reading: what is read back is what was given, whatever the chunks, blank nodes and terms."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Triple

from qit4n_kg.store import bulk
from qit4n_kg.store.canonical import DatasetDigest, dataset_hash, write_lines
from qit4n_kg.store.oxigraph import OxigraphStore

P, G = NamedNode("http://example.org/p"), NamedNode("http://example.org/g")
XSD = "http://www.w3.org/2001/XMLSchema#"
QUADS = [
    Quad(P, P, Literal('text with "quotes", \\ and _:label <http://example.org/g> .\n\u2028\x85'), G),
    Quad(P, P, Literal("7", datatype=NamedNode(XSD + "integer"))),
    Quad(P, P, Literal("x", language="en")),
    Quad(P, P, Triple(P, P, Literal("in a triple"))),
    Quad(P, P, Triple(P, P, Triple(P, P, Literal("1", datatype=NamedNode(XSD + "integer")))), G),
    Quad(BlankNode("a"), P, BlankNode("b"), G),
    Quad(BlankNode("b"), P, BlankNode("c")),
    Quad(BlankNode("c"), P, P, BlankNode("graph")),
    *(Quad(P, P, Literal(f"number {n}"), G) for n in range(50)),
]


@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_what_is_read_back_is_what_was_given(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(bulk, "CHUNK", chunk)
    written = bulk.write_dataset(tmp_path / "store", [*QUADS, *QUADS], [NamedNode("http://example.org/empty")])
    assert written == (dataset_hash(QUADS), len(QUADS))
    in_default = sum(quad.graph_name == DefaultGraph() for quad in QUADS)
    assert bulk.read_dataset(tmp_path / "store") == (*written, in_default, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_blank_nodes_of_several_chunks_stay_the_same_nodes(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 1)
    bulk.write_dataset(tmp_path / "store", QUADS)
    with OxigraphStore.open_read_only(tmp_path / "store") as store:
        assert {quad.subject for quad in store.quads(obj=BlankNode("c"))} == {BlankNode("b")}
        assert {quad.object for quad in store.quads(subject=BlankNode("c"))} == {P}


def test_an_unnormalised_literal_is_counted_as_the_store_keeps_it(tmp_path):
    seven = [Quad(P, P, Literal(text, datatype=NamedNode(XSD + "integer"))) for text in ("7", "07", "+7")]
    written = bulk.write_dataset(tmp_path / "store", seven)
    assert written == (dataset_hash(seven[:1]), 1)
    assert bulk.read_dataset(tmp_path / "store") == (*written, 1, 0)


@pytest.mark.parametrize("gone", range(8))
def test_a_quad_that_the_store_lost_is_noticed(tmp_path, gone):
    written = bulk.write_dataset(tmp_path / "store", QUADS)
    with OxigraphStore.create(tmp_path / "store") as store:
        store.inner.remove(QUADS[gone])
    assert bulk.read_dataset(tmp_path / "store")[:2] != written


def test_an_error_of_the_engine_reaches_the_caller(tmp_path, monkeypatch):
    def fail(store, text):
        raise OSError("No space left on device")

    monkeypatch.setattr(bulk, "_load", fail)
    with pytest.raises(OSError, match="No space"):
        bulk.write_dataset(tmp_path / "store", QUADS)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TERMS = st.one_of(
    st.sampled_from([P, BlankNode("a")]),
    TEXT.map(Literal),
    TEXT.map(lambda text: Literal(text, language="en")),
    TEXT.map(lambda text: Literal(text, datatype=P)),
    TEXT.map(lambda text: Triple(P, P, Literal(text))),
)
ANY = st.builds(Quad, st.sampled_from([P, BlankNode("a")]), st.just(P), TERMS, st.sampled_from([G, DefaultGraph()]))


@settings(max_examples=200, deadline=None)
@given(quad=ANY)
def test_a_line_tells_whether_its_quad_is_in_the_default_graph(quad):
    (line,) = write_lines([quad])
    assert bulk.is_in_default_graph(line) == (quad.graph_name == DefaultGraph())


@settings(max_examples=50, deadline=None)
@given(quads=st.lists(ANY, max_size=20), chunk=st.integers(1, 5))
def test_lines_and_quads_have_one_hash(quads, chunk):
    with DatasetDigest(chunk) as digest:
        digest.add_lines(write_lines(quads[:10]))
        digest.add_lines(write_lines(quads[10:]))
        assert digest.finish()[0] == dataset_hash(quads)
