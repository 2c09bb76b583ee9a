"""Guards that a change applied to a checkpoint makes what a build from the files and the journal makes, quad by quad.

The oracle is `building.assemble`, over the shipped data. Changes are drawn from what the data has: statements move between graphs,
graphs come into and out of force, ends of roles come and go, and earlier changes are taken back.
"""

import random
from dataclasses import replace

import pytest
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store

from qit4n_kg.assembling import assemble
from qit4n_kg.building import Origin
from qit4n_kg.config import load_settings
from qit4n_kg.namespaces import RDF, STDORG, XSD
from qit4n_kg.revising import Revision
from qit4n_kg.store.journal import Change, Entry, replay
from qit4n_kg.store.oxigraph import stored_forms

TYPE = NamedNode(RDF + "type")
DEFAULT = DefaultGraph()


class Quiet:
    def started(self, stage, total=None): ...

    def advanced(self, done): ...

    def finished(self, summary): ...


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    return Origin.find(replace(load_settings({}, journal_dir=tmp_path_factory.mktemp("journal")), gate=False))


@pytest.fixture(scope="module")
def shipped(origin):
    return built(origin, ())


def built(origin, entries):
    return set(stored_forms(assemble(origin.settings, origin.sources, Quiet(), entries)))


def typed(value, datatype):
    return Literal(value, datatype=NamedNode(XSD + datatype))


def ground(quads):
    """Leave out the ontology's blank nodes: every parse names them anew."""
    return {quad for quad in quads if not any(isinstance(term, BlankNode) for term in quad)}


class World:
    """A store with the current state, the journal that led to it, and a source of changes."""

    def __init__(self, origin, shipped, seed, folder):
        self.origin = origin
        self.random = random.Random(seed)
        self.store = Store(str(folder / "store"))
        self.store.bulk_extend(shipped)
        self.entries = []
        self.pool = sorted((quad for quad in shipped if self.is_stated(quad)), key=str)
        graphs = sorted({quad.graph_name for quad in self.pool}, key=str)
        self.graphs = [*graphs, NamedNode("urn:g1"), NamedNode("urn:g2")]
        self.holdings = [quad.subject for quad in self.pool if quad.predicate.value == STDORG + "agent"]

    def is_stated(self, quad):
        base = self.origin.settings.graph_base
        return quad.graph_name != DEFAULT and not (
            quad.graph_name.value == base + "registry"
            or quad.graph_name.value.startswith((base + "entailed/", base + "ontology/"))
        )

    def stated(self):
        asserted, _ = replay(self.entries)
        found = [quad for quad in self.store if self.is_stated(quad)]
        return sorted((*found, *(quad for quad in asserted if quad.graph_name == DEFAULT)), key=str)

    def drawn(self):
        one, other = self.random.choice(self.pool), self.random.choice(self.pool)
        graph = self.random.choice([one.graph_name, self.random.choice(self.graphs), DEFAULT])
        spoken_of = self.random.choice(self.graphs)
        end = self.random.choice(["heldNotAfter", "attestedNotAfter"])
        return self.random.choice(
            [
                Quad(other.subject, one.predicate, one.object, graph),
                Quad(one.subject, one.predicate, one.object, graph),
                Quad(self.random.choice(self.holdings), NamedNode(STDORG + end), typed("2019-01-01", "date"), graph),
                Quad(
                    spoken_of,
                    NamedNode(STDORG + "inForce"),
                    typed(self.random.choice(["true", "false"]), "boolean"),
                    graph,
                ),
                Quad(spoken_of, TYPE, NamedNode(STDORG + "OverruledGraph"), graph),
            ]
        )

    def change(self):
        stated = self.stated()
        is_stated = set(stated)
        size = self.random.choice([1, 2, 5, 20])
        adds = [self.drawn() for _ in range(size)]
        retracts = [self.random.choice(stated) for _ in range(size)]
        if self.entries:
            earlier = self.random.choice(self.entries).change
            adds, retracts = [*adds, *earlier.retracts], [*retracts, *earlier.adds]
        adds = dict.fromkeys(quad for quad in adds if quad not in is_stated)
        return Change(tuple(adds), tuple(dict.fromkeys(quad for quad in retracts if quad in is_stated)))

    def revise(self, change, workspace):
        asserted, empty = replay(self.entries)
        defaults = [quad.triple for quad in asserted if quad.graph_name == DEFAULT]
        revision = Revision(self.origin.settings, self.store, defaults, empty)
        assert revision.is_possible(change)
        revision.apply(change, workspace)
        self.entries.append(Entry.of(change, "someone", "test"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_random_changes_make_what_a_build_makes(origin, shipped, tmp_path, seed):
    world = World(origin, shipped, seed, tmp_path)
    for _ in range(6):
        change = world.change()
        world.revise(change, tmp_path)
        made, wanted = ground(world.store), ground(built(origin, world.entries))
        assert (made - wanted, wanted - made) == (set(), set()), change


@pytest.fixture
def world(origin, shipped, tmp_path):
    return World(origin, shipped, 0, tmp_path)


def of(world, predicate):
    return {quad for quad in world.store if quad.predicate.value == STDORG + predicate and quad.graph_name == DEFAULT}


def test_a_role_that_ended_takes_what_followed_from_it_along_and_brings_it_back(world, tmp_path):
    before, chairs = ground(world.store), of(world, "chairs")
    agents = [q for q in world.pool if q.predicate.value == STDORG + "agent" and "/role/chair/" in q.subject.value]
    ended = Quad(
        agents[0].subject, NamedNode(STDORG + "heldNotAfter"), typed("2019-01-01", "date"), agents[0].graph_name
    )
    world.revise(Change(adds=(ended,)), tmp_path)
    assert len(of(world, "chairs")) == len(chairs) - 1
    assert len(of(world, "chairedBy")) == len(chairs) - 1
    world.revise(Change(retracts=(ended,)), tmp_path)
    assert ground(world.store) == before


def test_a_graph_out_of_force_leaves_the_default_graph_and_stays_where_it_is(world, tmp_path):
    graph = next(quad.graph_name for quad in world.pool if "/table-1/meeting-1" in quad.graph_name.value)
    own = {quad for quad in world.pool if quad.graph_name == graph}
    said = Quad(graph, TYPE, NamedNode(STDORG + "OverruledGraph"), NamedNode("urn:decision"))
    in_force = Quad(
        NamedNode("urn:decision"), NamedNode(STDORG + "inForce"), typed("true", "boolean"), NamedNode("urn:decision")
    )
    participants = len(of(world, "participants"))
    world.revise(Change(adds=(said,)), tmp_path)
    assert len(of(world, "participants")) == participants, (
        "what a graph says that is not in force itself counts for nothing"
    )
    world.revise(Change(adds=(in_force,)), tmp_path)
    assert len(of(world, "participants")) == participants - 1
    assert own <= set(world.store)
    assert ground(world.store) == ground(built(world.origin, world.entries))


def test_what_two_graphs_state_stays_when_one_no_longer_does(world, tmp_path):
    quad = next(quad for quad in world.pool if quad.predicate.value == STDORG + "participants")
    twin = Quad(quad.subject, quad.predicate, quad.object, DEFAULT)
    world.revise(Change(adds=(twin,)), tmp_path)
    world.revise(Change(retracts=(quad,)), tmp_path)
    assert twin in world.store
    assert ground(world.store) == ground(built(world.origin, world.entries))


def test_a_change_of_whether_the_ontology_is_in_force_is_made_by_a_build(world):
    graph = NamedNode(world.origin.settings.graph_base + "ontology/agents")
    said = Quad(graph, NamedNode(STDORG + "inForce"), typed("false", "boolean"), NamedNode("urn:g1"))
    assert not Revision(world.origin.settings, world.store, (), ()).is_possible(Change(adds=(said,)))
