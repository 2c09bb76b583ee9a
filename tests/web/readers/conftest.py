"""The application on a small graph of another body (`tests/fixtures/pages.trig`), with one hostile and one much-linked thing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph
import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.config import load_settings
from qit4n_kg.search.writing import write_search
from qit4n_kg.store.generations import Generations
from qit4n_kg.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

ROOT = Path(__file__).resolve().parents[3]
ID = "https://w3id.org/qit4n/id/"
HOSTILE = '</script><script>alert(1)</script>" onload="x" \u202egnp.exe'
LINKS = 400


def world() -> list[Quad]:
    """The fixture, and into the default graph what is in force."""
    text = (ROOT / "tests/fixtures/pages.trig").read_bytes()
    quads = list(pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.TRIG))
    in_force = [quad for quad in quads if not quad.graph_name.value.endswith("table-2/meeting-1")]
    label = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    about = NamedNode("https://w3id.org/stdorg/ns#about")
    hostile, hub = NamedNode(f"{ID}person/hostile"), NamedNode(f"{ID}hub")
    more = [
        Quad(hostile, label, Literal(HOSTILE)),
        Quad(hostile, NamedNode("https://schema.org/url"), Literal("x" * 5000)),
    ]
    more += [Quad(NamedNode(f"{ID}link/{number}"), about, hub) for number in range(LINKS)]
    kind = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    more.append(Quad(hostile, kind, NamedNode("javascript:alert(2)")))
    more.append(Quad(NamedNode(f"{ID}person/josé-鉄"), label, Literal("José 鉄")))
    deprecated = NamedNode("http://www.w3.org/2002/07/owl#deprecated")
    instead = NamedNode("http://purl.org/dc/terms/isReplacedBy")
    reason = NamedNode("https://w3id.org/stdorg/ns#reason")
    retired = {
        "merged": ["person/ada-byron"],
        "merged-before": ["retired/merged"],
        "split": ["club", "many-tongues"],
        "withdrawn": [],
        "this": ["retired/that"],
        "that": ["retired/this"],
    }
    for name, replacements in retired.items():
        old = NamedNode(f"{ID}retired/{name}")
        more += [Quad(old, deprecated, Literal(True)), Quad(old, reason, Literal(f"Why {name}.", language="en"))]
        more += [Quad(old, instead, NamedNode(f"{ID}{other}")) for other in replacements]
    odd = NamedNode(f"{ID}odd/a%20b'(c)")
    more += [Quad(odd, label, Literal("An odd name"))]
    control = NamedNode(f"{ID}odd/control")
    more += [Quad(control, label, Literal("A\0B\x1bC\uffff")), Quad(control, about, Literal("one\r\ntwo\rthree"))]
    tongues = NamedNode(f"{ID}many-tongues")
    greetings = {"en": "Hello", "fr": "Bonjour", "de-AT": "Servus", "de": "Guten Tag"}
    more += [Quad(tongues, label, Literal(text, language=tag)) for tag, text in greetings.items()]
    return [*quads, *(Quad(*quad.triple, DefaultGraph()) for quad in in_force), *more]


def searchable(store_path: Path) -> None:
    """Write the search index and the lists that a build writes."""
    write_search(store_path, ROOT / "queries", ID)


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    state = tmp_path_factory.mktemp("readers-state")
    generations = Generations(state, 3)
    with generations.writer():
        generations.publish(world(), inputs="pages", software="test", complete=searchable)
    app = create_app(load_settings({}, sources=ROOT, state_dir=state, executors=1))
    yield app
    app.extensions["knowledge_graph"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def empty_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    state = tmp_path_factory.mktemp("empty-state")
    generations = Generations(state, 3)
    with generations.writer():
        generations.publish([], inputs="nothing", software="test", complete=searchable)
    app = create_app(load_settings({}, sources=ROOT, state_dir=state, executors=1))
    yield app
    app.extensions["knowledge_graph"].close()
