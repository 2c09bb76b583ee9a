"""The ontology as one document: all modules merged, the same bytes each time, and a page for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph
import rdflib
from pyoxigraph import NamedNode, Quad
from rdflib.compare import isomorphic

from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.vocabulary import Vocabulary

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ROOT = Path(__file__).resolve().parents[3]
GRAPHS = "https://w3id.org/qit4n/graph/"


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


def test_the_page_lists_each_term_with_its_definition(client: FlaskClient) -> None:
    page = client.get("/ontology", headers={"Accept": "text/html"}).text
    for text in ('id="Person"', "A human being.", 'id="chairs"', "stdorg:chairs", 'href="/ontology#Body"'):
        assert text in page


def test_the_merged_modules_lose_nothing() -> None:
    merged = rdflib.Graph().parse(data=shipped().turtle, format="turtle")
    expected = rdflib.Graph()
    for path in (ROOT / "ontology").glob("*.ttl"):
        expected.parse(path)
    assert isomorphic(merged, expected)


def test_the_same_modules_give_the_same_bytes() -> None:
    assert shipped().turtle == shipped(reverse=True).turtle


def test_every_term_of_the_shipped_modules_can_be_read() -> None:
    terms = shipped().terms
    assert {"Person", "RoleHeld", "chairs"} <= {term.name for term in terms}
    assert all(term.label and term.definition for term in terms if term.iri.startswith("https://w3id.org/stdorg/ns#"))
