"""Fixtures of tests that contribute: the shipped graph in a state and a journal of one's own, and a desk on it."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest

from qit4n_kg.committing.commits import commit
from qit4n_kg.committing.orders import Acceptance
from qit4n_kg.formats import RdfFormat
from qit4n_kg.gatekeeping import SentFile
from qit4n_kg.graph import KnowledgeGraph
from qit4n_kg.submitting import Desk, Sending

PREFIXES = """@base <https://w3id.org/qit4n/id/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix stdorg: <https://w3id.org/stdorg/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


class World:
    """A graph of one's own, and short ways to contribute to it."""

    def __init__(self, settings):
        self.settings = settings
        self.graph = KnowledgeGraph.open(settings)
        self.desk = Desk(self.graph)

    def submit(self, adds="", retracts="", actor="ana", **fields):
        files = (SentFile("adds.ttl", RdfFormat.TURTLE.value, (PREFIXES + adds).encode()),) if adds else ()
        stated = {"message": "A correction", "licence": "CC-BY-4.0", **fields}
        retracts = PREFIXES + retracts if retracts else ""
        for part in stated.get("overrules", ()):
            part["statement"] = PREFIXES + part["statement"]
        return self.desk.submit(Sending(files, retracts, stated), actor, self.graph.current())

    def accept(self, contribution, actor="ben", **members):
        return commit(self.settings, Acceptance(contribution.id, **members), actor)

    def revert(self, contribution, actor="ana"):
        return self.desk.revert(contribution.id, "", actor, self.graph.current())

    def ask(self, pattern):
        return bool(self.graph.store.query(f"{SPARQL} ASK {{ {pattern} }}"))

    def select(self, pattern):
        return [tuple(row) for row in self.graph.store.query(f"{SPARQL} SELECT * WHERE {{ {pattern} }}")]


SPARQL = """BASE <https://w3id.org/qit4n/id/>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX stdorg: <https://w3id.org/stdorg/ns#>
"""


@contextmanager
def opened(built_state, folder):
    shutil.copytree(built_state.state_dir, folder / "state")
    world = World(replace(built_state, state_dir=folder / "state", journal_dir=folder / "journal", executors=1))
    try:
        yield world
    finally:
        world.graph.close()


@pytest.fixture
def world(built_state, tmp_path):
    """The shipped graph, in a state of one's own."""
    with opened(built_state, tmp_path) as world:
        yield world


@pytest.fixture(scope="module")
def still_world(built_state, tmp_path_factory):
    """The same for tests that submit only: the graph stays as it is."""
    with opened(built_state, tmp_path_factory.mktemp("world")) as world:
        yield world
