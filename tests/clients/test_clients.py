"""Clients that no one here wrote: SPARQLWrapper, rdflib's two remote stores, curl. Each writes, asks, and gets what is right."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
import rdflib
from rdflib.plugins.stores.sparqlstore import SPARQLStore, SPARQLUpdateStore
from SPARQLWrapper import CSV, JSON, N3, POST, TURTLE, XML, SPARQLWrapper

pytestmark = pytest.mark.slow
EX = rdflib.Namespace("http://example.org/")
DATA = 'PREFIX ex: <http://example.org/> INSERT DATA { ex:a ex:name "Ada"@en ; ex:age 36 . GRAPH ex:g { ex:b ex:name "Bo" } }'
NAMES = "PREFIX ex: <http://example.org/> SELECT ?name { ex:a ex:name ?name }"


@pytest.fixture(scope="module", autouse=True)
def _data(place):
    wrapper = SPARQLWrapper(place.update)
    wrapper.setMethod(POST)
    wrapper.addCustomHttpHeader("Authorization", f"Bearer {place.token}")
    wrapper.setQuery(f"DROP ALL ; {DATA}".replace("; PREFIX", ";\nPREFIX"))
    assert wrapper.query().response.status in (200, 204)


class TestSPARQLWrapper:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("form", [JSON, XML, CSV])
    def test_a_select_in_every_format_and_by_both_methods(self, place, method, form):
        wrapper = SPARQLWrapper(place.sparql)
        wrapper.setMethod(method)
        wrapper.setReturnFormat(form)
        wrapper.setQuery(NAMES)
        converted = wrapper.query().convert()
        text = (
            json.dumps(converted) if form == JSON else converted if isinstance(converted, bytes) else converted.toxml()
        )
        assert "Ada" in (text.decode() if isinstance(text, bytes) else text)

    @pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # its own use of rdflib
    @pytest.mark.parametrize("form", [TURTLE, N3, XML])
    def test_a_construct(self, place, form):
        wrapper = SPARQLWrapper(place.sparql)
        wrapper.setReturnFormat(form)
        wrapper.setQuery("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }")
        answer = wrapper.query().convert()
        graph = answer if isinstance(answer, rdflib.Graph) else rdflib.Graph().parse(data=answer, format="turtle")
        assert (EX.a, EX.name, rdflib.Literal("Ada", lang="en")) in graph
        assert len(graph) == 2

    def test_a_wrong_query_is_its_bad_formed_error(self, place):
        from SPARQLWrapper.SPARQLExceptions import QueryBadFormed

        wrapper = SPARQLWrapper(place.sparql)
        wrapper.setQuery("SELECT * { ?s ?p }")
        with pytest.raises(QueryBadFormed, match="line"):
            wrapper.query()


class TestSPARQLStore:
    @pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
    def test_a_graph_reads_triples_and_queries(self, place, method):
        graph = rdflib.Graph(SPARQLStore(place.sparql, method=method))
        assert set(graph.objects(EX.a, EX.name)) == {rdflib.Literal("Ada", lang="en")}
        assert [int(row.age) for row in graph.query("SELECT ?age { ?s <http://example.org/age> ?age }")] == [36]
        assert len(graph) == 2

    def test_a_named_graph_is_one_of_its_own(self, place):
        graph = rdflib.Graph(SPARQLStore(place.sparql, context_aware=True), identifier=EX.g)
        assert list(graph.subjects(EX.name, rdflib.Literal("Bo"))) == [EX.b]


class TestSPARQLUpdateStore:
    @pytest.fixture
    def store(self, place):
        return SPARQLUpdateStore(
            place.sparql, place.update, headers={"Authorization": f"Bearer {place.token}"}, context_aware=True
        )

    def test_what_is_added_is_read_at_once_and_removed_again(self, store):
        graph = rdflib.Dataset(store).graph(EX.written)
        triple = (EX.c, EX.name, rdflib.Literal('quote " and \\ and 济南', lang="zh"))
        graph.add(triple)
        assert list(graph) == [triple]
        graph.remove(triple)
        assert list(graph) == []

    def test_an_update_is_done(self, store):
        graph = rdflib.Dataset(store).graph(EX.updated)
        graph.update("INSERT DATA { <http://example.org/d> <http://example.org/p> 1 }")
        assert list(graph.triples((None, EX.p, None))) == [(EX.d, EX.p, rdflib.Literal(1))]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
class TestCurl:
    def curl(self, *arguments: str) -> str:
        return subprocess.run(
            ["curl", "-sS", *arguments], capture_output=True, text=True, check=True, timeout=30
        ).stdout

    def test_get_with_data_urlencode(self, place):
        answer = self.curl("-G", place.sparql, "--data-urlencode", f"query={NAMES}", "-H", "Accept: text/csv")
        assert answer.split() == ["name", "Ada"]

    def test_post_of_a_form(self, place):
        answer = self.curl(place.sparql, "--data-urlencode", f"query={NAMES}")
        assert json.loads(answer)["results"]["bindings"][0]["name"]["value"] == "Ada"

    def test_post_of_the_query_itself_compressed(self, place):
        answer = self.curl(
            "--compressed", place.sparql, "-H", "Content-Type: application/sparql-query", "--data-binary", NAMES
        )
        assert "Ada" in answer

    def test_the_graph_store(self, place, tmp_path):
        (tmp_path / "x.ttl").write_text("<http://example.org/e> <http://example.org/p> 2 .")
        target = f"{place.address}/graphs?graph=http://example.org/curl"
        secret = ("-H", f"Authorization: Bearer {place.token}")
        typed = ("-H", "Content-Type: text/turtle")
        made = self.curl(
            "-T", str(tmp_path / "x.ttl"), *typed, *secret, "-o", "/dev/null", "-w", "%{http_code}", target
        )
        assert made == "201"
        assert "<http://example.org/p>" in self.curl("-H", "Accept: application/n-triples", target)
        assert self.curl("-X", "DELETE", *secret, "-o", "/dev/null", "-w", "%{http_code}", target) in ("200", "204")
        assert self.curl("-o", "/dev/null", "-w", "%{http_code}", target) == "404"
