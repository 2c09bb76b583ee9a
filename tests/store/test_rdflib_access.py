"""Terms go to rdflib and back unchanged, and the built store can be read, never written, as an rdflib Dataset."""

from __future__ import annotations

import pytest
import rdflib
from pyoxigraph import BaseDirection, BlankNode, DefaultGraph, Literal, NamedNode, Quad, Triple
from rdflib import BNode, URIRef

from qit4n_kg.errors import StateError, UnsupportedTermError
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.store.rdflib_access import as_rdflib
from qit4n_kg.store.rdflib_terms import (
    from_rdflib,
    graph_from_rdflib,
    graph_to_rdflib,
    to_rdflib,
    triple_from_rdflib,
)

E = "http://example.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"
S, P, G, H = (NamedNode(E + name) for name in "spgh")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("access") / "store"
    with OxigraphStore.create(path) as store:
        store.load(
            [
                Quad(S, P, Literal(3)),
                Quad(S, P, Literal("text", language="en")),
                Quad(S, P, Literal(3), G),
                Quad(S, P, Literal(3), H),
                Quad(S, P, Literal("1000000", datatype=NamedNode(XSD + "double")), H),
            ]
        )
    return path


class TestTerms:
    @pytest.mark.parametrize(
        "term",
        [
            S,
            BlankNode("b1"),
            Literal("plain"),
            Literal(""),
            Literal("x", language="en-gb"),
            Literal("01", datatype=NamedNode(XSD + "integer")),
            Literal("95.0", datatype=NamedNode(XSD + "decimal")),
            Literal("2021-12", datatype=NamedNode(XSD + "gYearMonth")),
            Literal("1", datatype=NamedNode(XSD + "boolean")),
            Literal("own", datatype=H),
        ],
        ids=str,
    )
    def test_a_term_comes_back_unchanged(self, term):
        assert from_rdflib(to_rdflib(term)) == term

    @pytest.mark.parametrize(
        "term", [Triple(S, P, S), Literal("x", language="ar", direction=BaseDirection.RTL)], ids=["triple", "direction"]
    )
    def test_what_rdflib_has_not_is_refused(self, term):
        with pytest.raises(UnsupportedTermError, match="rdflib has no"):
            to_rdflib(term)

    @pytest.mark.parametrize("term", [URIRef("relative"), URIRef("http://a b"), rdflib.Variable("x"), "text", None])
    def test_what_rdf_has_not_is_refused(self, term):
        with pytest.raises(UnsupportedTermError):
            from_rdflib(term)

    def test_a_generalized_triple_is_refused(self):
        with pytest.raises(UnsupportedTermError, match="no RDF triple"):
            triple_from_rdflib((rdflib.Literal("x"), URIRef(P.value), BNode()))

    @pytest.mark.parametrize("graph", [G, BlankNode("g"), DefaultGraph()], ids=["iri", "blank", "default"])
    def test_a_graph_name_comes_back_unchanged(self, graph):
        assert graph_from_rdflib(graph_to_rdflib(graph)) == graph


class TestDataset:
    @pytest.fixture
    def dataset(self, path):
        dataset = as_rdflib(path)
        yield dataset
        dataset.close()

    def test_graphs_and_triples_are_those_of_the_store(self, dataset):
        assert {str(graph.identifier) for graph in dataset.graphs()} >= {G.value, H.value}
        assert len(dataset.graph(URIRef(H.value))) == 2
        assert set(dataset.default_graph.objects(URIRef(S.value), URIRef(P.value))) == {
            rdflib.Literal(3),
            rdflib.Literal("text", lang="en"),
        }
        assert len(list(dataset.quads((None, None, None, None)))) == 5

    def test_spelling_is_kept_and_found_again(self, dataset):
        graph = dataset.graph(URIRef(H.value))
        assert {str(o) for o in graph.objects()} == {"3", "1000000"}
        assert all(triple in graph for triple in graph)

    def test_a_query_is_answered_by_the_store(self, dataset):
        rows = dataset.query(
            "SELECT ?g ?o WHERE { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g",
            initBindings={"o": rdflib.Literal(3)},
        )
        assert [str(row.g) for row in rows] == [G.value, H.value]
        assert dataset.query("ASK { ?s ?p 'text'@en }").askAnswer
        assert len(dataset.query("CONSTRUCT WHERE { ?s ?p ?o }").graph) == 2
        assert len(dataset.graph(URIRef(G.value)).query("SELECT * { ?s ?p ?o }")) == 1

    def test_several_default_graphs_are_merged(self, dataset):
        rows = dataset.query(f"SELECT (SUM(?o) AS ?n) FROM <{E}g> FROM <{E}h> {{ ?s ?p ?o FILTER(?o < 10) }}")
        assert [int(row.n) for row in rows] == [3]

    def test_a_prepared_query_is_answered_by_rdflib(self, dataset):
        from rdflib.plugins.sparql import prepareQuery

        assert len(dataset.query(prepareQuery("SELECT * { ?s ?p ?o }"))) == 2

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d.add((URIRef(S.value), URIRef(P.value), BNode())),
            lambda d: d.remove((None, None, None)),
            lambda d: d.update("CLEAR ALL"),
            lambda d: d.graph(URIRef(G.value)).add((URIRef(S.value), URIRef(P.value), BNode())),
            lambda d: d.remove_graph(URIRef(G.value)),
        ],
        ids=["add", "remove", "update", "add to a graph", "remove a graph"],
    )
    def test_every_change_is_refused(self, dataset, path, change):
        with pytest.raises(StateError, match="can't be changed"):
            change(dataset)
        assert len(OxigraphStore.open_read_only(path)) == 5
