"""Fixtures of tests that contribute: the shipped graph in a state and a journal of one's own, and a desk on it."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest

from qit4n_kg.committing.commits import Turn, Writer, commit
from qit4n_kg.committing.orders import Acceptance
from qit4n_kg.errors import KnowledgeGraphError
from qit4n_kg.formats import RdfFormat
from qit4n_kg.gatekeeping import Gatekeeper, SentFile
from qit4n_kg.graph import KnowledgeGraph
from qit4n_kg.store.evaluating import Update
from qit4n_kg.submitting import Desk, Sending

PREFIXES = """@base <https://w3id.org/qit4n/id/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix stdorg: <https://w3id.org/stdorg/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


class Warm:
    """What costs time to start and to compile, kept from one world to the next: the judging process and what a writer knows.

    Both know a journal by its folder, so that worlds that are written to have one and the same, emptied after each.
    """

    def __init__(self, settings):
        self.journal_dir = settings.journal_dir
        self.gatekeeper = Gatekeeper(settings)
        self._writer = Writer(settings)

    def writer(self, settings):
        """A writer to a state of its own, which compiles nothing anew where its files are the same."""
        writer = Writer(settings)
        writer._origin, writer._compiled = self._writer._origin, self._writer._compiled
        self._writer = writer
        return writer


class World:
    """A graph of one's own, and short ways to contribute to it."""

    def __init__(self, settings, warm):
        self.settings = settings
        self.graph = KnowledgeGraph.open(settings)
        self.graph.gatekeeper = warm.gatekeeper
        self.desk = Desk(self.graph)
        self._writer = warm.writer(settings) if settings.journal_dir == warm.journal_dir else Writer(settings)

    def close(self):
        self.graph.gatekeeper = Gatekeeper(self.settings)  # the other one stays
        self.graph.close()

    def write(self, order, actor):
        if self.settings != self._writer._settings:
            return commit(self.settings, order, actor)
        (made,) = self._writer.make([Turn(order, actor)])
        if isinstance(made, KnowledgeGraphError):
            raise made
        return made

    def submit(self, adds="", retracts="", actor="ana", **fields):
        files = (SentFile("adds.ttl", RdfFormat.TURTLE.value, (PREFIXES + adds).encode()),) if adds else ()
        stated = {"message": "A correction", "licence": "CC-BY-4.0", **fields}
        retracts = PREFIXES + retracts if retracts else ""
        for part in stated.get("overrules", ()):
            part["statement"] = PREFIXES + part["statement"]
        return self.desk.submit(Sending(files, retracts, stated), actor, self.graph.current())

    def accept(self, contribution, actor="ben", **members):
        return self.write(Acceptance(contribution.id, **members), actor)

    def update(self, text, actor="admin"):
        return self.write(Update(f"{SPARQL} {text}"), actor)

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


@pytest.fixture(scope="session")
def warm(built_state, tmp_path_factory):
    warm = Warm(replace(built_state, journal_dir=tmp_path_factory.mktemp("warm") / "journal"))
    yield warm
    warm.gatekeeper.close()


@contextmanager
def opened(built_state, folder, journal_dir, warm):
    shutil.copytree(built_state.state_dir, folder / "state")
    world = World(replace(built_state, state_dir=folder / "state", journal_dir=journal_dir, executors=1), warm)
    try:
        yield world
    finally:
        world.close()


@pytest.fixture
def world(built_state, tmp_path, warm):
    """The shipped graph, in a state of one's own."""
    with opened(built_state, tmp_path, warm.journal_dir, warm) as world:
        yield world
    shutil.rmtree(warm.journal_dir, ignore_errors=True)


@pytest.fixture(scope="session")
def still_world(built_state, tmp_path_factory, warm):
    """The same for tests that submit only: the graph stays as it is."""
    folder = tmp_path_factory.mktemp("world")
    with opened(built_state, folder, folder / "journal", warm) as world:
        yield world
