"""The ontology as one document: all modules merged, the same bytes each time, and a page for people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph
import pytest
import rdflib
from pyoxigraph import NamedNode, Quad
from rdflib.compare import isomorphic

from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.vocabulary import ONTOLOGY_FORMATS, Vocabulary
from qit4n_kg.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from qit4n_kg.config import Settings
    from qit4n_kg.formats import Format

ROOT = Path(__file__).resolve().parents[3]
GRAPHS = "https://w3id.org/qit4n/graph/"


@pytest.fixture(scope="module")
def shipped_client(built_state: Settings) -> Iterator[FlaskClient]:
    """The site over the shipped data."""
    app = create_app(built_state)
    yield app.test_client()
    app.extensions["knowledge_graph"].close()


def shipped(reverse: bool = False) -> Vocabulary:
    """Read the shipped modules, in another order if wanted, with blank nodes named as the parser likes."""
    with OxigraphStore.in_memory() as store:
        for path in sorted((ROOT / "ontology").glob("*.ttl"), reverse=reverse):
            graph = NamedNode(f"{GRAPHS}ontology/{path.stem}")
            quads = pyoxigraph.parse(path.read_bytes(), format=pyoxigraph.RdfFormat.TURTLE, rename_blank_nodes=True)
            store.add(Quad(*quad.triple, graph) for quad in quads)
        return Vocabulary(store, GRAPHS)


def test_turtle_unless_a_page_is_preferred(client: FlaskClient) -> None:
    for accept in ("*/*", "text/turtle", "text/turtle, text/html", None):
        response = client.get("/ontology", headers={"Accept": accept} if accept else {})
        assert response.mimetype == "text/turtle"
        assert "Accept" in response.headers["Vary"]
    assert client.get("/ontology", headers={"Accept": "text/html, */*;q=0.1"}).mimetype == "text/html"
    assert client.get("/ontology", headers={"Accept": "image/png"}).status_code == 406


def test_the_file_is_turtle_whatever_accept_says(client: FlaskClient) -> None:
    response = client.get("/ontology.ttl", headers={"Accept": "text/html"})
    assert response.mimetype == "text/turtle"
    assert response.content_length == len(response.data)
    assert client.get("/ontology.ttl", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("form", ONTOLOGY_FORMATS, ids=lambda form: form.extension)
def test_each_format_has_its_address_and_is_negotiated(client: FlaskClient, form: Format) -> None:
    """RFC 9110, section 12.5.1: the q-values decide."""
    fixed = client.get(f"/ontology.{form.extension}", headers={"Accept": "text/html"})
    assert fixed.mimetype == form.media_type
    assert "accept" not in fixed.vary
    chosen = client.get("/ontology", headers={"Accept": f"text/html;q=0.4, {form.media_type};q=0.5, */*;q=0.1"})
    assert chosen.data == fixed.data
    assert "accept" in chosen.vary
    links = ", ".join(chosen.headers.getlist("Link"))
    assert f'</ontology.{form.extension}>; rel="alternate"; type="{form.media_type}"' in links
    again = client.get("/ontology", headers={"Accept": form.media_type, "If-None-Match": chosen.headers["ETag"]})
    assert again.status_code == 304


def test_an_unknown_suffix_is_404_and_names_the_known(client: FlaskClient) -> None:
    response = client.get("/ontology.exe")
    assert response.status_code == 404
    assert ".rdf" in response.text


def test_a_term_shows_its_example_its_queries_and_what_its_shape_asks(client: FlaskClient) -> None:
    page = client.get("/ontology", headers={"Accept": "text/html"}).text
    person = page[page.index('<article class="term" id="Person"') :]
    person = person[: person.index("</article>")]
    assert 'href="/doc/person/ada-byron"' in person
    assert 'href="/queries/' in person
    assert "required: name" in person
    chairs = page[page.index('<article class="term" id="chairs"') :]
    assert "stdorg:hasRoleHeld, then stdorg:in" in chairs


def test_a_module_has_a_diagram_with_the_same_in_words(client: FlaskClient) -> None:
    page = client.get("/ontology", headers={"Accept": "text/html"}).text
    assert page.count("<svg class=") == 1
    assert 'role="group" aria-labelledby="diagram-terms-title diagram-terms-text"' in page
    words = re.sub(r"<[^>]+>", "", page[page.index("The diagram in words") :])
    assert "Person is a kind of Agent" in words
    assert re.search(r"Person — chairs →\s+to Body", words)


def test_the_page_has_nothing_inline_that_the_content_policy_forbids(client: FlaskClient) -> None:
    page = client.get("/ontology", headers={"Accept": "text/html"}).text
    assert not re.search(r"<script(?![^>]* src=\"/static/)|<style|\sstyle=|\son\w+=", page)


def test_a_graph_without_an_ontology_has_a_page(empty_app: Flask) -> None:
    response = empty_app.test_client().get("/ontology", headers={"Accept": "text/html"})
    assert response.status_code == 200


def test_the_page_lists_each_term_with_its_definition(client: FlaskClient) -> None:
    page = client.get("/ontology", headers={"Accept": "text/html"}).text
    for text in ('id="Person"', "A human being.", 'id="chairs"', "stdorg:chairs", 'href="#Body"'):
        assert text in page


@pytest.mark.parametrize("form", ONTOLOGY_FORMATS, ids=lambda form: form.extension)
def test_the_merged_modules_lose_nothing(form: Format) -> None:
    quads = pyoxigraph.parse(shipped().write(form), format=pyoxigraph.RdfFormat.from_media_type(form.media_type))
    lines = pyoxigraph.serialize((quad.triple for quad in quads), format=pyoxigraph.RdfFormat.N_TRIPLES)
    merged = rdflib.Graph().parse(data=lines or b"", format="nt")
    expected = rdflib.Graph()
    for path in (ROOT / "ontology").glob("*.ttl"):
        expected.parse(path)
    expected.remove((None, rdflib.OWL.imports, None))
    assert isomorphic(merged, expected)


@pytest.mark.parametrize("form", ONTOLOGY_FORMATS, ids=lambda form: form.extension)
def test_the_same_modules_give_the_same_bytes(form: Format) -> None:
    assert shipped().write(form) == shipped(reverse=True).write(form)


def test_every_term_of_the_shipped_modules_can_be_read() -> None:
    terms = shipped().terms
    assert {"Person", "RoleHeld", "chairs"} <= {term.name for term in terms}
    assert all(term.label and term.definition for term in terms if term.iri.startswith("https://w3id.org/stdorg/ns#"))


def test_each_shipped_term_stands_in_one_module_and_each_module_is_described() -> None:
    vocabulary = shipped()
    terms = [term.iri for module in vocabulary.modules for term in module.terms]
    assert sorted(terms) == sorted(term.iri for term in vocabulary.terms)
    assert len(terms) == len(set(terms))
    assert all(module.label and module.description for module in vocabulary.modules)


def test_the_shipped_header_says_version_and_licence() -> None:
    header = shipped().header
    assert header.iri == "https://w3id.org/stdorg/ns"
    assert header.version_iri == f"{header.iri}/{header.version}"
    assert header.license == "https://creativecommons.org/licenses/by/4.0/"


def test_alignment_is_told_apart_from_the_ontologys_own_terms() -> None:
    terms = {term.name: term for term in shipped().terms}
    assert [one.iri for one in terms["Meeting"].above] == ["https://w3id.org/stdorg/ns#Event"]
    assert "http://www.w3.org/ns/prov#Activity" in {one.iri for one in terms["Event"].alignment}
    assert "https://w3id.org/stdorg/ns#Meeting" in {one.iri for one in terms["Event"].below}
    assert [one.iri for one in terms["sessionOf"].inverse] == ["https://w3id.org/stdorg/ns#hasSession"]
    assert [one.iri for one in terms["hasSession"].inverse] == ["https://w3id.org/stdorg/ns#sessionOf"]


def test_the_merged_ontology_imports_nothing(client: FlaskClient) -> None:
    graph = rdflib.Graph().parse(data=client.get("/ontology.ttl").data, format="turtle")
    assert list(graph.subject_objects(rdflib.OWL.imports)) == []


@pytest.mark.parametrize("part", ["provenance", "stdorg", "events"])
def test_a_module_is_served_as_its_file(shipped_client: FlaskClient, part: str) -> None:
    served = rdflib.Graph().parse(data=shipped_client.get(f"/ontology/{part}.ttl").data, format="turtle")
    assert isomorphic(served, rdflib.Graph().parse(ROOT / "ontology" / f"{part}.ttl"))
    chosen = shipped_client.get(f"/ontology/{part}", headers={"Accept": "application/n-triples"})
    assert chosen.mimetype == "application/n-triples"
    assert "accept" in chosen.vary
    page = shipped_client.get(f"/ontology/{part}", headers={"Accept": "text/html"})
    assert (page.status_code, page.location) == (303, f"/ontology#module-{part}")


def test_every_import_of_a_module_is_a_part(shipped_client: FlaskClient) -> None:
    root = rdflib.Graph().parse(data=shipped_client.get("/ontology/stdorg.ttl").data, format="turtle")
    imports = [str(iri).rpartition("/")[2] for iri in root.objects(None, rdflib.OWL.imports)]
    assert len(imports) == 13
    for part in imports:
        assert shipped_client.get(f"/ontology/{part}.ttl").status_code == 200


def test_concept_schemes_can_be_taken_as_a_file(shipped_client: FlaskClient) -> None:
    graph = rdflib.Graph().parse(data=shipped_client.get("/ontology/concepts.ttl").data, format="turtle")
    schemes = set(graph.subjects(rdflib.RDF.type, rdflib.SKOS.ConceptScheme))
    assert len(schemes) == 18
    concepts = set(graph.subjects(rdflib.SKOS.inScheme))
    assert concepts
    for concept in concepts:
        assert graph.value(concept, rdflib.SKOS.inScheme) in schemes
        assert graph.value(concept, rdflib.RDFS.label) is not None
    page = shipped_client.get("/ontology/concepts", headers={"Accept": "text/html"})
    assert page.location == "/ontology#concepts"


def test_an_unknown_part_is_404_and_names_the_known(shipped_client: FlaskClient) -> None:
    for path in ("/ontology/nothing", "/ontology/nothing.ttl"):
        response = shipped_client.get(path)
        assert response.status_code == 404
        assert "events" in response.text
    assert shipped_client.get("/ontology/events.exe").status_code == 404
