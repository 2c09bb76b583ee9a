"""`KnowledgeGraph`: it follows the pointer at every call, outlives an unusable generation, and refuses what it must."""

from __future__ import annotations

import gc
import json
import shutil
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.config import load_settings
from qit4n_kg.errors import QuerySyntaxError, RemoteRefusedError, RequestError, StateMissingError
from qit4n_kg.formats import ResultFormat
from qit4n_kg.graph import KnowledgeGraph
from qit4n_kg.store.executor import Job
from qit4n_kg.store.generations import Generations

COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"


def publish(settings, size):
    generations = Generations(settings.state_dir, settings.keep_generations)
    subject, value = NamedNode("http://example.org/s"), NamedNode("http://example.org/value")
    with generations.writer():
        quads = [Quad(subject, value, Literal(n)) for n in range(size)]
        return generations.publish(quads, inputs=f"size {size}", software="test")


@pytest.fixture
def settings(tmp_path):
    settings = load_settings({}, sources=tmp_path, state_dir=tmp_path / "state", executors=1, keep_generations=2)
    publish(settings, 1)
    return settings


@pytest.fixture
def graph(settings):
    with KnowledgeGraph.open(settings) as graph:
        yield graph


def count(graph, snapshot=None):
    with graph.run(Job(COUNT, ResultFormat.JSON), snapshot) as spooled:
        return int(json.loads(spooled.read())["results"]["bindings"][0]["n"]["value"])


def open_stores(settings):
    """The generations of which this process has files open."""
    links = (link_of(path) for path in Path("/proc/self/fd").iterdir())
    root = f"{settings.state_dir / 'generations'}/"
    return {int(link.removeprefix(root).split("/")[0]) for link in links if link.startswith(root)}


def link_of(path):
    """What an open file is, nothing if it was closed meanwhile."""
    try:
        return str(path.readlink())
    except FileNotFoundError:
        return ""


def test_without_a_generation_opening_says_so(tmp_path):
    with pytest.raises(StateMissingError):
        KnowledgeGraph.open(load_settings({}, sources=tmp_path, state_dir=tmp_path / "nothing"))


def test_a_published_generation_is_served_from_the_next_call_on(graph, settings):
    assert (count(graph), len(graph.store)) == (1, 1)
    publish(settings, 2)
    assert graph.generation.number == 2
    assert (count(graph), len(graph.store)) == (2, 2)


def test_a_snapshot_stays_what_it_was(graph, settings):
    old = graph.current()
    publish(settings, 2)
    assert (len(old.store), len(graph.current().store)) == (1, 2)
    assert (count(graph, old), count(graph)) == (1, 2)


def test_an_old_store_is_closed_once_nobody_holds_it(graph, settings):
    old = graph.current()
    publish(settings, 2)
    graph.current()
    assert open_stores(settings) == {1, 2}
    del old
    gc.collect()
    assert open_stores(settings) == {2}


def test_an_unchanged_pointer_opens_nothing_anew(graph):
    assert graph.current() is graph.current()


def test_an_unusable_new_generation_leaves_the_old_one_in_service_and_is_logged_once(graph, settings, caplog):
    newer = publish(settings, 2)
    shutil.rmtree(newer.store_path)
    assert [count(graph) for _ in range(3)] == [1, 1, 1]
    assert len([record for record in caplog.records if "can't be served" in record.message]) == 1
    publish(settings, 3)
    assert count(graph) == 3


def test_a_vanished_pointer_leaves_the_old_generation_in_service(graph, settings):
    shutil.rmtree(settings.state_dir)
    assert graph.generation.number == 1


def test_updates_and_service_never_reach_a_query_process(graph):
    with pytest.raises(RequestError, match="update"):
        graph.run(Job("CLEAR ALL", ResultFormat.JSON))
    with pytest.raises(RemoteRefusedError, match="SERVICE"):
        graph.run(Job("ASK { SERVICE <http://example.org/> { ?s ?p ?o } }", ResultFormat.JSON))
    with pytest.raises(QuerySyntaxError):
        graph.run(Job("nonsense", ResultFormat.JSON))


def test_the_catalogue_is_read_from_the_sources(tmp_path, settings):
    folder = tmp_path / "queries" / "catalogue"
    folder.mkdir(parents=True)
    (folder / "all.rq").write_text("# title: All\nSELECT * { ?s ?p ?o }\n")
    with KnowledgeGraph.open(settings) as graph:
        assert [query.id for query in graph.catalogue] == ["all"]
