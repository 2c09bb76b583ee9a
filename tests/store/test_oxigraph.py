"""What is peculiar to the store on pyoxigraph: directories, values kept without their spelling, functions, other endpoints."""

from __future__ import annotations

import io
import socket
import threading

import pytest
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Triple

from qit4n_kg.errors import (
    GenerationDamagedError,
    ParameterError,
    QueryRefusedError,
    QuerySyntaxError,
    RemoteEndpointError,
    StateError,
)
from qit4n_kg.formats import RdfFormat
from qit4n_kg.store.oxigraph import OxigraphStore, stored_forms

S = NamedNode("http://example.org/s")
P = NamedNode("http://example.org/p")
XSD = "http://www.w3.org/2001/XMLSchema#"


@pytest.fixture
def store():
    with OxigraphStore.in_memory() as store:
        store.add([Quad(S, P, Literal(1))])
        yield store


class TestDirectories:
    def test_what_was_written_is_read_again(self, tmp_path):
        with OxigraphStore.create(tmp_path / "store") as store:
            store.load(Quad(S, P, Literal(n)) for n in range(1000))
            store.add([Quad(S, P, Literal("x"), S)])
        with OxigraphStore.open_read_only(tmp_path / "store") as store:
            assert len(store) == 1001
            assert list(store.graphs()) == [S]

    def test_many_readers_open_one_directory(self, tmp_path):
        OxigraphStore.create(tmp_path / "store").close()
        readers = [OxigraphStore.open_read_only(tmp_path / "store") for _ in range(3)]
        assert [len(reader) for reader in readers] == [0, 0, 0]

    def test_a_reader_can_not_write(self, tmp_path):
        OxigraphStore.create(tmp_path / "store").close()
        with OxigraphStore.open_read_only(tmp_path / "store") as store, pytest.raises(RuntimeError):
            store.add([Quad(S, P, S)])

    def test_a_missing_store_is_not_made_by_reading(self, tmp_path):
        with pytest.raises(OSError, match="No such file"):
            OxigraphStore.open_read_only(tmp_path / "store")
        assert not (tmp_path / "store").exists()

    @pytest.mark.parametrize("harm", ["missing", "altered"])
    def test_a_damaged_store_is_told_as_one(self, tmp_path, harm):
        with OxigraphStore.create(tmp_path / "store") as store:
            store.load(Quad(S, P, Literal(n)) for n in range(1000))
        for table in (tmp_path / "store").glob("*.sst" if harm == "missing" else "MANIFEST-*"):
            table.unlink() if harm == "missing" else table.write_bytes(b"no manifest")
        with pytest.raises(GenerationDamagedError, match="can't be read"):
            OxigraphStore.open_read_only(tmp_path / "store")

    def test_a_closed_store_says_so_and_closes_again(self, store):
        store.close()
        store.close()
        with pytest.raises(StateError, match="closed"):
            store.query("ASK { }")

    def test_an_answer_outlives_its_store(self, store):
        answer = store.query("SELECT ?o { ?s ?p ?o }")
        store.close()
        assert list(answer) == [(Literal(1),)]


class TestValues:
    @pytest.mark.parametrize(
        ("text", "datatype", "stored", "stored_as"),
        [
            ("95.0", "decimal", "95", "decimal"),
            ("01", "integer", "1", "integer"),
            ("5", "nonNegativeInteger", "5", "integer"),
            ("1", "boolean", "true", "boolean"),
            ("2020-01-01T00:00:00.50+00:00", "dateTime", "2020-01-01T00:00:00.5Z", "dateTime"),
            ("2021-12", "gYearMonth", "2021-12", "gYearMonth"),
            ("2021-09-30", "date", "2021-09-30", "date"),
            ("TBD", "date", "TBD", "date"),
            ("12345678901234567890123", "integer", "12345678901234567890123", "integer"),
        ],
    )
    def test_typed_values_keep_their_value_not_their_spelling(self, store, text, datatype, stored, stored_as):
        quad = Quad(S, S, Literal(text, datatype=NamedNode(XSD + datatype)))
        expected = Literal(stored, datatype=NamedNode(XSD + stored_as))
        store.add([quad])
        assert [found.object for found in store.quads(S, S)] == [expected]
        assert [found.object for found in stored_forms([quad])] == [expected]
        assert list(store.quads(S, S, quad.object)), "the old spelling still finds it"

    def test_stored_forms_reach_into_triple_terms_and_leave_text_alone(self):
        seven = Literal("07", datatype=NamedNode(XSD + "integer"))
        quads = [
            Quad(S, P, Triple(S, P, seven)),
            Quad(S, P, Literal("07", language="en"), S),
            Quad(S, P, BlankNode("x")),
        ]
        assert list(stored_forms(quads)) == [Quad(S, P, Triple(S, P, Literal(7))), *quads[1:]]

    def test_rdf_1_2_terms_survive(self, store):
        terms = [Triple(S, P, Literal("x")), Literal("x", language="ar")]
        store.add(Quad(S, S, term) for term in terms)
        output = io.BytesIO()
        store.dump(output, RdfFormat.N_QUADS)
        assert {quad.object for quad in store.quads(S, S)} == set(terms)
        assert "<<(" in output.getvalue().decode()


class TestBindings:
    def test_a_blank_node_is_bound_where_it_is_selected(self, store):
        store.add([Quad(BlankNode("a"), P, Literal("a")), Quad(BlankNode("b"), P, Literal("b"))])
        answer = store.query("SELECT ?s ?o { ?s ?p ?o }", bindings={"s": BlankNode("b")})
        assert list(answer) == [(BlankNode("b"), Literal("b"))]

    def test_a_blank_node_is_refused_elsewhere(self, store):
        with pytest.raises(ParameterError, match="blank node"):
            store.query("SELECT ?o { ?s ?p ?o }", bindings={"s": BlankNode("b")})

    def test_a_variable_that_the_query_assigns_is_refused(self, store):
        with pytest.raises(ParameterError, match=r"\?x"):
            store.query("SELECT ?x { ?s ?p ?o BIND(1 AS ?x) }", bindings={"x": S})


class TestErrors:
    def test_an_unsupported_function_is_named(self, store):
        with pytest.raises(QueryRefusedError, match=r"<http://example\.org/f> is not supported"):
            list(store.query("SELECT (<http://example.org/f>(?o) AS ?x) { ?s ?p ?o }"))

    def test_a_failing_service_is_no_fault_of_the_store(self, store):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            with pytest.raises(RemoteEndpointError, match="SERVICE"):
                list(store.query(f"SELECT * {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}"))

    @pytest.mark.parametrize("is_failing", [True, False], ids=["failed", "read"])
    def test_an_answer_of_one_thread_may_be_dropped_by_another(self, store, is_failing):
        """The engine's part can be freed only where it was made: elsewhere it is kept for ever, which pytest reports."""
        service = "SERVICE <http://127.0.0.1:1/>" if is_failing else ""
        kept = []

        def ask():
            answer = store.query(f"SELECT * {{ {service} {{ ?s ?p ?o }} }}")
            try:
                kept.append((answer, list(answer)))
            except RemoteEndpointError as exc:
                kept.append((answer, exc))

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        assert isinstance(kept[0][1], RemoteEndpointError) is is_failing
        kept.clear()

    def test_half_a_surrogate_pair_is_a_syntax_error(self, store):
        with pytest.raises(QuerySyntaxError, match="surrogate"):
            store.query("ASK { ?s ?p '\ud800' }")

    def test_a_prefix_that_is_no_iri_is_a_parameter_error(self, store):
        with pytest.raises(ParameterError, match="prefix"):
            store.query("ASK { }", prefixes={"x": "not an iri"})

    def test_an_error_of_the_output_keeps_its_number(self, store):
        class Full(io.RawIOBase):
            def write(self, data):
                raise OSError(28, "No space left on device")

        from qit4n_kg.formats import ResultFormat

        with pytest.raises(OSError, match="No space") as caught:
            store.query("SELECT * { ?s ?p ?o }").write(Full(), ResultFormat.CSV)
        assert caught.value.errno == 28


def test_turtle_is_written_with_the_known_prefixes(store):
    output = io.BytesIO()
    store.dump(output, RdfFormat.TURTLE, DefaultGraph())
    assert b"@prefix stdorg:" in output.getvalue()
